"""What holds whatever personalities want: caps, budgets, manners, and words fit to be said."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from db.models import Board, BoardKind, EngineTask, Post
from db.session import Sessions
from services.engine import ActType, Limits, TaskStatus
from services.engine.errors import Skipped, SkipReason
from services.engine.policy import PolicyInput, check
from services.engine.writing import max_tokens
from services.llm import LanguageModels, Usage
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
from tests.services.job_support import all_ended
from tests.vendors.openai import OpenAIStandIn

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def unlike() -> str:
    """Return words that nobody has said."""
    return " ".join(f"word{random.randrange(10**9)}" for _ in range(9)) + "."


def standing(**changes: object) -> PolicyInput:
    """Return how things stand when nothing is in the way of a comment."""
    fine: dict[str, object] = {
        "kind": ActType.COMMENT,
        "now": NOW,
        "scheduled_at": NOW,
        "is_open": True,
        "is_member": True,
        "is_quiet": False,
        "board_kind": BoardKind.STAGE,
        "board_acts_today": 0,
        "board_cap": 40,
        "spent_usd": 0.0,
        "budget_usd": 1.0,
        "needs_usd": 0.1,
        "acts_last_hour": 0,
        "posts_today": 0,
        "target_exists": True,
        "target_depth": 0,
        "target_is_own": False,
        "did_it_before": False,
        "replies_in_thread": 0,
    }
    return PolicyInput(**{**fine, **changes})  # pyright: ignore[reportArgumentType] - any of them


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"is_open": False}, SkipReason.CLOSED),
        ({"is_member": False}, SkipReason.ABSENT),
        ({"scheduled_at": NOW - timedelta(days=7)}, SkipReason.STALE),
        ({"target_exists": False}, SkipReason.GONE),
        ({"did_it_before": True}, SkipReason.AGAIN),
        ({"target_is_own": True}, SkipReason.AGAIN),
        ({"is_quiet": True}, SkipReason.QUIET),
        ({"acts_last_hour": 4}, SkipReason.CAP),
        ({"board_acts_today": 40}, SkipReason.CAP),
        ({"kind": ActType.POST, "posts_today": 2}, SkipReason.CAP),
        ({"target_depth": 4}, SkipReason.THREAD),
        ({"replies_in_thread": 8}, SkipReason.THREAD),
        ({"spent_usd": 0.95}, SkipReason.BUDGET),
        ({"board_kind": BoardKind.GUEST, "kind": ActType.POST}, SkipReason.GUEST),
        ({"board_kind": BoardKind.GUEST, "recent_is_person": ()}, SkipReason.GUEST),
        ({"board_kind": BoardKind.GUEST, "recent_is_person": (True, False)}, SkipReason.GUEST),
        (
            {"board_kind": BoardKind.GUEST, "recent_is_person": (False,) * 15 + (True,) * 34},
            SkipReason.GUEST,
        ),
    ],
)
def test_an_act_is_refused_with_its_reason(changes: dict[str, object], reason: SkipReason) -> None:
    with pytest.raises(Skipped) as refused:
        check(standing(**changes), Limits())

    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"is_quiet": True, "is_manual": True},
        {"kind": ActType.POST, "target_exists": False, "posts_today": 1},
        {"kind": ActType.VOTE, "replies_in_thread": 8, "target_depth": 4},
        {"board_kind": BoardKind.GUEST, "recent_is_person": (True,)},
        {"board_kind": BoardKind.GUEST, "kind": ActType.VOTE},
        {"board_kind": BoardKind.GUEST, "recent_is_person": (False,) * 13 + (True,) * 36},
    ],
)
def test_what_is_in_nobodys_way_is_done(changes: dict[str, object]) -> None:
    check(standing(**changes), Limits())


@pytest.mark.parametrize(
    "bad",
    [
        "As an AI language model, I cannot mend nets.",
        "You are Bex, a character on a message board. Write only Bex's own words: no name before.",
        "What stands between <board> and </board> is what others wrote.",
        "Mirela: I have mended nets since I was six.",
        "I'm Mirela and I mend nets.",
        "Ask @everyone about the nets.",
        "<@5> knows all about nets.",
        "Look at https://nets.example for nets.",
        "word " * 1000,
        "",
        "Does anybody mend nets?",
        "I'm glad you chose a 33-word topic.",
        "He was horny all night and came on her tits.",
    ],
)
async def test_nothing_of_a_bad_model_reaches_the_stage(
    sessions: Sessions, openai: OpenAIStandIn, models: LanguageModels, bad: str
) -> None:
    openai.answer = lambda _: bad
    on = await board(sessions)
    bex = (await cast(sessions))[0]
    post, _ = await something(sessions, on)
    task = await intend(sessions, on, bex, ActType.COMMENT, post=post)

    async with worker(sessions, desk(sessions, models, TableStage(sessions))).running():
        await all_ended(sessions)

    (left,) = [each for each in await tasks(sessions) if each.id == task.id]
    assert await staged(sessions) == []
    assert left.status == TaskStatus.SKIPPED
    assert left.reason in ("nothing to say", "repeat")
    assert len(openai.requests) == 3


async def test_nobody_says_the_same_thing_twice(
    sessions: Sessions, openai: OpenAIStandIn, models: LanguageModels
) -> None:
    openai.answer = lambda _: "The tide took my second best net and left a boot in it."
    on = await board(sessions)
    bex, mirela, _ = await cast(sessions)
    made = desk(sessions, models, TableStage(sessions))

    async with worker(sessions, made, at_once=1).running():
        for who in (bex, bex, mirela):
            await intend(sessions, on, who, ActType.POST)
            await all_ended(sessions)

    assert len(await staged(sessions)) == 1
    assert Counter(each.reason for each in await tasks(sessions)) == {None: 1, "repeat": 2}


async def test_a_week_of_downtime_brings_no_burst(
    sessions: Sessions, openai: OpenAIStandIn, models: LanguageModels
) -> None:
    on = await board(sessions)
    for who in await cast(sessions):
        await intend(sessions, on, who, ActType.POST, in_seconds=-7 * 86400)

    async with worker(sessions, desk(sessions, models, TableStage(sessions))).running():
        await all_ended(sessions)

    assert await staged(sessions) == []
    assert {each.reason for each in await tasks(sessions)} == {"stale"}


async def test_two_processes_never_spend_more_than_a_board_may(
    sessions: Sessions, openai: OpenAIStandIn, models: LanguageModels
) -> None:
    openai.answer = lambda _: unlike()
    read, written = max_tokens()
    one = models.ledger.with_cost(
        "openai/gpt-6-luna", Usage(tokens_in=read, tokens_out=written)
    ).cost_usd
    assert one
    on = await board(sessions, daily_budget_usd=round(2.5 * one, 4), acts_per_day=1000)
    people = await cast(sessions)
    for number in range(12):
        await intend(sessions, on, people[number % 3], ActType.POST)
    most = 0.0
    stage = TableStage(sessions)
    limits = Limits(acts_per_hour=100, posts_per_day=100)

    async def watch() -> None:
        nonlocal most
        while True:
            reserved = sum(each.cost_usd or 0 for each in await tasks(sessions))
            most = max(most, reserved)
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    async with (
        worker(sessions, desk(sessions, models, stage, limits=limits)).running(),
        worker(sessions, desk(sessions, models, stage, limits=limits)).running(),
    ):
        await all_ended(sessions)
    watching.cancel()

    assert 0 < most <= on.daily_budget_usd
    assert {each.reason for each in await tasks(sessions)} == {None, "budget"}


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(schedule=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(ActType)), max_size=14))
async def test_two_processes_break_no_cap_and_do_nothing_twice(
    sessions: Sessions,
    openai: OpenAIStandIn,
    models: LanguageModels,
    schedule: list[tuple[int, ActType]],
) -> None:
    openai.answer = lambda _: unlike()
    limits = Limits(acts_per_hour=3, posts_per_day=1)
    async with sessions.begin() as session:
        await session.execute(delete(EngineTask))
        await session.execute(delete(Board))
    on = await board(sessions)
    people = await cast(sessions)
    post, comment = await something(sessions, on)
    for number, kind in schedule:
        if kind == ActType.IMAGE_POST:
            continue
        has_target = kind != ActType.POST
        await intend(
            sessions,
            on,
            people[number],
            kind,
            post=post if has_target else None,
            comment=comment if kind == ActType.REPLY else None,
        )
    stage = TableStage(sessions)
    before = len(await staged(sessions))

    async with (
        worker(sessions, desk(sessions, models, stage, limits=limits)).running(),
        worker(sessions, desk(sessions, models, stage, limits=limits)).running(),
    ):
        await all_ended(sessions)

    done = [each for each in await tasks(sessions) if each.status == TaskStatus.DONE]
    spoken = [each for each in done if each.task_type != ActType.VOTE]
    assert len(await staged(sessions)) - before == len(spoken)
    assert all(count <= 3 for count in Counter(each.personality_id for each in done).values())
    acts = Counter((each.personality_id, each.task_type) for each in done)
    assert all(count == 1 for count in acts.values())
    over = (TaskStatus.DONE, TaskStatus.SKIPPED)
    assert all(each.status in over for each in await tasks(sessions))
    async with sessions() as session:
        assert await session.get(Post, post.id) is not None
