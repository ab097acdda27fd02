"""Who used what: calls and their cost, of a user, in a server, and in all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, cast, func, null, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CallOutcome, LlmCall, Personality, UsageDay, User
from db.session import Sessions
from services.errors import BotOwnerOnly, ModeratorsOnly
from services.types import Actor

_MAX_ROWS = 10
_MIN_DAYS = 7
_COST: ColumnElement[Any] = func.coalesce(func.sum(LlmCall.cost_usd), 0)

_OWN_KEYS_COST: ColumnElement[Any] = func.coalesce(
    func.sum(LlmCall.cost_usd).filter(LlmCall.key_id.is_not(None)), 0
)


@dataclass(frozen=True, kw_only=True)
class UsageRow:
    """The calls of one personality, model, user or server, and what they cost in US dollars.

    The name is None for calls that belong to none.
    """

    name: str | None
    id: int | None = None
    calls: int
    cost_usd: float


@dataclass(frozen=True, kw_only=True)
class DailyUsage:
    """The calls of one day, UTC, with their tokens and their cost in US dollars."""

    day: date
    calls: int = 0
    tokens: int = 0
    cost_usd: float = 0


@dataclass(frozen=True, kw_only=True)
class UsageReport:
    """What was used in some days, the most expensive first; ten rows of each kind at most.

    `by_day` has each of these days until today, and of a week at least. `own_keys_usd` is what of
    the cost was paid with keys that users had brought, `total_usd` the cost of all that was ever
    used.
    """

    days: int
    calls: int
    failed: int
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    cost_usd: float
    own_keys_usd: float
    total_usd: float | None = None
    personalities: Sequence[UsageRow]
    by_day: Sequence[DailyUsage]
    models: Sequence[UsageRow]
    purposes: Sequence[UsageRow]
    users: Sequence[UsageRow] = ()
    servers: Sequence[UsageRow] = ()


class UsageService:
    """Reports from the ledger to whom it concerns."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def own(self, actor: Actor, *, days: int) -> UsageReport:
        """Return what the actor has used, and the members that a proxy bot speaks for."""
        own = select(User.id).where(
            or_(User.discord_id == actor.discord_id, User.account_id == actor.discord_id)
        )
        async with self._sessions() as session:
            return await _report(session, LlmCall.user_id.in_(own), days=days)

    async def of_server(self, actor: Actor, guild_id: int, *, days: int) -> UsageReport:
        """Return what was used in a server.

        Raises:
            ModeratorsOnly: The actor does not moderate it.
        """
        if not actor.moderates_server:
            raise ModeratorsOnly
        async with self._sessions() as session:
            return await _report(session, LlmCall.guild_id == guild_id, days=days, with_users=True)

    async def of_all(self, actor: Actor, *, days: int) -> UsageReport:
        """Return what was used in all.

        Raises:
            BotOwnerOnly: The actor is not the bot owner.
        """
        if not actor.is_bot_owner:
            raise BotOwnerOnly
        async with self._sessions() as session:
            report = await _report(
                session, LlmCall.id.is_not(None), days=days, with_users=True, with_servers=True
            )
            recorded = select(_COST).scalar_subquery()
            summed_up = select(func.coalesce(func.sum(UsageDay.cost_usd), 0)).scalar_subquery()
            total = await session.scalar(select(recorded + summed_up))
            return replace(report, total_usd=float(total or 0))


async def _report(
    session: AsyncSession,
    condition: ColumnElement[bool],
    *,
    days: int,
    with_users: bool = False,
    with_servers: bool = False,
) -> UsageReport:
    recent = and_(LlmCall.created_at > func.now() - timedelta(days=days), condition)
    call = LlmCall
    totals = (
        await session.execute(
            select(
                func.count(),
                func.count().filter(call.outcome != CallOutcome.OK),
                func.coalesce(func.sum(call.tokens_in), 0),
                func.coalesce(func.sum(call.tokens_cached), 0),
                func.coalesce(func.sum(call.tokens_out), 0),
                _COST,
                _OWN_KEYS_COST,
            ).where(recent)
        )
    ).one()
    account = func.coalesce(User.account_id, User.discord_id)
    users = select(account, func.max(User.username)).outerjoin(User, User.id == call.user_id)
    return UsageReport(
        days=days,
        calls=totals[0],
        failed=totals[1],
        tokens_in=totals[2],
        tokens_cached=totals[3],
        tokens_out=totals[4],
        cost_usd=float(totals[5]),
        own_keys_usd=float(totals[6]),
        personalities=await _rows(
            session,
            select(Personality.id, func.max(Personality.name)).outerjoin(
                Personality, Personality.id == call.personality_id
            ),
            recent,
        ),
        by_day=await _by_day(session, condition, days=max(days, _MIN_DAYS)),
        models=await _rows(session, select(call.model, func.max(call.model)), recent),
        purposes=await _rows(session, select(call.purpose, func.max(call.purpose)), recent),
        users=await _rows(session, users, recent) if with_users else (),
        servers=await _rows(session, select(call.guild_id, null()), recent) if with_servers else (),
    )


async def _by_day(
    session: AsyncSession, condition: ColumnElement[bool], *, days: int
) -> list[DailyUsage]:
    """Return the calls of each day, the last of which is today."""
    call, today = LlmCall, func.date_trunc("day", func.now(), "UTC")
    day = cast(func.timezone("UTC", call.created_at), Date)
    tokens = func.coalesce(func.sum(call.tokens_in + call.tokens_out), 0)
    first = today - timedelta(days=days - 1)
    result = await session.execute(
        select(day, func.count(), tokens, _COST)
        .where(call.created_at >= first, condition)
        .group_by(day)
    )
    used = {
        on: DailyUsage(day=on, calls=calls, tokens=count, cost_usd=float(cost))
        for on, calls, count, cost in result
    }
    last = await session.scalar(select(cast(func.timezone("UTC", func.now()), Date)))
    assert last is not None  # noqa: S101 - the database knows the time
    every = [last - timedelta(days=ago) for ago in reversed(range(days))]
    return [used.get(each) or DailyUsage(day=each) for each in every]


async def _rows(
    session: AsyncSession, selected: Select[Any, Any], recent: ColumnElement[bool]
) -> list[UsageRow]:
    """Return calls grouped by the first selected column; the second is the name of the group."""
    result = await session.execute(
        selected.add_columns(func.count(), _COST)
        .select_from(LlmCall)
        .where(recent)
        .group_by(selected.selected_columns[0])
        .order_by(_COST.desc(), func.count().desc())
        .limit(_MAX_ROWS)
    )
    return [
        UsageRow(
            name=name, id=id_ if isinstance(id_, int) else None, calls=calls, cost_usd=float(cost)
        )
        for id_, name, calls, cost in result
    ]
