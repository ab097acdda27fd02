"""How much two texts are about the same, by their words."""

import math
import re
from collections.abc import Sequence
from functools import lru_cache

_WORD, _LONG_WORD = re.compile(r"\w+"), 4


def similarity(text: str, lines: Sequence[str]) -> float:
    """Return how much a text is about the same as the likest of some lines, from 0 to 1.

    That is the cosine of their sets of words, without the short ones, which are everybody's.
    """
    words = _content(text)
    return max((_cosine(words, _content(line)) for line in lines), default=0.0)


@lru_cache(maxsize=10_000)
def _content(text: str) -> frozenset[str]:
    return frozenset(word for word in _WORD.findall(text.casefold()) if len(word) >= _LONG_WORD)


def _cosine(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / math.sqrt(len(one) * len(other)) if one and other else 0.0
