"""Deletion of what is older than the operator wants it to be, a week after it was announced."""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Date, and_, case, cast, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import (
    AttemptStatus,
    CallOutcome,
    ConversationLine,
    EngineAct,
    EngineTask,
    LlmCall,
    Memory,
    PictureDescription,
    PublishAttempt,
    Retention,
    TaskStatus,
    UsageDay,
)
from db.session import Sessions
from services.errors import NotificationFailed
from services.jobs import Handler, Payload, Run, enqueue
from services.notifications import Notice, Notifier
from services.retention.servers import forget_left_server

log = logging.getLogger(__name__)

ANNOUNCED_DAYS = 7
_INTERVAL = timedelta(days=1)
_BATCH = 5000
# How long it is remembered what is in a picture that was sent to a personality.
_DESCRIPTION_DAYS = 30
_ENDED_TASKS = (TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.SKIPPED)


@dataclass(frozen=True, kw_only=True)
class RetentionSettings:
    """After how many days history and memories are deleted; 0 is never.

    None is the default of the database: 180 days for history in a new one, and never in one that
    was upgraded; never for memories.
    """

    history_days: int | None = None
    memory_days: int = 0


@dataclass(frozen=True, kw_only=True)
class RetentionAnnouncement(Notice):
    """So many rows will be deleted in a week, by the settings; 0 days are never."""

    history_rows: int
    history_days: int
    memory_rows: int
    memory_days: int


class RetentionJob(Payload):
    """What is old enough is to be deleted."""

    kind: ClassVar[str] = "retention"


class RetentionHandler(Handler[RetentionJob]):
    """Deletes what is old enough, and what was said in servers that were left, once a day.

    `operators` returns the accounts that are told before anything is deleted by its age.
    """

    payload_type = RetentionJob
    max_attempts: ClassVar[int] = 100_000

    def __init__(
        self,
        sessions: Sessions,
        settings: RetentionSettings,
        notifier: Notifier,
        operators: Callable[[], Collection[int]],
    ) -> None:
        self._sessions = sessions
        self._settings = settings
        self._notifier = notifier
        self._operators = operators

    @override
    async def run(self, run: Run[RetentionJob]) -> None:
        while await self._forget_left_server(run):
            pass
        async with run.transaction() as session:
            history_days, memory_days, may_delete = await self._decide(session)
        if may_delete:
            for table, is_old in _expired(history_days, memory_days):
                while await self._delete_batch(run, table, is_old):
                    pass
        async with run.final_transaction() as session:
            await enqueue_retention(session, after=_INTERVAL)

    async def _forget_left_server(self, run: Run[RetentionJob]) -> bool:
        async with run.transaction() as session:
            return await forget_left_server(session)

    async def _decide(self, session: AsyncSession) -> tuple[int, int, bool]:
        """Return the days that hold, and whether they were announced long enough ago."""
        state = await session.get_one(Retention, 1, with_for_update=True)
        history, memory = self._settings.history_days, self._settings.memory_days
        history = state.default_history_days if history is None else history
        # What is not deleted now is announced again before it ever is.
        if not history:
            state.announced_history_days = 0
        if not memory:
            state.announced_memory_days = 0
        is_announced = state.announced_at is not None and all(
            not days or 0 < announced <= days
            for days, announced in (
                (history, state.announced_history_days),
                (memory, state.announced_memory_days),
            )
        )
        if is_announced:
            is_long_ago = Retention.announced_at <= func.now() - timedelta(days=ANNOUNCED_DAYS)
            return history, memory, bool(await session.scalar(select(is_long_ago)))
        counts = [
            await session.scalar(select(func.count()).select_from(table).where(is_old)) or 0
            for table, is_old in _expired(history, memory, ahead=ANNOUNCED_DAYS)
        ]
        if any(counts):
            state.announced_at = func.now()
            state.announced_history_days, state.announced_memory_days = history, memory
            *of_history, of_memory = counts if memory else [*counts, 0]
            await self._announce(
                RetentionAnnouncement(
                    history_rows=sum(of_history),
                    history_days=history,
                    memory_rows=of_memory,
                    memory_days=memory,
                )
            )
        return history, memory, False

    async def _announce(self, announcement: RetentionAnnouncement) -> None:
        log.warning("In %s days, rows will be deleted: %s", ANNOUNCED_DAYS, announcement)
        for account_id in self._operators():
            try:
                await self._notifier.send_dm(account_id, announcement)
            except NotificationFailed:
                log.warning("The operator cannot be told of it by DM now")

    async def _delete_batch(
        self, run: Run[RetentionJob], table: Any, is_old: ColumnElement[bool]
    ) -> bool:
        """Delete some rows; return whether there may be more."""
        async with run.transaction() as session:
            ids = (await session.scalars(select(table.id).where(is_old).limit(_BATCH))).all()
            if table is LlmCall:
                await _sum_up(session, LlmCall.id.in_(ids))
            await session.execute(delete(table).where(table.id.in_(ids)))
        return len(ids) == _BATCH


def _expired(
    history_days: int, memory_days: int, *, ahead: int = 0
) -> list[tuple[Any, ColumnElement[bool]]]:
    """Return tables, and which of their rows are old enough, or will be in some days."""

    def is_old(column: Any, days: int) -> ColumnElement[bool]:
        return column < func.now() - timedelta(days=max(days - ahead, 0))

    tables: list[tuple[Any, ColumnElement[bool]]] = []
    if not ahead:  # nobody is told of these
        is_forgotten = is_old(PictureDescription.created_at, _DESCRIPTION_DAYS)
        tables.append((PictureDescription, is_forgotten))
    if history_days:
        tables += [
            (ConversationLine, is_old(ConversationLine.created_at, history_days)),
            (LlmCall, is_old(LlmCall.created_at, history_days)),
            (EngineAct, is_old(EngineAct.created_at, history_days)),
            (
                EngineTask,
                and_(
                    is_old(EngineTask.created_at, history_days),
                    EngineTask.status.in_(_ENDED_TASKS),
                ),
            ),
            (
                PublishAttempt,
                is_old(PublishAttempt.finished_at, history_days)
                & (PublishAttempt.status != AttemptStatus.REVIEW),
            ),
        ]
    if memory_days:
        is_kept = Memory.locked | Memory.is_pinned
        tables.append((Memory, and_(is_old(Memory.created_at, memory_days), ~is_kept)))
    return tables


async def _sum_up(session: AsyncSession, condition: ColumnElement[bool]) -> None:
    """Add calls to the sums of their days, which stay."""
    day = cast(func.timezone("UTC", LlmCall.created_at), Date)
    cost = func.coalesce(LlmCall.cost_usd, 0)
    sums = {
        "calls": func.count(),
        "failed": func.count().filter(LlmCall.outcome != CallOutcome.OK),
        "tokens_in": func.sum(LlmCall.tokens_in),
        "tokens_cached": func.sum(LlmCall.tokens_cached),
        "tokens_out": func.sum(LlmCall.tokens_out),
        "cost_usd": func.sum(cost),
        "own_keys_usd": func.sum(case((LlmCall.key_id.is_not(None), cost), else_=0)),
    }
    statement = insert(UsageDay).from_select(
        ["day", "model", "purpose", *sums],
        select(day, LlmCall.model, LlmCall.purpose, *sums.values())
        .where(condition)
        .group_by(day, LlmCall.model, LlmCall.purpose),
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["day", "model", "purpose"],
            set_={name: getattr(UsageDay, name) + statement.excluded[name] for name in sums},
        )
    )


async def enqueue_retention(session: AsyncSession, *, after: timedelta | None = None) -> None:
    """Enqueue the deletion of what is old, instead of one that is pending."""
    await enqueue(session, RetentionJob(), due=after, lock_key=RetentionJob.kind, replacing=True)
