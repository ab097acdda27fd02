"""Decorators: lines `@@name value` at the beginning of an entry's content."""

import re
from collections.abc import Collection, Sequence

_LINE = re.compile(r"(?P<marks>@{2,9})(?P<name>[a-z_]{1,40})(?P<value>(?:\s.*)?)")
_MAX_LINES = 50
_FIRST = 2  # marks of a decorator; each further one makes it a fallback of the line above


def split(content: str, known: Collection[str]) -> tuple[str, Sequence[tuple[str, str]]]:
    """Return a content without its decorators, and those of `known` names with their values.

    A decorator with one mark more is used if the line above it is not known.
    """
    lines = content.lstrip().split("\n")
    decorators: list[tuple[str, str]] = []
    is_decided = False
    count = 0
    for line in lines[:_MAX_LINES]:
        match = _LINE.fullmatch(line.strip())
        if match is None:
            break
        count += 1
        is_fallback = len(match["marks"]) > _FIRST
        if not is_fallback:
            is_decided = False
        if not is_decided and match["name"] in known:
            decorators.append((match["name"], match["value"].strip()))
            is_decided = True
    return "\n".join(lines[count:]).strip() if count else content.strip(), decorators
