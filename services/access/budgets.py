"""Budgets: an amount is reserved before a paid call, and settled with its row in the ledger."""

import hashlib
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from sqlalchemy import CTE, func, select, text, tuple_, update
from typing_extensions import override

from db.models import Spending
from db.retry import retry_on_disconnect
from db.session import Sessions
from services.access.errors import BudgetLimit, BudgetSpent
from services.access.types import Caller
from services.clock import Clock, SystemClock

log = logging.getLogger(__name__)

WARNING_SHARE = 0.8
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


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """An amount in US dollars that a call may cost, reserved in accounts of an hour."""

    usd: float
    hour: datetime
    accounts: Sequence[tuple[str, int]]

    def settlement(self, cost: float) -> CTE:
        """Return the statement that replaces what is reserved by the actual cost."""
        account = tuple_(Spending.scope, Spending.scope_id)
        locked = (
            select(Spending.scope, Spending.scope_id)
            .where(Spending.hour == self.hour, account.in_(self.accounts))
            .order_by(Spending.scope)  # as `reserve_spending` locks them
            .with_for_update()
            .cte("locked")
        )
        return (
            update(Spending)
            .where(
                Spending.hour == self.hour,
                account.in_(select(locked.c.scope, locked.c.scope_id)),
            )
            .values(usd=func.greatest(0, Spending.usd + (cost - self.usd)))
            .cte("settlement")
        )


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


class Budgets(BudgetPolicy):
    """Reserves in the database, where the decisions of all processes follow each other."""

    def __init__(
        self,
        sessions: Sessions,
        settings: BudgetSettings | None = None,
        clock: Clock | None = None,
        *,
        exempt: Collection[int] = (),
        on_warning: Callable[[float, float], Awaitable[None]] | None = None,
    ) -> None:
        self._sessions = sessions
        self._settings = settings or BudgetSettings()
        self._clock = clock or SystemClock()
        self._exempt = frozenset(exempt)
        self.on_warning = on_warning

    def exempt(self, account_ids: Collection[int]) -> None:
        """Exempt accounts, too: those of the operator, who has no budget."""
        self._exempt |= frozenset(account_ids)

    @override
    async def reserve(
        self, caller: Caller, *, bound_usd: float, expected_usd: float
    ) -> Reservation | None:
        if caller.account_id in self._exempt:
            return None
        now = self._clock.now()
        limits = (self._settings.all, self._settings.server, self._settings.user)
        parameters = {
            "now": now,
            "server": caller.guild_id,
            "account": caller.account_id,
            "key": _account_key(caller.account_id),
            "bound": _decimal(bound_usd),
            "expected": _decimal(expected_usd),
            "usd": [None if each.usd is None else _decimal(each.usd) for each in limits],
            "answers": [each.answers for each in limits],
        }

        async def decide() -> tuple[str | None, datetime | None, float, float | None]:
            async with self._sessions() as session:
                connection = await session.connection(
                    execution_options={"isolation_level": "AUTOCOMMIT"}
                )
                return tuple((await connection.execute(_RESERVE, parameters)).one())

        refused_by, resumes_at, used, budget = await retry_on_disconnect(decide)
        if refused_by is not None:
            log.info("A call for %s is refused: budget %s", caller.purpose, refused_by)
            raise BudgetSpent(BudgetLimit(refused_by), resumes_at)
        if budget and self.on_warning and float(used) >= WARNING_SHARE * float(budget):
            await self.on_warning(float(used), float(budget))
        key = _account_key(caller.account_id)
        accounts = {"all": 0, "server": caller.guild_id, "user": key}
        return Reservation(
            usd=bound_usd,
            hour=now.replace(minute=0, second=0, microsecond=0),
            accounts=[(scope, id_) for scope, id_ in accounts.items() if id_ is not None],
        )


def _account_key(account_id: int | None) -> int | None:
    """Return the key of an account in `spending`, from which nobody reads whose it is.

    So it may stay for a day when all data of an account is deleted, which would otherwise be a way
    to a new budget.
    """
    if account_id is None:
        return None
    digest = hashlib.sha256(f"spending:{account_id}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def _decimal(usd: float) -> Decimal:
    """Return an amount with the digits that are stored; a binary fraction has many more."""
    return Decimal(f"{usd:.8f}")
