"""What memories are found by, as jobs compute it: terms of old ones, and vectors of a model."""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from time import monotonic
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import Memory, User
from db.session import Sessions
from services.access import AccessDenied, BudgetLimit, BudgetSpent, Caller, authorize
from services.embeddings import EmbedderFailed, EmbedderMisconfigured
from services.jobs import Handler, Payload, Run, enqueue
from services.memory.indexing import WORD_VECTORS
from services.memory.meaning import PURPOSE, MeaningModel
from services.memory.terms import document_terms

log = logging.getLogger(__name__)

_BATCH = 500
_FEW = 32  # that a model reads at once
# What was stored meanwhile is read so long afterwards.
_PAUSE = timedelta(minutes=1)
_LONG_PAUSE = timedelta(hours=6)
_MAX_SECONDS = 600  # of a run, which has fifteen minutes


class IndexJob(Payload):
    """Memories without terms are to be given theirs."""

    kind: ClassVar[str] = "memories indexed"


async def enqueue_indexing(session: AsyncSession) -> None:
    """Have memories without terms given theirs, if there are any."""
    if await session.scalar(select(Memory.id).where(Memory.terms.is_(None)).limit(1)):
        await enqueue(session, IndexJob(), lock_key=IndexJob.kind, replacing=True)


class IndexHandler(Handler[IndexJob]):
    """Computes what memories are found by, in batches; others are written meanwhile."""

    payload_type = IndexJob
    max_attempts: ClassVar[int] = 100_000

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @override
    async def run(self, run: Run[IndexJob]) -> None:
        while await self._index_batch(run):
            pass

    async def _index_batch(self, run: Run[IndexJob]) -> bool:
        """Give some memories their terms; return whether there were any."""
        async with run.transaction() as session:
            found = (
                await session.scalars(
                    select(Memory)
                    .where(Memory.terms.is_(None))
                    .limit(_BATCH)
                    .with_for_update(skip_locked=True)
                )
            ).all()
            for memory in found:
                memory.terms = document_terms(memory.content)
        return bool(found)


class EmbedJob(Payload):
    """Memories are to be read by the model that the operator has chosen, now and from then on."""

    kind: ClassVar[str] = "memories embedded"


async def enqueue_embedding(session: AsyncSession) -> None:
    """Have memories read by the chosen model in the background."""
    await enqueue(session, EmbedJob(), lock_key=EmbedJob.kind, replacing=True)


async def count_embedded(session: AsyncSession, name: str, *, is_for_all: bool) -> tuple[int, int]:
    """Return how many memories a model has read, and how many wait for it."""
    waiting = or_(*_unread(name, is_for_all=is_for_all))
    counted = select(
        func.count().filter(Memory.embedder == name), func.count().filter(waiting)
    ).select_from(Memory)
    read, left = (await session.execute(counted)).one()
    return read, left


class EmbedHandler(Handler[EmbedJob]):
    """Has the chosen model read memories, the newest first; each is found by words meanwhile."""

    payload_type = EmbedJob
    max_attempts: ClassVar[int] = 100_000

    def __init__(self, sessions: Sessions, model: MeaningModel) -> None:
        self._sessions = sessions
        self._model = model

    @override
    async def run(self, run: Run[EmbedJob]) -> None:
        if self._model.name is None:
            return
        due: timedelta | datetime | None = _PAUSE
        try:
            due = await self._read_all(run, self._model.name)
        except BudgetSpent as error:  # that of all; a person's is theirs alone
            due = error.resumes_at or _LONG_PAUSE
        except EmbedderMisconfigured as error:
            log.warning("%s reads no memories: %s", error.name, error.detail)
            due = _LONG_PAUSE
        async with run.final_transaction() as session:
            await enqueue(session, EmbedJob(), due=due, lock_key=EmbedJob.kind, replacing=True)

    async def _read_all(self, run: Run[EmbedJob], name: str) -> timedelta | None:
        """Have memories read until none is left, or for some minutes; return when to go on."""
        count, started, skipped = 0, monotonic(), set[UUID]()
        while found := await self._find_unread(name, skipped):
            for user_id, memories in groupby(found, key=lambda each: each[0]):
                read = [(id_, text) for _, id_, text in memories]
                if not await self._read_of(run, name, user_id, read):
                    skipped.add(user_id)
            before, count = count, count + len(found)
            if count // 1000 > before // 1000:
                log.info("%s has read %d memories", name, count)
            if monotonic() - started > _MAX_SECONDS:
                return None
        return _PAUSE

    async def _find_unread(
        self, name: str, skipped: Collection[UUID]
    ) -> Sequence[tuple[UUID, UUID, str]]:
        """Return some memories that the model has not read: whose they are, their ids and texts."""
        columns = select(Memory.user_id, Memory.id, Memory.content)
        others = columns.where(Memory.user_id.not_in(skipped)) if skipped else columns
        async with self._sessions() as session:
            for condition in _unread(name, is_for_all=self._model.knows_all):
                newest = others.where(condition).order_by(Memory.created_at.desc()).limit(_FEW)
                if found := (await session.execute(newest)).all():
                    return sorted((each.user_id, each.id, each.content) for each in found)
        return []

    async def _read_of(
        self, run: Run[EmbedJob], name: str, user_id: UUID, memories: Sequence[tuple[UUID, str]]
    ) -> bool:
        """Have memories of a user read; return whether that may be, and is not too expensive."""
        read = [text for _, text in memories if self._model.reads(text)]
        vectors: dict[str, Sequence[float] | None] = {}
        if read:
            caller = await self._authorize(user_id)
            if caller is None:
                return False
            try:
                vectors = dict(zip(read, await self._embed(read, caller), strict=True))
            except BudgetSpent as error:
                if error.limit == BudgetLimit.ALL:
                    raise
                return False
        async with run.transaction() as session:
            for memory_id, text in memories:
                embedder = name if self._model.reads(text) else WORD_VECTORS
                await session.execute(
                    update(Memory)
                    .where(Memory.id == memory_id, Memory.content == text)
                    .values(model_embedding=vectors.get(text), embedder=embedder)
                )
        return True

    async def _embed(self, texts: Sequence[str], caller: Caller) -> list[list[float] | None]:
        """Return the vectors of texts, or None for those that the model cannot read."""
        try:
            return [*await self._model.read(texts, caller=caller)]
        except EmbedderFailed:
            if len(texts) == 1:
                return [None]
            return [vector for text in texts for vector in await self._embed([text], caller)]

    async def _authorize(self, user_id: UUID) -> Caller | None:
        """Return whose memories they are as the one who pays, or None if they may not now."""
        async with self._sessions() as session:
            user = await session.get(User, user_id)
            try:
                if user is None or user.incognito:
                    return None
                return await authorize(session, PURPOSE, user=user)
            except AccessDenied:
                return None


def _unread(name: str, *, is_for_all: bool) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of memories that no model has read, and that another one has."""
    before = Memory.embedder < name
    if not is_for_all:
        before &= Memory.embedder > WORD_VECTORS
    return Memory.embedder.is_(None), or_(before, Memory.embedder > name)
