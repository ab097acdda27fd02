"""Gemini's embeddings: pictures and text in one vector space."""

from typing_extensions import override

from services.embeddings.ports import ImageEmbedder
from services.embeddings.vendor_texts import embedder_errors
from services.llm import Image
from services.llm.gemini import Gemini

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
        with embedder_errors(self.name):
            return await self._gemini.embed_part(self._model, part)
