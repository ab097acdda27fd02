"""The one place that calls embedders of pictures."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from db.models import CallOutcome
from services.access import Caller
from services.embeddings.ports import ImageEmbedder
from services.llm import Ledger, Usage


class ImageEmbeddings:
    """Embeds pictures and the words that they are searched with; each call is paid for."""

    def __init__(self, ledger: Ledger, embedder: ImageEmbedder) -> None:
        self._ledger = ledger
        self._embedder = embedder

    @property
    def name(self) -> str:
        """Return the name of the embedder; vectors of different ones cannot be compared."""
        return self._embedder.name

    @property
    def supports_text(self) -> bool:
        """Whether text can be embedded in the same vector space as pictures."""
        return self._embedder.supports_text

    async def embed_picture(self, picture: bytes, *, caller: Caller) -> list[float]:
        """Return the vector of a JPEG.

        Raises:
            BudgetSpent: A budget leaves no room for it.
            EmbedderFailed, EmbedderMisconfigured, EmbedderUnavailable: As of the embedder.
        """
        async with self._paid(caller):
            return await self._embedder.embed_picture(picture)

    async def embed_text(self, text: str, *, caller: Caller) -> list[float]:
        """Return the vector of a text, if `supports_text`.

        Raises:
            BudgetSpent: A budget leaves no room for it.
            EmbedderFailed, EmbedderMisconfigured, EmbedderUnavailable: As of the embedder.
        """
        async with self._paid(caller):
            return await self._embedder.embed_text(text)

    @asynccontextmanager
    async def _paid(self, caller: Caller) -> AsyncGenerator[None]:
        """Pay for what is embedded inside, if the embedder has a price."""
        if not self._embedder.price_usd:
            yield
            return
        price = Usage(cost_usd=self._embedder.price_usd)
        async with self._ledger.call(self.name, caller, at_most=price, expected=price) as call:
            yield
            call.outcome, call.usage = CallOutcome.OK, price
