"""The engine for the bot's owner: status, plan, manual acts, pause and resume."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ActType, Board, EngineState, EngineTask, Personality, TaskStatus
from db.session import Sessions
from services.engine import queries
from services.engine.errors import BoardNotFound, NotOnBoard
from services.engine.planner import Planner
from services.engine.reports import Budget, EngineStatus, SimulationSummary, TaskEntry, UpcomingPlan
from services.engine.rhythm import Rhythm
from services.engine.scheduler import EngineTiming, enqueue_task, to_task
from services.engine.simulation import Simulation, figures, synthetic_personalities
from services.engine.types import Limits
from services.errors import BotOwnerOnly
from services.personalities import PersonalityNotFound
from services.types import Actor

_MAX_DELAY = timedelta(minutes=5)


class EngineService:
    """Status and control of the engine."""

    def __init__(
        self,
        sessions: Sessions,
        planner: Planner,
        rhythm: Rhythm,
        limits: Limits,
        timing: EngineTiming,
    ) -> None:
        self._sessions = sessions
        self._planner = planner
        self._rhythm = rhythm
        self._limits = limits
        self._timing = timing

    async def status(self, *, days: float = 1, board_id: UUID | None = None) -> EngineStatus:
        """Return the acts of the last days, with their tokens and cost."""
        now = self._timing.clock.now()
        since = now - timedelta(days=days)
        conditions = [EngineTask.scheduled_at > since, EngineTask.scheduled_at <= now]
        if board_id is not None:
            conditions.append(EngineTask.board_id == board_id)
        async with self._sessions() as session:
            state = await session.get(EngineState, 1)
            grouped = await session.execute(
                select(EngineTask.task_type, EngineTask.status, func.count())
                .where(*conditions)
                .group_by(EngineTask.task_type, EngineTask.status)
            )
            reasons = await session.execute(
                select(EngineTask.reason, func.count())
                .where(*conditions, EngineTask.reason.is_not(None))
                .group_by(EngineTask.reason)
            )
            totals = await session.execute(
                select(
                    func.coalesce(func.sum(EngineTask.cost_usd), 0),
                    func.coalesce(func.sum(EngineTask.prompt_tokens), 0),
                    func.coalesce(func.sum(EngineTask.completion_tokens), 0),
                ).where(*conditions)
            )
            cost, tokens_in, tokens_out = totals.one()
            boards = await session.scalar(
                select(func.count()).select_from(Board).where(Board.closed_at.is_(None))
            )
            waiting = await session.scalar(
                select(func.count()).select_from(EngineTask).where(queries.IS_OPEN)
            )
        return EngineStatus(
            now=now,
            since=since,
            paused_at=state.paused_at if state else None,
            boards=boards or 0,
            counts={(kind, status): count for kind, status, count in grouped},
            reasons={reason: count for reason, count in reasons if reason},
            waiting=waiting or 0,
            cost_usd=float(cost or 0),
            tokens_in=tokens_in or 0,
            tokens_out=tokens_out or 0,
            done=await self.tasks(status=TaskStatus.DONE, since=since, limit=5000),
        )

    async def budgets(self) -> Sequence[Budget]:
        """Return each open board with its acts and its spent and reserved cost of today."""
        today = self._timing.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        acts = func.count(EngineTask.id).filter(EngineTask.status != TaskStatus.SKIPPED)
        async with self._sessions() as session:
            rows = await session.execute(
                select(Board, func.coalesce(func.sum(EngineTask.cost_usd), 0), acts)
                .outerjoin(
                    EngineTask,
                    (EngineTask.board_id == Board.id) & (EngineTask.started_at >= today),
                )
                .where(Board.closed_at.is_(None))
                .group_by(Board.id)
                .order_by(Board.created_at, Board.id)
            )
            return [
                Budget(board=board, spent_usd=float(spent or 0), acts=count)
                for board, spent, count in rows
            ]

    async def tasks(
        self,
        *,
        status: TaskStatus | None = None,
        since: datetime | None = None,
        limit: int = 50,
    ) -> Sequence[TaskEntry]:
        """Return tasks, latest first."""
        statement = (
            select(EngineTask, Personality.name, Board.channel_id)
            .join(Personality, Personality.id == EngineTask.personality_id)
            .join(Board, Board.id == EngineTask.board_id)
            .order_by(EngineTask.scheduled_at.desc(), EngineTask.id)
            .limit(limit)
        )
        if status is not None:
            statement = statement.where(EngineTask.status == status)
        if since is not None:
            statement = statement.where(EngineTask.scheduled_at > since)
        async with self._sessions() as session:
            rows = await session.execute(statement)
            return [TaskEntry(task=row[0], name=row[1], channel_id=row[2]) for row in rows]

    async def find_act(self, message_id: int) -> TaskEntry | None:
        """Return the task that has sent a message, if one has."""
        statement = (
            select(EngineTask, Personality.name, Board.channel_id)
            .join(Personality, Personality.id == EngineTask.personality_id)
            .join(Board, Board.id == EngineTask.board_id)
            .where(EngineTask.discord_message_ids.contains([message_id]))
        )
        async with self._sessions() as session:
            row = (await session.execute(statement)).first()
        return TaskEntry(task=row[0], name=row[1], channel_id=row[2]) if row else None

    async def plan(self, *, hours: float = 24) -> UpcomingPlan:
        """Return the pending tasks, and the moments at which personalities will be present."""
        now = self._timing.clock.now()
        waiting = await self.tasks(status=TaskStatus.PENDING, limit=500)
        async with self._sessions() as session:
            snapshot = await queries.load_snapshot(session, now)
        until = now + timedelta(hours=hours)
        moments = {
            participant.name: [
                each.at for each in self._rhythm.moments(participant.seed, now, until)
            ]
            for participant in snapshot.participants.values()
        }
        return UpcomingPlan(now=now, waiting=waiting[::-1], moments=moments)

    async def trigger(
        self,
        actor: Actor,
        kind: ActType,
        *,
        personality: Personality,
        board: Board,
        post_id: UUID | None = None,
        comment_id: UUID | None = None,
    ) -> EngineTask:
        """Enqueue an act of a personality now; caps and budget apply.

        Raises:
            BotOwnerOnly: The actor is not the bot's owner.
            ImagePostsUnavailable: The personality cannot generate images.
            NotOnBoard: The personality is not a member of this board.
            NoTarget: There is nothing on the board to act on.
        """
        _require_bot_owner(actor)
        async with self._sessions.begin() as session:
            return await self._create_task(
                session, kind, personality, board, post_id, comment_id, by=actor.discord_id
            )

    async def trigger_named(
        self,
        kind: ActType,
        *,
        personality: str,
        board: str,
        post_id: UUID | None = None,
        comment_id: UUID | None = None,
    ) -> EngineTask:
        """Enqueue an act now, for an operator who gives names or ids (ours or Discord's).

        Raises:
            BoardNotFound: There is no such open board.
            ImagePostsUnavailable: The personality cannot generate images.
            NoTarget: There is nothing on the board to act on.
            PersonalityNotFound: The board has no member of this name.
        """
        async with self._sessions.begin() as session:
            board_row = await queries.board_named(session, board)
            if board_row is None:
                raise BoardNotFound
            member = await queries.member_named(session, board_row.id, personality)
            if member is None:
                raise PersonalityNotFound(personality)
            return await self._create_task(
                session, kind, member, board_row, post_id, comment_id, by=0
            )

    async def _create_task(
        self,
        session: AsyncSession,
        kind: ActType,
        personality: Personality,
        board: Board,
        post_id: UUID | None,
        comment_id: UUID | None,
        *,
        by: int,
    ) -> EngineTask:
        now = self._timing.clock.now()
        snapshot = await queries.load_snapshot(
            session, now, board_id=board.id, can_post_images=self._timing.can_post_images
        )
        participant = snapshot.participants.get(personality.id)
        if participant is None:
            raise NotOnBoard(personality.name)
        planned_act = self._planner.plan_now(
            snapshot, participant, board.id, kind, now, post_id=post_id, comment_id=comment_id
        )
        task = to_task(planned_act, now, triggered_by=by)
        session.add(task)
        await enqueue_task(session, task, self._timing.clock)
        return task

    async def simulate(self, *, days: int, personalities: int) -> SimulationSummary:
        """Simulate days of synthetic personalities in memory, in another thread."""
        simulation = Simulation(
            synthetic_personalities(1, personalities), rhythm=self._rhythm, limits=self._limits
        )

        async def run() -> None:
            async for _ in simulation.run(days):
                pass

        await asyncio.to_thread(lambda: asyncio.run(run()))
        acts = simulation.result.acts
        return SimulationSummary(days=days, acts=len(acts), figures=figures(acts, days=days))

    async def pause(self, actor: Actor) -> None:
        """Pause the engine immediately: texts that are being generated are not sent.

        Raises:
            BotOwnerOnly: The actor is not the bot's owner.
        """
        await self._set_paused(actor, self._timing.clock.now())

    async def resume(self, actor: Actor) -> None:
        """Resume the engine; tasks that have become stale meanwhile are skipped.

        Raises:
            BotOwnerOnly: The actor is not the bot's owner.
        """
        await self._set_paused(actor, None)
        now = self._timing.clock.now()
        async with self._sessions.begin() as session:
            await queries.skip_stale(session, now - _MAX_DELAY, now)

    async def _set_paused(self, actor: Actor, at: datetime | None) -> None:
        _require_bot_owner(actor)
        values = {"paused_at": at, "paused_by": actor.discord_id if at else None}
        async with self._sessions.begin() as session:
            await session.execute(
                insert(EngineState)
                .values(id=1, **values)
                .on_conflict_do_update(index_elements=["id"], set_=values)
            )


def _require_bot_owner(actor: Actor) -> None:
    if not actor.is_bot_owner:
        raise BotOwnerOnly
