"""What a vendor must be able to do."""

from collections.abc import AsyncGenerator
from typing import Protocol

from services.llm.types import Completion, Parsed, Request, T


class TextModel(Protocol):
    """A vendor of language models. All methods raise `ModelError` and nothing else of their own."""

    @property
    def lacks(self) -> frozenset[str]:
        """Return the names of the sampling parameters this vendor does not know and we drop."""
        ...

    def context_tokens(self, model: str) -> int:
        """Return how many tokens prompt and answer may have together."""
        ...

    async def complete(self, request: Request) -> Completion:
        """Answer a prompt."""
        ...

    def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        """Yield the answer in pieces as it is made, then once the whole `Completion`."""
        ...

    async def parse(self, request: Request, shape: type[T]) -> Parsed[T]:
        """Answer a prompt in the shape of a pydantic model without defaults or dicts."""
        ...

    async def models(self) -> dict[str, str | None]:
        """Return the models on offer, with the date each is shut down where one is announced."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
