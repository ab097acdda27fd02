"""The interface of vendors."""

from collections.abc import AsyncGenerator
from typing import Protocol

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

    async def models(self) -> dict[str, ListedModel]:
        """Return the available models, with what the vendor's list says of each."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...
