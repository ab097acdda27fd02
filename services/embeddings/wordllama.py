"""The embedder that needs no key: static word vectors, in process, about 0.06 ms per text."""

import asyncio
import importlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from typing_extensions import override

from services.embeddings.ports import DIMENSIONS, TextEmbedder

# Characters of a text that are embedded: what comes after says no more about its subject. Longer
# work than `_THREAD_LENGTH` (about 2 ms) is done in a thread.
_MAX_LENGTH, _THREAD_LENGTH = 8000, 2000


class WordLlamaEmbedder(TextEmbedder):
    """WordLlama's vectors of 256 numbers, whose weights are part of its wheel.

    Loading takes 70 MB and half a second; `lazily` delays it until the first use.
    """

    def __init__(self, *, lazily: bool = False) -> None:
        if not lazily:
            _ = self._model

    @cached_property
    def _model(self) -> Any:
        wordllama: Any = importlib.import_module("wordllama")  # it is untyped
        # Without this folder it would download from Hugging Face.
        return wordllama.WordLlama.load(
            cache_dir=Path(wordllama.__file__).parent, disable_download=True
        )

    @override
    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        cut = [text[:_MAX_LENGTH] for text in texts]
        if sum(map(len, cut)) <= _THREAD_LENGTH:
            return self._embed(cut)
        return await asyncio.to_thread(self._embed, cut)

    def _embed(self, texts: list[str]) -> list[list[float]]:
        with np.errstate(invalid="ignore"):  # a text without words has a norm of 0
            vectors = self._model.embed(texts, norm=True)
        return [_valid_or_default(vector.tolist()) for vector in vectors]


def _valid_or_default(vector: list[float]) -> list[float]:
    """Return the vector, or an arbitrary unit vector if the model knows no word of the text."""
    is_valid = all(number == number for number in vector) and any(vector)  # noqa: PLR0124 - NaN
    return vector if is_valid else [1.0] + [0.0] * (DIMENSIONS - 1)
