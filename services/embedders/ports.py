"""What an embedder must be able to do."""

from collections.abc import Sequence
from typing import Protocol

DIMENSIONS = 256


class TextEmbedder(Protocol):
    """Turns text into unit vectors, near each other where the texts mean alike."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a unit vector of `DIMENSIONS` numbers for each text."""
        ...
