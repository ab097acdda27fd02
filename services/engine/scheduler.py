"""The scheduler: each tick plans acts and enqueues those due before the next tick."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import EngineTask
from db.session import Sessions
from services import rate_limits
from services.clock import Clock
from services.engine import queries
from services.engine.planner import Planner
from services.engine.policy import MAX_DELAY
from services.engine.types import BoardItem, PlannedAct
from services.jobs import Payload, enqueue

log = logging.getLogger(__name__)


class ActJob(Payload):
    """The job that executes a due task of the engine."""

    kind: ClassVar[str] = "act"
    group: ClassVar[str] = "engine"

    task: UUID


@dataclass(frozen=True, kw_only=True)
class EngineTiming:
    """The engine's clock, and the interval between ticks by this clock."""

    clock: Clock
    interval: timedelta
    tasks_per_tick: int
    can_post_images: bool = False


class EngineScheduler:
    """Plans acts and enqueues due tasks on each tick.

    Any number of processes may run it: one plans at a time, and no task is enqueued twice.
    """

    def __init__(self, sessions: Sessions, planner: Planner, timing: EngineTiming) -> None:
        self._sessions = sessions
        self._planner = planner
        self._timing = timing

    async def tick(self) -> int:
        """Plan until the next tick, and enqueue the tasks due by then; return their number."""
        now = self._timing.clock.now()
        async with self._sessions.begin() as session:
            if await queries.is_paused(session):
                return 0
            if await queries.lock_planning(session):
                await self._plan(session, now)
        async with self._sessions.begin() as session:
            await queries.skip_stale(session, now - MAX_DELAY, now)
            await rate_limits.prune_minutes(session, now - MAX_DELAY)
            until = now + self._timing.interval
            due = await queries.claimable(session, until, self._timing.tasks_per_tick)
            for task in due:
                await enqueue_task(session, task, self._timing.clock)
            return len(due)

    async def _plan(self, session: AsyncSession, now: datetime) -> None:
        """Plan acts until the next tick; missed ticks are not caught up on."""
        state = await queries.state(session, lock=True)
        until = now + self._timing.interval
        since = max(state.planned_until or now, now - self._timing.interval)
        if since > until:
            since = now  # the clock has been set back
        snapshot = await queries.load_snapshot(
            session, now, can_post_images=self._timing.can_post_images
        )
        planned_acts = self._planner.plan(snapshot, since, until)
        session.add_all(to_task(planned_act, now) for planned_act in planned_acts)
        state.planned_until = until


async def plan_reactions(
    session: AsyncSession,
    planner: Planner,
    item: BoardItem,
    target: BoardItem | None,
    timing: EngineTiming,
) -> None:
    """Plan reactions to a new item; those due before the next tick are enqueued immediately."""
    now = timing.clock.now()
    snapshot = await queries.load_snapshot(session, now, board_id=item.board_id)
    if item.board_id not in snapshot.boards:
        return
    if item.depth == 0:
        snapshot.topics = await queries.topics(session, item, list(snapshot.participants))
    for planned_act in planner.reactions(snapshot, item, target):
        task = to_task(planned_act, now)
        session.add(task)
        if planned_act.at <= now + timing.interval:
            await enqueue_task(session, task, timing.clock)


async def enqueue_task(session: AsyncSession, task: EngineTask, clock: Clock) -> None:
    """Enqueue a task for its exact time."""
    await session.flush()
    task.job_id = await enqueue(
        session,
        ActJob(task=task.id),
        due=clock.real_duration(task.scheduled_at - clock.now()) or None,
        lock_key=f"acting:{task.personality_id}",
    )


def to_task(
    planned_act: PlannedAct, now: datetime, *, triggered_by: int | None = None
) -> EngineTask:
    """Return a new task for a planned act."""
    return EngineTask(
        personality_id=planned_act.personality_id,
        task_type=planned_act.kind,
        board_id=planned_act.board_id,
        post_id=planned_act.post_id,
        comment_id=planned_act.comment_id,
        scheduled_at=planned_act.at,
        triggered_by=triggered_by,
        created_at=now,
    )
