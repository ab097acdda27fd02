"""Deleting files together with their rows, and collecting orphans that no row references.

A crash between two writes, or a lost job, leaves orphans behind.
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import Job, JobStatus
from db.session import Sessions
from services.jobs import Handler, Payload, Run, enqueue
from services.media.ports import ObjectStore, StoredObject

log = logging.getLogger(__name__)

# Returns those of some keys that a row of a feature references.
References = Callable[[AsyncSession, Sequence[str]], Awaitable[Collection[str]]]
# Files that are referenced by no row, as they are needed for a while only: what somebody uploads by
# a link, and what is on its way to Discord.
UPLOADS, PICTURES, SPEECH = "uploads/", "pictures/", "speech/"
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
    """Finds and deletes files that no row references.

    Features register the prefixes that they keep files under, with a query of what they reference;
    other objects in the bucket are left alone.
    """

    def __init__(
        self, sessions: Sessions, store: ObjectStore, references: Mapping[str, References]
    ) -> None:
        self._sessions = sessions
        self._store = store
        self._references = references

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
        for prefix in (*self._references, UPLOADS, PICTURES, SPEECH):
            async for batch in self._batches(prefix):
                referenced = await self._referenced_keys(prefix, [each.key for each in batch])
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

    async def _referenced_keys(self, prefix: str, keys: Sequence[str]) -> Collection[str]:
        references = self._references.get(prefix)
        if references is None:
            return ()
        async with self._sessions() as session:
            return await references(session, keys)


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
        async with run.final_transaction() as session:
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
