"""From an order to a picture in our own storage."""

import asyncio
import hashlib
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from pydantic import BaseModel
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

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

_TRIES = 4
_UNFIT = (FileTooLarge, ForeignHost, NotAPicture, PictureTooLarge)


class StoredImage(BaseModel):
    """A picture as it lies in the storage."""

    key: str
    sha256: str
    size: int
    width: int
    height: int
    media_type: str
    model: str = ""


@dataclass(frozen=True, kw_only=True)
class ImagePipeline:
    """Has pictures painted, and keeps them: made small, marked as a machine's, under their key.

    `max_width` is the most pixels of a side, `quality` is JPEG's. In `room` pictures are decoded:
    a large one may take all of it.
    """

    images: ImageModels
    store: ObjectStore
    fetcher: Fetcher
    courier: BackgroundCalls
    max_width: int = 1600
    quality: int = 82
    room: MemoryLimiter = field(default_factory=lambda: MemoryLimiter(MAX_MEMORY))

    async def generate(
        self,
        order: ImageRequest,
        easel: GenerationState,
        *,
        key: str,
        caller: Caller,
    ) -> tuple[Picture, StoredImage]:
        """Return a picture and where it is kept; whatever was under the key is replaced.

        Raises:
            ModelError: It was not painted, or is no picture that can be kept.
            NoImageModel: There is nobody to paint it.
            StorageUnavailable, StorageMisconfigured, FileUnreachable: It could not be kept.
        """
        painting = await self.images.generate(order, easel, caller=caller)
        try:
            picture = await self.courier.call(lambda: self._taken(painting))
        except FileNotFound as error:
            raise ImageGenerationLost(self.images.name) from error
        except _UNFIT as error:
            detail = "what it gave is no picture that can be kept"
            raise ImageGenerationFailed(self.images.name, detail) from error
        kept = await self.store_image(key, picture)
        return picture, kept.model_copy(update={"model": self.images.name})

    async def store_image(self, key: str, picture: Picture) -> StoredImage:
        """Put a picture into the storage.

        Raises:
            StorageUnavailable, StorageMisconfigured: It could not be kept.
        """
        async for trial in AsyncRetrying(
            retry=retry_if_exception_type(StorageUnavailable),
            stop=stop_after_attempt(_TRIES),
            wait=wait_random_exponential(multiplier=0.3, max=5),
            reraise=True,
        ):
            with trial:
                await self.store.put(key, picture.data, media_type=picture.media_type)
        return StoredImage(
            key=key,
            sha256=hashlib.sha256(picture.data).hexdigest(),
            size=len(picture.data),
            width=picture.width,
            height=picture.height,
            media_type=picture.media_type,
        )

    async def _taken(self, painting: GeneratedImage) -> Picture:
        """Fetch a painting, and make a picture of it that can be kept."""
        async with AsyncExitStack() as stack:
            data = painting.data
            if data is None:
                fetched = self.fetcher.fetch(painting.url or "")
                path = await stack.enter_async_context(fetched)
                data = await asyncio.to_thread(path.read_bytes)
            async with self.room.reserve(decoding_memory(data)):
                return await asyncio.to_thread(
                    prepare,
                    data,
                    max_width=self.max_width,
                    quality=self.quality,
                    is_ai_generated=True,
                )
