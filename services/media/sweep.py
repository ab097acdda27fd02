"""Finding files that no row names: what a crash at a bad moment, or a lost job, has left."""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, union_all

from db.models import Character, GeneratedAsset, Media, PersonalityVersion
from db.session import Sessions
from services.media.ports import ObjectStore, Stored

# What is ours to judge; whatever else is in the bucket is let be.
PREFIXES = ("characters/", "boards/", "avatars/", "uploads/")
# What has just been stored may be about to be written down.
AGE = timedelta(days=1)
_BATCH = 500


class Sweeper:
    """Looks through the storage for what nobody knows."""

    def __init__(self, sessions: Sessions, store: ObjectStore) -> None:
        self._sessions = sessions
        self._store = store

    async def strays(self, older_than: timedelta = AGE) -> list[Stored]:
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
                )
            )
            known = {key for key in named if key}
            if faces:
                worn = (await session.scalars(select(url).where(url.like("%/avatars/%")))).all()
                known |= {face for face in faces if any(face in (each or "") for each in worn)}
        return known
