"""Making characters from photos, and what their owners do with them."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Character, CharacterStatus, Personality, PromptArtifact
from db.session import Sessions
from services.characters import deletion, queries
from services.characters.errors import (
    CharacterNameTaken,
    CharacterNotFound,
    ImageLimitReached,
    NoImageSelected,
    NoReferencePhoto,
    StillGenerating,
    TooManyGenerating,
)
from services.characters.guards import owned_by, refuse_generation, refuse_unfit
from services.characters.styles import FRAMINGS, Scene
from services.characters.types import CharacterLimits, ImageOrder, Quote
from services.characters.workflow import KIND
from services.chat import ChatAdapter
from services.errors import TextEmpty
from services.images import ImagePipeline
from services.jobs import enqueue
from services.llm_configs import NoVisionModel, vision_model
from services.media import (
    MAX_BYTES,
    FileNotFound,
    FileTooLarge,
    Picture,
    memory_of,
    prepare,
    thumbnail,
)
from services.people import get_or_create_user
from services.personalities import PersonalityService
from services.texts import clean_name, clean_text, on_one_line
from services.types import Actor, Attachment

_PHOTO_SIDE, _FACE_SIDE = 1536, 512
_SCENE, _NAME = 400, 60
GENDERS = ("female", "male", "nonbinary")
VARIANTS = 4


class CharacterService:
    """Characters of users. What takes long is a job; a character's row says how far it is."""

    def __init__(
        self,
        sessions: Sessions,
        studio: ImagePipeline,
        personalities: PersonalityService,
        stage: ChatAdapter,
        limits: CharacterLimits,
    ) -> None:
        self._sessions = sessions
        self._studio = studio
        self._personalities = personalities
        self._stage = stage
        self._limits = limits

    @property
    def photo_days(self) -> int:
        """Return after how many days a photo is deleted."""
        return self._limits.photo_days

    def quote(self, pictures: int) -> Quote:
        """Return what pictures will cost.

        Raises:
            NoImageModel: There is nobody to paint them.
        """
        images = self._studio.images
        return Quote(model=images.name, pictures=pictures, cost_usd=pictures * images.price_usd)

    async def create(
        self, actor: Actor, *, name: str, gender: str, photo: Attachment, wish: ImageOrder
    ) -> Character:
        """Promise a character drawn after a photo.

        Raises:
            CharacterNameTaken, TextEmpty, TextTooLong: It cannot be called so.
            FileGone, FileTooLarge, NotAPicture, PictureTooLarge: The photo cannot be read.
            NoEyes, NoImageModel: There is nobody to look, or to paint.
            PicturesUsedUp, TooManyDrawing: It is more than a user may have.
            SceneRefused, StyleNotFound: It is not drawn so.
        """
        name, wish = clean_name(name, limit=_NAME), _checked(wish)
        self.quote(wish.variants)
        character_id = uuid4()
        async with self._sessions.begin() as session:
            await self._admit(session, actor, wish, name=name)
            await deletion.enqueue_orphan_cleanup(session, character_id)
        picture = await self._read(photo)
        key = f"{deletion.folder_of(character_id)}photo.jpg"
        async with AsyncExitStack() as undoing:
            undoing.push_async_callback(self._studio.store.delete, [key])
            await self._studio.store.put(key, picture.data, media_type=picture.media_type)
            async with self._sessions.begin() as session:
                user_id = await self._admit(session, actor, wish, name=name)
                character = Character(
                    user_id=user_id,
                    name=name,
                    gender=gender,
                    style=wish.style,
                    photo_key=key,
                    run_token=uuid4(),
                )
                character.id = character_id
                session.add(character)
                await self._order(session, character, wish)
                after = timedelta(days=self._limits.photo_days)
                await deletion.enqueue_photo_deletion(session, character_id, after)
            undoing.pop_all()
        return character

    async def generate(self, actor: Actor, character_id: UUID, wish: ImageOrder) -> Character:
        """Promise more pictures of a character: in another style, or another scene.

        Raises:
            CharacterNotFound: It is not the actor's, or gone.
            NoImageModel: There is nobody to paint.
            NothingToDrawFrom: No picture is selected, and the photo is gone.
            PicturesUsedUp, StillDrawing, TooManyDrawing: It is more than a user may have.
            SceneRefused, StyleForAdults, StyleNotFound, TextTooLong: It is not drawn so.
        """
        wish = _checked(wish)
        self.quote(wish.variants)
        async with self._sessions.begin() as session:
            await self._admit(session, actor, wish)
            character = await owned_by(session, actor, character_id, lock=True)
            if character.status in queries.OPEN:
                raise StillGenerating(character.name)
            profile = await queries.profile(session, character_id)
            if profile is not None:
                refuse_unfit(profile, wish.style, wish.scene_text)
            if character.photo_key is None and (
                profile is None or await queries.selected(session, character_id) is None
            ):
                raise NoReferencePhoto(character.name)
            character.run_token, character.style = uuid4(), wish.style
            character.status, character.error = CharacterStatus.DRAFT, None
            await self._order(session, character, wish)
            return character

    async def listed(self, actor: Actor) -> Sequence[tuple[Character, int]]:
        """Return the actor's characters with how many pictures each has, the newest first."""
        async with self._sessions() as session:
            return await queries.listed(session, actor.discord_id)

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

    async def use(self, actor: Actor, character_id: UUID, personality_id: UUID) -> Personality:
        """Give the selected picture to a personality as its face.

        The face is a file of the personality's own: it stays when the character is deleted.

        Raises:
            CharacterNotFound, NothingSelected: There is no such picture.
            NoPublicAddress: Discord could not fetch it.
            OwnersOnly, PersonalityNotFound: The personality is not the actor's, or gone.
        """
        await self._personalities.check_owner(actor, personality_id)
        async with self._sessions() as session:
            character = await owned_by(session, actor, character_id)
            key = await queries.selected(session, character_id)
        if key is None:
            raise NoImageSelected(character.name)
        face = f"avatars/{uuid4()}.jpg"
        url = self._studio.store.public_url(face)
        whole = await self._studio.store.get(key)
        await self._studio.store_image(face, await asyncio.to_thread(thumbnail, whole, _FACE_SIDE))
        personality = await self._personalities.edit(actor, personality_id, {"avatar_url": url})
        async with self._sessions.begin() as session:
            (await owned_by(session, actor, character_id)).personality_id = personality_id
        return personality

    async def delete(self, actor: Actor, character_id: UUID) -> None:
        """Delete a character and every file of it.

        Raises:
            CharacterNotFound: It is not the actor's, or gone.
        """
        async with self._sessions.begin() as session:
            await owned_by(session, actor, character_id)
            await deletion.delete_character(session, [character_id])

    async def _read(self, photo: Attachment) -> Picture:
        """Return a photo without anything in it that is not seen."""
        if photo.size > MAX_BYTES:
            raise FileTooLarge(photo.name, MAX_BYTES)
        data = await self._stage.read(photo)
        if data is None:
            raise FileNotFound(photo.name)
        async with self._studio.room.reserve(memory_of(data, photo.name)):
            return await asyncio.to_thread(prepare, data, name=photo.name, max_width=_PHOTO_SIDE)

    async def _admit(
        self, session: AsyncSession, actor: Actor, wish: ImageOrder, *, name: str | None = None
    ) -> UUID:
        """See that a user may have this drawn, alone with their characters; return their id."""
        user = await get_or_create_user(session, actor)
        await queries.hold_user(session, user.id)
        if name is not None:
            if await vision_model(session) is None:
                raise NoVisionModel
            await _free(session, user.id, name)
        if await queries.count_open(session, user.id) >= self._limits.at_once:
            raise TooManyGenerating(self._limits.at_once)
        limit = self._limits.images_per_day
        looked = await queries.count_today(session, user.id, queries.LOOK)
        spent = await queries.count_today(session, user.id, queries.PAINT)
        left = max(limit - spent - await queries.count_waiting(session, user.id), 0)
        if wish.variants > left or (name is not None and looked >= limit):
            raise ImageLimitReached(limit, left)
        return user.id

    async def _order(self, session: AsyncSession, character: Character, wish: ImageOrder) -> None:
        """Write down which pictures are wanted, and promise them."""
        await session.flush()
        session.add_all(
            PromptArtifact(
                character_id=character.id,
                run_token=character.run_token,
                variant=number,
                style=wish.style,
                scene=wish.scene,
                scene_text=wish.scene_text,
                model=self._studio.images.name,
                parameters={"aspect_ratio": FRAMINGS[wish.scene].aspect},
            )
            for number in range(1, wish.variants + 1)
        )
        character.reply = wish.reply
        character.job_id = await enqueue(
            session,
            KIND,
            {"character": str(character.id), "run": str(character.run_token)},
            key=deletion.key_of(character.id),
            lane=self._studio.images.name.partition("/")[0],
        )
        await session.flush()
        await session.refresh(character)


def _checked(wish: ImageOrder) -> ImageOrder:
    """Return a wish whose words can be kept.

    Raises:
        SceneRefused, StyleNotFound, TextTooLong: It is not drawn so.
    """
    text = on_one_line(clean_text(wish.scene_text, field="scene", limit=_SCENE))
    if wish.scene == Scene.SCENE and not text:
        raise TextEmpty("scene")
    refuse_generation(wish.style, text)
    return replace(wish, scene_text=text, variants=min(max(wish.variants, 1), VARIANTS))


async def _free(session: AsyncSession, user_id: UUID, name: str) -> None:
    """See that a name is free; one of whom there is nothing any more makes place.

    Raises:
        CharacterNameTaken: The user has a character of this name.
    """
    taken = await queries.named(session, user_id, name)
    if taken is None:
        return
    is_empty = taken.status == CharacterStatus.FAILED and taken.photo_key is None
    if not is_empty or await queries.shown(session, taken.id):
        raise CharacterNameTaken(name)
    await deletion.delete_character(session, [taken.id])
