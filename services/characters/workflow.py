"""From a photo to pictures of a character, in steps that are each kept."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import (
    ArtifactStatus,
    Character,
    CharacterProfile,
    CharacterStatus,
    JobStatus,
    PromptArtifact,
)
from db.session import Sessions
from services.characters import deletion, progress, queries, vision
from services.characters.errors import CharacterNotFound, NoReferencePhoto
from services.characters.guards import refuse_unfit
from services.characters.image_task import ImageTask, Reference
from services.characters.ports import Watcher
from services.characters.prompts import build_character_prompt
from services.characters.styles import Scene
from services.errors import DomainError
from services.images import ImagePipeline
from services.jobs import Handler, Run
from services.llm import Caller, Image, LanguageModels
from services.llm_configs import NoVisionModel, vision_model
from services.media import JPEG, ObjectNotFound, enqueue_deletion

KIND = "character"


class GenerateHandler(Handler):
    """Draws characters: looks at the photo, describes, orders pictures, keeps them."""

    kind: ClassVar[str] = KIND
    timeout_seconds: ClassVar[float] = 1800

    def __init__(
        self,
        sessions: Sessions,
        models: LanguageModels,
        studio: ImagePipeline,
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
            character = await _of(session, run.payload)
            artifacts = await queries.artifacts(session, character.run_token)
        drawer = ImageTask(
            run,
            self._studio,
            likeness,
            user_id=character.user_id,
            describe=self._describe,
            show=lambda: self._show(run),
        )
        waiting = [each for each in artifacts if each.status in queries.WAITING]
        ended = await asyncio.gather(*map(drawer.run, waiting), return_exceptions=True)
        for error in ended:
            if error is not None:
                raise error
        await self._studio.images.delete_upload(likeness.lent)
        async with run.finishing() as session:
            character = await _of(session, run.payload)
            failed = (each.error for each in await queries.artifacts(session, character.run_token))
            await _end(session, character, next((words for words in failed if words), None))

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: dict[str, Any], status: JobStatus, words: str
    ) -> None:
        character = await queries.of_run(session, payload)
        if character is None:
            return
        artifacts = await queries.artifacts(session, character.run_token)
        if status == JobStatus.PENDING:
            await _again(session, character, artifacts)
            return
        for each in artifacts:
            if each.status == ArtifactStatus.PLANNED:
                each.status, each.error = ArtifactStatus.FAILED, words
            elif each.status == ArtifactStatus.PAINTING:  # it may yet be painted, and paid for
                each.status, each.error = ArtifactStatus.LOST, words
                each.cost_usd = self._studio.images.price_usd
        await self._tidy(session, character)
        await _end(session, character, words or None)

    async def _tidy(self, session: AsyncSession, character: Character) -> None:
        """Let go of a photo that nobody has looked at, and of what the vendor was lent."""
        if character.photo_key is not None and (
            await queries.profile(session, character.id) is None
        ):
            await enqueue_deletion(session, [character.photo_key])
            character.photo_key = None
        lent = await queries.uploads(session, character.job_id) if character.job_id else None
        if lent:
            await deletion.enqueue_upload_deletion(session, lent)

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
            model = await vision_model(session)
        if model is None:
            raise NoVisionModel
        if character.photo_key is None:
            raise NoReferencePhoto(character.name)
        key, name = character.photo_key, character.name

        async def look() -> vision.PhotoAnswer:
            photo = await self._image(key, name)
            caller = Caller(purpose=queries.LOOK, user_id=character.user_id)
            asked = vision.question(model, photo)
            return (await self._models.parse(asked, vision.PhotoAnswer, caller=caller)).value

        seen = await run.step("seen", vision.PhotoAnswer, look)
        try:
            seen.refuse()
        except DomainError:
            await deletion.delete_photo(self._sessions, self._studio.store, character.id)
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

    async def _lend(self, run: Run) -> Reference:
        """Give the vendor what the pictures take after: the selected one, else the photo."""
        async with self._sessions() as session:
            character = await _of(session, run.payload)
            key = await queries.selected(session, character.id) or character.photo_key
        if key is None:
            raise NoReferencePhoto(character.name)
        image = await self._image(key, character.name)
        lent = await run.step(queries.UPLOADED, str, lambda: self._studio.images.upload(image))
        return Reference(image=image, lent=lent)

    async def _image(self, key: str, name: str) -> Image:
        try:
            return Image(media_type=JPEG, data=await self._studio.store.get(key))
        except ObjectNotFound as error:
            raise NoReferencePhoto(name) from error

    async def _show(self, run: Run) -> None:
        """Show how far it is, if that can be done just now."""
        with suppress(DomainError):
            await progress.send_progress(
                self._sessions, self._studio.store, self._watcher, run.payload
            )


async def _of(session: AsyncSession, payload: dict[str, Any]) -> Character:
    """Return the character of an order.

    Raises:
        CharacterNotFound: It is gone, or has another order by now.
    """
    character = await queries.of_run(session, payload)
    if character is None:
        raise CharacterNotFound("this character")
    return character


async def _again(
    session: AsyncSession, character: Character, artifacts: Sequence[PromptArtifact]
) -> None:
    """Let what failed be tried once more; what was lost may have been paid for, and stays so."""
    character.status, character.error = CharacterStatus.DRAFT, None
    if character.job_id is not None:
        await queries.clear_uploads(session, character.job_id)
    for each in artifacts:
        if each.status == ArtifactStatus.FAILED:
            each.status, each.error = ArtifactStatus.PLANNED, None


async def _end(session: AsyncSession, character: Character, words: str | None) -> None:
    """Write down how an order ended, and let whoever asked see it."""
    has_pictures = bool(await queries.shown(session, character.id))
    character.status = CharacterStatus.READY if has_pictures else CharacterStatus.FAILED
    character.error = words
    await progress.enqueue_progress(session, character)
