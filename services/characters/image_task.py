"""Generating one picture of a character, and saving the image or the failure."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from typing_extensions import override

from db.models import ArtifactStatus, AssetKind, CharacterImage, GeneratedAsset, PromptArtifact
from services.access import Caller
from services.characters import deletion, queries
from services.errors import TransientError
from services.images import (
    ImageGenerationLost,
    ImagePipeline,
    ImageRequest,
    Prediction,
    StepGenerationState,
    StoredImage,
)
from services.jobs import Run
from services.llm import Image, ModelError
from services.media import thumbnail


@dataclass(frozen=True)
class Reference:
    """The picture that new ones are generated after, and its URL at the vendor."""

    image: Image
    upload_url: str


class ImageTask:
    """Generates the pictures of one order."""

    def __init__(
        self,
        run: Run,
        pipeline: ImagePipeline,
        reference: Reference,
        *,
        caller: Caller,
        describe: Callable[[BaseException], str],
        show_progress: Callable[[], Awaitable[None]],
    ) -> None:
        self._run = run
        self._pipeline = pipeline
        self._reference = reference
        self._caller = caller
        self._describe = describe
        self._show_progress = show_progress

    async def run(self, artifact: PromptArtifact) -> None:
        """Generate a picture; errors of this picture alone are saved with it, not raised."""
        name = str(artifact.variant)

        async def generate() -> list[StoredImage]:
            return await self._generate(artifact)

        try:
            images = await self._run.step(f"picture {name}", list[StoredImage], generate)
        except TransientError:
            raise
        except ModelError as error:
            is_lost = isinstance(error, ImageGenerationLost)
            await self._save_failure(
                artifact.id,
                ArtifactStatus.LOST if is_lost else ArtifactStatus.FAILED,
                self._describe(error),
            )
        else:
            await self._save_images(artifact, images)
        await self._show_progress()

    async def _generate(self, artifact: PromptArtifact) -> list[StoredImage]:
        request = ImageRequest(
            prompt=artifact.prompt,
            references=(self._reference.image,),
            upload_urls=(self._reference.upload_url,),
            aspect=artifact.parameters["aspect_ratio"],
        )
        prefix = deletion.key_prefix(artifact.character_id)
        picture, stored = await self._pipeline.generate(
            request,
            _ArtifactGenerationState(self._run, artifact),
            key=f"{prefix}{artifact.id}.jpg",
            caller=self._caller,
        )
        small = await asyncio.to_thread(thumbnail, picture.data)
        return [stored, await self._pipeline.store_image(f"{prefix}{artifact.id}-small.jpg", small)]

    async def _save_images(self, artifact: PromptArtifact, images: Sequence[StoredImage]) -> None:
        """Add a picture to the gallery."""
        async with self._run.transaction() as session:
            row = await session.get_one(PromptArtifact, artifact.id)
            row.status, row.finished_at = ArtifactStatus.DONE, func.now()
            row.cost_usd = self._pipeline.images.price_usd
            for kind, image in zip((AssetKind.IMAGE, AssetKind.THUMBNAIL), images, strict=True):
                session.add(
                    GeneratedAsset(
                        artifact_id=artifact.id,
                        kind=kind,
                        storage_key=image.key,
                        sha256=image.sha256,
                        content_type=image.media_type,
                        size=image.size,
                        width=image.width,
                        height=image.height,
                    )
                )
            session.add(CharacterImage(character_id=row.character_id, artifact_id=artifact.id))

    async def _save_failure(self, artifact_id: UUID, status: ArtifactStatus, message: str) -> None:
        async with self._run.transaction() as session:
            artifact = await session.get_one(PromptArtifact, artifact_id)
            artifact.status, artifact.error = status, message
            artifact.finished_at = func.now()
            if status == ArtifactStatus.LOST:
                artifact.cost_usd = self._pipeline.images.price_usd


class _ArtifactGenerationState(StepGenerationState):
    """The generation state of a picture, which also updates the status of its row."""

    def __init__(self, run: Run, artifact: PromptArtifact) -> None:
        super().__init__(run, str(artifact.variant))
        self._run = run
        self._artifact_id = artifact.id

    @override
    async def save_prediction(self, prediction: Prediction) -> bool:
        async with self._run.transaction() as session:
            if await queries.belongs_to_other(session, self._artifact_id, prediction.id):
                return False
            artifact = await session.get_one(PromptArtifact, self._artifact_id)
            artifact.prediction_id, artifact.status = prediction.id, ArtifactStatus.PAINTING
        return await super().save_prediction(prediction)
