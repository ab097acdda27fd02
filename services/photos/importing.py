"""Importing files into a library: decoded in parallel, saved in order."""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid4

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import TypeVarTuple, Unpack

from db.models import Personality, Photo
from db.session import Sessions
from services.access import Owned, QuotaReached, Quotas, check_quota
from services.errors import DomainError
from services.images import ImagePipeline
from services.jobs import Payload, enqueue
from services.media import (
    ObjectNotFound,
    ObjectStore,
    PreparedPhoto,
    StorageMisconfigured,
    StorageUnavailable,
    decoding_memory,
    enqueue_deletion,
    pixels_of,
    prepare_photo,
)
from services.personalities import PersonalityDeleted
from services.photos import queries
from services.photos.types import ImportOutcome, ImportResult, PhotoSource, Sources

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

# Of 256 bits. Scaling or encoding a photo again changes up to 12; different photos differ in ~110.
MAX_HASH_DISTANCE = 20
# The mean difference, of 255, of the ten pixels that differ most, at 32 by 32 pixels: up to 10 for
# a copy, from 30 for two price cards whose numbers differ.
_MAX_LOCAL_DIFFERENCE, _COMPARED_SIDE, _COMPARED_PIXELS = 20, 32, 10
# Bytes of a better copy per byte of a poorer one of as many pixels: some 1.12 if that was a JPEG of
# quality 60. With more pixels: their growth to the power of .73 for real ones, .4 for scaled ones.
_MIN_MORE_DETAIL, _DETAIL_EXPONENT = 1.06, 0.6
# Hashes of nearly uniform pictures have few or many bits set, and match each other by chance.
_INFORMATIVE_BITS = (64, 192)
_PREFETCH = 2


@dataclass(frozen=True, kw_only=True)
class _StoredFile:
    """A file that was read, with the storage keys of its pictures, or the reason of its refusal."""

    name: str
    sha256: str = ""
    prepared: PreparedPhoto | None = None
    keys: tuple[str, str] = ("", "")
    reason: DomainError | None = None


class Importer:
    """Imports files into one library, within the quotas of its maker if there are some.

    Files are decoded `at_once` at a time and saved in their order, so that of two near-duplicates
    the first one is imported, even if the import is interrupted and started again.
    """

    def __init__(
        self,
        sessions: Sessions,
        pipeline: ImagePipeline,
        personality_id: UUID,
        *,
        added_by: UUID | None = None,
        is_ai_generated: bool = False,
        at_once: int = 1,
        quotas: Quotas | None = None,
    ) -> None:
        self._sessions = sessions
        self._quotas = quotas
        self._pipeline = pipeline
        self._personality_id = personality_id
        self._added_by = added_by
        self._is_ai_generated = is_ai_generated
        self._at_once = at_once
        self._known_hashes: set[str] = set()
        # Its own threads, and no more than decode: each thread retains some of its memory.
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="photos")

    async def run(self, sources: Sources) -> AsyncGenerator[ImportResult]:
        """Import files, and yield the result of each.

        Raises:
            PersonalityNotFound: It was deleted meanwhile.
            StorageUnavailable, StorageMisconfigured: The storage failed; files yielded until then
                are imported.
        """
        async with self._sessions() as session:
            self._known_hashes = await queries.file_hashes(session, self._personality_id)
        remaining = iter(sources)
        pending: deque[asyncio.Task[_StoredFile]] = deque()
        added = False
        try:
            self._fill_queue(remaining, pending)
            while pending:
                stored = await pending[0]
                pending.popleft()
                self._fill_queue(remaining, pending)
                result = await self._save_within_quotas(stored)
                added = added or result.outcome in (ImportOutcome.ADDED, ImportOutcome.REPLACED)
                yield result
        finally:
            await _discard(self._pipeline.store, pending)
            self._threads.shutdown(wait=False)
            if added:
                await enqueue_embedding(self._sessions, self._personality_id)

    def _fill_queue(
        self, remaining: Iterator[PhotoSource], pending: deque[asyncio.Task[_StoredFile]]
    ) -> None:
        while len(pending) < self._at_once + _PREFETCH:
            source = next(remaining, None)
            if source is None:
                return
            pending.append(asyncio.create_task(self._read_and_store(source)))

    async def _read_and_store(self, source: PhotoSource) -> _StoredFile:
        """Read a file and store its picture and its thumbnail."""
        try:
            data, sha256, memory = await self._in_thread(self._read, source)
            if sha256 in self._known_hashes:
                return _StoredFile(name=source.name, sha256=sha256)
            async with self._pipeline.memory.reserve(memory):
                prepared = await self._in_thread(self._prepare, source.name, data)
        except DomainError as error:
            return _StoredFile(name=source.name, reason=error)
        del data
        # The keys must not be guessable: whoever has a link may see the picture.
        stem = f"photos/{self._personality_id}/{uuid4()}"
        keys = (f"{stem}.jpg", f"{stem}-small.jpg")
        for key, picture in zip(keys, (prepared.picture, prepared.thumbnail), strict=True):
            await self._pipeline.store_image(key, picture)
        return _StoredFile(name=source.name, sha256=sha256, prepared=prepared, keys=keys)

    def _prepare(self, name: str, data: bytes) -> PreparedPhoto:
        return prepare_photo(
            data,
            name=name,
            max_width=self._pipeline.max_width,
            quality=self._pipeline.quality,
            is_ai_generated=self._is_ai_generated,
        )

    async def _in_thread(self, function: Callable[[Unpack[Ts]], T], *arguments: *Ts) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, function, *arguments)

    def _read(self, source: PhotoSource) -> tuple[bytes, str, int]:
        data = source.read()
        sha256 = hashlib.sha256(data).hexdigest()
        memory = 0 if sha256 in self._known_hashes else decoding_memory(data, source.name)
        return data, sha256, memory

    async def _save_within_quotas(self, stored: _StoredFile) -> ImportResult:
        try:
            return await self._save(stored)
        except QuotaReached as error:
            await self._pipeline.store.delete(stored.keys)
            return ImportResult(name=stored.name, outcome=ImportOutcome.REFUSED, reason=error)

    async def _save(self, stored: _StoredFile) -> ImportResult:
        """Save a photo unless it is a duplicate; concurrent imports of a file add it only once."""
        if stored.reason is not None:
            return ImportResult(
                name=stored.name, outcome=ImportOutcome.REFUSED, reason=stored.reason
            )
        async with self._sessions.begin() as session:
            exists = await queries.lock_library(session, self._personality_id)
            duplicate = await queries.find_duplicate(
                session,
                self._personality_id,
                stored.sha256,
                _informative_hash(stored),
                max_distance=MAX_HASH_DISTANCE,
            )
            if duplicate is not None and not await self._is_copy(stored, duplicate):
                duplicate = None
            if exists and duplicate is None and stored.prepared is not None:
                await self._check_quotas(session, stored.prepared)
                photo = Photo(
                    personality_id=self._personality_id,
                    added_by=self._added_by,
                    **_columns(stored, stored.prepared),
                )
                session.add(photo)
                await session.flush()
                self._known_hashes.add(stored.sha256)
                return ImportResult(name=stored.name, outcome=ImportOutcome.ADDED, photo=photo)
            if (
                duplicate is not None
                and stored.prepared is not None
                and _is_better(stored.prepared, duplicate, stored.name)
                and not await queries.has_post(session, duplicate.id)
            ):
                await self._replace(session, duplicate, stored, stored.prepared)
                return ImportResult(
                    name=stored.name, outcome=ImportOutcome.REPLACED, photo=duplicate
                )
        if stored.prepared is not None:
            await self._pipeline.store.delete(stored.keys)
        if not exists:
            raise PersonalityDeleted
        # What was known may have been replaced meanwhile.
        is_identical = duplicate is None or duplicate.sha256 == stored.sha256
        outcome = ImportOutcome.DUPLICATE if is_identical else ImportOutcome.NEAR_DUPLICATE
        return ImportResult(name=stored.name, outcome=outcome, photo=duplicate)

    async def _check_quotas(self, session: AsyncSession, prepared: PreparedPhoto) -> None:
        """Check that the maker of the personality may have another photo.

        Raises:
            QuotaReached: They may not.
        """
        maker_id = await session.scalar(
            select(Personality.maker_id).where(Personality.id == self._personality_id)
        )
        if self._quotas is None or maker_id is None:
            return
        size = len(prepared.picture.data)
        await check_quota(session, self._quotas, Owned.PHOTOS, maker_id)
        await check_quota(session, self._quotas, Owned.PHOTO_BYTES, maker_id, adding=size)

    async def _is_copy(self, stored: _StoredFile, photo: Photo) -> bool:
        """Whether a file with nearly the same hash as a photo shows the same in all its parts."""
        if stored.sha256 == photo.sha256 or stored.prepared is None:
            return True
        try:
            thumbnail = await self._pipeline.store.get(photo.thumbnail_key)
        except ObjectNotFound:
            return True
        difference = await self._in_thread(
            _local_difference, stored.prepared.thumbnail.data, thumbnail
        )
        return difference <= _MAX_LOCAL_DIFFERENCE

    async def _replace(
        self, session: AsyncSession, photo: Photo, stored: _StoredFile, prepared: PreparedPhoto
    ) -> None:
        """Replace a photo's files by those of a better copy."""
        await enqueue_deletion(session, [photo.storage_key, photo.thumbnail_key])
        for name, value in _columns(stored, prepared).items():
            setattr(photo, name, value)
        photo.embedding = photo.embedding_model = None
        self._known_hashes.add(stored.sha256)


def _local_difference(one: bytes, other: bytes) -> float:
    """Return how much two thumbnails differ where they differ most."""
    first, second = (
        pixels_of(each, _COMPARED_SIDE).astype(float).mean(axis=2) for each in (one, other)
    )
    return float(np.sort(np.abs(first - second).ravel())[-_COMPARED_PIXELS:].mean())


def _columns(stored: _StoredFile, prepared: PreparedPhoto) -> dict[str, Any]:
    return {
        "storage_key": stored.keys[0],
        "thumbnail_key": stored.keys[1],
        "file_name": stored.name,
        "sha256": stored.sha256,
        "perceptual_hash": prepared.perceptual_hash,
        "size": len(prepared.picture.data),
        "width": prepared.picture.width,
        "height": prepared.picture.height,
        "taken_at": prepared.taken_at,
        "is_ai_generated": prepared.is_ai_generated,
    }


def _is_better(prepared: PreparedPhoto, photo: Photo, name: str) -> bool:
    """Whether a copy has more detail than a photo, by its bytes as encoded by us.

    Other formats leave other traces, so only files of one format are compared. Of a copy with more
    pixels the bytes grow less than the pixels; if they hardly grow, it was only scaled up.
    """
    picture = prepared.picture
    growth = picture.width * picture.height / (photo.width * photo.height)
    if growth > 1:
        return len(picture.data) > photo.size * growth**_DETAIL_EXPONENT
    is_same_format = PurePath(name).suffix.lower() == PurePath(photo.file_name).suffix.lower()
    return growth == 1 and is_same_format and len(picture.data) > _MIN_MORE_DETAIL * photo.size


def _informative_hash(stored: _StoredFile) -> str | None:
    """Return a file's perceptual hash, or None if it has too few or too many bits set."""
    perceptual_hash = stored.prepared.perceptual_hash if stored.prepared else ""
    low, high = _INFORMATIVE_BITS
    return perceptual_hash if low <= perceptual_hash.count("1") <= high else None


class EmbeddingJob(Payload):
    """Photos without a vector are to be embedded: those of one library, or all."""

    kind: ClassVar[str] = "photos looked at"

    personality: UUID | None = None


async def enqueue_embedding(sessions: Sessions, personality_id: UUID | None) -> None:
    """Enqueue the embedding of photos that have no vector, in one library or in all."""
    async with sessions.begin() as session:
        payload = EmbeddingJob(personality=personality_id)
        await enqueue(session, payload, lock_key=EmbeddingJob.kind)


async def _discard(store: ObjectStore, pending: deque[asyncio.Task[_StoredFile]]) -> None:
    """Cancel pending files and delete what they stored; garbage collection deletes the rest."""
    for each in pending:
        each.cancel()
    results = await asyncio.gather(*pending, return_exceptions=True)
    keys = [key for each in results if isinstance(each, _StoredFile) for key in each.keys if key]
    with suppress(StorageUnavailable, StorageMisconfigured):
        await store.delete(keys)
