"""The interface of search providers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """A page that was found."""

    title: str
    url: str
    snippet: str


class SearchProvider(Protocol):
    """Searches the web. Methods raise `ModelError`, as any paid call does."""

    name: str

    async def search(self, query: str) -> Sequence[SearchResult]:
        """Return what was found, the best first."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
