"""Deleting files with their rows, and finding those that no row names any more.

A crash at a bad moment, or a lost job, leaves some.
"""

import logging
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

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
from services.jobs import Handler, Run, enqueue
from services.media.ports import ObjectStore, Stored

log = logging.getLogger(__name__)

# What is ours to judge; whatever else is in the bucket is let be.
PREFIXES = ("characters/", "boards/", "avatars/", "uploads/", "photos/")
# What has just been stored may be about to be written down.
AGE = timedelta(days=1)
_BATCH = 500


KIND, DELETE = "sweep", "delete files"
_EVERY = timedelta(days=1)


class GarbageCollector:
    """Looks through the storage for what nobody knows."""

    def __init__(self, sessions: Sessions, store: ObjectStore) -> None:
        self._sessions = sessions
        self._store = store

    async def enqueue(self) -> None:
        """Let the storage be swept once a day, by whichever process is there then."""
        async with self._sessions.begin() as session:
            await enqueue_collection(session)

    async def orphans(self, older_than: timedelta = AGE) -> list[Stored]:
        """Return files that no row names, and that have been there for a while.

        Raises:
            StorageUnavailable, StorageMisconfigured: The storage cannot be read.
        """
        found: list[Stored] = []
        until = datetime.now(UTC) - older_than
        for prefix in PREFIXES:
            async for batch in self._batches(prefix):
                known = await self._known([each.key for each in batch])
                found += [each for each in batch if each.key not in known and each.at <= until]
        return found

    async def delete(self, strays: Sequence[Stored]) -> None:
        """Delete files.

        Raises:
            StorageUnavailable, StorageMisconfigured: They could not be deleted.
        """
        await self._store.delete([each.key for each in strays])

    async def _batches(self, prefix: str) -> AsyncGenerator[list[Stored]]:
        batch: list[Stored] = []
        async for each in self._store.listed(prefix):
            batch.append(each)
            if len(batch) == _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    async def _known(self, keys: Sequence[str]) -> set[str]:
        """Return those of some keys that a row names; a face by its address, in any version."""
        faces = [each for each in keys if each.startswith("avatars/")]
        url = PersonalityVersion.definition["avatar_url"].astext
        async with self._sessions() as session:
            named = await session.scalars(
                union_all(
                    select(GeneratedAsset.storage_key).where(GeneratedAsset.storage_key.in_(keys)),
                    select(Character.photo_key).where(Character.photo_key.in_(keys)),
                    select(Media.storage_key).where(Media.storage_key.in_(keys)),
                    select(Photo.storage_key).where(Photo.storage_key.in_(keys)),
                    select(Photo.thumbnail_key).where(Photo.thumbnail_key.in_(keys)),
                )
            )
            known = {key for key in named if key}
            if faces:
                worn = (await session.scalars(select(url).where(url.like("%/avatars/%")))).all()
                known |= {face for face in faces if any(face in (each or "") for each in worn)}
        return known


class GarbageCollectionHandler(Handler):
    """Sweeps the storage, and promises to do so again tomorrow."""

    kind: ClassVar[str] = KIND
    max_attempts: ClassVar[int] = 100_000

    def __init__(self, sweeper: GarbageCollector) -> None:
        self._sweeper = sweeper

    @override
    async def run(self, run: Run) -> None:
        strays = await self._sweeper.orphans()
        if strays:
            await self._sweeper.delete(strays)
            log.info("Swept %s files that nothing names", len(strays))
        async with run.finishing() as session:
            await enqueue_collection(session, after=_EVERY)

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: dict[str, Any], status: JobStatus, words: str
    ) -> None:
        """Nothing waits for it."""


class DeleteHandler(Handler):
    """Deletes files whose rows are gone. It may be done any number of times."""

    kind: ClassVar[str] = DELETE
    max_attempts: ClassVar[int] = 100_000

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @override
    async def run(self, run: Run) -> None:
        await self._store.delete(run.payload["keys"])

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: dict[str, Any], status: JobStatus, words: str
    ) -> None:
        """Nothing waits for it; a sweep finds what was left."""


async def enqueue_deletion(session: AsyncSession, keys: Sequence[str]) -> None:
    """Let files be deleted once their rows are gone, in the caller's transaction."""
    await enqueue(session, DELETE, {"keys": list(keys)})


async def enqueue_collection(session: AsyncSession, after: timedelta = timedelta(hours=1)) -> None:
    """Promise a sweep, unless one is promised already."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext("media.sweep"))))
    waiting = await session.scalar(
        select(Job.id).where(Job.kind == KIND, Job.status == JobStatus.PENDING).limit(1)
    )
    if waiting is None:
        await enqueue(session, KIND, {}, due=after, key=KIND)
