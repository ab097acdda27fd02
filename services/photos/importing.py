"""Taking files into a library: in parallel where that is slow, in order where that matters."""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID, uuid4

from typing_extensions import TypeVarTuple, Unpack

from db.models import Photo
from db.session import Sessions
from services.errors import DomainError
from services.images import ImagePipeline
from services.jobs import enqueue
from services.media import (
    ObjectStore,
    PreparedPhoto,
    StorageMisconfigured,
    StorageUnavailable,
    decoding_memory,
    prepare_photo,
)
from services.personalities import PersonalityNotFound
from services.photos import queries
from services.photos.types import ImportOutcome, ImportResult, PhotoSource, Sources

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

LOOK = "photos looked at"
# Of 256 bits. Making a photo smaller or coding it anew changes up to 12, another has 110 others.
NEAR = 20
# Of a picture with next to nothing in it, no bits are set: that says nothing of what it is like.
_TELLING = (64, 192)
_WAITING = 2


@dataclass(frozen=True, kw_only=True)
class _Ready:
    """A file that was read, and what was put into the storage of it."""

    name: str
    sha256: str = ""
    photograph: PreparedPhoto | None = None
    keys: tuple[str, str] = ("", "")
    reason: DomainError | None = None


class Importer:
    """Takes files into one library.

    Files are decoded `at_once` at a time and settled in the order they are given in, so that of two
    that are alike the first is kept, however often it is interrupted and begun again.
    """

    def __init__(
        self,
        sessions: Sessions,
        studio: ImagePipeline,
        personality_id: UUID,
        *,
        added_by: UUID | None = None,
        is_made: bool = False,
        at_once: int = 1,
    ) -> None:
        self._sessions = sessions
        self._studio = studio
        self._personality_id = personality_id
        self._added_by = added_by
        self._is_made = is_made
        self._at_once = at_once
        self._known: set[str] = set()
        # Threads of its own, and as few as decode: each keeps some of the memory it has had.
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="photos")

    async def run(self, sources: Sources) -> AsyncGenerator[ImportResult]:
        """Yield what becomes of each file.

        Raises:
            PersonalityNotFound: It was deleted meanwhile.
            StorageUnavailable, StorageMisconfigured: The storage takes nothing; what was yielded
                until then is kept.
        """
        async with self._sessions() as session:
            self._known = await queries.known(session, self._personality_id)
        remaining = iter(sources)
        ahead: deque[asyncio.Task[_Ready]] = deque()
        added = False
        try:
            self._go_on(remaining, ahead)
            while ahead:
                ready = await ahead[0]
                ahead.popleft()
                self._go_on(remaining, ahead)
                taken = await self._settle(ready)
                added = added or taken.outcome == ImportOutcome.ADDED
                yield taken
        finally:
            await _abandon(self._studio.store, ahead)
            self._threads.shutdown(wait=False)
            if added:
                await enqueue_embedding(self._sessions, self._personality_id)

    def _go_on(self, remaining: Iterator[PhotoSource], ahead: deque[asyncio.Task[_Ready]]) -> None:
        while len(ahead) < self._at_once + _WAITING:
            source = next(remaining, None)
            if source is None:
                return
            ahead.append(asyncio.create_task(self._prepare(source)))

    async def _prepare(self, source: PhotoSource) -> _Ready:
        """Read a file and put what is kept of it into the storage."""
        try:
            data, sha256, memory = await self._in_thread(self._read, source)
            if sha256 in self._known:
                return _Ready(name=source.name, sha256=sha256)
            async with self._studio.memory.reserve(memory):
                made = await self._in_thread(self._made, source.name, data)
        except DomainError as error:
            return _Ready(name=source.name, reason=error)
        del data
        # Nobody guesses these: whoever has a link may look.
        stem = f"photos/{self._personality_id}/{uuid4()}"
        keys = (f"{stem}.jpg", f"{stem}-small.jpg")
        for key, picture in zip(keys, (made.picture, made.thumbnail), strict=True):
            await self._studio.store_image(key, picture)
        return _Ready(name=source.name, sha256=sha256, photograph=made, keys=keys)

    def _made(self, name: str, data: bytes) -> PreparedPhoto:
        return prepare_photo(
            data,
            name=name,
            max_width=self._studio.max_width,
            quality=self._studio.quality,
            is_ai_generated=self._is_made,
        )

    async def _in_thread(self, work: Callable[[Unpack[Ts]], T], *arguments: *Ts) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, work, *arguments)

    def _read(self, source: PhotoSource) -> tuple[bytes, str, int]:
        data = source.read()
        sha256 = hashlib.sha256(data).hexdigest()
        memory = 0 if sha256 in self._known else decoding_memory(data, source.name)
        return data, sha256, memory

    async def _settle(self, ready: _Ready) -> ImportResult:
        """Write down what became of a file; of two processes that take the same in, one does."""
        if ready.reason is not None:
            return ImportResult(name=ready.name, outcome=ImportOutcome.REFUSED, reason=ready.reason)
        async with self._sessions.begin() as session:
            is_there = await queries.hold(session, self._personality_id)
            twin = await queries.twin(
                session, self._personality_id, ready.sha256, _telling(ready), within=NEAR
            )
            if is_there and twin is None and ready.photograph is not None:
                photo = self._photo(ready, ready.photograph)
                session.add(photo)
                await session.flush()
                self._known.add(ready.sha256)
                return ImportResult(name=ready.name, outcome=ImportOutcome.ADDED, photo=photo)
        if ready.photograph is not None:
            await self._studio.store.delete(ready.keys)
        if not is_there:
            raise PersonalityNotFound("this personality")
        is_same = twin is not None and twin.sha256 == ready.sha256
        outcome = ImportOutcome.DUPLICATE if is_same else ImportOutcome.NEAR_DUPLICATE
        return ImportResult(name=ready.name, outcome=outcome, photo=twin)

    def _photo(self, ready: _Ready, made: PreparedPhoto) -> Photo:
        return Photo(
            personality_id=self._personality_id,
            storage_key=ready.keys[0],
            thumbnail_key=ready.keys[1],
            file_name=ready.name,
            sha256=ready.sha256,
            perceptual_hash=made.perceptual_hash,
            size=len(made.picture.data),
            width=made.picture.width,
            height=made.picture.height,
            taken_at=made.taken_at,
            is_made=made.is_ai_generated,
            added_by=self._added_by,
        )


def _telling(ready: _Ready) -> str | None:
    """Return the likeness of what was read, unless it says nothing."""
    likeness = ready.photograph.perceptual_hash if ready.photograph else ""
    return likeness if _TELLING[0] <= likeness.count("1") <= _TELLING[1] else None


async def enqueue_embedding(sessions: Sessions, personality_id: UUID | None) -> None:
    """Let photos that nobody has looked at be looked at, of one library or of all."""
    async with sessions.begin() as session:
        payload = {"personality": str(personality_id) if personality_id else None}
        await enqueue(session, LOOK, payload, key=LOOK)


async def _abandon(store: ObjectStore, ahead: deque[asyncio.Task[_Ready]]) -> None:
    """Leave what was begun for nothing; what cannot be deleted now, a sweep finds."""
    for each in ahead:
        each.cancel()
    ended = await asyncio.gather(*ahead, return_exceptions=True)
    keys = [key for each in ended if isinstance(each, _Ready) for key in each.keys if key]
    with suppress(StorageUnavailable, StorageMisconfigured):
        await store.delete(keys)
