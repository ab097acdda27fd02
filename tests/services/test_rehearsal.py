"""Rehearsals: written scenes that personalities perform on a board, in a time that is set."""

from datetime import UTC, datetime, timedelta
from itertools import groupby

from sqlalchemy import func, select, text

from bot.discord.errors import describe
from bot.playground.seeding import read_script
from db.models import Comment, EngineTask, Post, TaskStatus, Vote
from db.session import Sessions
from services.engine import ActType, EngineService, Limits, Presence, Rehearsals, ScriptedAct
from services.llm import LanguageModels
from services.types import Actor
from tests.fakes import HandClock
from tests.services.engine_support import (
    TableAdapter,
    board,
    engine_dependencies,
    seeded_personalities,
)
from tests.vendors.openai import OpenAIStandIn

BOSS = Actor(discord_id=1, name="boss", is_bot_owner=True)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def act(who: str, kind: ActType, hours: float, **details: object) -> ScriptedAct:
    return ScriptedAct(personality=who, kind=kind, before=timedelta(hours=hours), **details)  # pyright: ignore[reportArgumentType]


async def test_a_scene_is_performed_in_its_time_without_a_model(
    sessions: Sessions, models: LanguageModels, openai: OpenAIStandIn
) -> None:
    clock = HandClock(NOW - timedelta(days=3))
    on, members = await board(sessions), await seeded_personalities(sessions)
    dependencies = engine_dependencies(sessions, models, TableAdapter(sessions), clock=clock)
    engine = EngineService(
        sessions, dependencies.planner, Presence(), Limits(), dependencies.timing
    )
    scene = (
        act("mirela", ActType.POST, 30, text="Fog since four."),
        act("bex", ActType.COMMENT, 29, text="told you", answers=0),
        act("mirela", ActType.REPLY, 28, text="You did not.", answers=1),
        act("professor-quill", ActType.VOTE, 27, answers=0),
    )

    count = await Rehearsals(dependencies, engine, describe).perform(
        BOSS, on, members, scene, until=NOW, set_time=lambda at: setattr(clock, "at", at)
    )

    async with sessions() as session:
        post = (await session.scalars(select(Post))).one()
        comments = (await session.scalars(select(Comment).order_by(Comment.created_at))).all()
        votes = await session.scalar(select(func.count()).select_from(Vote))
        said = (await session.execute(text("SELECT content FROM stage ORDER BY id"))).scalars()
        waiting = await session.scalar(
            select(func.count()).where(EngineTask.status == TaskStatus.PENDING)
        )
    assert (count, votes, waiting, openai.requests) == (4, 1, 0, [])
    assert (post.content, post.created_at) == ("Fog since four.", NOW - timedelta(hours=30))
    assert [each.content for each in comments] == ["told you", "You did not."]
    assert comments[1].parent_id == comments[0].id
    assert all("🎭 AI character · written in advance" in each for each in said)


async def test_what_is_refused_takes_its_answers_with_it(
    sessions: Sessions, models: LanguageModels
) -> None:
    clock = HandClock(NOW - timedelta(days=3))
    on, members = await board(sessions), await seeded_personalities(sessions)
    dependencies = engine_dependencies(sessions, models, TableAdapter(sessions), clock=clock)
    engine = EngineService(
        sessions, dependencies.planner, Presence(), Limits(), dependencies.timing
    )
    # The third post of a day is one too many.
    posts = [act("mirela", ActType.POST, 30 - n, text=f"Post {n}.") for n in range(3)]
    scene = (*posts, act("bex", ActType.COMMENT, 20, text="what?", answers=2))

    count = await Rehearsals(dependencies, engine, describe).perform(
        BOSS, on, members, scene, until=NOW, set_time=lambda at: setattr(clock, "at", at)
    )

    assert count == 2


def test_the_script_of_the_playground_keeps_to_the_rules() -> None:
    script = read_script()

    times = [each.before for each in script]
    posts = [(each.personality, each.before.days) for each in script if each.kind == ActType.POST]
    for number, each in enumerate(script):
        assert each.answers is None or each.answers < number
        assert bool(each.text) == (each.kind != ActType.VOTE)
    assert times == sorted(times, reverse=True)
    assert timedelta(0) < times[-1]
    assert times[0] < timedelta(days=3)
    assert all(len(list(same)) <= 2 for _, same in groupby(sorted(posts)))
