"""Embeddings of memories by a vendor of language models."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from typing_extensions import override

from services.access import Caller
from services.embeddings.errors import EmbedderFailed, EmbedderMisconfigured, EmbedderUnavailable
from services.embeddings.ports import MemoryEmbedder
from services.llm import (
    ContextTooLong,
    LanguageModels,
    ModelError,
    ModelMisconfigured,
    ModelRateLimited,
    ModelRefused,
)

# Characters of a text, so that it has fewer tokens than the model reads: 512 in the smallest.
_MAX_LENGTH = 1500
_DEADLINE = 20  # seconds


class VendorEmbedder(MemoryEmbedder):
    """A model, `vendor/model`, of a vendor that is configured."""

    def __init__(self, models: LanguageModels, model: str) -> None:
        self._models = models
        self._model = model

    @property
    @override
    def name(self) -> str:
        return self._model

    @override
    async def embed(
        self, texts: Sequence[str], *, caller: Caller, are_questions: bool = False
    ) -> list[list[float]]:
        with embedder_errors(self.name):
            return await self._models.embed(
                self._model,
                [text[:_MAX_LENGTH] for text in texts],
                caller=caller,
                within=_DEADLINE,
                are_questions=are_questions,
            )


@contextmanager
def embedder_errors(name: str) -> Generator[None]:
    """Raise what a model raises as an embedder's errors."""
    try:
        yield
    except (ContextTooLong, ModelRefused) as error:
        raise EmbedderFailed(name, "it refuses this one") from error
    except ModelMisconfigured as error:
        raise EmbedderMisconfigured(name, "its vendor does not accept it") from error
    except ModelError as error:
        unavailable = EmbedderUnavailable(name)
        if isinstance(error, ModelRateLimited):
            unavailable.retry_after = error.retry_after
        raise unavailable from error
