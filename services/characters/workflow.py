"""The job that turns a photo into pictures of a character, in steps that survive a crash."""

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
    User,
)
from db.session import Sessions
from services.access import Caller, authorize
from services.characters import deletion, progress, queries, vision
from services.characters.errors import CharacterNotFound, NoReferencePhoto
from services.characters.guards import check_suitable
from services.characters.image_task import ImageTask, Reference
from services.characters.prompts import build_character_prompt
from services.characters.styles import Scene
from services.characters.types import RunPayload
from services.errors import DomainError
from services.images import ImagePipeline
from services.jobs import Handler, Run
from services.llm import Image, LanguageModels
from services.llm_configs import NoVisionModel, vision_model
from services.media import JPEG, ObjectNotFound, enqueue_deletion
from services.notifications import Notifier


class GenerationJob(RunPayload):
    """Pictures of a character are to be generated."""

    kind: ClassVar[str] = "character"


class GenerateHandler(Handler[GenerationJob]):
    """Generates a character: describes the photo, writes prompts, and generates the pictures."""

    payload_type = GenerationJob
    timeout_seconds: ClassVar[float] = 1800

    def __init__(
        self,
        sessions: Sessions,
        models: LanguageModels,
        pipeline: ImagePipeline,
        notifier: Notifier,
        *,
        describe: Callable[[BaseException], str],
    ) -> None:
        self._sessions = sessions
        self._models = models
        self._pipeline = pipeline
        self._notifier = notifier
        self._describe = describe

    @override
    async def run(self, run: Run[GenerationJob]) -> None:
        if not await self._mark_started(run):
            return
        await self._show_progress(run)
        await self._describe_photo(run)
        await self._write_prompts(run)
        await self._show_progress(run)
        reference = await self._upload_reference(run)
        async with self._sessions() as session:
            character = await _get_character(session, run.payload)
            artifacts = await queries.artifacts(session, character.run_token)
            caller = await self._authorize(session, queries.IMAGE_PURPOSE, character)
        task = ImageTask(
            run,
            self._pipeline,
            reference,
            caller=caller,
            describe=self._describe,
            show_progress=lambda: self._show_progress(run),
        )
        unfinished = [each for each in artifacts if each.status in queries.UNFINISHED_PICTURES]
        results = await asyncio.gather(*map(task.run, unfinished), return_exceptions=True)
        for error in results:
            if error is not None:
                raise error
        await self._pipeline.images.delete_upload(reference.upload_url)
        async with run.final_transaction() as session:
            character = await _get_character(session, run.payload)
            errors = (each.error for each in await queries.artifacts(session, character.run_token))
            await _finish(session, character, next((words for words in errors if words), None))

    async def _authorize(self, session: AsyncSession, purpose: str, character: Character) -> Caller:
        user = await session.get(User, character.user_id)
        return await authorize(session, purpose, user=user)

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: GenerationJob, status: JobStatus, reason: str
    ) -> None:
        character = await queries.find_by_run(session, payload)
        if character is None:
            return
        artifacts = await queries.artifacts(session, character.run_token)
        if status == JobStatus.PENDING:
            await _reset_for_retry(session, character, artifacts)
            return
        for each in artifacts:
            if each.status == ArtifactStatus.PLANNED:
                each.status, each.error = ArtifactStatus.FAILED, reason
            elif each.status == ArtifactStatus.PAINTING:  # may still be generated, and paid for
                each.status, each.error = ArtifactStatus.LOST, reason
                each.cost_usd = self._pipeline.images.price_usd
        await self._delete_leftovers(session, character)
        await _finish(session, character, reason or None)

    async def _delete_leftovers(self, session: AsyncSession, character: Character) -> None:
        """Delete a photo that has not been described, and the picture uploaded to the vendor."""
        if character.photo_key is not None and (
            await queries.profile(session, character.id) is None
        ):
            await enqueue_deletion(session, [character.photo_key])
            character.photo_key = None
        upload_url = (
            await queries.upload_url(session, character.job_id) if character.job_id else None
        )
        if upload_url:
            await deletion.enqueue_upload_deletion(session, upload_url)

    async def _mark_started(self, run: Run[GenerationJob]) -> bool:
        """Update the character's status; return False if the order is obsolete."""
        async with run.transaction() as session:
            character = await queries.find_by_run(session, run.payload)
            if character is not None:
                profile = await queries.profile(session, character.id)
                has_profile = profile is not None
                character.status = (
                    CharacterStatus.GENERATING if has_profile else CharacterStatus.PROFILING
                )
        if character is None:
            async with run.final_transaction():
                pass
        return character is not None

    async def _describe_photo(self, run: Run[GenerationJob]) -> None:
        """Save a vision model's description of the photo, or refuse and delete the photo."""
        async with self._sessions() as session:
            character = await _get_character(session, run.payload)
            if await queries.profile(session, character.id) is not None:
                return
            model = await vision_model(session)
            caller = await self._authorize(session, queries.VISION_PURPOSE, character)
        if model is None:
            raise NoVisionModel
        if character.photo_key is None:
            raise NoReferencePhoto(character.name)
        key, name = character.photo_key, character.name

        async def ask_model() -> vision.PhotoAnswer:
            photo = await self._load_image(key, name)
            request = vision.photo_request(model, photo)
            return (await self._models.parse(request, vision.PhotoAnswer, caller=caller)).value

        answer = await run.step("seen", vision.PhotoAnswer, ask_model)
        try:
            answer.check()
        except DomainError:
            await deletion.delete_photo(self._sessions, self._pipeline.store, character.id)
            raise
        async with run.transaction() as session:
            fields: dict[str, Any] = answer.profile_fields()
            session.add(CharacterProfile(character_id=character.id, model=model, **fields))

    async def _write_prompts(self, run: Run[GenerationJob]) -> None:
        """Write the prompt of every picture that has none yet."""
        async with run.transaction() as session:
            character = await _get_character(session, run.payload)
            character.status = CharacterStatus.GENERATING
            profile = await session.get_one(CharacterProfile, character.id)
            for each in await queries.artifacts(session, character.run_token):
                check_suitable(profile, each.style, each.scene_text)
                each.prompt = each.prompt or build_character_prompt(
                    profile,
                    each.style,
                    gender=character.gender,
                    scene=Scene(each.scene),
                    scene_text=each.scene_text,
                )

    async def _upload_reference(self, run: Run[GenerationJob]) -> Reference:
        """Upload the reference to the vendor: the selected picture, or else the photo."""
        async with self._sessions() as session:
            character = await _get_character(session, run.payload)
            key = await queries.selected_key(session, character.id) or character.photo_key
        if key is None:
            raise NoReferencePhoto(character.name)
        image = await self._load_image(key, character.name)
        upload_url = await run.step(
            queries.UPLOAD_STEP, str, lambda: self._pipeline.images.upload(image)
        )
        return Reference(image=image, upload_url=upload_url)

    async def _load_image(self, key: str, name: str) -> Image:
        try:
            return Image(media_type=JPEG, data=await self._pipeline.store.get(key))
        except ObjectNotFound as error:
            raise NoReferencePhoto(name) from error

    async def _show_progress(self, run: Run[GenerationJob]) -> None:
        """Show the progress; errors are ignored."""
        with suppress(DomainError):
            await progress.send_progress(
                self._sessions, self._pipeline.store, self._notifier, run.payload
            )


async def _get_character(session: AsyncSession, payload: RunPayload) -> Character:
    """Return the character of an order.

    Raises:
        CharacterNotFound: It was deleted, or has a newer order.
    """
    character = await queries.find_by_run(session, payload)
    if character is None:
        raise CharacterNotFound("this character")
    return character


async def _reset_for_retry(
    session: AsyncSession, character: Character, artifacts: Sequence[PromptArtifact]
) -> None:
    """Plan failed pictures again; lost ones may have been paid for, and stay lost."""
    character.status, character.error = CharacterStatus.DRAFT, None
    if character.job_id is not None:
        await queries.forget_upload(session, character.job_id)
    for each in artifacts:
        if each.status == ArtifactStatus.FAILED:
            each.status, each.error = ArtifactStatus.PLANNED, None


async def _finish(session: AsyncSession, character: Character, words: str | None) -> None:
    """Save the outcome of an order, and enqueue the final progress."""
    has_pictures = bool(await queries.gallery_images(session, character.id))
    character.status = CharacterStatus.READY if has_pictures else CharacterStatus.FAILED
    character.error = words
    await progress.enqueue_progress(session, character)
