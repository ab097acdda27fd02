"""Google's Gemini as an image model: it answers with the picture and keeps no predictions."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import override

from services.images.errors import ImageGenerationFailed
from services.images.ports import ImageModel
from services.images.types import GeneratedImage, ImageRequest, Prediction
from services.llm import Image
from services.llm.gemini import VENDOR, Gemini


class GeminiImageModel(ImageModel):
    """One image model of Gemini's; the response contains the picture."""

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
        return ""  # pictures are sent with each request

    @override
    async def delete_upload(self, upload_url: str) -> None:
        """Do nothing: `upload` uploads nothing."""

    @override
    async def start(self, request: ImageRequest) -> GeneratedImage:
        data = await self._gemini.generate_image(
            self._model, request.prompt, references=request.references, aspect_ratio=request.aspect
        )
        if data is None:
            raise ImageGenerationFailed(self.name, "it ended without a picture")
        return GeneratedImage(data=data)

    @override
    async def find_started(self, request: ImageRequest, since: datetime) -> Sequence[Prediction]:
        return ()

    @override
    async def collect(self, prediction: Prediction) -> GeneratedImage | None:
        raise ImageGenerationFailed(self.name, "it was begun with another vendor")

    @override
    async def cancel(self, prediction: Prediction) -> None:
        """Do nothing: no prediction runs."""

    @override
    async def close(self) -> None:
        await self._gemini.close()
