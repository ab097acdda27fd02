"""Deleting characters with everything stored for them, and photos after their retention.

Files cannot be deleted in a transaction, so the transaction that deletes a row enqueues a job.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from pydantic import AliasChoices, Field
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import Character, Job, JobStep
from db.session import Sessions
from services.characters import queries
from services.images import ImagePipeline
from services.jobs import Handler, Payload, Run, drop, enqueue
from services.media import ObjectStore


class CleanupJob(Payload):
    """Files are to be deleted.

    The photo of a character; all files of a character that was never created; all files under a
    prefix; or what was uploaded to a vendor.
    """

    kind: ClassVar[str] = "clear files"

    photo_of: UUID | None = None
    orphans_of: UUID | None = Field(
        default=None, validation_alias=AliasChoices("orphans_of", "unknown")
    )
    prefix: str | None = None
    upload_url: str | None = Field(
        default=None, validation_alias=AliasChoices("upload_url", "lent")
    )


# A job that is running may still store a file, and an interrupted create may have stored one.
_SECOND_PASS_DELAY, _ORPHAN_DELAY = timedelta(minutes=10), timedelta(hours=1)


def key_prefix(character_id: UUID) -> str:
    """Return the prefix of the storage keys of a character's files."""
    return f"characters/{character_id}/"


def job_key(character_id: UUID) -> str:
    """Return the lock key of a character's jobs, of which one runs at a time."""
    return f"character:{character_id}"


async def delete_by_ids(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Delete characters and their jobs, and enqueue the deletion of their files."""
    keys = [job_key(each) for each in ids]
    outputs = await session.scalars(
        select(JobStep.output)
        .join(Job, Job.id == JobStep.job_id)
        .where(Job.lock_key.in_(keys), JobStep.name == queries.UPLOAD_STEP)
    )
    # Jobs first, in the order in which a worker locks the rows.
    upload_urls = [each for each in outputs.all() if each]
    await drop(session, keys)
    await session.execute(delete(Character).where(Character.id.in_(ids)))
    for each in upload_urls:
        await enqueue_upload_deletion(session, each)
    for each in ids:
        for after in (None, _SECOND_PASS_DELAY):
            await enqueue(session, CleanupJob(prefix=key_prefix(each)), due=after)


async def delete_characters(session: AsyncSession, user_id: UUID) -> None:
    """Delete all of a user's characters."""
    ids = await session.scalars(select(Character.id).where(Character.user_id == user_id))
    await delete_by_ids(session, ids.all())


async def enqueue_photo_deletion(
    session: AsyncSession, character_id: UUID, after: timedelta
) -> None:
    """Enqueue the deletion of a character's photo after a delay."""
    payload = CleanupJob(photo_of=character_id)
    await enqueue(session, payload, due=after, lock_key=job_key(character_id))


async def enqueue_orphan_cleanup(session: AsyncSession, character_id: UUID) -> None:
    """Enqueue the deletion of files about to be stored, in case the character is not created."""
    await enqueue(session, CleanupJob(orphans_of=character_id), due=_ORPHAN_DELAY)


async def enqueue_upload_deletion(session: AsyncSession, upload_url: str) -> None:
    """Enqueue the deletion of a picture that was uploaded to a vendor."""
    await enqueue(session, CleanupJob(upload_url=upload_url))


class CleanupHandler(Handler[CleanupJob]):
    """Deletes files. It is idempotent, and retried until it succeeds."""

    payload_type = CleanupJob
    max_attempts: ClassVar[int] = 100_000

    def __init__(self, sessions: Sessions, pipeline: ImagePipeline) -> None:
        self._sessions = sessions
        self._pipeline = pipeline

    @override
    async def run(self, run: Run[CleanupJob]) -> None:
        payload, store = run.payload, self._pipeline.store
        if payload.photo_of:
            await delete_photo(self._sessions, store, payload.photo_of)
        if payload.orphans_of:
            await self._delete_orphans(payload.orphans_of)
        if payload.prefix:
            await _delete_prefix(store, payload.prefix)
        if payload.upload_url and self._pipeline.images.is_configured:
            await self._pipeline.images.delete_upload(payload.upload_url)
        async with run.final_transaction():
            pass

    async def _delete_orphans(self, character_id: UUID) -> None:
        async with self._sessions() as session:
            exists = await session.get(Character, character_id) is not None
        if not exists:
            await _delete_prefix(self._pipeline.store, key_prefix(character_id))


async def delete_photo(sessions: Sessions, store: ObjectStore, character_id: UUID) -> None:
    """Delete a character's photo."""
    async with sessions() as session:
        character = await session.get(Character, character_id)
    if character is None or character.photo_key is None:
        return
    await store.delete([character.photo_key])
    async with sessions.begin() as session:
        current = await session.get(Character, character_id)
        if current is not None:
            current.photo_key = None


async def _delete_prefix(store: ObjectStore, prefix: str) -> None:
    keys = [each.key async for each in store.list_objects(prefix)]
    if keys:
        await store.delete(keys)
