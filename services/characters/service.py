"""The use cases of characters: creating them from photos, and what their owners do with them."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Character, CharacterStatus, Personality, PromptArtifact
from db.session import Sessions
from services.access import Owned, Quotas, check_quota
from services.characters import deletion, queries
from services.characters.errors import (
    CharacterNameTaken,
    CharacterNotFound,
    ImageLimitReached,
    NoImageSelected,
    NoPhotoGiven,
    NoReferencePhoto,
    StillGenerating,
    TooManyGenerating,
)
from services.characters.guards import check_order, check_suitable, get_owned
from services.characters.styles import (
    EXPRESSIONS,
    FRAMINGS,
    SHEET_COLUMNS,
    SHEET_ROWS,
    Scene,
)
from services.characters.types import CharacterLimits, ImageOrder, Quote, UsedPicture
from services.characters.workflow import GenerationJob
from services.chat import ChatAdapter
from services.errors import TextEmpty
from services.faces import FaceService
from services.images import ImagePipeline
from services.jobs import enqueue
from services.llm_configs import NoVisionModel, vision_model
from services.media import (
    MAX_BYTES,
    FileNotFound,
    FileTooLarge,
    Picture,
    cells,
    decoding_memory,
    prepare,
    read_upload,
)
from services.people import get_or_create_user
from services.texts import clean_name, clean_text, on_one_line
from services.types import Actor, Attachment

_PHOTO_SIDE = 1536
_MAX_SCENE, _MAX_NAME = 400, 60
GENDERS = ("female", "male", "nonbinary")
VARIANTS = 4


class CharacterService:
    """Users' characters. Generation is a job; a character's row has its status."""

    def __init__(
        self,
        sessions: Sessions,
        pipeline: ImagePipeline,
        faces: FaceService,
        adapter: ChatAdapter,
        limits: CharacterLimits,
        quotas: Quotas | None = None,
    ) -> None:
        self._sessions = sessions
        self._quotas = quotas or Quotas()
        self._pipeline = pipeline
        self._faces = faces
        self._adapter = adapter
        self._limits = limits

    @property
    def photo_days(self) -> int:
        """Return the number of days after which a photo is deleted."""
        return self._limits.photo_days

    def quote(self, pictures: int) -> Quote:
        """Return the expected cost of pictures.

        Raises:
            NoImageModel: No image model is configured.
        """
        images = self._pipeline.images
        return Quote(model=images.name, pictures=pictures, cost_usd=pictures * images.price_usd)

    async def create(
        self,
        actor: Actor,
        *,
        name: str,
        gender: str,
        photo: Attachment | str | None,
        order: ImageOrder,
    ) -> Character:
        """Create a character from a photo, and enqueue its pictures.

        `photo` is an attachment, or the key of a picture that was uploaded.

        Raises:
            NoPhotoGiven: There is none.
            CharacterNameTaken, TextEmpty, TextTooLong: The name or the scene is not valid.
            FileNotFound, FileTooLarge, NotAPicture, PictureTooLarge: The photo cannot be read.
            ImageLimitReached, TooManyGenerating: The user has reached a limit.
            NoImageModel, NoVisionModel: No such model is configured.
            QuotaReached: The actor has as many as they may.
            SceneRefused, StyleNotFound: The order is refused.
            StorageUnavailable, StorageMisconfigured: The photo cannot be stored.
        """
        name, order = clean_name(name, limit=_MAX_NAME), _validate(order)
        if photo is None:
            raise NoPhotoGiven
        self.quote(order.variants)
        character_id = uuid4()
        async with self._sessions.begin() as session:
            await self._check_limits(session, actor, order, name=name)
            await deletion.enqueue_orphan_cleanup(session, character_id)
        picture = await self._read_photo(photo)
        key = f"{deletion.key_prefix(character_id)}photo.jpg"
        async with AsyncExitStack() as rollback:
            rollback.push_async_callback(self._pipeline.store.delete, [key])
            await self._pipeline.store.put(key, picture.data, media_type=picture.media_type)
            async with self._sessions.begin() as session:
                user_id = await self._check_limits(session, actor, order, name=name)
                character = Character(
                    user_id=user_id,
                    name=name,
                    gender=gender,
                    style=order.style,
                    photo_key=key,
                    run_token=uuid4(),
                )
                character.id = character_id
                session.add(character)
                await self._enqueue_order(session, character, order)
                after = timedelta(days=self._limits.photo_days)
                await deletion.enqueue_photo_deletion(session, character_id, after)
            rollback.pop_all()
        return character

    async def generate(self, actor: Actor, character_id: UUID, order: ImageOrder) -> Character:
        """Enqueue more pictures of a character, in another style or another scene.

        Raises:
            CharacterNotFound: It is not the actor's, or was deleted.
            ImageLimitReached, StillGenerating, TooManyGenerating: A limit is reached.
            NoImageModel: No image model is configured.
            NoReferencePhoto: No picture is selected, and the photo is deleted.
            SceneRefused, StyleForAdults, StyleNotFound: The order is refused.
            TextEmpty, TextTooLong: The scene is not valid.
        """
        order = _validate(order)
        self.quote(order.variants)
        async with self._sessions.begin() as session:
            await self._check_limits(session, actor, order)
            character = await get_owned(session, actor, character_id, lock=True)
            if character.status in queries.UNFINISHED_CHARACTERS:
                raise StillGenerating(character.name)
            profile = await queries.profile(session, character_id)
            if profile is not None:
                check_suitable(profile, order.style, order.scene_text)
            if character.photo_key is None and (
                profile is None or await queries.selected_key(session, character_id) is None
            ):
                raise NoReferencePhoto(character.name)
            character.run_token, character.style = uuid4(), order.style
            character.status, character.error = CharacterStatus.DRAFT, None
            await self._enqueue_order(session, character, order)
            return character

    async def list_characters(self, actor: Actor) -> Sequence[tuple[Character, int]]:
        """Return the actor's characters with their numbers of pictures, the newest first."""
        async with self._sessions() as session:
            return await queries.list_with_counts(session, actor.discord_id)

    async def find(self, actor: Actor, name: str) -> Character:
        """Return the actor's character of this name.

        Raises:
            CharacterNotFound: There is none.
        """
        async with self._sessions() as session:
            character = await queries.find(session, actor.discord_id, name)
        if character is None:
            raise CharacterNotFound(name)
        return character

    async def use_as_face(
        self, actor: Actor, character_id: UUID, personality_id: UUID
    ) -> UsedPicture:
        """Make the selected picture the face of a personality; an expression sheet its expressions.

        The pictures are copies: they stay when the character is deleted.

        Raises:
            CharacterNotFound, NoImageSelected: There is no such picture.
            NoFaceHost: Discord could not show it.
            OwnersOnly, PersonalityNotFound: The personality is not the actor's, or was deleted.
            StillPublic, TooManyExpressions: The personality takes no more expressions.
        """
        async with self._sessions() as session:
            character = await get_owned(session, actor, character_id)
            key = await queries.selected_key(session, character_id)
            scene = await queries.selected_scene(session, character_id)
        if key is None:
            raise NoImageSelected(character.name)
        picture = await self._pipeline.store.get(key)
        names: Sequence[str] = ()
        if scene == Scene.EXPRESSIONS:
            names = EXPRESSIONS
            parts = await asyncio.to_thread(cells, picture, columns=SHEET_COLUMNS, rows=SHEET_ROWS)
            for name, part in zip(names, parts, strict=True):
                await self._faces.set_expression(
                    actor, personality_id, name, part, is_ai_generated=True
                )
        else:
            await self._faces.set_face(actor, personality_id, picture, is_ai_generated=True)
        async with self._sessions.begin() as session:
            (await get_owned(session, actor, character_id)).personality_id = personality_id
            personality = await session.get_one(Personality, personality_id)
        return UsedPicture(personality=personality, expressions=names)

    async def delete(self, actor: Actor, character_id: UUID) -> None:
        """Delete a character and all of its files.

        Raises:
            CharacterNotFound: It is not the actor's, or was deleted.
        """
        async with self._sessions.begin() as session:
            await get_owned(session, actor, character_id)
            await deletion.delete_by_ids(session, [character_id])

    async def _read_photo(self, photo: Attachment | str) -> Picture:
        """Download a photo and return it without metadata."""
        name = photo if isinstance(photo, str) else photo.name
        if isinstance(photo, str):
            data = await read_upload(self._pipeline.store, photo)
        elif photo.size > MAX_BYTES:
            raise FileTooLarge(name, MAX_BYTES)
        else:
            data = await self._adapter.read(photo)
        if data is None:
            raise FileNotFound(name)
        async with self._pipeline.memory.reserve(decoding_memory(data, name)):
            return await asyncio.to_thread(prepare, data, name=name, max_width=_PHOTO_SIDE)

    async def _check_limits(
        self, session: AsyncSession, actor: Actor, order: ImageOrder, *, name: str | None = None
    ) -> UUID:
        """Check a user's limits, with the user locked against concurrent orders; return their id.

        Raises:
            CharacterNameTaken, ImageLimitReached, NoVisionModel, TooManyGenerating: It is refused.
        """
        user = await get_or_create_user(session, actor)
        await queries.lock_user(session, user.id)
        if name is not None:
            if await vision_model(session) is None:
                raise NoVisionModel
            await _free_name(session, user.id, name)
            await check_quota(session, self._quotas, Owned.CHARACTERS, user.id, actor=actor)
        if await queries.count_unfinished(session, user.id) >= self._limits.at_once:
            raise TooManyGenerating(self._limits.at_once)
        limit = self._limits.images_per_day
        vision_calls = await queries.count_calls_today(session, user.id, queries.VISION_PURPOSE)
        generated = await queries.count_calls_today(session, user.id, queries.IMAGE_PURPOSE)
        left = max(limit - generated - await queries.count_unfinished_pictures(session, user.id), 0)
        if order.variants > left or (name is not None and vision_calls >= limit):
            raise ImageLimitReached(limit, left)
        return user.id

    async def _enqueue_order(
        self, session: AsyncSession, character: Character, order: ImageOrder
    ) -> None:
        """Save the pictures of an order, and enqueue the job that generates them."""
        await session.flush()
        session.add_all(
            PromptArtifact(
                character_id=character.id,
                run_token=character.run_token,
                variant=number,
                style=order.style,
                scene=order.scene,
                scene_text=order.scene_text,
                model=self._pipeline.images.name,
                parameters={"aspect_ratio": FRAMINGS[order.scene].aspect},
            )
            for number in range(1, order.variants + 1)
        )
        character.reply = order.reply
        character.job_id = await enqueue(
            session,
            GenerationJob(character=character.id, run=character.run_token),
            lock_key=deletion.job_key(character.id),
            group=self._pipeline.images.name.partition("/")[0],
        )
        await session.flush()
        await session.refresh(character)


def _validate(order: ImageOrder) -> ImageOrder:
    """Return an order with a cleaned scene and an allowed number of pictures.

    Raises:
        SceneRefused, StyleNotFound, TextEmpty, TextTooLong: The order is refused.
    """
    text = on_one_line(clean_text(order.scene_text, field="scene", limit=_MAX_SCENE))
    if order.scene == Scene.SCENE and not text:
        raise TextEmpty("scene")
    check_order(order.style, text)
    return replace(order, scene_text=text, variants=min(max(order.variants, 1), VARIANTS))


async def _free_name(session: AsyncSession, user_id: UUID, name: str) -> None:
    """Check that a name is free; delete a failed character of this name that has no pictures.

    Raises:
        CharacterNameTaken: The user has a character of this name.
    """
    existing = await queries.find_by_user(session, user_id, name)
    if existing is None:
        return
    is_empty = existing.status == CharacterStatus.FAILED and existing.photo_key is None
    if not is_empty or await queries.gallery_images(session, existing.id):
        raise CharacterNameTaken(name)
    await deletion.delete_by_ids(session, [existing.id])
