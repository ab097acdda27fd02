"""The embedder that needs no key: static word vectors, in process, some 0.06 ms a text."""

import importlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from typing_extensions import override

from services.embeddings.ports import DIMENSIONS, TextEmbedder


class WordLlamaEmbedder(TextEmbedder):
    """WordLlama's 256-wide vectors, whose weights travel in its wheel.

    They take 70 MB and half a second to load: `lazily` is for those who may need none.
    """

    def __init__(self, *, lazily: bool = False) -> None:
        if not lazily:
            _ = self._model

    @cached_property
    def _model(self) -> Any:
        wordllama: Any = importlib.import_module("wordllama")  # it has no types
        # Without a folder of its own it would ask Hugging Face.
        return wordllama.WordLlama.load(
            cache_dir=Path(wordllama.__file__).parent, disable_download=True
        )

    @override
    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        with np.errstate(invalid="ignore"):  # no words, no length to divide by
            vectors = self._model.embed(list(texts), norm=True)
        return [_unit(vector.tolist()) for vector in vectors]


def _unit(vector: list[float]) -> list[float]:
    """Return the vector, or any unit vector where the text had no word the model knows."""
    known = all(number == number for number in vector) and any(vector)  # noqa: PLR0124 - NaN
    return vector if known else [1.0] + [0.0] * (DIMENSIONS - 1)
