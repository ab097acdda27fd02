"""What embedders must be able to do."""

from collections.abc import Sequence
from typing import Protocol

DIMENSIONS = 256


class TextEmbedder(Protocol):
    """Turns text into unit vectors, near each other where the texts mean alike."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a unit vector of `DIMENSIONS` numbers for each text."""
        ...


class ImageEmbedder(Protocol):
    """Turns pictures into vectors, near each other where the pictures are alike.

    Vectors of embedders with different names have nothing to do with each other.
    """

    @property
    def name(self) -> str:
        """Return which model it is."""
        ...

    @property
    def knows_text(self) -> bool:
        """Return whether words can be turned into vectors among those of pictures."""
        ...

    async def embed_picture(self, picture: bytes) -> list[float]:
        """Return the vector of a JPEG.

        Raises:
            EmbedderFailed: It cannot say anything of this picture, now or later.
            EmbedderUnavailable: It is not answering.
        """
        ...

    async def embed_words(self, words: str) -> list[float]:
        """Return the vector of words, if `knows_text`.

        Raises:
            EmbedderFailed, EmbedderUnavailable: As for a picture.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
