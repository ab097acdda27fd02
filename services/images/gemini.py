"""Google's Gemini, asked for pictures: it paints while we wait, and does not remember."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from services.images.errors import ImageGenerationFailed
from services.images.ports import ImageModel
from services.images.types import GeneratedImage, ImageRequest, Prediction
from services.llm import Image
from services.llm.gemini import VENDOR, Gemini


class GeminiImageModel(ImageModel):
    """One image model of Gemini's; pictures come back in the answer itself."""

    def __init__(self, gemini: Gemini, model: str) -> None:
        self._gemini = gemini
        self._model = model

    @property
    @override
    def name(self) -> str:
        return f"{VENDOR}/{self._model}"

    @property
    @override
    def lists_predictions(self) -> bool:
        return False

    @override
    async def upload(self, picture: Image) -> str:
        return ""  # it goes with each order

    @override
    async def delete_upload(self, lent: str) -> None:
        """Nothing was left there."""

    @override
    async def start(self, order: ImageRequest) -> GeneratedImage:
        data = await self._gemini.generate_image(
            self._model, order.prompt, references=order.references, aspect_ratio=order.aspect
        )
        if data is None:
            raise ImageGenerationFailed(self.name, "it ended without a picture")
        return GeneratedImage(data=data)

    @override
    async def find_started(self, order: ImageRequest, since: datetime) -> Sequence[Prediction]:
        return ()

    @override
    async def collect(self, begun: Prediction) -> GeneratedImage | None:
        raise ImageGenerationFailed(self.name, "it was begun with another vendor")

    @override
    async def cancel(self, begun: Prediction) -> None:
        """There is nothing that goes on."""

    @override
    async def close(self) -> None:
        await self._gemini.close()
