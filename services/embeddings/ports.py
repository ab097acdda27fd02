"""The interfaces of embedders."""

from collections.abc import Sequence
from typing import Protocol

from services.access import Caller

DIMENSIONS = 256


class TextEmbedder(Protocol):
    """Embeds text as unit vectors, which are near each other for similar meanings."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return a unit vector of `DIMENSIONS` numbers for each text."""
        ...


class MemoryEmbedder(Protocol):
    """Embeds memories and questions about them, by a model that the operator has chosen.

    Vectors of embedders with different names cannot be compared.
    """

    @property
    def name(self) -> str:
        """Return the model's name."""
        ...

    async def embed(
        self, texts: Sequence[str], *, caller: Caller, are_questions: bool = False
    ) -> list[list[float]]:
        """Return a vector for each text, all of one length.

        Raises:
            BudgetSpent: A budget leaves no room for it.
            EmbedderFailed: It cannot embed one of these texts, now or later.
            EmbedderMisconfigured: It rejects the key, or there is no such model.
            EmbedderUnavailable: It does not answer.
        """
        ...


class ImageEmbedder(Protocol):
    """Embeds pictures as vectors, which are near each other for similar pictures.

    Vectors of embedders with different names cannot be compared.
    """

    @property
    def name(self) -> str:
        """Return the model's name."""
        ...

    @property
    def supports_text(self) -> bool:
        """Whether text can be embedded in the same vector space as pictures."""
        ...

    @property
    def price_usd(self) -> float:
        """Return the most that a call costs, in US dollars."""
        ...

    async def embed_picture(self, picture: bytes) -> list[float]:
        """Return the vector of a JPEG.

        Raises:
            EmbedderFailed: It cannot embed this picture, now or later.
            EmbedderMisconfigured: It rejects the key, or the URL is not an embedder.
            EmbedderUnavailable: It does not answer.
        """
        ...

    async def embed_text(self, text: str) -> list[float]:
        """Return the vector of a text, if `supports_text`.

        Raises:
            EmbedderFailed, EmbedderMisconfigured, EmbedderUnavailable: As in `embed_picture`.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
