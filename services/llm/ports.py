"""The interfaces of vendors, and of keys that users bring."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from typing_extensions import override

from services.access import Payer
from services.errors import DomainError
from services.llm.types import Completion, ListedModel, Parsed, Request, T


class TextModel(Protocol):
    """A vendor of language models. Methods raise `ModelError` and no other domain error."""

    @property
    def unsupported(self) -> frozenset[str]:
        """Return the sampling parameters that this vendor does not support; they are dropped."""
        ...

    def context_tokens(self, model: str) -> int:
        """Return the context length: the tokens of prompt and answer together."""
        ...

    async def complete(self, request: Request) -> Completion:
        """Return the answer to a prompt."""
        ...

    def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        """Yield the answer in pieces while it is generated, then the whole `Completion`."""
        ...

    async def parse(self, request: Request, schema: type[T]) -> Parsed[T]:
        """Return the answer as a pydantic model. `schema` must have no defaults or dicts."""
        ...

    async def embed(
        self, model: str, texts: Sequence[str], *, are_questions: bool
    ) -> list[list[float]]:
        """Return the vector that a model makes of each text."""
        ...

    async def models(self) -> dict[str, ListedModel]:
        """Return the available models, with what the vendor's list says of each."""
        ...

    async def check_key(self) -> int:
        """Check that the vendor accepts the key; return how many models it opens."""
        return len(await self.models())

    async def close(self) -> None:
        """Close all connections."""
        ...


class TextListener(Protocol):
    """Whoever follows an answer while it is written."""

    def begin(self) -> None:
        """Drop what was written so far: the answer is begun anew."""
        ...

    def write(self, piece: str) -> None:
        """Add the next piece of the answer."""
        ...


@dataclass(frozen=True, kw_only=True)
class OwnKey:
    """A key that the payer of a call has brought, and the vendor as it is reached with that key.

    `default` is the model that `vendor/default` stands for. `budget_usd` is what 24 hours may cost
    on a server's key; calls on other keys count against no budget.
    """

    id: UUID
    payer: Payer
    vendor: str
    default: str
    budget_usd: float | None = None


class OwnKeys(Protocol):
    """The keys that users have brought."""

    def find(self, payers: Sequence[Payer], vendor: str) -> OwnKey | None:
        """Return the key of the first of these payers who has one of a vendor."""
        ...

    def vendors(self, payers: Sequence[Payer]) -> frozenset[str]:
        """Return the vendors of which one of these payers has a key."""
        ...

    def open(self, key: OwnKey) -> AbstractAsyncContextManager[TextModel]:
        """Open the vendor with a key, for one call.

        Raises:
            DomainError: The stored key cannot be opened.
        """
        ...

    async def note_outcome(self, key: OwnKey, error: DomainError | None) -> None:
        """Remember whether a vendor accepts a key, and tell its owner if not."""
        ...


class NoOwnKeys(OwnKeys):
    """Nobody brings keys."""

    @override
    def find(self, payers: Sequence[Payer], vendor: str) -> OwnKey | None:
        return None

    @override
    def vendors(self, payers: Sequence[Payer]) -> frozenset[str]:
        return frozenset()

    @override
    @asynccontextmanager
    async def open(self, key: OwnKey) -> AsyncGenerator[TextModel]:
        raise AssertionError(key)
        yield

    @override
    async def note_outcome(self, key: OwnKey, error: DomainError | None) -> None:
        """Nothing is to be remembered."""
