"""From a photo to pictures of a character, in steps that are each kept."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import (
    ArtifactStatus,
    AssetKind,
    Character,
    CharacterImage,
    CharacterProfile,
    CharacterStatus,
    GeneratedAsset,
    JobStatus,
    PromptArtifact,
)
from db.session import Sessions
from services.characters import clearing, queries, seeing, showing
from services.characters.errors import CharacterNotFound, NoEyes, NothingToDrawFrom
from services.characters.guards import refuse_unfit
from services.characters.ports import Watcher
from services.characters.prompts import build_character_prompt
from services.characters.styles import Scene
from services.errors import DomainError, Passing
from services.jobs import Handler, Run
from services.llm import Caller, Image, LanguageModels, ModelError
from services.media import JPEG, thumbnail
from services.painters import Begun, Kept, Order, PaintingLost, StepEasel, Studio

KIND = "character"
_OPEN = (ArtifactStatus.PLANNED, ArtifactStatus.PAINTING)


@dataclass(frozen=True)
class _Likeness:
    """The picture that those to come take after: ours, and where the vendor has it."""

    image: Image
    lent: str


class GenerateHandler(Handler):
    """Draws characters: looks at the photo, describes, orders pictures, keeps them."""

    kind: ClassVar[str] = KIND
    seconds: ClassVar[float] = 1800

    def __init__(
        self,
        sessions: Sessions,
        models: LanguageModels,
        studio: Studio,
        watcher: Watcher,
        *,
        describe: Callable[[BaseException], str],
    ) -> None:
        self._sessions = sessions
        self._models = models
        self._studio = studio
        self._watcher = watcher
        self._describe = describe

    @override
    async def run(self, run: Run) -> None:
        if not await self._begin(run):
            return
        await self._show(run)
        await self._see(run)
        await self._plan(run)
        await self._show(run)
        likeness = await self._lend(run)
        async with self._sessions() as session:
            artifacts = await queries.artifacts(session, UUID(run.payload["run"]))
        ended = await asyncio.gather(
            *(self._draw(run, each, likeness) for each in artifacts if each.status in _OPEN),
            return_exceptions=True,
        )
        for error in ended:
            if error is not None:
                raise error
        await self._studio.images.take_back(likeness.lent)
        async with run.finishing() as session:
            character = await _of(session, run.payload)
            failed = (each.error for each in await queries.artifacts(session, character.run_token))
            await _end(session, character, next((words for words in failed if words), None))

    @override
    async def mark(
        self, session: AsyncSession, payload: dict[str, Any], status: JobStatus, words: str
    ) -> None:
        character = await queries.of_run(session, payload)
        if character is None:
            return
        if status == JobStatus.PENDING:
            character.status, character.error = CharacterStatus.DRAFT, None
            return
        words = words or "It was called off."
        for each in await queries.artifacts(session, character.run_token):
            if each.status in _OPEN:
                each.status, each.error = ArtifactStatus.FAILED, words
        await _end(session, character, words)

    async def _begin(self, run: Run) -> bool:
        """Say that it has begun; False when nobody waits for it any more."""
        async with run.writing() as session:
            character = await queries.of_run(session, run.payload)
            if character is not None:
                profile = await queries.profile(session, character.id)
                is_known = profile is not None
                character.status = (
                    CharacterStatus.GENERATING if is_known else CharacterStatus.PROFILING
                )
        if character is None:
            async with run.finishing():
                pass
        return character is not None

    async def _see(self, run: Run) -> None:
        """Let a model that can see describe the photo, and keep that, or refuse the photo."""
        async with self._sessions() as session:
            character = await _of(session, run.payload)
            if await queries.profile(session, character.id) is not None:
                return
            model = await queries.seeing_model(session)
        if model is None:
            raise NoEyes
        if character.photo_key is None:
            raise NothingToDrawFrom(character.name)
        photo = Image(media_type=JPEG, data=await self._studio.store.get(character.photo_key))

        async def look() -> seeing.PhotoAnswer:
            caller = Caller(purpose="character", user_id=character.user_id)
            asked = seeing.question(model, photo)
            return (await self._models.parse(asked, seeing.PhotoAnswer, caller=caller)).value

        seen = await run.step("seen", seeing.PhotoAnswer, look)
        try:
            seen.refuse()
        except DomainError:
            await clearing.forget_photo(self._sessions, self._studio.store, character.id)
            raise
        async with run.writing() as session:
            kept: dict[str, Any] = seen.described()
            session.add(CharacterProfile(character_id=character.id, model=model, **kept))

    async def _plan(self, run: Run) -> None:
        """Write the words for every picture that has none yet."""
        async with run.writing() as session:
            character = await _of(session, run.payload)
            character.status = CharacterStatus.GENERATING
            profile = await session.get_one(CharacterProfile, character.id)
            for each in await queries.artifacts(session, character.run_token):
                refuse_unfit(profile, each.style, each.scene_text)
                each.prompt = each.prompt or build_character_prompt(
                    profile,
                    each.style,
                    gender=character.gender,
                    scene=Scene(each.scene),
                    scene_text=each.scene_text,
                )

    async def _lend(self, run: Run) -> _Likeness:
        """Give the vendor what the pictures take after: the selected one, else the photo."""
        async with self._sessions() as session:
            character = await _of(session, run.payload)
            key = await queries.selected(session, character.id) or character.photo_key
        if key is None:
            raise NothingToDrawFrom(character.name)
        image = Image(media_type=JPEG, data=await self._studio.store.get(key))
        lent = await run.step("lent", str, lambda: self._studio.images.lend(image))
        return _Likeness(image=image, lent=lent)

    async def _draw(self, run: Run, artifact: PromptArtifact, likeness: _Likeness) -> None:
        """See one picture through; what goes wrong with it alone is written on it."""
        name = str(artifact.variant)

        async def paint() -> list[Kept]:
            return await self._paint(run, artifact, likeness)

        try:
            kept = await run.step(f"picture {name}", list[Kept], paint)
        except Passing:
            raise
        except ModelError as error:
            lost = isinstance(error, PaintingLost)
            await self._give_up(
                run,
                artifact.id,
                ArtifactStatus.LOST if lost else ArtifactStatus.FAILED,
                self._describe(error),
            )
        else:
            await self._hang(run, artifact, kept)
        await self._show(run)

    async def _paint(self, run: Run, artifact: PromptArtifact, likeness: _Likeness) -> list[Kept]:
        async with self._sessions() as session:
            character = await _of(session, run.payload)
        order = Order(
            prompt=artifact.prompt,
            like=(likeness.image,),
            lent=(likeness.lent,),
            aspect=artifact.parameters["aspect_ratio"],
        )
        folder = clearing.folder_of(character.id)
        picture, whole = await self._studio.make(
            order,
            _ArtifactEasel(run, artifact),
            key=f"{folder}{artifact.id}.jpg",
            caller=Caller(purpose="character", user_id=character.user_id),
        )
        small = await asyncio.to_thread(thumbnail, picture.data)
        return [whole, await self._studio.keep(f"{folder}{artifact.id}-small.jpg", small)]

    async def _hang(self, run: Run, artifact: PromptArtifact, kept: Sequence[Kept]) -> None:
        """Put a picture into the gallery."""
        async with run.writing() as session:
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

    async def _give_up(
        self, run: Run, artifact_id: UUID, status: ArtifactStatus, words: str
    ) -> None:
        async with run.writing() as session:
            artifact = await session.get_one(PromptArtifact, artifact_id)
            artifact.status, artifact.error = status, words
            artifact.finished_at = func.now()
            if status == ArtifactStatus.LOST:
                artifact.cost_usd = self._studio.images.price_usd

    async def _show(self, run: Run) -> None:
        await showing.show(self._sessions, self._studio.store, self._watcher, run.payload)


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


async def _of(session: AsyncSession, payload: dict[str, Any]) -> Character:
    """Return the character of an order.

    Raises:
        CharacterNotFound: It is gone, or has another order by now.
    """
    character = await queries.of_run(session, payload)
    if character is None:
        raise CharacterNotFound("this character")
    return character


async def _end(session: AsyncSession, character: Character, words: str | None) -> None:
    """Write down how an order ended, and let whoever asked see it."""
    has_pictures = bool(await queries.shown(session, character.id))
    character.status = CharacterStatus.READY if has_pictures else CharacterStatus.FAILED
    character.error = words
    await showing.promise(session, character)
