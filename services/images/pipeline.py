"""The way from an image request to a picture in our own storage."""

import asyncio
import hashlib
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from pydantic import BaseModel
from tenacity import wait_random_exponential

from services.images.errors import ImageGenerationFailed, ImageGenerationLost
from services.images.ports import GenerationState
from services.images.service import ImageModels
from services.images.types import GeneratedImage, ImageRequest
from services.llm import BackgroundCalls, Caller
from services.media import (
    MAX_MEMORY,
    Fetcher,
    FileNotFound,
    FileTooLarge,
    ForeignHost,
    MemoryLimiter,
    NotAPicture,
    ObjectStore,
    Picture,
    PictureTooLarge,
    StorageUnavailable,
    decoding_memory,
    prepare,
)
from services.retries import with_retries

_MAX_ATTEMPTS = 4
_STORAGE_BACKOFF = wait_random_exponential(multiplier=0.3, max=5)
_UNUSABLE = (FileTooLarge, ForeignHost, NotAPicture, PictureTooLarge)


class StoredImage(BaseModel):
    """A picture in the storage."""

    key: str
    sha256: str
    size: int
    width: int
    height: int
    media_type: str
    model: str = ""


@dataclass(frozen=True, kw_only=True)
class ImagePipeline:
    """Generates pictures and stores them, scaled down and marked as AI-generated.

    `max_width` is the maximum of pixels per side, `quality` is JPEG's. `memory` limits the decoding
    of pictures: a large one may take all of it.
    """

    images: ImageModels
    store: ObjectStore
    fetcher: Fetcher
    background: BackgroundCalls
    max_width: int = 1600
    quality: int = 82
    memory: MemoryLimiter = field(default_factory=lambda: MemoryLimiter(MAX_MEMORY))

    async def generate(
        self,
        request: ImageRequest,
        state: GenerationState,
        *,
        key: str,
        caller: Caller,
    ) -> tuple[Picture, StoredImage]:
        """Return a picture and where it is stored; an object under the same key is replaced.

        Raises:
            ModelError: It was not generated, or is not a picture that can be stored.
            NoImageModel: No image model is configured.
            StorageUnavailable, StorageMisconfigured, FileUnreachable: It could not be stored.
        """
        image = await self.images.generate(request, state, caller=caller)
        try:
            picture = await self.background.call(lambda: self._fetch_picture(image))
        except FileNotFound as error:
            raise ImageGenerationLost(self.images.name) from error
        except _UNUSABLE as error:
            detail = "what it gave is no picture that can be kept"
            raise ImageGenerationFailed(self.images.name, detail) from error
        stored = await self.store_image(key, picture)
        return picture, stored.model_copy(update={"model": self.images.name})

    async def store_image(self, key: str, picture: Picture) -> StoredImage:
        """Put a picture into the storage.

        Raises:
            StorageUnavailable, StorageMisconfigured: It could not be stored.
        """
        await with_retries(
            lambda: self.store.put(key, picture.data, media_type=picture.media_type),
            on=StorageUnavailable,
            attempts=_MAX_ATTEMPTS,
            backoff=_STORAGE_BACKOFF,
        )
        return StoredImage(
            key=key,
            sha256=hashlib.sha256(picture.data).hexdigest(),
            size=len(picture.data),
            width=picture.width,
            height=picture.height,
            media_type=picture.media_type,
        )

    async def _fetch_picture(self, image: GeneratedImage) -> Picture:
        """Download a generated image, and return it as a picture that can be stored."""
        async with AsyncExitStack() as stack:
            data = image.data
            if data is None:
                download = self.fetcher.fetch(image.url or "")
                path = await stack.enter_async_context(download)
                data = await asyncio.to_thread(path.read_bytes)
            async with self.memory.reserve(decoding_memory(data)):
                return await asyncio.to_thread(
                    prepare,
                    data,
                    max_width=self.max_width,
                    quality=self.quality,
                    is_ai_generated=True,
                )
