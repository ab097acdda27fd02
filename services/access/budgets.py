"""Budgets: an amount is reserved before a paid call, and settled with its row in the ledger."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    DateTime,
    Numeric,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    text,
    tuple_,
    update,
)
from typing_extensions import override

from db.models import Budget, BudgetScope, Spending
from db.retry import retry_on_disconnect
from db.session import Sessions, single_statements
from services.access.audit import log_action
from services.access.errors import BudgetLimit, BudgetOutOfRange, BudgetSpent
from services.access.notices import is_notice_due
from services.access.types import Caller
from services.clock import Clock, SystemClock
from services.errors import BotOwnerOnly, NotificationFailed
from services.notifications import Notice, Notifier
from services.types import Actor

log = logging.getLogger(__name__)

WARNING_SHARE = 0.8
_DAY = timedelta(days=1)
_WARNING_PAUSE = 600.0  # seconds after which a process looks again whether the operator was told
MAX_USD, MAX_ANSWERS = 100_000, 1_000_000
_STATUS = text(
    "SELECT * FROM budget_status(:now, :server, :account, :key, CAST(:usd AS numeric[]), "
    "CAST(:answers AS int[]))"
)
_RESERVE_ON_KEY = text(
    "SELECT * FROM reserve_on_key(:now, :key, CAST(:bound AS numeric), CAST(:budget AS numeric))"
)
_RESERVE = text(
    "SELECT * FROM reserve_spending(:now, :server, :account, :key, CAST(:bound AS numeric), "
    "CAST(:expected AS numeric), CAST(:usd AS numeric[]), CAST(:answers AS int[]))"
)


@dataclass(frozen=True)
class Limits:
    """What may be spent in 24 hours, in US dollars and in answers; None is no limit of its own."""

    usd: float | None = None
    answers: int | None = None


@dataclass(frozen=True, kw_only=True)
class BudgetSettings:
    """The budgets of the settings: in all, of each server, and of each user."""

    all: Limits = field(default_factory=Limits)
    server: Limits = field(default_factory=Limits)
    user: Limits = field(default_factory=Limits)


def _settlement() -> CTE:
    """Return the statement that replaces what is reserved by the actual cost, with parameters."""
    hour = Spending.hour == bindparam("settled_hour", type_=DateTime(timezone=True))
    accounts = (
        and_(Spending.scope == scope, Spending.scope_id == bindparam(name, type_=BigInteger))
        for scope, name in (
            (BudgetScope.ALL, "settled_all"),
            (BudgetScope.SERVER, "settled_server"),
            (BudgetScope.USER, "settled_user"),
            (BudgetScope.KEY, "settled_key"),
        )
    )
    locked = (
        select(Spending.scope, Spending.scope_id)
        .where(hour, or_(*accounts))
        .order_by(Spending.scope)  # as `reserve_spending` locks them
        .with_for_update()
        .cte("locked")
    )
    account = tuple_(Spending.scope, Spending.scope_id)
    change = bindparam("settled_change", type_=Numeric(16, 8))
    return (
        update(Spending)
        .where(hour, account.in_(select(locked.c.scope, locked.c.scope_id)))
        .values(usd=func.greatest(0, Spending.usd + change))
        .cte("settlement")
    )


# Rides in the statement that writes a call into the ledger.
SETTLEMENT = _settlement()


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """An amount in US dollars that a call may cost, reserved in the accounts of an hour.

    Those are everything, a server and a user, or a key that was brought to a server.
    """

    usd: float
    hour: datetime
    guild_id: int | None = None
    account_key: int | None = None
    api_key: int | None = None

    def settled_at(self, cost: float) -> dict[str, object]:
        """Return the parameters of `SETTLEMENT` for the actual cost."""
        return {
            "settled_hour": self.hour,
            "settled_all": 0 if self.api_key is None else None,
            "settled_server": self.guild_id,
            "settled_user": self.account_key,
            "settled_key": self.api_key,
            "settled_change": _decimal(cost - self.usd),
        }


@dataclass(frozen=True)
class BudgetWarning(Notice):
    """Most of the budget in all is spent, in US dollars."""

    used_usd: float
    budget_usd: float


@dataclass(frozen=True, kw_only=True)
class BudgetStatus:
    """What was spent in the last 24 hours of a budget; limits are None where there are none."""

    limit: BudgetLimit
    used_usd: float
    limit_usd: float | None
    used_answers: int
    limit_answers: int | None


class BudgetPolicy(Protocol):
    """Decides whether a call may be paid for."""

    async def reserve(
        self, caller: Caller, *, bound_usd: float, expected_usd: float
    ) -> Reservation | None:
        """Reserve what a call can cost at most; None if nothing counts against a budget.

        Raises:
            BudgetSpent: A budget leaves no room for it.
        """
        ...

    async def reserve_on_key(
        self, key_id: UUID, *, bound_usd: float, budget_usd: float
    ) -> Reservation:
        """Reserve what a call can cost at most from the budget of a key that was brought.

        Raises:
            BudgetSpent: The budget leaves no room for it.
        """
        ...


class Budgets(BudgetPolicy):
    """Reserves in the database, where the decisions of all processes follow each other."""

    def __init__(
        self,
        sessions: Sessions,
        settings: BudgetSettings | None = None,
        clock: Clock | None = None,
        *,
        exempt: Collection[int] = (),
    ) -> None:
        self._sessions = sessions
        self._engine = single_statements(sessions)
        self._settings = settings or BudgetSettings()
        self._clock = clock or SystemClock()
        self._exempt = frozenset(exempt)
        self._notifier: Notifier | None = None
        self._warnings: set[asyncio.Task[None]] = set()
        self._warned_at: float | None = None

    def warn_by(self, notifier: Notifier) -> None:
        """Tell the operator by DM, once in a day, when most of the budget in all is spent."""
        self._notifier = notifier

    @property
    def operators(self) -> frozenset[int]:
        """Return the accounts of the operator."""
        return self._exempt

    def exempt(self, account_ids: Collection[int]) -> None:
        """Exempt accounts, too: those of the operator, who has no budget."""
        self._exempt |= frozenset(account_ids)

    async def status(
        self, account_id: int | None = None, guild_id: int | None = None
    ) -> Sequence[BudgetStatus]:
        """Return the budgets that a call of an account in a server would count against."""
        if account_id in self._exempt:
            account_id = None
        parameters = self._parameters(account_id, guild_id)
        async with self._sessions() as session:
            rows = (await session.execute(_STATUS, parameters)).all()
        return [
            BudgetStatus(
                limit=BudgetLimit(row.scope),
                used_usd=float(row.used_usd),
                limit_usd=None if row.limit_usd is None else float(row.limit_usd),
                used_answers=row.used_answers,
                limit_answers=row.limit_answers,
            )
            for row in rows
        ]

    async def list_budgets(self, actor: Actor) -> Sequence[Budget]:
        """Return the budgets that were set, and the default of a new database.

        Raises:
            BotOwnerOnly: The actor is not the bot owner.
        """
        if not actor.is_bot_owner:
            raise BotOwnerOnly
        async with self._sessions() as session:
            return (
                await session.scalars(select(Budget).order_by(Budget.scope, Budget.scope_id))
            ).all()

    async def set(
        self, actor: Actor, scope: BudgetScope, scope_id: int = 0, *, limits: Limits | None
    ) -> None:
        """Set a budget, or with None leave it to the settings and the defaults again.

        Raises:
            BotOwnerOnly: The actor is not the bot owner.
            BudgetOutOfRange: A limit is negative, or more than anybody means.
        """
        if not actor.is_bot_owner:
            raise BotOwnerOnly
        if limits and not (
            0 <= (limits.usd or 0) <= MAX_USD and 0 <= (limits.answers or 0) <= MAX_ANSWERS
        ):
            raise BudgetOutOfRange(MAX_USD, MAX_ANSWERS)
        subject = f"{scope} {scope_id}" if scope_id else scope.value
        async with self._sessions.begin() as session:
            await session.execute(
                delete(Budget).where(Budget.scope == scope, Budget.scope_id == scope_id)
            )
            if limits is not None:
                session.add(
                    Budget(
                        scope=scope,
                        scope_id=scope_id,
                        usd=limits.usd,
                        answers=limits.answers,
                        set_by=actor.discord_id,
                    )
                )
            log_action(session, actor, "budget", f"{subject}: {limits or 'default'}")

    def _parameters(self, account_id: int | None, guild_id: int | None) -> dict[str, object]:
        limits = (self._settings.all, self._settings.server, self._settings.user)
        return {
            "now": self._clock.now(),
            "server": guild_id,
            "account": account_id,
            "key": _account_key(account_id),
            "usd": [None if each.usd is None else _decimal(each.usd) for each in limits],
            "answers": [each.answers for each in limits],
        }

    @override
    async def reserve(
        self, caller: Caller, *, bound_usd: float, expected_usd: float
    ) -> Reservation | None:
        if caller.account_id in self._exempt:
            return None
        parameters = {
            **self._parameters(caller.account_id, caller.guild_id),
            "bound": _decimal(bound_usd),
            "expected": _decimal(expected_usd),
        }
        now = self._clock.now()
        parameters["now"] = now

        async def decide() -> tuple[str | None, datetime | None, float, float | None]:
            # One statement, and no transaction around it.
            async with self._engine.connect() as connection:
                return tuple((await connection.execute(_RESERVE, parameters)).one())

        refused_by, resumes_at, used, budget = await retry_on_disconnect(decide)
        if refused_by is not None:
            log.info("A call for %s is refused: budget %s", caller.purpose, refused_by)
            raise BudgetSpent(BudgetLimit(refused_by), resumes_at)
        if budget is not None and float(used) >= WARNING_SHARE * float(budget):
            self._warn(float(used), float(budget))
        return Reservation(
            usd=bound_usd,
            hour=_hour(now),
            guild_id=caller.guild_id,
            account_key=_account_key(caller.account_id),
        )

    @override
    async def reserve_on_key(
        self, key_id: UUID, *, bound_usd: float, budget_usd: float
    ) -> Reservation:
        now, key = self._clock.now(), _hash(f"key:{key_id}")
        parameters = {
            "now": now,
            "key": key,
            "bound": _decimal(bound_usd),
            "budget": _decimal(budget_usd),
        }

        async def decide() -> tuple[bool, datetime | None]:
            async with self._engine.connect() as connection:
                return tuple((await connection.execute(_RESERVE_ON_KEY, parameters)).one())

        is_refused, resumes_at = await retry_on_disconnect(decide)
        if is_refused:
            raise BudgetSpent(BudgetLimit.KEY, resumes_at)
        return Reservation(usd=bound_usd, hour=_hour(now), api_key=key)

    def _warn(self, used: float, budget: float) -> None:
        """Have the operator told beside the call, which does not wait for it."""
        now = time.monotonic()
        is_recent = self._warned_at is not None and now - self._warned_at < _WARNING_PAUSE
        if self._notifier is None or is_recent:
            return
        self._warned_at = now
        task = asyncio.create_task(self._tell_operator(self._notifier, used, budget))
        self._warnings.add(task)
        task.add_done_callback(self._warnings.discard)

    async def _tell_operator(self, notifier: Notifier, used: float, budget: float) -> None:
        for account_id in self._exempt:
            async with self._sessions.begin() as session:
                is_due = await is_notice_due(session, account_id, "budget", every=_DAY)
            if is_due:
                try:
                    await notifier.send_dm(account_id, BudgetWarning(used, budget))
                except NotificationFailed:
                    log.warning("%.0f %% of the budget are spent", 100 * used / budget)


def _account_key(account_id: int | None) -> int | None:
    """Return the key of an account in `spending`, from which nobody reads whose it is.

    So it may stay for a day when all data of an account is deleted, which would otherwise be a way
    to a new budget.
    """
    if account_id is None:
        return None
    return _hash(str(account_id))


def _hash(text: str) -> int:
    digest = hashlib.sha256(f"spending:{text}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _decimal(usd: float) -> Decimal:
    """Return an amount with the digits that are stored; a binary fraction has many more."""
    return Decimal(f"{usd:.8f}")
