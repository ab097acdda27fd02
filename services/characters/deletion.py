"""Deleting for good: characters with all that was kept of making them, and photos in time.

Files cannot be deleted in a transaction, so a row that goes away promises that in its own.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import Character, Job, JobStatus, JobStep
from db.session import Sessions
from services.characters import queries
from services.images import ImagePipeline
from services.jobs import Handler, Run, drop, enqueue
from services.media import ObjectStore

KIND = "clear files"
# What a run that was under way may still put down, and what a create that was cut short has.
_LATER, _MUCH_LATER = timedelta(minutes=10), timedelta(hours=1)


def folder_of(character_id: UUID) -> str:
    """Return what the keys of a character's files begin with."""
    return f"characters/{character_id}/"


def key_of(character_id: UUID) -> str:
    """Return the key of a character's jobs: one at a time."""
    return f"character:{character_id}"


async def delete_character(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Delete characters, what was kept of making them, and promise their files' deletion."""
    keys = [key_of(each) for each in ids]
    lent = await session.scalars(
        select(JobStep.output)
        .join(Job, Job.id == JobStep.job_id)
        .where(Job.key.in_(keys), JobStep.name == queries.UPLOADED)
    )
    # Jobs first, as whoever runs one locks them.
    taken_back = [each for each in lent.all() if each]
    await drop(session, keys)
    await session.execute(delete(Character).where(Character.id.in_(ids)))
    for each in taken_back:
        await enqueue_upload_deletion(session, each)
    for each in ids:
        for after in (None, _LATER):
            await enqueue(session, KIND, {"prefix": folder_of(each)}, due=after)


async def delete_characters(session: AsyncSession, user_id: UUID) -> None:
    """Delete all of a user's characters."""
    found = await session.scalars(select(Character.id).where(Character.user_id == user_id))
    await delete_character(session, found.all())


async def enqueue_photo_deletion(
    session: AsyncSession, character_id: UUID, after: timedelta
) -> None:
    """Let a character's photo be deleted after a while."""
    payload = {"photo_of": str(character_id)}
    await enqueue(session, KIND, payload, due=after, key=key_of(character_id))


async def enqueue_orphan_cleanup(session: AsyncSession, character_id: UUID) -> None:
    """Let files be deleted that are about to be stored, should there be no such character then."""
    await enqueue(session, KIND, {"unknown": str(character_id)}, due=_MUCH_LATER)


async def enqueue_upload_deletion(session: AsyncSession, lent: str) -> None:
    """Let what was lent to a vendor be taken back."""
    await enqueue(session, KIND, {"lent": lent})


class CleanupHandler(Handler):
    """Deletes files. It may be done any number of times, and is tried until it is done."""

    kind: ClassVar[str] = KIND
    max_attempts: ClassVar[int] = 100_000

    def __init__(self, sessions: Sessions, studio: ImagePipeline) -> None:
        self._sessions = sessions
        self._studio = studio

    @override
    async def run(self, run: Run) -> None:
        payload, store = run.payload, self._studio.store
        if character_id := payload.get("photo_of"):
            await delete_photo(self._sessions, store, UUID(character_id))
        if character_id := payload.get("unknown"):
            await self._clear_unknown(UUID(character_id))
        if prefix := payload.get("prefix"):
            await _clear(store, prefix)
        if (lent := payload.get("lent")) and self._studio.images.is_configured:
            await self._studio.images.delete_upload(lent)
        async with run.finishing():
            pass

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: dict[str, Any], status: JobStatus, words: str
    ) -> None:
        """Nothing waits for it; a sweep finds what was left."""

    async def _clear_unknown(self, character_id: UUID) -> None:
        async with self._sessions() as session:
            is_known = await session.get(Character, character_id) is not None
        if not is_known:
            await _clear(self._studio.store, folder_of(character_id))


async def delete_photo(sessions: Sessions, store: ObjectStore, character_id: UUID) -> None:
    """Delete a character's photo."""
    async with sessions() as session:
        character = await session.get(Character, character_id)
    if character is None or character.photo_key is None:
        return
    await store.delete([character.photo_key])
    async with sessions.begin() as session:
        kept = await session.get(Character, character_id)
        if kept is not None:
            kept.photo_key = None


async def _clear(store: ObjectStore, prefix: str) -> None:
    keys = [each.key async for each in store.list_objects(prefix)]
    if keys:
        await store.delete(keys)
