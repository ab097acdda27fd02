"""Boards in trouble: things and people that go away, clocks, and what nobody is to find again."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from typing_extensions import override

from db.models import Board, BoardKind, EngineState, JobStatus, Post
from db.session import Sessions
from services.chat import ChannelNotFound
from services.clock import Clock, SystemClock
from services.engine import (
    ActType,
    BoardLocation,
    EngineScheduler,
    EngineTiming,
    Limits,
    Planner,
    Presence,
    TaskStatus,
)
from services.engine.types import EngineSnapshot, OpenBoard, Participant
from services.llm import LanguageModels
from services.privacy import PrivacyService
from services.types import Actor
from tests.services.engine_support import (
    TableStage,
    board,
    cast,
    desk,
    intend,
    something,
    staged,
    tasks,
    worker,
)
from tests.services.job_support import all_ended, statuses
from tests.services.sharing_support import has_posted
from tests.vendors.openai import OpenAIStandIn


class Gone(TableStage):
    """A stage whose channel was deleted."""

    @override
    async def check(self, location: BoardLocation) -> None:
        raise ChannelNotFound


async def test_a_board_whose_channel_is_gone_is_closed_before_anybody_is_paid(
    sessions: Sessions, openai: OpenAIStandIn, models: LanguageModels
) -> None:
    on = await board(sessions)
    for who in await cast(sessions):
        await intend(sessions, on, who, ActType.POST)

    async with worker(sessions, desk(sessions, models, Gone(sessions)), at_once=1).running():
        await all_ended(sessions)

    async with sessions() as session:
        closed = await session.get_one(Board, on.id)
    assert closed.closed_why == "the channel is gone"
    assert {each.reason for each in await tasks(sessions)} == {"board closed"}
    assert openai.requests == []


async def test_whoever_is_deleted_leaves_no_job_behind(
    sessions: Sessions, openai: OpenAIStandIn, models: LanguageModels
) -> None:
    openai.answer = lambda _: "The tide took my second best net and left a boot in it."
    on = await board(sessions)
    bex = (await cast(sessions))[0]
    post, _ = await something(sessions, on)
    await intend(sessions, on, bex, ActType.COMMENT, post=post)
    await intend(sessions, on, bex, ActType.POST)
    await PrivacyService(sessions).delete(Actor(discord_id=5, name="Alice"))
    async with sessions.begin() as session:
        await session.execute(text("DELETE FROM engine_tasks WHERE task_type = 'post'"))

    async with worker(sessions, desk(sessions, models, TableStage(sessions))).running():
        await all_ended(sessions)

    (left,) = await tasks(sessions)
    assert (left.status, left.reason, left.post_id) == ("SKIPPED", "target gone", None)
    assert await statuses(sessions) == {JobStatus.DONE: 2}
    assert await staged(sessions) == []


async def test_an_unknown_price_does_not_lift_the_budget(
    sessions: Sessions, openai: OpenAIStandIn, models: LanguageModels
) -> None:
    openai.answer = lambda _: f"word{uuid4().hex} " * 9
    async with sessions.begin() as session:
        await session.execute(text("UPDATE llm_configs SET model = 'openai/who-knows'"))
    on = await board(sessions, daily_budget_usd=0.25, acts_per_day=1000)
    for number in range(8):
        who = (await cast(sessions))[number % 3]
        await intend(sessions, on, who, ActType.POST)
    limits = Limits(acts_per_hour=100, posts_per_day=100)

    made = desk(sessions, models, TableStage(sessions), limits=limits)
    async with worker(sessions, made).running():
        await all_ended(sessions)

    done = [each for each in await tasks(sessions) if each.status == TaskStatus.DONE]
    assert sum(each.cost_usd or 0 for each in done) > 0
    assert sum(each.cost_usd or 0 for each in await tasks(sessions)) <= 0.25


async def test_a_guest_never_speaks_twice_in_a_row(
    sessions: Sessions, openai: OpenAIStandIn, models: LanguageModels
) -> None:
    openai.answer = lambda _: f"word{uuid4().hex} word{uuid4().hex} word{uuid4().hex}."
    on = await board(sessions, kind=BoardKind.GUEST)
    post, _ = await something(sessions, on)
    for who in await cast(sessions):
        await intend(sessions, on, who, ActType.COMMENT, post=post)

    async with worker(sessions, desk(sessions, models, TableStage(sessions))).running():
        await all_ended(sessions)

    assert len(await staged(sessions)) == 1
    assert sorted(each.reason or "" for each in await tasks(sessions)) == ["", "guest", "guest"]


class Leaping(Clock):
    """Time that goes by as fast as a test wants."""

    def __init__(self) -> None:
        self.time = SystemClock().now()

    @override
    def now(self) -> datetime:
        return self.time

    @override
    def real_duration(self, span: timedelta) -> timedelta:
        return timedelta(0)


async def live(sessions: Sessions, models: LanguageModels, *, days: int) -> None:
    """Let some days pass on every board."""
    clock, step = Leaping(), timedelta(hours=3)
    made = desk(sessions, models, TableStage(sessions), clock=clock)
    tempo = EngineTiming(clock=clock, interval=step, tasks_per_tick=100)
    loop = EngineScheduler(sessions, Planner(Presence(pace=12), Limits()), tempo)
    async with worker(sessions, made).running():
        for _ in range(days * 8):
            clock.time += step
            await loop.tick()
            await all_ended(sessions)


async def test_a_word_of_an_opted_out_member_is_nowhere_also_after_a_week(
    sessions: Sessions,
    database_url: str,
    openai: OpenAIStandIn,
    models: LanguageModels,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    canary = "xylocanary"
    on = await board(sessions)
    post, _ = await something(sessions, on)
    async with sessions.begin() as session:
        (await session.get_one(Post, post.id)).content = f"I am {canary}."
    openai.answer = lambda _: f"word{uuid4().hex} word{uuid4().hex} {canary}."
    for who in await cast(sessions):
        await intend(sessions, on, who, ActType.COMMENT, post=post)
    async with worker(sessions, desk(sessions, models, TableStage(sessions))).running():
        await all_ended(sessions)
    asked = len(openai.requests)

    await PrivacyService(sessions).opt_out(Actor(discord_id=5, name="Alice"))
    openai.answer = lambda _: f"word{uuid4().hex} word{uuid4().hex}."
    await live(sessions, models, days=7)

    assert len(openai.requests) > asked
    assert canary not in str(openai.requests[asked:])
    assert canary not in caplog.text
    async with sessions() as session:
        tables = await session.execute(
            text(
                "SELECT table_schema || '.' || table_name FROM information_schema.tables "
                "WHERE table_schema IN ('public', 'jobs') AND table_name <> 'stage'"
            )
        )
        found = [
            name
            for (name,) in tables.all()
            if await session.scalar(
                text(f"SELECT count(*) FROM {name} t WHERE t::text LIKE :word"),  # noqa: S608
                {"word": f"%{canary}%"},
            )
        ]
    assert found == []


def quiet(at: datetime, begin: str, end: str, zone: str) -> bool:
    made = OpenBoard(
        id=uuid4(),
        kind=BoardKind.STAGE,
        quiet_from=time.fromisoformat(begin),
        quiet_until=time.fromisoformat(end),
        time_zone=zone,
    )
    return Planner(Presence(), Limits()).is_quiet(made, at)


@pytest.mark.parametrize(
    ("at", "is_so"),
    [
        (datetime(2026, 6, 1, 20, 59, tzinfo=UTC), False),  # 22:59 in Berlin
        (datetime(2026, 6, 1, 21, 0, tzinfo=UTC), True),
        (datetime(2026, 12, 1, 21, 59, tzinfo=UTC), False),  # an hour later in winter
        (datetime(2026, 12, 1, 22, 0, tzinfo=UTC), True),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), True),  # the hour that comes twice
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), True),
        (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), True),  # just after the one that never comes
        (datetime(2026, 3, 29, 5, 0, tzinfo=UTC), False),
    ],
)
def test_quiet_hours_are_those_of_the_clock_on_the_wall(at: datetime, is_so: bool) -> None:  # noqa: FBT001
    assert quiet(at, "23:00", "07:00", "Europe/Berlin") == is_so


def test_two_hundred_boards_with_one_personality_are_no_more_than_one() -> None:
    boards = {id_: OpenBoard(id=id_, kind=BoardKind.STAGE) for id_ in (uuid4() for _ in range(200))}
    seat = Participant(id=uuid4(), name="Ada", seed="2:7", boards=tuple(boards))
    planner = Planner(Presence(pace=5), Limits())
    begin = datetime(2026, 1, 5, tzinfo=UTC)
    many = EngineSnapshot(boards=boards, participants={seat.id: seat})
    one = EngineSnapshot(
        boards={each: boards[each] for each in seat.boards[:1]},
        participants={seat.id: replace(seat, boards=seat.boards[:1])},
    )

    everywhere = planner.plan(many, begin, begin + timedelta(days=10))
    alone = planner.plan(one, begin, begin + timedelta(days=10))

    # Nobody is there more often for having more places to be.
    assert 0 < len(alone) <= 2 * 11
    assert 0 < len(everywhere) <= 2 * 11
    assert len({each.board_id for each in everywhere}) > 5


async def test_a_clock_that_jumped_ahead_and_back_does_not_stop_the_engine(
    sessions: Sessions, models: LanguageModels
) -> None:
    await board(sessions)
    tempo = EngineTiming(clock=SystemClock(), interval=timedelta(minutes=2), tasks_per_tick=5)
    loop = EngineScheduler(sessions, Planner(Presence(pace=3000), Limits()), tempo)
    async with sessions.begin() as session:
        ahead = SystemClock().now() + timedelta(days=30)
        session.add(EngineState(planned_until=ahead))

    await loop.tick()

    async with sessions() as session:
        state = await session.get_one(EngineState, 1)
    assert state.planned_until is not None
    assert state.planned_until < SystemClock().now() + timedelta(minutes=3)


async def test_what_was_posted_elsewhere_is_known_on_the_boards_of_that_server(
    sessions: Sessions, models: LanguageModels, openai: OpenAIStandIn
) -> None:
    opened = await board(sessions)
    who = (await cast(sessions))[0]
    await has_posted(sessions, who.id, "The lamp is lit.", "A lighthouse <b>", guild_id=7)
    await has_posted(sessions, who.id, "Nobody may know.", guild_id=8)
    await has_posted(sessions, who.id, "Nor this.", guild_id=7, is_public=False)
    await intend(sessions, opened, who, ActType.POST)

    async with worker(sessions, desk(sessions, models, TableStage(sessions))).running():
        await all_ended(sessions)

    (prompt, *_) = openai.prompts
    assert "Photos you posted lately, of which you may speak:" in prompt
    assert "- A lighthouse ‹b› The lamp is lit." in prompt
    assert "Nobody may know" not in prompt
    assert "Nor this" not in prompt
