"""Where Discord finds faces: at our storage's public address, or as emoji of the application."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from sqlalchemy import func, select, update

from db.models import MAIN_FACE, ConversationLine, Face, Personality
from db.session import Sessions
from services.faces import queries
from services.faces.errors import FaceHostFull, NoFaceHost
from services.faces.ports import FaceHost
from services.media import NoPublicUrl, ObjectStore, small_png

log = logging.getLogger(__name__)

# Of the names of emoji that are faces.
EMOJI_PREFIX: Final = "face_"


@dataclass(frozen=True)
class FaceAddress:
    """An address that Discord shows; with the id of an emoji, if it is that of one."""

    url: str
    emoji_id: int | None = None


class FaceHosting:
    """Gives stored pictures an address. Of emoji there are only so many: old ones make room."""

    def __init__(self, sessions: Sessions, store: ObjectStore, host: FaceHost) -> None:
        self._sessions = sessions
        self._store = store
        self._host = host

    def public_address(self, key: str) -> FaceAddress | None:
        """Return a stored picture's own address, if the storage has a public one."""
        try:
            return FaceAddress(self._store.public_url(key))
        except NoPublicUrl:
            return None

    async def publish(self, key: str, jpeg: bytes, *, name: str = MAIN_FACE) -> FaceAddress:
        """Return an address at which Discord shows a stored picture.

        A face takes the place of an expression, or of another face; an expression only that of
        another expression.

        Raises:
            NoFaceHost: Discord could not show it.
        """
        if (address := self.public_address(key)) is not None:
            return address
        small = await asyncio.to_thread(small_png, jpeg)
        emoji_name = f"{EMOJI_PREFIX}{uuid4().hex[:20]}"
        try:
            hosted = await self._host.publish(emoji_name, small)
        except FaceHostFull:
            await self._free_one(expressions_only=name != MAIN_FACE)
            try:
                hosted = await self._host.publish(emoji_name, small)
            except FaceHostFull as error:
                raise NoFaceHost from error
        return FaceAddress(hosted.url, hosted.emoji_id)

    async def remove(self, emoji_id: int) -> None:
        """Remove an emoji that nothing shows any more."""
        await self._host.remove(emoji_id)

    async def remove_orphans(self) -> int:
        """Remove emoji of personalities that are gone for good; return how many.

        Raises:
            NoFaceHost: They cannot be listed.
        """
        published = await self._host.list_all()
        async with self._sessions() as session:
            shown = await queries.shown_emojis(session)
        orphans = [each for each in published if each not in shown]
        for emoji_id in orphans:
            await self._host.remove(emoji_id)
        return len(orphans)

    async def _free_one(self, *, expressions_only: bool) -> None:
        """Remove the emoji of whoever has not spoken the longest; a main face is the last."""
        spoken = (
            select(func.max(ConversationLine.created_at))
            .where(ConversationLine.personality_id == Face.personality_id)
            .correlate(Face)
            .scalar_subquery()
        )
        candidates = select(Face).where(Face.emoji_id.is_not(None))
        if expressions_only:
            candidates = candidates.where(Face.name != MAIN_FACE)
        async with self._sessions.begin() as session:
            face = await session.scalar(
                candidates.order_by(Face.name == MAIN_FACE, func.coalesce(spoken, Face.created_at))
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
        log.info("A picture of personality %s made room for another", face.personality_id)
        await self._host.remove(emoji_id)
