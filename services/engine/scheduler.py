"""The heartbeat: what is due before the next beat is promised, and what comes next is planned."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import EngineTask
from db.session import Sessions
from services.clock import Clock
from services.engine import queries
from services.engine.planner import Planner
from services.engine.policy import STALE
from services.engine.types import BoardItem, PlannedAct
from services.jobs import Payload, enqueue

log = logging.getLogger(__name__)


class ActJob(Payload):
    """A task of the engine that is due."""

    kind: ClassVar[str] = "act"
    group: ClassVar[str] = "engine"

    task: UUID


@dataclass(frozen=True, kw_only=True)
class EngineTiming:
    """The engine's time: its clock, and how long from one beat to the next by it."""

    clock: Clock
    interval: timedelta
    tasks_per_tick: int
    can_paint: bool = False


class EngineScheduler:
    """Ticks. Any number of processes may: one plans at a time, and no task is promised twice."""

    def __init__(self, sessions: Sessions, planner: Planner, tempo: EngineTiming) -> None:
        self._sessions = sessions
        self._planner = planner
        self._tempo = tempo

    async def tick(self) -> int:
        """Plan until the next beat, and promise what falls due by then; return how many."""
        now = self._tempo.clock.now()
        async with self._sessions.begin() as session:
            if await queries.is_paused(session):
                return 0
            if await queries.lock_planning(session):
                await self._plan(session, now)
        async with self._sessions.begin() as session:
            await queries.skip_stale(session, now - STALE, now)
            await queries.prune_minutes(session, now - STALE)
            until = now + self._tempo.interval
            due = await queries.claimable(session, until, self._tempo.tasks_per_tick)
            for task in due:
                await enqueue_task(session, task, self._tempo.clock)
            return len(due)

    async def _plan(self, session: AsyncSession, now: datetime) -> None:
        """Let everybody intend what they do until the next beat; the past is not made up for."""
        state = await queries.state(session, lock=True)
        until = now + self._tempo.interval
        since = max(state.planned_until or now, now - self._tempo.interval)
        if since > until:
            since = now  # the clock has been set back
        known = await queries.load_snapshot(session, now, can_paint=self._tempo.can_paint)
        intents = self._planner.plan(known, since, until)
        session.add_all(to_task(intent, now) for intent in intents)
        state.planned_until = until


async def plan_reactions(
    session: AsyncSession,
    planner: Planner,
    item: BoardItem,
    asked: BoardItem | None,
    tempo: EngineTiming,
) -> None:
    """Plan who acts on something new; what falls due before the next beat is promised at once."""
    now = tempo.clock.now()
    known = await queries.load_snapshot(session, now, board_id=item.board_id)
    if item.board_id not in known.boards:
        return
    if item.depth == 0:
        known.topics = await queries.topics(session, item, list(known.seats))
    for intent in planner.answers(known, item, asked):
        task = to_task(intent, now)
        session.add(task)
        if intent.at <= now + tempo.interval:
            await enqueue_task(session, task, tempo.clock)


async def enqueue_task(session: AsyncSession, task: EngineTask, clock: Clock) -> None:
    """Enqueue a task for its exact time."""
    await session.flush()
    task.job_id = await enqueue(
        session,
        ActJob(task=task.id),
        due=clock.real_duration(task.scheduled_at - clock.now()) or None,
        lock_key=f"acting:{task.personality_id}",
    )


def to_task(intent: PlannedAct, now: datetime, *, triggered_by: int | None = None) -> EngineTask:
    """Return the row that an intent is."""
    return EngineTask(
        personality_id=intent.personality_id,
        task_type=intent.kind,
        board_id=intent.board_id,
        post_id=intent.post_id,
        comment_id=intent.comment_id,
        scheduled_at=intent.at,
        triggered_by=triggered_by,
        created_at=now,
    )
