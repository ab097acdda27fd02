"""Names after an `@` in a text, as people write them."""

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TypeVar

from services.personalities import MAX_NAME_WORDS
from services.texts import NAME_LIMIT, on_one_line

MAX_ADDRESSEES = 5
_MAX_MENTION_LENGTH = 2 * NAME_LIMIT  # leaves space for punctuation around a name
_POSSESSIVES = ("'s", "’s")


T = TypeVar("T")
# An @ at the start of a word; not in an e-mail address, nor in Discord's own mentions.
_MENTION_START = re.compile(r"(?<![^\W_])(?<![^\W_]_)(?<![@<])@(?=\S)")
# Code, spoilers and quoted lines, in which nobody is called.
_SILENT = re.compile(
    r"```.*?(?:```|\Z)|(?<!@)`[^`\n]{1,2000}`|\|\|[^|]{1,2000}\|\||^[ ]{0,3}>(?:>>.*|[ ][^\n]*)",
    re.DOTALL | re.MULTILINE,
)
# Chinese and Japanese have no space between punctuation and the next word.
_WORD = re.compile(r"[^\s、。，！？：；]+[、。，！？：；]*|[、。，！？：；]+")
_EDGE_MARKS = ".,;:!?…\"'()[]{}*_~`<>«»„“”‘’-—|/\\、。，！？：；「」『』（）،؛؟।"


def candidate_names(text: str) -> list[list[str]]:
    """Return the possible names after each `@` of a text: lower case, longest first.

    A name has up to four words, with and without the punctuation around it. In code, spoilers and
    quoted lines nobody is named.
    """
    return [
        names
        for line in map(on_one_line, _SILENT.sub(" ", text).splitlines())
        for match in _MENTION_START.finditer(line)
        if (names := list(_possible_names(line[match.end() : match.end() + _MAX_MENTION_LENGTH])))
    ]


def find_mentioned(text: str, names: Mapping[str, T]) -> list[T]:
    """Return whom a text mentions: in order, without duplicates, five at most.

    The longest matching name wins.
    """
    mentioned: list[T] = []
    for candidates in candidate_names(text):
        owner = next((names[name] for name in candidates if name in names), None)
        if owner is not None and owner not in mentioned:
            mentioned.append(owner)
    return mentioned[:MAX_ADDRESSEES]


def _possible_names(text: str) -> Iterable[str]:
    text = _MENTION_START.split(text, maxsplit=1)[0]
    ends = [match.end() for match in islice(_WORD.finditer(text), MAX_NAME_WORDS)]
    for end in reversed(ends):
        whole = text[:end].lower()
        bare = whole.rstrip(_EDGE_MARKS)
        owner = next((bare.removesuffix(s) for s in _POSSESSIVES if bare.endswith(s)), "")
        for name in dict.fromkeys((whole, bare, bare.lstrip(_EDGE_MARKS), owner)):
            if 0 < len(name) <= NAME_LIMIT:
                yield name
