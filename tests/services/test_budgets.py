"""Budgets: an amount is reserved before each paid call, and nothing exceeds them."""

import asyncio
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from db.models import AuditEntry, Block, Budget, BudgetScope, SentNotice, Spending
from db.session import Sessions, connect
from services.access import (
    SETTLEMENT,
    BudgetLimit,
    Budgets,
    BudgetSettings,
    BudgetSpent,
    BudgetWarning,
    Caller,
    Limits,
    Reservation,
    is_notice_due,
    sweep,
)
from tests.conftest import ROOT
from tests.fakes import HandClock, Notices

START = datetime(2026, 12, 1, 13, 50, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def clock() -> HandClock:
    return HandClock(at=START)


def budgets_of(
    sessions: Sessions, clock: HandClock, *, usd: float | None = 1, **settings: Limits
) -> Budgets:
    return Budgets(sessions, BudgetSettings(all=Limits(usd), **settings), clock)


def person(account_id: int | None, guild_id: int | None = None) -> Caller:
    return Caller(purpose="chat", account_id=account_id, guild_id=guild_id)


async def reserve(budgets: Budgets, caller: Caller, usd: float) -> Reservation | None:
    return await budgets.reserve(caller, bound_usd=usd, expected_usd=usd)


async def settle(sessions: Sessions, reservation: Reservation | None, cost: float) -> None:
    assert reservation is not None
    async with sessions.begin() as session:
        await session.execute(select(1).add_cte(SETTLEMENT), reservation.settled_at(cost))


async def refusal(budgets: Budgets, caller: Caller, usd: float) -> BudgetSpent:
    with pytest.raises(BudgetSpent) as caught:
        await reserve(budgets, caller, usd)
    return caught.value


async def spent(sessions: Sessions) -> float:
    async with sessions() as session:
        total = select(func.sum(Spending.usd)).where(Spending.scope == "all")
        return float(await session.scalar(total) or 0)


async def test_without_a_budget_everything_is_counted_and_nothing_refused(
    sessions: Sessions, clock: HandClock
) -> None:
    budgets = budgets_of(sessions, clock, usd=None)

    await reserve(budgets, person(1, 7), 50)
    await reserve(budgets, person(1, 7), 50)

    assert await spent(sessions) == 100


async def test_what_is_spent_stays_below_the_budget_and_goes_on_a_day_later(
    sessions: Sessions, clock: HandClock
) -> None:
    budgets = budgets_of(sessions, clock, server=Limits(10), user=Limits(10))
    for _ in range(4):
        await reserve(budgets, person(None), 0.25)

    refused = await refusal(budgets, person(None), 0.01)

    assert refused.limit == BudgetLimit.ALL
    # In any 24 hours: what was spent at 13:50 counts until 14:00 of the next day.
    assert refused.resumes_at == START.replace(minute=0) + DAY + HOUR
    clock.at += DAY
    await refusal(budgets, person(None), 0.01)
    clock.at += timedelta(minutes=10)
    await reserve(budgets, person(None), 0.25)


async def test_what_a_call_did_not_cost_is_free_again(sessions: Sessions, clock: HandClock) -> None:
    budgets = budgets_of(sessions, clock, server=Limits(10))
    reservation = await reserve(budgets, person(None, 7), 1)
    await refusal(budgets, person(None, 7), 0.5)

    await settle(sessions, reservation, 0.25)

    assert await spent(sessions) == 0.25
    await reserve(budgets, person(None, 7), 0.5)


async def test_a_server_and_a_user_have_parts_of_the_budget(
    sessions: Sessions, clock: HandClock
) -> None:
    budgets = budgets_of(sessions, clock)
    await reserve(budgets, person(None, 7), 0.4)

    assert (await refusal(budgets, person(None, 7), 0.01)).limit == BudgetLimit.SERVER
    await reserve(budgets, person(None, 8), 0.01)
    await reserve(budgets, person(1), 0.1)
    assert (await refusal(budgets, person(1), 0.01)).limit == BudgetLimit.USER


async def test_answers_are_counted_whatever_they_cost(sessions: Sessions, clock: HandClock) -> None:
    budgets = budgets_of(sessions, clock, usd=None, user=Limits(answers=2))
    await reserve(budgets, person(1), 0)
    await reserve(budgets, person(1), 0)

    assert (await refusal(budgets, person(1), 0)).limit == BudgetLimit.USER
    await reserve(budgets, person(2), 0)


async def test_a_budget_of_its_own_comes_before_the_others(
    sessions: Sessions, clock: HandClock
) -> None:
    async with sessions.begin() as session:
        session.add(Budget(scope=BudgetScope.ALL, usd=2, set_by=99))
        session.add(Budget(scope=BudgetScope.SERVER, scope_id=7, usd=0.5, set_by=99))
        session.add(Budget(scope=BudgetScope.EACH_SERVER, usd=0.1, set_by=99))
    budgets = budgets_of(sessions, clock)

    await reserve(budgets, person(None, 7), 0.5)
    assert (await refusal(budgets, person(None, 7), 0.01)).limit == BudgetLimit.SERVER
    assert (await refusal(budgets, person(None, 8), 0.11)).limit == BudgetLimit.SERVER
    await reserve(budgets, person(None), 1.4)
    assert (await refusal(budgets, person(None), 0.2)).limit == BudgetLimit.ALL


async def test_the_operator_has_no_budget_and_uses_up_nobodys(
    sessions: Sessions, clock: HandClock
) -> None:
    budgets = budgets_of(sessions, clock)
    budgets.exempt({1})

    assert await reserve(budgets, person(1, 7), 50) is None

    assert await spent(sessions) == 0


async def test_the_operator_is_told_once_when_most_is_spent(
    sessions: Sessions, clock: HandClock
) -> None:
    notices = Notices()
    for budgets in (budgets_of(sessions, clock, server=Limits(1)) for _ in range(2)):
        budgets.exempt({99})
        budgets.warn_by(notices)
        await reserve(budgets, person(None), 0.41)
        await reserve(budgets, person(None), 0.01)

    await asyncio.wait_for(notices.told.wait(), 5)
    assert notices.dms == [(99, BudgetWarning(0.83, 1.0))]


async def test_who_comes_first_does_not_take_the_shares_of_others(
    sessions: Sessions, clock: HandClock
) -> None:
    budgets = budgets_of(sessions, clock, user=Limits(1))
    clock.at = START.replace(minute=0)
    # A tenth of the budget is there at once, for whoever is there.
    for _ in range(10):
        await reserve(budgets, person(1), 0.01)
    refused = await refusal(budgets, person(1), 0.01)
    assert (refused.limit, refused.resumes_at) == (
        BudgetLimit.SHARE,
        START.replace(minute=0) + HOUR,
    )
    # A second person has half of it, and of what has accrued since.
    for _ in range(5):
        await reserve(budgets, person(2), 0.01)
    await refusal(budgets, person(2), 0.01)
    clock.at += 4 * HOUR
    await reserve(budgets, person(2), 0.01)

    clock.at += 20 * HOUR
    for _ in range(40):
        await reserve(budgets, person(2), 0.01)


async def test_the_hostile_who_never_pause_take_little_more_than_their_shares(
    sessions: Sessions, clock: HandClock
) -> None:
    budgets, rng = budgets_of(sessions, clock), random.Random(7)
    hostile, innocent = range(1, 11), range(1000, 1100)
    arrivals = sorted((rng.random(), account) for account in innocent for _ in range(2))
    taken = answered = 0

    async def is_granted(account: int) -> bool:
        try:
            await reserve(budgets, person(account), 0.003)
        except BudgetSpent:
            return False
        return True

    for at, account in arrivals:
        clock.at = START + at * DAY
        taken += sum([await is_granted(each) for each in hostile])
        answered += await is_granted(account)

    assert taken * 0.003 <= 0.15
    assert answered >= 0.9 * len(arrivals)


_RACER = """
import asyncio, random, sys
from datetime import UTC, datetime, timedelta
from db.session import connect
from services.access import SETTLEMENT, Budgets, BudgetSettings, BudgetSpent, Caller, Limits
from sqlalchemy import select
from tests.fakes import HandClock

async def main(url, seed):
    rng = random.Random(seed)
    clock = HandClock(at=datetime(2026, 12, 1, 13, 59, tzinfo=UTC))
    async with connect(url) as sessions:
        budgets = Budgets(sessions, BudgetSettings(all=Limits(1), server=Limits(0.4)), clock)
        async def ask(n):
            clock.at = datetime(2026, 12, 1, 13, 59, tzinfo=UTC) + timedelta(seconds=n)
            caller = Caller(
                purpose="chat", account_id=rng.randrange(1, 40), guild_id=rng.randrange(1, 4)
            )
            try:
                held = await budgets.reserve(caller, bound_usd=0.02, expected_usd=0.0001)
            except BudgetSpent:
                return
            async with sessions.begin() as session:
                cost = rng.choice([0.02, 0.005, 0.0])
                await session.execute(select(1).add_cte(SETTLEMENT), held.settled_at(cost))
        await asyncio.gather(*(ask(n) for n in range(120)))

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


async def test_processes_that_race_never_exceed_a_budget(
    sessions: Sessions, database_url: str
) -> None:
    racing = [
        subprocess.Popen(  # noqa: S603, ASYNC220 - our own code, started at once
            [sys.executable, "-c", _RACER, database_url, str(seed)], cwd=ROOT
        )
        for seed in range(2)
    ]
    highest: dict[str, float] = {}
    while any(each.poll() is None for each in racing):
        async with sessions() as session:
            rows = await session.execute(
                select(Spending.scope, Spending.scope_id, func.sum(Spending.usd)).group_by(
                    Spending.scope, Spending.scope_id
                )
            )
            for scope, _, usd in rows:
                highest[scope] = max(highest.get(scope, 0), float(usd))
        await asyncio.sleep(0.01)

    assert [each.wait() for each in racing] == [0, 0]
    assert highest["all"] <= 1
    assert highest["server"] <= 0.4
    assert highest["user"] <= 0.1
    async with connect(database_url) as others, others() as session:
        accounts = await session.scalar(
            select(func.count(func.distinct(Spending.scope_id))).where(Spending.scope == "user")
        )
        people = await session.scalar(select(func.sum(Spending.people)))
    assert people == accounts


async def test_what_is_kept_for_a_while_only_is_swept(sessions: Sessions) -> None:
    old = datetime.now(UTC) - timedelta(days=200)
    async with sessions.begin() as session:
        session.add_all(
            [
                Spending(scope="all", scope_id=0, hour=old, usd=1, answers=1, people=0),
                Block(level="operator", target="user", target_id=1, created_by=9, ends_at=old),
                Block(level="operator", target="user", target_id=2, created_by=9),
                AuditEntry(actor_id=9, action="budget", subject="all"),
            ]
        )
        await session.execute(update(AuditEntry).values(created_at=old))
        await is_notice_due(session, 1, "all", every=HOUR)

        await sweep(session)

        counts = [
            await session.scalar(select(func.count()).select_from(table))
            for table in (Spending, Block, AuditEntry, SentNotice)
        ]
    assert counts == [0, 1, 0, 1]
