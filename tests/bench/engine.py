"""The cost of a tick, and acts per second, beside a million old tasks."""

import asyncio
import statistics
import time
from datetime import timedelta

from sqlalchemy import select, text

from db.models import Board, BoardMember, Personality
from db.session import Sessions, connect
from services.clock import SystemClock
from services.engine import ActType, EngineScheduler, EngineTiming, Limits, Planner, Presence
from services.llm import PRICES, ConfiguredVendor, LanguageModels, Ledger, background_calls
from services.llm.openai_compatible import Dialect, OpenAICompatible
from services.seeds import seed
from tests.bench.chat import TimedVendor
from tests.bench.measure import Measure
from tests.services.engine_support import (
    TableAdapter,
    board,
    engine_dependencies,
    enqueue_act,
    worker,
)
from tests.services.job_support import all_ended

OLD, BOARDS, FEW, MANY, TICKS, ACTS = 1_000_000, 10, 100, 1000, 15, 200
_PEOPLE = text("""
WITH people AS (
    INSERT INTO personalities (name, slug) SELECT 'P' || n, 'p-' || n
    FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n RETURNING id
), numbered AS (SELECT id, row_number() OVER () AS n FROM people),
places AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM boards)
INSERT INTO board_members (board_id, personality_id)
SELECT places.id, numbered.id FROM numbered JOIN places ON places.n = 1 + numbered.n % :boards
""")
_OLD = text("""
INSERT INTO engine_tasks (personality_id, task_type, board_id, status, scheduled_at, started_at,
                          completed_at, created_at, cost_usd)
SELECT m.personality_id, 'vote', m.board_id, 'DONE', at, at, at, at, 0 FROM (
    SELECT 1 + n % (SELECT count(*) FROM board_members) AS n, now() - n * interval '30 s' AS at
    FROM generate_series(1, CAST(:count AS int)) n
) each JOIN (SELECT *, row_number() OVER () AS n FROM board_members) m ON m.n = each.n
""")


def measure(url: str) -> list[Measure]:
    """Return the milliseconds of a tick for 100 and 1,000 personalities, and acts per second."""
    return asyncio.run(_measure(url))


async def _measure(url: str) -> list[Measure]:
    vendor = TimedVendor()
    async with (
        connect(url) as sessions,
        background_calls() as background,
        vendor.running() as address,
    ):
        texts = OpenAICompatible(
            "openai", api_key="x", base_url=address, dialect=Dialect(cache_key=True)
        )
        await seed(sessions, vendors={"openai"})
        models = LanguageModels(
            Ledger(sessions, PRICES), background, {"openai": ConfiguredVendor(texts, "gpt-6-luna")}
        )
        target_board = await board(sessions, acts_per_day=1_000_000, daily_budget_usd=10_000)
        await _add_boards(sessions)
        await _add_people(sessions, 1, FEW)
        await _add_old(sessions)
        few = await _measure_ticks(sessions)
        await _add_people(sessions, FEW + 1, MANY)
        many = await _measure_ticks(sessions)
        rate = await _measure_acts(sessions, models, target_board)
        await texts.close()
    return [
        Measure("engine_beat_100_ms", few, "ms"),
        Measure("engine_beat_1000_ms", many, "ms"),
        Measure("engine_beat_ratio", many / few, "× 100 personalities", aim="≤ 15"),
        Measure("engine_acts_per_s", rate, "acts/s"),
    ]


async def _add_boards(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add_all(
            Board(channel_id=1000 + n, guild_id=7, daily_budget_usd=10_000, acts_per_day=1_000_000)
            for n in range(BOARDS - 1)
        )


async def _add_people(sessions: Sessions, first: int, last: int) -> None:
    async with sessions.begin() as session:
        await session.execute(_PEOPLE, {"first": first, "last": last, "boards": BOARDS})


async def _add_old(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(_OLD, {"count": OLD})
    async with sessions.begin() as session:
        await session.execute(text("ANALYZE"))


async def _measure_ticks(sessions: Sessions) -> float:
    """Return the median milliseconds of a tick in which nobody acts."""
    clock = SystemClock()
    interval = timedelta(milliseconds=1)
    timing = EngineTiming(clock=clock, interval=interval, tasks_per_tick=5)
    scheduler = EngineScheduler(sessions, Planner(Presence(), Limits()), timing)
    took: list[float] = []
    for _ in range(TICKS):
        began = time.perf_counter()
        await scheduler.tick()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


async def _measure_acts(sessions: Sessions, models: LanguageModels, target_board: Board) -> float:
    """Return how many posts per second are planned, written, checked, sent and stored."""
    limits = Limits(requests_per_minute=1_000_000)
    dependencies = engine_dependencies(sessions, models, TableAdapter(sessions), limits=limits)
    async with sessions() as session:
        seated = await session.execute(
            select(Board, Personality)
            .join(BoardMember, BoardMember.board_id == Board.id)
            .join(Personality, Personality.id == BoardMember.personality_id)
            .where(Board.id != target_board.id)
            .order_by(Personality.created_at, Personality.id)
            .limit(ACTS)
        )
        for board_row, personality in seated.all():
            await enqueue_act(sessions, board_row, personality, ActType.POST)
    began = time.perf_counter()
    async with worker(sessions, dependencies, lanes={"engine": 10}).running():
        await all_ended(sessions, seconds=300)
    return ACTS / (time.perf_counter() - began)
