"""Finding who is called in a text."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

LONGEST_NAME = 4  # words
MOST_CALLED = 5

T = TypeVar("T")
# An @ that begins a word: not the one of an e-mail address, nor of Discord's own mentions.
_CALL = re.compile(r"(?<![\w@<])@(?=\S)")
_WORD = re.compile(r"\S+")
_EDGES = ".,;:!?…\"'()[]{}*_~`<>«»„“”‘’-—"


def candidates(text: str) -> list[list[str]]:
    """Return, for each `@` of a text, the names that may be meant: lower case, longest first.

    A name has up to four words; marks around a word do not belong to it, but are tried too.
    """
    return [
        names for match in _CALL.finditer(text) if (names := list(_names_at(text, match.end())))
    ]


def called(text: str, names: Mapping[str, T]) -> list[T]:
    """Return whom a text calls, in order and each once, five at most; the longest name wins."""
    found: list[T] = []
    for tried in candidates(text):
        owner = next((names[name] for name in tried if name in names), None)
        if owner is not None and owner not in found:
            found.append(owner)
    return found[:MOST_CALLED]


def _names_at(text: str, start: int) -> Iterable[str]:
    line = text[start : start + 400].splitlines()[0]
    words = [match.group() for match in _WORD.finditer(line)][:LONGEST_NAME]
    for count in range(len(words), 0, -1):
        whole = " ".join(words[:count]).lower()
        yield whole
        bare = whole.rstrip(_EDGES)
        if bare and bare != whole:
            yield bare
        for owned in ("'s", "’s"):
            if bare.endswith(owned):
                yield bare.removesuffix(owned)
