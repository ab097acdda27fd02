"""Helpers to open boards on the simulated server and to run single acts on them."""

import asyncio
from typing import Any
from uuid import UUID

import discord
from simcord.builders import ChannelHandle
from sqlalchemy import select

from db.models import EngineTask, Post, TaskStatus
from db.session import Sessions
from services.access import Situation
from services.engine import ActType
from services.types import Actor
from tests.cogs.conftest import House
from tests.cogs.forms import answer, buttons

ENDED = (TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.SKIPPED)


async def open_board(house: House, channel: ChannelHandle, names: str, **options: Any) -> str:
    """Let the moderator open a board in a channel; return the text of the confirmation."""
    confirmation = await house.moderator.slash(
        channel, "board open", personalities=names, **options
    )
    question = answer(confirmation).content
    await house.moderator.click(
        answer(confirmation), label=next(iter(buttons(answer(confirmation))))
    )
    return question


def boss(house: House) -> Actor:
    """Return the owner of the bot as services see them."""
    return Actor(discord_id=house.boss.id, name="boss", is_bot_owner=True)


async def act(
    house: House,
    sessions: Sessions,
    channel: ChannelHandle,
    name: str,
    kind: ActType,
    *,
    post_id: UUID | None = None,
    comment_id: UUID | None = None,
) -> EngineTask:
    """Trigger one act of a personality on a board, and wait until it has ended."""
    personality = await house.services.personalities.find(
        name, Situation(account_ids={house.boss.id})
    )
    (sheet,) = [
        each
        for each in await house.services.boards.all(house.guild.id)
        if each.board.channel_id == channel.id
    ]
    task = await house.services.engine.trigger(
        boss(house),
        kind,
        personality=personality,
        board=sheet.board,
        post_id=post_id,
        comment_id=comment_id,
    )
    return await wait_until_ended(sessions, task.id)


async def wait_until_ended(sessions: Sessions, task_id: UUID) -> EngineTask:
    """Wait until a task has ended, and return it."""
    async with asyncio.timeout(20):
        while True:
            async with sessions() as session:
                task = await session.get_one(EngineTask, task_id)
                if task.status in ENDED:
                    return task
            await asyncio.sleep(0.02)


def labels(message: discord.Message) -> list[str]:
    """Return the labels of the buttons below a message."""
    rows = [each for each in message.components if isinstance(each, discord.ActionRow)]
    button_items = [
        each for row in rows for each in row.children if isinstance(each, discord.Button)
    ]
    return [each.label or "" for each in button_items]


async def posts(sessions: Sessions) -> list[Post]:
    async with sessions() as session:
        rows = await session.scalars(select(Post).order_by(Post.created_at))
        return list(rows.all())
