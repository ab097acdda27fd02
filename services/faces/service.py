"""Giving personalities a face: stored, cropped, and at an address that Discord shows."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import MAIN_FACE, ConversationLine, Face, Personality, PersonalityCard
from db.session import Sessions
from services.access import AccessDenied, AccessRefused, authorize
from services.errors import DomainError
from services.faces.errors import FaceHostFull, NoCardFace, NoFaceHost
from services.faces.judging import PURPOSE, FaceVerdict, judge_face
from services.faces.ports import FaceHost
from services.heavy_work import HeavyWork
from services.images import ImagePipeline
from services.llm import LanguageModels, ModelError
from services.llm_configs import vision_model
from services.media import (
    Crop,
    NoPublicUrl,
    Picture,
    decoding_memory,
    enqueue_deletion,
    small_png,
    square,
)
from services.people import get_or_create_user
from services.personalities import PersonalityService, cards
from services.personalities import referenced_keys as avatars_in_versions
from services.types import Actor

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Address:
    url: str
    emoji_id: int | None = None


class FaceService:
    """Faces of personalities. A new picture has a new address, as Discord keeps the old one."""

    def __init__(
        self,
        sessions: Sessions,
        pipeline: ImagePipeline,
        personalities: PersonalityService,
        host: FaceHost,
        models: LanguageModels,
    ) -> None:
        self._sessions = sessions
        self._pipeline = pipeline
        self._personalities = personalities
        self._host = host
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
        asked now, publishing asks it. Pictures of our own image models are not looked at.

        Raises:
            FaceRefused: It is a sexual picture of somebody who looks under 18.
            FileTooLarge, NotAPicture, PictureTooLarge: It is not a picture that can be used.
            NoFaceHost: Discord could not show it.
            OwnersOnly, PersonalityNotFound: The personality is not the actor's, or was deleted.
            StorageMisconfigured, StorageUnavailable: It could not be stored.
        """
        await self._personalities.check_owner(actor, personality_id)
        async with self._pipeline.memory.reserve(decoding_memory(data)):
            picture = await self._heavy_work.run(
                actor.discord_id, square, data, crop, is_ai_generated=is_ai_generated
            )
        is_explicit = None
        if not is_ai_generated:
            is_explicit = await self._is_explicit(actor, personality_id, picture)
        key = f"avatars/{uuid4()}.jpg"
        await self._pipeline.store_image(key, picture)
        try:
            address = await self._publish(key, picture)
            personality = await self._personalities.edit(
                actor, personality_id, {"avatar_url": address.url}
            )
        except DomainError:
            await self._pipeline.store.delete([key])
            raise
        await self._record(personality_id, key, address, is_explicit=is_explicit)
        if is_explicit is None:
            return personality
        return await self._personalities.configure(
            actor, personality_id, avatar_explicit=is_explicit
        )

    async def adopt_card_face(self, actor: Actor, personality_id: UUID) -> Personality:
        """Make the picture of a personality's card its face.

        Raises:
            NoCardFace: Its card has none.
            FileTooLarge, NoFaceHost, NotAPicture, PictureTooLarge: As for `set_face`.
        """
        await self._personalities.check_owner(actor, personality_id)
        async with self._sessions() as session:
            card = await session.get(PersonalityCard, personality_id)
            personality = await session.get_one(Personality, personality_id)
        if card is None:
            raise NoCardFace(personality.name)
        data = await self._heavy_work.run(actor.discord_id, cards.face_of, card.document, card.file)
        if data is None:
            raise NoCardFace(personality.name)
        # Cards are portraits, with the face in their upper part.
        return await self.set_face(actor, personality_id, data, crop=Crop.TOP)

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
            verdict = await judge_face(self._models, model, picture.data, caller)
        except (ModelError, AccessRefused) as error:
            log.warning("The face of %s was not looked at: %r", personality_id, error)
            return None
        verdict.check()
        return verdict.is_sexual

    async def _publish(self, key: str, picture: Picture) -> _Address:
        """Return an address at which Discord shows a stored picture."""
        try:
            return _Address(self._pipeline.store.public_url(key))
        except NoPublicUrl:
            small = await asyncio.to_thread(small_png, picture.data)
        name = f"face_{uuid4().hex[:20]}"
        try:
            hosted = await self._host.publish(name, small)
        except FaceHostFull:
            await self._free_one()
            try:
                hosted = await self._host.publish(name, small)
            except FaceHostFull as error:
                raise NoFaceHost from error
        return _Address(hosted.url, hosted.emoji_id)

    async def _free_one(self) -> None:
        """Remove the emoji of whoever has not spoken the longest; a main face is the last."""
        spoken = (
            select(func.max(ConversationLine.created_at))
            .where(ConversationLine.personality_id == Face.personality_id)
            .correlate(Face)
            .scalar_subquery()
        )
        async with self._sessions.begin() as session:
            face = await session.scalar(
                select(Face)
                .where(Face.emoji_id.is_not(None))
                .order_by(Face.name == MAIN_FACE, func.coalesce(spoken, Face.created_at))
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if face is None or face.emoji_id is None:
                return
            # Its copies have this address, too. Without it a message has the bot's own picture,
            # and not a broken one.
            await session.execute(
                update(Personality)
                .where(Personality.avatar_url == face.url)
                .values(avatar_url=None)
            )
            emoji_id, face.emoji_id, face.url = face.emoji_id, None, None
        log.info("The face of personality %s made room for another", face.personality_id)
        await self._host.remove(emoji_id)

    async def _record(
        self, personality_id: UUID, key: str, address: _Address, *, is_explicit: bool | None
    ) -> None:
        async with self._sessions.begin() as session:
            old = await _find(session, personality_id, MAIN_FACE)
            values = {
                "storage_key": key,
                "url": address.url,
                "emoji_id": address.emoji_id,
                "is_explicit": is_explicit,
            }
            if old is None:
                await session.execute(
                    insert(Face).values(personality_id=personality_id, name=MAIN_FACE, **values)
                )
                return
            emoji_id = None
            # Versions of the personality may still have the old picture at its public address.
            if old.emoji_id is not None and not await _hand_over(session, old):
                emoji_id = old.emoji_id
                await enqueue_deletion(session, [old.storage_key])
            for column, value in values.items():
                setattr(old, column, value)
        if emoji_id is not None:
            await self._host.remove(emoji_id)


async def _hand_over(session: AsyncSession, face: Face) -> bool:
    """Make a replaced face that of a copy that still shows it; return whether there is one."""
    copy_id = await session.scalar(
        select(Personality.id).where(Personality.avatar_url == face.url).limit(1)
    )
    if copy_id is None:
        return False
    values = {
        "storage_key": face.storage_key,
        "url": face.url,
        "emoji_id": face.emoji_id,
        "is_explicit": face.is_explicit,
    }
    await session.execute(
        insert(Face)
        .values(personality_id=copy_id, name=MAIN_FACE, **values)
        .on_conflict_do_nothing()
    )
    return True


async def _find(session: AsyncSession, personality_id: UUID, name: str) -> Face | None:
    return await session.scalar(
        select(Face)
        .where(Face.personality_id == personality_id, func.lower(Face.name) == name.lower())
        .with_for_update()
    )


async def referenced_keys(session: AsyncSession, keys: Sequence[str]) -> frozenset[str]:
    """Return those of some storage keys that are faces, or avatars in a version."""
    found = await session.scalars(select(Face.storage_key).where(Face.storage_key.in_(keys)))
    return frozenset(found) | await avatars_in_versions(session, keys)


async def unseen_face(
    session: AsyncSession, personality_id: UUID, avatar_url: str | None
) -> str | None:
    """Return the storage key of the face at an address, if no vision model has looked at it."""
    return await session.scalar(
        select(Face.storage_key).where(
            Face.personality_id == personality_id,
            Face.url == avatar_url,
            Face.is_explicit.is_(None),
        )
    )


async def record_verdict(session: AsyncSession, storage_key: str, verdict: FaceVerdict) -> None:
    """Store what a vision model saw in a face."""
    await session.execute(
        update(Face).where(Face.storage_key == storage_key).values(is_explicit=verdict.is_sexual)
    )
