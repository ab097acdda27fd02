"""Queries on what processes know of each other: open answers, and people who were forgotten."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ConversationLine, ForgottenPerson, OpenAnswer, Role, ServerPolicy
from services.types import IncomingMessage


async def recent_message_ids(
    session: AsyncSession, channel_id: int, *, since: datetime, limit: int
) -> dict[int, str | None]:
    """Return the messages of a channel's last lines, with their text if it is one of a line's own.

    It is None for answers, and for a message whose part of a line is not known.
    """
    rows = await session.scalars(
        select(ConversationLine)
        .where(ConversationLine.channel_id == channel_id, ConversationLine.created_at > since)
        .order_by(ConversationLine.position.desc())
        .limit(limit)
    )
    texts: dict[int, str | None] = {}
    for line in rows:
        parts = line.parts or {}
        for message_id in line.discord_message_ids:
            whole = line.content if len(line.discord_message_ids) == 1 else None
            is_own = line.role == Role.USER
            texts[message_id] = parts.get(str(message_id), whole) if is_own else None
    return texts


async def channels_since(
    session: AsyncSession, since: datetime
) -> Sequence[tuple[int, int | None]]:
    """Return the channels with lines since a time and their servers, newest first."""
    newest = func.max(ConversationLine.created_at)
    rows = await session.execute(
        select(ConversationLine.channel_id, ConversationLine.guild_id)
        .where(ConversationLine.created_at > since)
        .group_by(ConversationLine.channel_id, ConversationLine.guild_id)
        .order_by(newest.desc())
    )
    return [(row.channel_id, row.guild_id) for row in rows]


async def mark_forgotten(session: AsyncSession, discord_id: int) -> None:
    """Store that what a person has said until now is not to be stored, by any process."""
    now = func.clock_timestamp()
    await session.execute(
        insert(ForgottenPerson)
        .values(digest=_digest(discord_id), forgotten_at=now)
        .on_conflict_do_update(index_elements=["digest"], set_={"forgotten_at": now})
    )


async def forgotten_at(session: AsyncSession, people: Sequence[int]) -> dict[int, datetime]:
    """Return when the data of each of these people were last deleted, if they were."""
    digests = {_digest(each): each for each in people}
    rows = await session.execute(
        select(ForgottenPerson.digest, ForgottenPerson.forgotten_at).where(
            ForgottenPerson.digest.in_(digests)
        )
    )
    return {digests[digest]: at for digest, at in rows}


def _digest(discord_id: int) -> str:
    return hashlib.sha256(str(discord_id).encode()).hexdigest()


async def open_answer(session: AsyncSession, message: IncomingMessage, **draft: Any) -> None:
    """Store that a message is being answered, and with `draft_…` what is shown of the answer."""
    channel = message.channel
    statement = insert(OpenAnswer).values(
        message_id=message.message_id,
        channel_id=channel.channel_id,
        guild_id=channel.guild_id,
        # Whoever has answered has removed the row.
        is_answered=bool(draft),
        **draft,
    )
    await session.execute(
        statement.on_conflict_do_update(index_elements=["message_id"], set_=draft)
        if draft
        else statement.on_conflict_do_nothing()
    )


async def close_answer(session: AsyncSession, message_id: int) -> None:
    """Store that a message is not being answered any more."""
    await session.execute(delete(OpenAnswer).where(OpenAnswer.message_id == message_id))


async def take_open_answers(
    session: AsyncSession, owns: Callable[[int | None], bool], *, known: Collection[int]
) -> Sequence[OpenAnswer]:
    """Remove the answers of a process that is gone from the table, and return them.

    `known` are the messages that this process answers itself.
    """
    rows = await session.scalars(select(OpenAnswer).with_for_update(skip_locked=True))
    taken = [each for each in rows if owns(each.guild_id) and each.message_id not in known]
    for each in taken:
        await session.delete(each)
    return taken


async def server_forgotten_at(session: AsyncSession, guild_id: int | None) -> datetime | None:
    """Return when what had been said in a server was deleted at the wish of its moderators."""
    return await session.scalar(
        select(ServerPolicy.forgotten_at).where(ServerPolicy.guild_id == guild_id)
    )
