"""The embedder for platforms that WordLlama has no wheel for: it compares words, not meanings.

Each word, and each short run of letters in it, adds a sign to one of the numbers of the vector:
feature hashing (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009).
"""

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from typing_extensions import override

from services.embeddings.ports import DIMENSIONS, TextEmbedder

_MAX_LENGTH = 8000
_WORD = re.compile(r"\w{1,40}")
# Letters of a run; of scripts without spaces between words two are enough to be one.
_GRAM, _SHORT_GRAM = 3, 2
# A word says more than some letters of it.
_WORD_WEIGHT = 2.0


class HashedWordsEmbedder(TextEmbedder):
    """Vectors that are near each other for texts with the same words, in any language."""

    @override
    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [_embed(text[:_MAX_LENGTH]) for text in texts]


def _embed(text: str) -> list[float]:
    vector = np.zeros(DIMENSIONS)
    for match in _WORD.finditer(text.casefold()):
        for index, weight in _features(match[0]):
            vector[index] += weight
    norm = float(np.linalg.norm(vector))
    if not norm:  # no words, or words that cancel each other out
        return [1.0] + [0.0] * (DIMENSIONS - 1)
    return (vector / norm).tolist()


@lru_cache(maxsize=10_000)
def _features(word: str) -> tuple[tuple[int, float], ...]:
    """Return the positions of a word and of its runs of letters, with their signed weights."""
    bounded = f" {word} "
    size = _GRAM if word.isascii() else _SHORT_GRAM
    grams = (bounded[start : start + size] for start in range(len(bounded) - size + 1))
    return tuple(
        (number % DIMENSIONS, weight if number & (1 << 32) else -weight)
        for feature, weight in ((word, _WORD_WEIGHT), *((gram, 1.0) for gram in grams))
        for number in [
            int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "big")
        ]
    )
