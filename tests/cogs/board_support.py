"""Boards in the simulated server, and letting the engine do one thing at a time on them."""

import asyncio
from typing import Any
from uuid import UUID

import discord
from simcord.builders import ChannelHandle
from sqlalchemy import select

from db.models import EngineTask, Post, TaskStatus
from db.session import Sessions
from services.engine import ActType
from services.types import Actor
from tests.cogs.conftest import House
from tests.cogs.forms import answer, buttons

OVER = (TaskStatus.DONE, TaskStatus.FAILED, TaskStatus.SKIPPED)


async def open_board(house: House, channel: ChannelHandle, names: str, **options: Any) -> str:
    """Let the moderator open a board in a channel; return what they were asked."""
    asked = await house.moderator.slash(channel, "board open", personalities=names, **options)
    question = answer(asked).content
    await house.moderator.click(answer(asked), label=next(iter(buttons(answer(asked)))))
    return question


def boss(house: House) -> Actor:
    """Return whoever runs the bot, as services know them."""
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
    """Let a personality do one thing on a board, and wait until that is over."""
    found = await house.services.personalities.find(
        name, discord_id=house.boss.id, channel_id=channel.id
    )
    (sheet,) = [
        each
        for each in await house.services.boards.all(house.guild.id)
        if each.board.channel_id == channel.id
    ]
    task = await house.services.engine.trigger(
        boss(house),
        kind,
        personality=found,
        board=sheet.board,
        post_id=post_id,
        comment_id=comment_id,
    )
    return await over(sessions, task.id)


async def over(sessions: Sessions, task_id: UUID) -> EngineTask:
    """Wait until a task is over."""
    async with asyncio.timeout(20):
        while True:
            async with sessions() as session:
                task = await session.get_one(EngineTask, task_id)
                if task.status in OVER:
                    return task
            await asyncio.sleep(0.02)


def labels(message: discord.Message) -> list[str]:
    """Return the labels of the buttons below a message."""
    rows = [each for each in message.components if isinstance(each, discord.ActionRow)]
    found = [each for row in rows for each in row.children if isinstance(each, discord.Button)]
    return [each.label or "" for each in found]


async def posts(sessions: Sessions) -> list[Post]:
    async with sessions() as session:
        found = await session.scalars(select(Post).order_by(Post.created_at))
        return list(found.all())
