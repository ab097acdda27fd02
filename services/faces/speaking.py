"""The face that a personality says something with."""

import asyncio
import logging
from collections.abc import Mapping

from sqlalchemy import select, update

from db.models import MAIN_FACE, Face, Personality
from db.session import Sessions, reading
from services.errors import DomainError
from services.faces.expressions import choose
from services.faces.hosting import FaceHosting
from services.faces.queries import EMOJI_ADDRESS, RESERVED
from services.media import ObjectStore
from services.types import Speaker, speaker_of

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 2.0


class FaceChooser:
    """Chooses faces for what is said, and makes emoji of those that have none yet."""

    def __init__(self, sessions: Sessions, store: ObjectStore, hosting: FaceHosting) -> None:
        self._sessions = sessions
        self._store = store
        self._hosting = hosting
        self._publishing = asyncio.Lock()
        self._tasks: set[asyncio.Task[str | None]] = set()

    async def speaker(
        self, personality: Personality, text: str, *, has_faces: bool = True
    ) -> Speaker:
        """Return the name and the face that a personality says something with.

        Without `has_faces` it is known to have none.

        The face is the expression that fits, or else the main one, which gets an emoji again if its
        own made room for another.
        """
        plain = speaker_of(personality)
        if not has_faces:
            return plain
        async with reading(self._sessions) as session:
            rows = await session.scalars(select(Face).where(Face.personality_id == personality.id))
            faces = {face.name: face for face in rows}
        if not faces:
            return plain
        name = choose(text, faces.keys() - RESERVED)
        url = await self._address(faces[name]) if name is not None else None
        if url is None:
            url = await self._main_address(plain.avatar_url, faces)
        return Speaker(name=plain.name, avatar_url=url)

    async def _main_address(self, url: str | None, faces: Mapping[str, Face]) -> str | None:
        main = faces.get(MAIN_FACE)
        is_gone = url is None or (
            url.startswith(EMOJI_ADDRESS) and url not in {face.url for face in faces.values()}
        )
        if main is None or not is_gone:
            return url
        if url is None and main.url is not None:
            return None  # its owner has taken the face away
        return await self._address(main)

    async def _address(self, face: Face) -> str | None:
        """Return the address of a face; make an emoji of it, if it has none.

        What is said does not wait for Discord longer than a moment: the emoji is there next time.
        """
        if face.url is not None:
            return face.url
        task = asyncio.create_task(self._publish(face))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait({task}, timeout=_TIMEOUT_SECONDS)
        return task.result() if task.done() else None

    async def _publish(self, face: Face) -> str | None:
        """Make an emoji of a face and return its address; None if Discord does not take it."""
        async with self._publishing:
            async with self._sessions() as session:
                current = await session.get(Face, face.id)
            if current is None or current.url is not None:
                return current.url if current else None
            try:
                jpeg = await self._store.get(face.storage_key)
                address = await self._hosting.publish(face.storage_key, jpeg, name=face.name)
            except DomainError as error:
                log.info("%s of %s is not shown: %r", face.name, face.personality_id, error)
                return None
            async with self._sessions.begin() as session:
                values = {"url": address.url, "emoji_id": address.emoji_id}
                await session.execute(update(Face).where(Face.id == face.id).values(**values))
                if face.name == MAIN_FACE:
                    await session.execute(
                        update(Personality)
                        .where(
                            Personality.id == face.personality_id,
                            Personality.avatar_url.is_(None),
                        )
                        .values(avatar_url=address.url)
                    )
            return address.url
