"""Giving personalities a face and expressions: stored, cropped, and looked at."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import MAIN_FACE, Face, Personality, PersonalityCard
from db.session import Sessions
from services.access import AccessDenied, AccessRefused, authorize
from services.errors import DomainError
from services.faces import queries
from services.faces.errors import (
    ExpressionNameReserved,
    ExpressionNotFound,
    NoCardFace,
    NoFaceHost,
    TooManyExpressions,
)
from services.faces.hosting import FaceAddress, FaceHosting
from services.faces.moderation import PURPOSE, moderate_face
from services.heavy_work import HeavyWork
from services.images import ImagePipeline
from services.llm import LanguageModels, ModelError
from services.llm_configs import vision_model
from services.media import Crop, FileNotFound, Picture, decoding_memory, enqueue_deletion, square
from services.people import get_or_create_user
from services.personalities import (
    PersonalityService,
    StillPublic,
    cards,
    get_owned,
    is_public_or_pending,
)
from services.texts import clean_name
from services.types import Actor

log = logging.getLogger(__name__)

MAX_EXPRESSIONS: Final = 12
_NAME_LENGTH = 32


class FaceService:
    """Faces of personalities. A new picture has a new address, as Discord keeps the old one."""

    def __init__(
        self,
        sessions: Sessions,
        pipeline: ImagePipeline,
        personalities: PersonalityService,
        hosting: FaceHosting,
        models: LanguageModels,
    ) -> None:
        self._sessions = sessions
        self._pipeline = pipeline
        self._personalities = personalities
        self._hosting = hosting
        self._models = models
        self._heavy_work = HeavyWork()

    async def set_face(
        self,
        actor: Actor,
        personality_id: UUID,
        data: bytes,
        *,
        crop: Crop = Crop.CENTER,
        is_ai_generated: bool = False,
    ) -> Personality:
        """Make a picture the face of a personality.

        Where there is a vision model, it says whether the picture is explicit; if it cannot be
        asked now, publishing asks it.

        Raises:
            FaceRefused: It is a sexual picture of somebody who looks under 18.
            FileTooLarge, NotAPicture, PictureTooLarge: It is not a picture that can be used.
            NoFaceHost: Discord could not show it.
            OwnersOnly, PersonalityNotFound: The personality is not the actor's, or was deleted.
            StorageMisconfigured, StorageUnavailable: It could not be stored.
        """
        await self._personalities.check_owner(actor, personality_id)
        picture, is_explicit = await self._prepare(
            actor, personality_id, data, crop, is_ai_generated=is_ai_generated
        )
        key = await self._store(picture)
        try:
            address = await self._hosting.publish(key, picture.data)
            personality = await self._personalities.edit(
                actor, personality_id, {"avatar_url": address.url}
            )
        except DomainError:
            await self._pipeline.store.delete([key])
            raise
        await self._record(personality_id, key, address, is_explicit=is_explicit)
        if is_explicit is None:
            return personality
        async with self._sessions() as session:
            is_any_explicit = await queries.has_explicit_face(session, personality_id)
        return await self._personalities.configure(
            actor, personality_id, avatar_explicit=is_any_explicit
        )

    async def adopt_card_face(self, actor: Actor, personality_id: UUID) -> Personality:
        """Make the picture of a personality's card its face.

        Raises:
            NoCardFace: Its card has none.
            FaceRefused, FileTooLarge, NoFaceHost, NotAPicture, PictureTooLarge: As for `set_face`.
        """
        personality, card = await self._card(actor, personality_id)
        if card is None:
            raise NoCardFace(personality.name)
        data = await self._heavy_work.run(actor.discord_id, cards.face_of, card.document, card.file)
        if data is None:
            raise NoCardFace(personality.name)
        # Cards are portraits, with the face in their upper part.
        return await self.set_face(actor, personality_id, data, crop=Crop.TOP)

    async def adopt_card_expressions(
        self, actor: Actor, personality_id: UUID
    ) -> Sequence[tuple[str, DomainError]]:
        """Take the expressions of a personality's card; return which were not taken, and why.

        Raises:
            OwnersOnly, PersonalityNotFound: The personality is not the actor's, or was deleted.
        """
        _, card = await self._card(actor, personality_id)
        if card is None:
            return []
        pictures = await self._heavy_work.run(
            actor.discord_id,
            *(cards.expressions_of, card.document, card.file),
            limit=MAX_EXPRESSIONS,
        )
        refused: list[tuple[str, DomainError]] = []
        taken = 0
        for name, data in pictures:
            short = name[:_NAME_LENGTH].strip()
            try:
                if taken >= MAX_EXPRESSIONS:
                    raise TooManyExpressions(MAX_EXPRESSIONS)
                if data is None:
                    raise FileNotFound(short)
                await self.set_expression(actor, personality_id, short, data, crop=Crop.TOP)
                taken += 1
            except DomainError as error:
                refused.append((short, error))
        return refused

    async def set_expression(
        self,
        actor: Actor,
        personality_id: UUID,
        name: str,
        data: bytes,
        *,
        crop: Crop = Crop.CENTER,
        is_ai_generated: bool = False,
    ) -> Face:
        """Add a picture that a personality shows where its name fits what it says.

        Raises:
            ExpressionNameReserved: The name is that of another picture.
            StillPublic: It is public, or will be, with the pictures that it had.
            TextEmpty, TextTooLong: The name is not valid.
            TooManyExpressions: It has as many as there may be.
            FaceRefused, FileTooLarge, NotAPicture, OwnersOnly, PersonalityNotFound,
            PictureTooLarge, StorageMisconfigured, StorageUnavailable: As for `set_face`.
        """
        name = clean_name(name, field="expression", limit=_NAME_LENGTH)
        if name.lower() in queries.RESERVED:
            raise ExpressionNameReserved(name)
        async with self._sessions() as session:
            await _check_room(session, actor, personality_id, name)
        picture, is_explicit = await self._prepare(
            actor, personality_id, data, crop, is_ai_generated=is_ai_generated
        )
        key = await self._store(picture)
        address = self._hosting.public_address(key)
        async with self._sessions.begin() as session:
            await _check_room(session, actor, personality_id, name)
            emoji_id = await queries.remove(session, personality_id, name)
            # An emoji is made when it is shown for the first time.
            face = Face(
                personality_id=personality_id,
                name=name,
                storage_key=key,
                url=address.url if address else None,
                is_explicit=is_explicit,
            )
            session.add(face)
        if emoji_id is not None:
            await self._hosting.remove(emoji_id)
        if is_explicit:
            await self._personalities.configure(actor, personality_id, avatar_explicit=True)
        return face

    async def remove_expression(self, actor: Actor, personality_id: UUID, name: str) -> None:
        """Remove an expression.

        Raises:
            ExpressionNotFound: There is none of this name.
            OwnersOnly, PersonalityNotFound: The personality is not the actor's, or was deleted.
        """
        async with self._sessions.begin() as session:
            await get_owned(session, actor, personality_id)
            face = await queries.find(session, personality_id, name)
            if face is None or name.lower() in queries.RESERVED:
                raise ExpressionNotFound(name)
            emoji_id = await queries.remove(session, personality_id, name)
        if emoji_id is not None:
            await self._hosting.remove(emoji_id)

    async def expressions(self, actor: Actor, personality_id: UUID) -> Sequence[Face]:
        """Return the expressions of a personality, by their names.

        Raises:
            OwnersOnly, PersonalityNotFound: The personality is not the actor's, or was deleted.
        """
        async with self._sessions() as session:
            await get_owned(session, actor, personality_id)
            return await queries.expressions(session, personality_id)

    async def export(
        self, actor: Actor, personality_id: UUID
    ) -> tuple[bytes | None, Mapping[str, bytes]]:
        """Return the face of a personality, if it is not its card's, and its expressions.

        Raises:
            OwnersOnly, PersonalityNotFound: The personality is not the actor's, or was deleted.
            StorageMisconfigured, StorageUnavailable: A picture could not be read.
        """
        _, card = await self._card(actor, personality_id)
        async with self._sessions() as session:
            key = await queries.main_face_key(session, personality_id)
            expressions = await queries.expressions(session, personality_id)
        face = await self._pipeline.store.get(key) if key else None
        if face is not None and card is not None:
            brought = await self._heavy_work.run(
                actor.discord_id, _is_face_of_card, card.document, card.file, face
            )
            face = None if brought else face
        return face, {each.name: await self.picture(each) for each in expressions}

    async def picture(self, face: Face) -> bytes:
        """Return the picture of a face, as JPEG.

        Raises:
            ObjectNotFound, StorageMisconfigured, StorageUnavailable: It could not be read.
        """
        return await self._pipeline.store.get(face.storage_key)

    async def remove_orphans(self) -> None:
        """Remove emoji of personalities that are gone for good, if Discord can be asked."""
        try:
            count = await self._hosting.remove_orphans()
        except NoFaceHost as error:
            log.info("Emoji that nobody shows are not removed: %r", error)
        else:
            if count:
                log.info("Removed %s emoji that nobody shows", count)

    async def _card(
        self, actor: Actor, personality_id: UUID
    ) -> tuple[Personality, PersonalityCard | None]:
        await self._personalities.check_owner(actor, personality_id)
        async with self._sessions() as session:
            card = await session.get(PersonalityCard, personality_id)
            return await session.get_one(Personality, personality_id), card

    async def _prepare(
        self,
        actor: Actor,
        personality_id: UUID,
        data: bytes,
        crop: Crop,
        *,
        is_ai_generated: bool,
    ) -> tuple[Picture, bool | None]:
        """Return a picture as a face, and whether it is explicit; None if nobody has looked."""
        async with self._pipeline.memory.reserve(decoding_memory(data)):
            picture = await self._heavy_work.run(
                actor.discord_id, square, data, crop, is_ai_generated=is_ai_generated
            )
        return picture, await self._is_explicit(actor, personality_id, picture)

    async def _store(self, picture: Picture) -> str:
        key = f"avatars/{uuid4()}.jpg"
        await self._pipeline.store_image(key, picture)
        return key

    async def _is_explicit(
        self, actor: Actor, personality_id: UUID, picture: Picture
    ) -> bool | None:
        """Return whether a vision model finds a picture explicit; None if none could be asked."""
        async with self._sessions.begin() as session:
            model = await vision_model(session)
            if model is None:
                return None
            user = await get_or_create_user(session, actor)
            try:
                caller = await authorize(session, PURPOSE, user=user, personality_id=personality_id)
            except AccessDenied:
                return None
        try:
            moderation = await moderate_face(self._models, model, picture.data, caller)
        except (ModelError, AccessRefused) as error:
            log.warning("A picture of %s was not looked at: %r", personality_id, error)
            return None
        moderation.check()
        return moderation.is_sexual

    async def _record(
        self, personality_id: UUID, key: str, address: FaceAddress, *, is_explicit: bool | None
    ) -> None:
        """Store the main face; the one before it stays where others still see it."""
        values: dict[str, Any] = {
            "storage_key": key,
            "url": address.url,
            "emoji_id": address.emoji_id,
            "is_explicit": is_explicit,
        }
        async with self._sessions.begin() as session:
            gone = [await queries.drop_unpublished(session, personality_id)]
            old = await queries.find(session, personality_id, MAIN_FACE)
            if old is None:
                session.add(Face(personality_id=personality_id, name=MAIN_FACE, **values))
            else:
                # Versions may still have the old picture at its public address.
                if old.emoji_id is not None and not await queries.hand_over(session, old):
                    gone.append(old.emoji_id)
                    await enqueue_deletion(session, [old.storage_key])
                for column, value in values.items():
                    setattr(old, column, value)
        for emoji_id in gone:
            if emoji_id is not None:
                await self._hosting.remove(emoji_id)


async def _check_room(session: AsyncSession, actor: Actor, personality_id: UUID, name: str) -> None:
    """Check that an expression may be added; the personality is locked against others."""
    personality = await get_owned(session, actor, personality_id)
    if is_public_or_pending(personality):
        raise StillPublic(personality.name)
    others = await session.scalar(
        select(func.count())
        .select_from(Face)
        .where(
            Face.personality_id == personality_id,
            Face.name.not_in(queries.RESERVED),
            func.lower(Face.name) != name.lower(),
        )
    )
    if (others or 0) >= MAX_EXPRESSIONS:
        raise TooManyExpressions(MAX_EXPRESSIONS)


def _is_face_of_card(document: str, file: bytes | None, face: bytes) -> bool:
    """Whether a stored face was made of the picture of a card."""
    data = cards.face_of(document, file)
    try:
        return data is not None and square(data, Crop.TOP).data == face
    except DomainError:
        return False
