"""Drawing one picture of a character: ordered, kept, hung in the gallery, or given up."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from typing_extensions import override

from db.models import ArtifactStatus, AssetKind, CharacterImage, GeneratedAsset, PromptArtifact
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
from services.llm import Caller, Image, ModelError
from services.media import thumbnail


@dataclass(frozen=True)
class Reference:
    """The picture that those to come take after: ours, and where the vendor has it."""

    image: Image
    lent: str


class ImageTask:
    """Draws the pictures of one order."""

    def __init__(
        self,
        run: Run,
        studio: ImagePipeline,
        likeness: Reference,
        *,
        user_id: UUID,
        describe: Callable[[BaseException], str],
        show: Callable[[], Awaitable[None]],
    ) -> None:
        self._run = run
        self._studio = studio
        self._likeness = likeness
        self._user_id = user_id
        self._describe = describe
        self._show = show

    async def run(self, artifact: PromptArtifact) -> None:
        """See one picture through; what goes wrong with it alone is written on it."""
        name = str(artifact.variant)

        async def paint() -> list[StoredImage]:
            return await self._paint(artifact)

        try:
            kept = await self._run.step(f"picture {name}", list[StoredImage], paint)
        except TransientError:
            raise
        except ModelError as error:
            lost = isinstance(error, ImageGenerationLost)
            await self._give_up(
                artifact.id,
                ArtifactStatus.LOST if lost else ArtifactStatus.FAILED,
                self._describe(error),
            )
        else:
            await self._hang(artifact, kept)
        await self._show()

    async def _paint(self, artifact: PromptArtifact) -> list[StoredImage]:
        order = ImageRequest(
            prompt=artifact.prompt,
            references=(self._likeness.image,),
            upload_urls=(self._likeness.lent,),
            aspect=artifact.parameters["aspect_ratio"],
        )
        folder = deletion.folder_of(artifact.character_id)
        picture, whole = await self._studio.generate(
            order,
            _ArtifactGenerationState(self._run, artifact),
            key=f"{folder}{artifact.id}.jpg",
            caller=Caller(purpose=queries.PAINT, user_id=self._user_id),
        )
        small = await asyncio.to_thread(thumbnail, picture.data)
        return [whole, await self._studio.store_image(f"{folder}{artifact.id}-small.jpg", small)]

    async def _hang(self, artifact: PromptArtifact, kept: Sequence[StoredImage]) -> None:
        """Put a picture into the gallery."""
        async with self._run.writing() as session:
            done = await session.get_one(PromptArtifact, artifact.id)
            done.status, done.finished_at = ArtifactStatus.DONE, func.now()
            done.cost_usd = self._studio.images.price_usd
            for kind, each in zip((AssetKind.IMAGE, AssetKind.THUMBNAIL), kept, strict=True):
                session.add(
                    GeneratedAsset(
                        artifact_id=artifact.id,
                        kind=kind,
                        storage_key=each.key,
                        sha256=each.sha256,
                        content_type=each.media_type,
                        size=each.size,
                        width=each.width,
                        height=each.height,
                    )
                )
            session.add(CharacterImage(character_id=done.character_id, artifact_id=artifact.id))

    async def _give_up(self, artifact_id: UUID, status: ArtifactStatus, words: str) -> None:
        async with self._run.writing() as session:
            artifact = await session.get_one(PromptArtifact, artifact_id)
            artifact.status, artifact.error = status, words
            artifact.finished_at = func.now()
            if status == ArtifactStatus.LOST:
                artifact.cost_usd = self._studio.images.price_usd


class _ArtifactGenerationState(StepGenerationState):
    """The easel of a picture, whose row shows that it is being painted."""

    def __init__(self, run: Run, artifact: PromptArtifact) -> None:
        super().__init__(run, str(artifact.variant))
        self._run = run
        self._artifact_id = artifact.id

    @override
    async def save_prediction(self, prediction: Prediction) -> bool:
        async with self._run.writing() as session:
            if await queries.is_anothers(session, self._artifact_id, prediction.id):
                return False
            artifact = await session.get_one(PromptArtifact, self._artifact_id)
            artifact.prediction_id, artifact.status = prediction.id, ArtifactStatus.PAINTING
        return await super().save_prediction(prediction)
