"""Acts whose process is killed at any checkpoint are performed once."""

import random
import signal
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from db.models import ActionType, BoardMember, Comment, EngineAct, Job, JobStatus, Media, Post, Vote
from db.session import Sessions
from services.engine import ActType, TaskStatus
from services.images import ImagePipeline
from services.llm import LanguageModels
from tests.services.chat_adapters import act_on_discord, board_location, received
from tests.services.crashes import process
from tests.services.engine_support import (
    TableAdapter,
    act,
    board,
    count,
    create_post_and_comment,
    engine_dependencies,
    enqueue_act,
    seeded_personalities,
    sent_messages,
    tasks,
    worker,
)
from tests.services.job_support import all_ended, end_leases
from tests.vendors.openai import OpenAIStandIn
from tests.vendors.replicate import ReplicateStandIn

pytestmark = pytest.mark.slow

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
    studio: ImagePipeline,
    tmp_path: Path,
    kind: ActType,
) -> None:
    chance = random.Random(7)
    openai.answer = lambda _: " ".join(f"word{chance.randrange(10**6)}" for _ in range(9)) + "."
    on = await board(sessions, acts_per_day=1000)
    someone, other, _ = await seeded_personalities(sessions)
    dependencies = engine_dependencies(sessions, models, TableAdapter(sessions), studio=studio)
    away = (database_url, openai.url, replicate.url, tmp_path / "media")

    has_target = kind not in (ActType.POST, ActType.IMAGE_POST)

    async def begin() -> None:
        post, comment = await create_post_and_comment(sessions, on, by=other)
        await enqueue_act(
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
        async with worker(sessions, dependencies).running():
            await all_ended(sessions)
        assert killed == -signal.SIGKILL, points[ordinal]
        await forget_the_hour(sessions)

    rounds = len(points) + 1
    assert [task.status for task in await tasks(sessions)] == [TaskStatus.DONE] * rounds
    messages = await sent_messages(sessions)
    assert len(messages) == len(set(messages)) == (0 if kind == ActType.VOTE else rounds)
    left = {ActType.POST: Post, ActType.IMAGE_POST: Post, ActType.VOTE: Vote}.get(kind, Comment)
    of_people = {ActType.VOTE: 0}.get(kind, rounds)
    assert await count(sessions, left) == rounds + of_people
    async with sessions() as session:
        acts = Counter(await session.scalars(select(EngineAct.action_type)))
    assert acts.pop(ActionType.VIEWED, 0) == (rounds if has_target else 0)
    assert list(acts.values()) == [rounds]
    painted = rounds if kind == ActType.IMAGE_POST else 0
    assert len(replicate.predictions) == await count(sessions, Media) == painted


async def forget_the_hour(sessions: Sessions) -> None:
    """Move finished acts into the past, so that no cap delays the next one."""
    async with sessions.begin() as session:
        for task in await tasks(sessions):
            if task.started_at is not None:
                changed = await session.merge(task)
                changed.started_at = task.started_at.replace(year=2020)


@pytest.mark.parametrize("kind", [ActType.COMMENT, ActType.IMAGE_POST])
async def test_what_discord_really_received_is_there_once(
    sessions: Sessions,
    database_url: str,
    openai: OpenAIStandIn,
    models: LanguageModels,
    replicate: ReplicateStandIn,
    tmp_path: Path,
    kind: ActType,
) -> None:
    chance = random.Random(7)
    openai.answer = lambda _: " ".join(f"word{chance.randrange(10**6)}" for _ in range(9)) + "."
    file = tmp_path / "discord"
    away = (database_url, openai.url, replicate.url, tmp_path / "media", file)
    await process(act_on_discord, -1, *away)  # which makes the server and its channels
    channel_id, guild_id = board_location(file)
    on = await board(sessions, acts_per_day=1000, channel_id=channel_id, guild_id=guild_id)
    someone, other, _ = await seeded_personalities(sessions)
    await enqueue_act(sessions, on, other, ActType.POST)
    await process(act_on_discord, -1, *away)
    before = len(received(file))
    async with sessions.begin() as session:  # so that nobody answers of themselves
        await session.execute(delete(BoardMember).where(BoardMember.personality_id != someone.id))
        await session.execute(delete(Job).where(Job.status == JobStatus.PENDING))

    async def begin() -> None:
        async with sessions() as session:
            post = (await session.scalars(select(Post).order_by(Post.created_at))).first()
        assert post is not None
        comment = None
        if kind == ActType.REPLY:
            async with sessions.begin() as session:
                comment = Comment(
                    post_id=post.id,
                    author_id=6,
                    author_name="Bob",
                    content="My aunt does.",
                    discord_message_ids=[chance.randrange(10**9)],
                    created_at=post.created_at,
                )
                session.add(comment)
        is_answer = kind in (ActType.COMMENT, ActType.REPLY)
        target = post if is_answer else None
        task = await enqueue_act(sessions, on, someone, kind, post=target, comment=comment)
        task_ids.add(task.id)

    task_ids: set[UUID] = set()
    killed, rounds = -signal.SIGKILL, 0
    while killed:  # at its first request, its second, until it has no more of them
        await begin()
        killed, _ = await process(act_on_discord, rounds, *away)
        assert killed in {0, -signal.SIGKILL}
        await end_leases(sessions)
        code, _ = await process(act_on_discord, -1, *away)
        assert code == 0
        rounds += 1
        await forget_the_hour(sessions)
        async with sessions.begin() as session:
            await session.execute(delete(EngineAct))  # nobody answers the same thing twice

    messages = received(file)[before:]
    assert rounds > 2
    assert len(messages) == len(set(messages)) == rounds
    ours = [each.status for each in await tasks(sessions) if each.id in task_ids]
    assert ours == [TaskStatus.DONE] * rounds
