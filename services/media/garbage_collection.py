"""Deleting files together with their rows, and collecting orphans that no row references.

A crash between two writes, or a lost job, leaves orphans behind.
"""

import logging
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from sqlalchemy import func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import (
    Character,
    GeneratedAsset,
    Job,
    JobStatus,
    Media,
    PersonalityVersion,
    Photo,
)
from db.session import Sessions
from services.jobs import Handler, Payload, Run, enqueue
from services.media.ports import ObjectStore, StoredObject

log = logging.getLogger(__name__)

# Only these prefixes are collected; other objects in the bucket are left alone.
PREFIXES = ("characters/", "boards/", "avatars/", "uploads/", "photos/")
# A file that was stored a moment ago may get its row soon.
MIN_AGE = timedelta(days=1)
_BATCH_SIZE = 500


class CollectionJob(Payload):
    """Files that nothing names are to be deleted."""

    kind: ClassVar[str] = "sweep"


class FileDeletionJob(Payload):
    """Files whose rows are deleted are to be deleted."""

    kind: ClassVar[str] = "delete files"

    keys: list[str]


_INTERVAL = timedelta(days=1)


class GarbageCollector:
    """Finds and deletes files that no row references."""

    def __init__(self, sessions: Sessions, store: ObjectStore) -> None:
        self._sessions = sessions
        self._store = store

    async def enqueue(self) -> None:
        """Enqueue the daily collection, if it is not enqueued yet."""
        async with self._sessions.begin() as session:
            await enqueue_collection(session)

    async def find_orphans(self, older_than: timedelta = MIN_AGE) -> list[StoredObject]:
        """Return files that no row references and that are older than a duration.

        Raises:
            StorageUnavailable, StorageMisconfigured: The storage cannot be read.
        """
        orphans: list[StoredObject] = []
        cutoff = datetime.now(UTC) - older_than
        for prefix in PREFIXES:
            async for batch in self._batches(prefix):
                referenced = await self._referenced_keys([each.key for each in batch])
                orphans += [
                    each for each in batch if each.key not in referenced and each.at <= cutoff
                ]
        return orphans

    async def delete(self, orphans: Sequence[StoredObject]) -> None:
        """Delete files.

        Raises:
            StorageUnavailable, StorageMisconfigured: They could not be deleted.
        """
        await self._store.delete([each.key for each in orphans])

    async def _batches(self, prefix: str) -> AsyncGenerator[list[StoredObject]]:
        batch: list[StoredObject] = []
        async for each in self._store.list_objects(prefix):
            batch.append(each)
            if len(batch) == _BATCH_SIZE:
                yield batch
                batch = []
        if batch:
            yield batch

    async def _referenced_keys(self, keys: Sequence[str]) -> set[str]:
        """Return the keys that a row references; avatars by their URL, in any version."""
        avatar_keys = [each for each in keys if each.startswith("avatars/")]
        url = PersonalityVersion.definition["avatar_url"].astext
        async with self._sessions() as session:
            rows = await session.scalars(
                union_all(
                    select(GeneratedAsset.storage_key).where(GeneratedAsset.storage_key.in_(keys)),
                    select(Character.photo_key).where(Character.photo_key.in_(keys)),
                    select(Media.storage_key).where(Media.storage_key.in_(keys)),
                    select(Photo.storage_key).where(Photo.storage_key.in_(keys)),
                    select(Photo.thumbnail_key).where(Photo.thumbnail_key.in_(keys)),
                )
            )
            referenced = {key for key in rows if key}
            if avatar_keys:
                avatar_urls = (
                    await session.scalars(select(url).where(url.like("%/avatars/%")))
                ).all()
                referenced |= {
                    key for key in avatar_keys if any(key in (each or "") for each in avatar_urls)
                }
        return referenced


class GarbageCollectionHandler(Handler[CollectionJob]):
    """Collects orphans, and enqueues itself for the next day."""

    payload_type = CollectionJob
    max_attempts: ClassVar[int] = 100_000

    def __init__(self, collector: GarbageCollector) -> None:
        self._collector = collector

    @override
    async def run(self, run: Run[CollectionJob]) -> None:
        orphans = await self._collector.find_orphans()
        if orphans:
            await self._collector.delete(orphans)
            log.info("Deleted %s orphaned files", len(orphans))
        async with run.finishing() as session:
            await enqueue_collection(session, after=_INTERVAL)


class DeleteHandler(Handler[FileDeletionJob]):
    """Deletes files whose rows were deleted. It is idempotent."""

    payload_type = FileDeletionJob
    max_attempts: ClassVar[int] = 100_000

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @override
    async def run(self, run: Run[FileDeletionJob]) -> None:
        await self._store.delete(run.payload.keys)


async def enqueue_deletion(session: AsyncSession, keys: Sequence[str]) -> None:
    """Enqueue the deletion of files in the transaction that deletes their rows."""
    await enqueue(session, FileDeletionJob(keys=list(keys)))


async def enqueue_collection(session: AsyncSession, after: timedelta = timedelta(hours=1)) -> None:
    """Enqueue a garbage collection, unless one is pending."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext("media.sweep"))))
    pending = await session.scalar(
        select(Job.id)
        .where(Job.kind == CollectionJob.kind, Job.status == JobStatus.PENDING)
        .limit(1)
    )
    if pending is None:
        await enqueue(session, CollectionJob(), due=after, lock_key=CollectionJob.kind)
