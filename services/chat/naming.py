"""Finding who is called in a text."""

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TypeVar

from services.texts import NAME_LIMIT, on_one_line

LONGEST_NAME = 4  # words
MOST_CALLED = 5
_REACH = 2 * NAME_LIMIT  # room for the marks around a name
_POSSESSIVES = ("'s", "’s")

T = TypeVar("T")
# An @ that begins a word: not the one of an e-mail address, nor of Discord's own mentions.
_CALL = re.compile(r"(?<![^\W_])(?<![^\W_]_)(?<![@<])@(?=\S)")
# Chinese and Japanese write no space between a mark and the next word.
_WORD = re.compile(r"[^\s、。，！？：；]+[、。，！？：；]*|[、。，！？：；]+")
_EDGES = ".,;:!?…\"'()[]{}*_~`<>«»„“”‘’-—|/\\、。，！？：；「」『』（）،؛؟।"


def candidates(text: str) -> list[list[str]]:
    """Return, for each `@` of a text, the names that may be meant: lower case, longest first.

    A name has up to four words; marks around a word do not belong to it, but are tried too.
    """
    return [
        names
        for line in map(on_one_line, text.splitlines())
        for match in _CALL.finditer(line)
        if (names := list(_names_in(line[match.end() : match.end() + _REACH])))
    ]


def called(text: str, names: Mapping[str, T]) -> list[T]:
    """Return whom a text calls, in order and each once, five at most; the longest name wins."""
    found: list[T] = []
    for tried in candidates(text):
        owner = next((names[name] for name in tried if name in names), None)
        if owner is not None and owner not in found:
            found.append(owner)
    return found[:MOST_CALLED]


def _names_in(text: str) -> Iterable[str]:
    text = _CALL.split(text, maxsplit=1)[0]
    ends = [match.end() for match in islice(_WORD.finditer(text), LONGEST_NAME)]
    for end in reversed(ends):
        whole = text[:end].lower()
        bare = whole.rstrip(_EDGES)
        owner = next((bare.removesuffix(s) for s in _POSSESSIVES if bare.endswith(s)), "")
        for name in dict.fromkeys((whole, bare, bare.lstrip(_EDGES), owner)):
            if 0 < len(name) <= NAME_LIMIT:
                yield name
