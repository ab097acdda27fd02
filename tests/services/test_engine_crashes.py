"""Acts whose process is killed, wherever it is, are done once all the same."""

import random
import signal
from pathlib import Path

import pytest

from db.models import Comment, EngineAct, Media, Post, Vote
from db.session import Sessions
from services.engine import ActType, TaskStatus
from services.llm import LanguageModels
from services.painters import Studio
from tests.services.acting import (
    TableStage,
    act,
    board,
    cast,
    count,
    desk,
    intend,
    settled,
    something,
    staged,
    tasks,
    worker,
)
from tests.services.dying import process
from tests.services.working import end_leases
from tests.vendors.openai import OpenAIStandIn
from tests.vendors.replicate import ReplicateStandIn

POINTS = {
    ActType.POST: 9,
    ActType.COMMENT: 9,
    ActType.REPLY: 9,
    ActType.VOTE: 5,
    ActType.IMAGE_POST: 17,
}


@pytest.mark.parametrize("kind", POINTS)
async def test_a_kill_at_any_point_loses_and_doubles_nothing(
    sessions: Sessions,
    database_url: str,
    openai: OpenAIStandIn,
    models: LanguageModels,
    replicate: ReplicateStandIn,
    studio: Studio,
    tmp_path: Path,
    kind: ActType,
) -> None:
    chance = random.Random(7)
    openai.answer = lambda _: " ".join(f"word{chance.randrange(10**6)}" for _ in range(9)) + "."
    on = await board(sessions, acts_per_day=1000)
    someone, other, _ = await cast(sessions)
    desk_ = desk(sessions, models, TableStage(sessions), studio=studio)
    away = (database_url, openai.url, replicate.url, tmp_path / "media")

    async def begin() -> None:
        post, comment = await something(sessions, on, by=other)
        has_target = kind not in (ActType.POST, ActType.IMAGE_POST)
        await intend(
            sessions,
            on,
            someone,
            kind,
            post=post if has_target else None,
            comment=comment if kind == ActType.REPLY else None,
        )

    await begin()
    code, points = await process(act, -1, *away)
    assert (code, len(points)) == (0, POINTS[kind])
    await forget_the_hour(sessions)

    for ordinal in range(len(points)):
        await begin()
        killed, _ = await process(act, ordinal, *away)
        await end_leases(sessions)
        async with worker(sessions, desk_).working():
            await settled(sessions)
        assert killed == -signal.SIGKILL, points[ordinal]
        await forget_the_hour(sessions)

    rounds = len(points) + 1
    assert [task.status for task in await tasks(sessions)] == [TaskStatus.DONE] * rounds
    said = await staged(sessions)
    assert len(said) == len(set(said)) == (0 if kind == ActType.VOTE else rounds)
    left = {ActType.POST: Post, ActType.IMAGE_POST: Post, ActType.VOTE: Vote}.get(kind, Comment)
    of_people = {ActType.VOTE: 0}.get(kind, rounds)
    assert await count(sessions, left) == rounds + of_people
    assert await count(sessions, EngineAct) == rounds
    painted = rounds if kind == ActType.IMAGE_POST else 0
    assert len(replicate.predictions) == await count(sessions, Media) == painted


async def forget_the_hour(sessions: Sessions) -> None:
    """Let what was done be long ago, so that no cap is in the way of the next."""
    async with sessions.begin() as session:
        for task in await tasks(sessions):
            if task.started_at is not None:
                changed = await session.merge(task)
                changed.started_at = task.started_at.replace(year=2020)
