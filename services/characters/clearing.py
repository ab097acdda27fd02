"""Deleting files for good: those of characters that are gone, and photos in time.

A row that goes away promises its files' deletion in the same transaction.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import Character, Job, JobStatus
from db.session import Sessions
from services.jobs import Handler, Run, enqueue
from services.media import ObjectStore

KIND = "clear files"
_LATER = timedelta(minutes=10)


def folder_of(character_id: UUID) -> str:
    """Return what the keys of a character's files begin with."""
    return f"characters/{character_id}/"


async def promise(session: AsyncSession, character_id: UUID) -> None:
    """Let every file of a character be deleted: now, and what a run that was under way has left."""
    for after in (None, _LATER):
        payload = {"prefix": folder_of(character_id)}
        await enqueue(session, KIND, payload, due=after, key=_key(character_id))


async def promise_keys(session: AsyncSession, keys: Sequence[str]) -> None:
    """Let some files be deleted."""
    await enqueue(session, KIND, {"keys": list(keys)})


async def promise_photo(session: AsyncSession, character_id: UUID, after: timedelta) -> None:
    """Let a character's photo be deleted after a while."""
    await enqueue(session, KIND, {"photo_of": str(character_id)}, due=after, key=_key(character_id))


async def forget_characters(session: AsyncSession, user_id: UUID) -> None:
    """Delete a user's characters, what was kept of making them, and promise the files' deletion."""
    gone = await session.scalars(
        delete(Character).where(Character.user_id == user_id).returning(Character.id)
    )
    ids = gone.all()
    await session.execute(delete(Job).where(Job.key.in_([_key(each) for each in ids])))
    for character_id in ids:
        await promise(session, character_id)


class ClearingHandler(Handler):
    """Deletes files. It may be done any number of times."""

    kind: ClassVar[str] = KIND

    def __init__(self, sessions: Sessions, store: ObjectStore) -> None:
        self._sessions = sessions
        self._store = store

    @override
    async def run(self, run: Run) -> None:
        keys: list[str] = run.payload.get("keys", [])
        if prefix := run.payload.get("prefix"):
            keys = [each.key async for each in self._store.listed(prefix)]
        if character_id := run.payload.get("photo_of"):
            await forget_photo(self._sessions, self._store, UUID(character_id))
        if keys:
            await self._store.delete(keys)
        async with run.finishing():
            pass

    @override
    async def mark(
        self, session: AsyncSession, payload: dict[str, Any], status: JobStatus, words: str
    ) -> None:
        """Nothing waits for it; a sweep finds what was left."""


async def forget_photo(sessions: Sessions, store: ObjectStore, character_id: UUID) -> None:
    """Delete a character's photo."""
    async with sessions() as session:
        character = await session.get(Character, character_id)
    if character is None or character.photo_key is None:
        return
    await store.delete([character.photo_key])
    async with sessions.begin() as session:
        (await session.get_one(Character, character_id)).photo_key = None


def _key(character_id: UUID) -> str:
    return f"character:{character_id}"
