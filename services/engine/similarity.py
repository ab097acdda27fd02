"""Similarity of texts by their words."""

import math
import re
from collections.abc import Sequence
from functools import lru_cache

_WORD, _MIN_WORD_LENGTH = re.compile(r"\w+"), 4


def similarity(text: str, lines: Sequence[str]) -> float:
    """Return the similarity of a text to the most similar of some lines, from 0 to 1.

    That is the cosine of their sets of words, without short words, which are too common.
    """
    words = _long_words(text)
    return max((_cosine(words, _long_words(line)) for line in lines), default=0.0)


@lru_cache(maxsize=10_000)
def _long_words(text: str) -> frozenset[str]:
    return frozenset(
        word for word in _WORD.findall(text.casefold()) if len(word) >= _MIN_WORD_LENGTH
    )


def _cosine(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / math.sqrt(len(one) * len(other)) if one and other else 0.0
