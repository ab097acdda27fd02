"""Drawing one picture of a character: ordered, kept, hung in the gallery, or given up."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from typing_extensions import override

from db.models import ArtifactStatus, AssetKind, CharacterImage, GeneratedAsset, PromptArtifact
from services.characters import clearing, queries
from services.errors import Passing
from services.jobs import Run
from services.llm import Caller, Image, ModelError
from services.media import thumbnail
from services.painters import Begun, Kept, Order, PaintingLost, StepEasel, Studio


@dataclass(frozen=True)
class Likeness:
    """The picture that those to come take after: ours, and where the vendor has it."""

    image: Image
    lent: str


class Drawer:
    """Draws the pictures of one order."""

    def __init__(
        self,
        run: Run,
        studio: Studio,
        likeness: Likeness,
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

    async def draw(self, artifact: PromptArtifact) -> None:
        """See one picture through; what goes wrong with it alone is written on it."""
        name = str(artifact.variant)

        async def paint() -> list[Kept]:
            return await self._paint(artifact)

        try:
            kept = await self._run.step(f"picture {name}", list[Kept], paint)
        except Passing:
            raise
        except ModelError as error:
            lost = isinstance(error, PaintingLost)
            await self._give_up(
                artifact.id,
                ArtifactStatus.LOST if lost else ArtifactStatus.FAILED,
                self._describe(error),
            )
        else:
            await self._hang(artifact, kept)
        await self._show()

    async def _paint(self, artifact: PromptArtifact) -> list[Kept]:
        order = Order(
            prompt=artifact.prompt,
            like=(self._likeness.image,),
            lent=(self._likeness.lent,),
            aspect=artifact.parameters["aspect_ratio"],
        )
        folder = clearing.folder_of(artifact.character_id)
        picture, whole = await self._studio.make(
            order,
            _ArtifactEasel(self._run, artifact),
            key=f"{folder}{artifact.id}.jpg",
            caller=Caller(purpose=queries.PAINT, user_id=self._user_id),
        )
        small = await asyncio.to_thread(thumbnail, picture.data)
        return [whole, await self._studio.keep(f"{folder}{artifact.id}-small.jpg", small)]

    async def _hang(self, artifact: PromptArtifact, kept: Sequence[Kept]) -> None:
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


class _ArtifactEasel(StepEasel):
    """The easel of a picture, whose row shows that it is being painted."""

    def __init__(self, run: Run, artifact: PromptArtifact) -> None:
        super().__init__(run, str(artifact.variant))
        self._run = run
        self._artifact_id = artifact.id

    @override
    async def ordered(self, begun: Begun) -> bool:
        async with self._run.writing() as session:
            if await queries.is_anothers(session, self._artifact_id, begun.id):
                return False
            artifact = await session.get_one(PromptArtifact, self._artifact_id)
            artifact.prediction_id, artifact.status = begun.id, ArtifactStatus.PAINTING
        return await super().ordered(begun)
