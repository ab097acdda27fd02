"""Gemini's embeddings: pictures and text in one vector space."""

from collections.abc import Generator
from contextlib import contextmanager

from typing_extensions import override

from services.embeddings.errors import (
    EmbedderFailed,
    EmbedderMisconfigured,
    EmbedderUnavailable,
)
from services.embeddings.ports import ImageEmbedder
from services.llm import (
    ContextTooLong,
    Image,
    ModelError,
    ModelMisconfigured,
    ModelRateLimited,
    ModelRefused,
)
from services.llm.gemini import Gemini

# One of the sizes that Google recommends: ai.google.dev/gemini-api/docs/embeddings.
_DIMENSIONS = 768
# Assumed: 2,000 tokens at half a dollar per million, which is more than Google has ever asked.
_PRICE_USD = 0.001


class GeminiEmbedder(ImageEmbedder):
    """A model of Gemini's that embeds pictures as well as text."""

    def __init__(self, gemini: Gemini, model: str) -> None:
        self._gemini = gemini
        self._model = model

    @property
    @override
    def name(self) -> str:
        return f"gemini/{self._model}"

    @property
    @override
    def supports_text(self) -> bool:
        return True

    @property
    @override
    def price_usd(self) -> float:
        return _PRICE_USD

    @override
    async def embed_picture(self, picture: bytes) -> list[float]:
        return await self._embed(Image(data=picture, media_type="image/jpeg"))

    @override
    async def embed_text(self, text: str) -> list[float]:
        return await self._embed(text)

    @override
    async def close(self) -> None:
        await self._gemini.close()

    async def _embed(self, part: Image | str) -> list[float]:
        with self._domain_errors():
            return await self._gemini.embed(self._model, part, dimensions=_DIMENSIONS)

    @contextmanager
    def _domain_errors(self) -> Generator[None]:
        try:
            yield
        except (ContextTooLong, ModelRefused) as error:
            raise EmbedderFailed(self.name, "it refuses this one") from error
        except ModelMisconfigured as error:
            raise EmbedderMisconfigured(self.name, "its vendor does not accept it") from error
        except ModelError as error:
            unavailable = EmbedderUnavailable(self.name)
            if isinstance(error, ModelRateLimited):
                unavailable.retry_after = error.retry_after
            raise unavailable from error
