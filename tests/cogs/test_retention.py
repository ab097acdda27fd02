"""How long what was said is kept, and what ends with a server."""

import asyncio
from datetime import timedelta
from typing import Any

from discord import Permissions
from sqlalchemy import func, select, update

from bot.app.wiring import worker
from db.models import (
    Admission,
    ConversationLine,
    Job,
    JobStatus,
    LlmCall,
    Memory,
    Retention,
    ServerPolicy,
    UsageDay,
)
from db.session import Sessions
from services.retention import (
    RetentionAnnouncement,
    RetentionHandler,
    RetentionJob,
    RetentionSettings,
)
from tests.cogs.concurrent import invent
from tests.cogs.conftest import House
from tests.cogs.forms import content_of, embed, press
from tests.cogs.test_access import dms_to
from tests.fakes import Notices
from tests.services import job_support

OLD = {"created_at": func.now() - timedelta(days=200)}


async def grow_old(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        for table in (ConversationLine, LlmCall, Memory):
            await session.execute(update(table).values(**OLD))


async def announced_long_ago(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(update(Retention).values(announced_at=func.now() - timedelta(days=8)))


async def counts(sessions: Sessions) -> list[int]:
    """Return how many lines, calls and memories there are."""
    async with sessions() as session:
        return [
            await session.scalar(select(func.count()).select_from(table)) or 0
            for table in (ConversationLine, LlmCall, Memory)
        ]


async def sweep(house: House, sessions: Sessions) -> None:
    """Let the daily job run once."""
    await house.services.retention.enqueue()
    async with worker(sessions, house.services, has_discord=True).running():
        await until_swept(sessions)


async def until_swept(sessions: Sessions) -> None:
    due = select(Job).where(
        Job.kind == RetentionJob.kind,
        Job.status.in_([JobStatus.PENDING, JobStatus.RUNNING]),
        Job.due_at < func.now() + timedelta(hours=1),
    )
    async with asyncio.timeout(10), sessions() as session:
        while (await session.scalars(due)).first() is not None:
            await asyncio.sleep(0.02)


async def test_what_is_old_is_deleted_a_week_after_it_was_announced(
    house: House, sessions: Sessions
) -> None:
    house.services.budgets.exempt([house.boss.id])
    await house.alice.send(house.lobby, "@Mirela one")
    await grow_old(sessions)

    await sweep(house, sessions)
    await sweep(house, sessions)
    announced = await counts(sessions)
    await announced_long_ago(sessions)
    await house.bob.send(house.lobby, "@Mirela two")
    await sweep(house, sessions)

    assert announced == [2, 1, 1]
    assert dms_to(house.boss) == [
        "In 7 days I begin to delete what is old: 3 rows of history older than 180 days. That goes "
        "on every day. `HISTORY_DAYS` and `MEMORY_DAYS` say how long things are kept; 0 is for "
        "ever."
    ]
    assert await counts(sessions) == [2, 1, 2]
    async with sessions() as session:
        (kept,) = (await session.scalars(select(UsageDay))).all()
    assert (kept.purpose, kept.calls, kept.failed) == ("chat", 1, 0)
    assert kept.tokens_in > 0
    shown = embed(await house.boss.slash(house.lobby, "usage", of="everything"))
    assert "1 call " in (shown.description or "")
    assert (shown.footer.text or "").startswith("Since the beginning: $0.00")


async def test_a_database_that_was_upgraded_keeps_everything(
    house: House, sessions: Sessions
) -> None:
    house.services.budgets.exempt([house.boss.id])
    await house.alice.send(house.lobby, "@Mirela one")
    await grow_old(sessions)
    async with sessions.begin() as session:
        await session.execute(update(Retention).values(default_history_days=0))
    await announced_long_ago(sessions)

    await sweep(house, sessions)

    assert await counts(sessions) == [2, 1, 1]
    assert dms_to(house.boss) == []


async def test_fewer_days_are_announced_again_and_locked_memories_stay(
    house: House, sessions: Sessions
) -> None:
    for words in ("one", "two"):
        await house.alice.send(house.lobby, f"@Mirela {words}")
    await grow_old(sessions)
    async with sessions.begin() as session:
        locked = (await session.scalars(select(Memory))).first()
        assert locked is not None
        locked.locked = True
    heard = Notices()

    async def run(**days: int) -> None:
        handler = RetentionHandler(sessions, RetentionSettings(**days), heard, lambda: [1])
        await job_support.enqueue_job(sessions, RetentionJob(), lock_key="x", replacing=True)
        async with job_support.worker(sessions, handler).running():
            await until_swept(sessions)

    await run(history_days=0, memory_days=100)
    await announced_long_ago(sessions)
    await run(history_days=0, memory_days=150)
    kept = await counts(sessions)
    await run(history_days=100, memory_days=50)

    assert kept[2] == 1
    assert [notice for _, notice in heard.dms] == [
        RetentionAnnouncement(history_rows=0, history_days=0, memory_rows=1, memory_days=100),
        RetentionAnnouncement(
            history_rows=kept[0] + kept[1], history_days=100, memory_rows=0, memory_days=50
        ),
    ]


async def test_a_server_that_was_left_is_forgotten_and_others_are_not(
    house: House, sessions: Sessions
) -> None:
    await invent(house, house.alice, "Nyx")
    await house.alice.send(house.lobby, "@Mirela here")
    await house.alice.user.send_dm("@Mirela in private")
    before = await counts(sessions)

    async def leave(days: int) -> None:
        await house.services.retention.note_left(house.guild.id)
        async with sessions.begin() as session:
            left_at: Any = func.now() - timedelta(days=days)
            await session.execute(
                update(ServerPolicy)
                .where(ServerPolicy.guild_id == house.guild.id)
                .values(left_at=left_at)
            )

    await leave(29)
    await sweep(house, sessions)
    still = await counts(sessions)
    await leave(31)
    await house.services.retention.note_servers([house.guild.id])
    await sweep(house, sessions)
    again = await counts(sessions)
    await leave(31)
    await sweep(house, sessions)

    assert still == again == before
    lines, calls, memories = await counts(sessions)
    assert (before[0] - lines, calls, before[2] - memories) == (2, before[1], 1)
    async with sessions() as session:
        assert (await session.scalars(select(Admission.guild_id))).all() == []
        assert await session.get(ServerPolicy, house.guild.id) is None
        assert (await session.scalars(select(LlmCall.guild_id))).first() is None


async def test_who_manages_a_server_has_it_forgotten_at_once(
    house: House, sessions: Sessions
) -> None:
    managers = house.guild.create_role(
        "Managers", permissions=Permissions(manage_guild=True, manage_messages=True)
    )
    manager = house.guild.add_member(house.env.create_user("manager"), roles=[managers])
    await invent(house, house.alice, "Nyx")
    await house.alice.send(house.lobby, "@Mirela here")

    refused = await house.moderator.slash(house.lobby, "server forget")
    forgotten = await press(house, manager, "Forget this server", "server forget")

    assert content_of(refused) == "Only members with **Manage Server** in this channel can do that."
    assert content_of(forgotten) == "3 records are deleted. Messages stay on Discord."
    assert await counts(sessions) == [0, 1, 0]
    async with sessions() as session:
        assert len((await session.scalars(select(Admission))).all()) == 1
