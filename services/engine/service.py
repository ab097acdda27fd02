"""The engine as whoever runs the bot sees it: what it did, what it will do, and its brakes."""

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

_LATE = timedelta(minutes=5)


class EngineService:
    """Status, plan and brakes of the engine."""

    def __init__(
        self,
        sessions: Sessions,
        planner: Planner,
        rhythm: Rhythm,
        limits: Limits,
        tempo: EngineTiming,
    ) -> None:
        self._sessions = sessions
        self._planner = planner
        self._rhythm = rhythm
        self._limits = limits
        self._tempo = tempo

    async def status(self, *, days: float = 1, board_id: UUID | None = None) -> EngineStatus:
        """Return what was done lately, and what that took."""
        now = self._tempo.clock.now()
        since = now - timedelta(days=days)
        mine = [EngineTask.scheduled_at > since, EngineTask.scheduled_at <= now]
        if board_id is not None:
            mine.append(EngineTask.board_id == board_id)
        async with self._sessions() as session:
            state = await session.get(EngineState, 1)
            grouped = await session.execute(
                select(EngineTask.task_type, EngineTask.status, func.count())
                .where(*mine)
                .group_by(EngineTask.task_type, EngineTask.status)
            )
            reasons = await session.execute(
                select(EngineTask.reason, func.count())
                .where(*mine, EngineTask.reason.is_not(None))
                .group_by(EngineTask.reason)
            )
            took = await session.execute(
                select(
                    func.coalesce(func.sum(EngineTask.cost_usd), 0),
                    func.coalesce(func.sum(EngineTask.prompt_tokens), 0),
                    func.coalesce(func.sum(EngineTask.completion_tokens), 0),
                ).where(*mine)
            )
            cost, tokens_in, tokens_out = took.one()
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
        """Return what each open board has spent and reserved today, of what it may."""
        today = self._tempo.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
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
        """Return tasks, the last due first."""
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

    async def plan(self, *, hours: float = 24) -> UpcomingPlan:
        """Return the tasks that wait, and when personalities will be there of themselves."""
        now = self._tempo.clock.now()
        waiting = await self.tasks(status=TaskStatus.PENDING, limit=500)
        async with self._sessions() as session:
            known = await queries.load_snapshot(session, now)
        until = now + timedelta(hours=hours)
        ahead = {
            seat.name: [each.at for each in self._rhythm.moments(seat.seed, now, until)]
            for seat in known.seats.values()
        }
        return UpcomingPlan(now=now, waiting=waiting[::-1], ahead=ahead)

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
        """Let a personality do something now; caps and budget hold all the same.

        Raises:
            BotOwnerOnly: The actor does not run the bot.
            NoPainter: There is no model for images.
            NotSeated: The personality is not on this board.
            NothingToActOn: There is nothing there to do this to.
        """
        _runs(actor)
        async with self._sessions.begin() as session:
            return await self._begin(
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
        """Do as `trigger` does, for an operator who knows names or ids: Discord's, or ours.

        Raises:
            BoardNotFound: There is no such open board.
            NoPainter: There is no model for images.
            NothingToActOn: There is nothing there to do this to.
            PersonalityNotFound: Nobody of this name may act on it.
        """
        async with self._sessions.begin() as session:
            found = await queries.board_named(session, board)
            if found is None:
                raise BoardNotFound
            member = await queries.member_named(session, found.id, personality)
            if member is None:
                raise PersonalityNotFound(personality)
            return await self._begin(session, kind, member, found, post_id, comment_id, by=0)

    async def _begin(
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
        now = self._tempo.clock.now()
        known = await queries.load_snapshot(
            session, now, board_id=board.id, can_paint=self._tempo.can_paint
        )
        seat = known.seats.get(personality.id)
        if seat is None:
            raise NotOnBoard(personality.name)
        intent = self._planner.at_once(
            known, seat, board.id, kind, now, post_id=post_id, comment_id=comment_id
        )
        task = to_task(intent, now, triggered_by=by)
        session.add(task)
        await enqueue_task(session, task, self._tempo.clock)
        return task

    async def simulate(self, *, days: int, personalities: int) -> SimulationSummary:
        """Let days pass in memory, for personalities that nobody knows; in another thread."""
        made = Simulation(
            synthetic_personalities(1, personalities), rhythm=self._rhythm, limits=self._limits
        )

        async def run() -> None:
            async for _ in made.run(days):
                pass

        await asyncio.to_thread(lambda: asyncio.run(run()))
        acts = made.company.acts
        return SimulationSummary(days=days, acts=len(acts), figures=figures(acts, days=days))

    async def pause(self, actor: Actor) -> None:
        """Stop all acting at once: what is being written is not said any more.

        Raises:
            BotOwnerOnly: The actor does not run the bot.
        """
        await self._set_paused(actor, self._tempo.clock.now())

    async def resume(self, actor: Actor) -> None:
        """Go on; what has become stale meanwhile is left undone.

        Raises:
            BotOwnerOnly: The actor does not run the bot.
        """
        await self._set_paused(actor, None)
        now = self._tempo.clock.now()
        async with self._sessions.begin() as session:
            await queries.skip_stale(session, now - _LATE, now)

    async def _set_paused(self, actor: Actor, at: datetime | None) -> None:
        _runs(actor)
        values = {"paused_at": at, "paused_by": actor.discord_id if at else None}
        async with self._sessions.begin() as session:
            await session.execute(
                insert(EngineState)
                .values(id=1, **values)
                .on_conflict_do_update(index_elements=["id"], set_=values)
            )


def _runs(actor: Actor) -> None:
    if not actor.is_bot_owner:
        raise BotOwnerOnly
