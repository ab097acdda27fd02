"""Embeddings of memories by a vendor of language models."""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from typing_extensions import override

from db.models import CallOutcome
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
    ModelUnavailable,
)

# Characters of a text, so that it has fewer tokens than the model reads: 512 in the smallest.
_MAX_LENGTH = 1500
_DEADLINE = 20  # seconds


class VendorEmbedder(MemoryEmbedder):
    """A model, `vendor/model`, of a vendor that is configured. The operator's key pays for it."""

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
        model, name = self._model, self._model.partition("/")[2]
        cut, ledger = [text[:_MAX_LENGTH] for text in texts], self._models.ledger
        usage = ledger.usage_of_embedding(model, cut)

        async def call() -> list[list[float]]:
            async with ledger.call(model, caller, at_most=usage, expected=usage) as call:
                try:
                    async with asyncio.timeout(_DEADLINE):
                        vendor = self._models.vendor(model)
                        vectors = await vendor.embed(name, cut, are_questions=are_questions)
                except TimeoutError as error:
                    raise ModelUnavailable(model) from error
                call.outcome, call.usage = CallOutcome.OK, ledger.with_cost(model, usage)
            return vectors

        with embedder_errors(model):
            return await self._models.background.call(call)


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
