"""Gemini's embeddings: pictures and words among each other."""

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

# One of those that Google recommends: ai.google.dev/gemini-api/docs/embeddings.
_DIMENSIONS = 768


class GeminiEmbedder(ImageEmbedder):
    """A model of Gemini's that embeds pictures as well as words."""

    def __init__(self, gemini: Gemini, model: str) -> None:
        self._gemini = gemini
        self._model = model

    @property
    @override
    def name(self) -> str:
        return f"gemini/{self._model}"

    @property
    @override
    def knows_text(self) -> bool:
        return True

    @override
    async def embed_picture(self, picture: bytes) -> list[float]:
        return await self._embed(Image(data=picture, media_type="image/jpeg"))

    @override
    async def embed_words(self, words: str) -> list[float]:
        return await self._embed(words)

    @override
    async def close(self) -> None:
        await self._gemini.close()

    async def _embed(self, part: Image | str) -> list[float]:
        with self._our_errors():
            return await self._gemini.embed(self._model, part, dimensions=_DIMENSIONS)

    @contextmanager
    def _our_errors(self) -> Generator[None]:
        try:
            yield
        except (ContextTooLong, ModelRefused) as error:
            raise EmbedderFailed(self.name, "it refuses this one") from error
        except ModelMisconfigured as error:
            raise EmbedderMisconfigured(self.name, error.detail) from error
        except ModelError as error:
            failed = EmbedderUnavailable(self.name)
            if isinstance(error, ModelRateLimited):
                failed.retry_after = error.retry_after
            raise failed from error
