"""Queries on conversations."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    Select,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    ConversationLine,
    Memory,
    Role,
)
from services.memory import drop_summaries

# More lines than are ever pending between two answers.
_MAX_RECENT_LINES = 100


async def history(
    session: AsyncSession, channel_id: int, *, limit: int, before: int | None = None
) -> list[ConversationLine]:
    """Return the last lines of a channel, in order; `before` is a position."""
    statement = _visible(channel_id).order_by(ConversationLine.position.desc()).limit(limit)
    if before is not None:
        statement = statement.where(ConversationLine.position < before)
    return list((await session.scalars(statement)).all())[::-1]


def _visible(channel_id: int) -> Select[ConversationLine]:
    return select(ConversationLine).where(
        ConversationLine.channel_id == channel_id, ConversationLine.deleted_at.is_(None)
    )


async def last_answered(
    session: AsyncSession, channel_id: int
) -> tuple[int | None, frozenset[int]]:
    """Return the id of the last answered message in a channel, and recent ids in its history.

    Answers keep the order of their triggers, so no older message is still unanswered.
    """
    statement = select(ConversationLine).where(ConversationLine.channel_id == channel_id)
    result = await session.scalars(
        statement.order_by(ConversationLine.position.desc()).limit(_MAX_RECENT_LINES)
    )
    lines = result.all()
    known = frozenset(id_ for line in lines for id_ in line.discord_message_ids)
    answered_id = next((line.answers_id for line in lines if line.answers_id), None)
    user_line = next(
        (line for line in lines if line.id == answered_id), lines[0] if lines else None
    )
    return max(user_line.discord_message_ids, default=None) if user_line else None, known


async def append(session: AsyncSession, channel_id: int, lines: Sequence[ConversationLine]) -> None:
    """Append lines to a channel's history."""
    last: int = (await session.execute(select(func.last_position(channel_id)))).scalar_one()
    for position, line in enumerate(lines, start=last + 1):
        line.position = position
        # With ids of their own, all are inserted by one statement.
        line.id = line.id or uuid4()
        session.add(line)
    await session.flush()


async def answer_of(session: AsyncSession, message_id: int) -> UUID | None:
    """Return the id of the answer that a message is, or is a part of."""
    return await session.scalar(
        select(ConversationLine.id).where(
            ConversationLine.discord_message_ids.contains([message_id]),
            ConversationLine.role == Role.ASSISTANT,
            ConversationLine.deleted_at.is_(None),
        )
    )


async def answer(session: AsyncSession, line_id: UUID) -> ConversationLine | None:
    """Return an answer that is not deleted."""
    return await session.scalar(
        select(ConversationLine).where(
            ConversationLine.id == line_id,
            ConversationLine.role == Role.ASSISTANT,
            ConversationLine.deleted_at.is_(None),
        )
    )


async def memory_of(session: AsyncSession, line_id: UUID) -> Memory | None:
    """Return the memory of an answer."""
    return await session.scalar(select(Memory).where(Memory.line_id == line_id))


async def memories(session: AsyncSession, memory_ids: Sequence[UUID]) -> dict[UUID, Memory]:
    """Return those of these memories that still exist."""
    found = await session.scalars(select(Memory).where(Memory.id.in_(memory_ids)))
    return {memory.id: memory for memory in found}


async def hide(session: AsyncSession, line_ids: Sequence[UUID]) -> None:
    """Soft-delete lines and delete their memories."""
    await session.execute(
        update(ConversationLine)
        .where(ConversationLine.id.in_(line_ids))
        .values(deleted_at=func.now())
    )
    await session.execute(delete(Memory).where(Memory.line_id.in_(line_ids)))


async def erase(session: AsyncSession, message_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Delete the lines of messages that were deleted on Discord, and their memories.

    Return the voice messages that spoke them, with their channels.
    """
    is_deleted = ConversationLine.discord_message_ids.overlap(list(message_ids))
    lines = select(ConversationLine.id).where(is_deleted)
    answers = select(ConversationLine.id).where(
        or_(is_deleted, ConversationLine.answers_id.in_(lines))
    )
    # Lock lines before memories, in the same order as `hide`, to avoid deadlocks.
    answer_ids = await session.scalars(answers.order_by(ConversationLine.id).with_for_update())
    await session.execute(delete(Memory).where(Memory.line_id.in_(answer_ids.all())))
    deleted = delete(ConversationLine).where(is_deleted)
    rows = await session.execute(
        deleted.returning(ConversationLine.channel_id, ConversationLine.voice_message_id)
    )
    return [(channel_id, voice_id) for channel_id, voice_id in rows if voice_id is not None]


async def line_of(session: AsyncSession, message_id: int) -> ConversationLine | None:
    """Return the line of a person's message, locked."""
    return await session.scalar(
        select(ConversationLine)
        .where(
            ConversationLine.discord_message_ids.contains([message_id]),
            ConversationLine.role == Role.USER,
        )
        .with_for_update()
    )


async def answers_to(session: AsyncSession, line_id: UUID) -> Sequence[ConversationLine]:
    """Return the answers to a line."""
    result = await session.scalars(
        select(ConversationLine).where(ConversationLine.answers_id == line_id)
    )
    return result.all()


async def pictures_of(session: AsyncSession, line_id: UUID) -> Sequence[ConversationLine]:
    """Return the pictures that follow an answer."""
    result = await session.scalars(
        select(ConversationLine).where(
            ConversationLine.answers_id == line_id, ConversationLine.is_picture
        )
    )
    return result.all()


async def clear(
    session: AsyncSession, channel_id: int, user_id: UUID | None, personality_id: UUID | None
) -> tuple[int, datetime | None]:
    """Soft-delete lines of a channel, optionally only of one user or one personality.

    Return how many there were, and when they were cleared.
    """
    conditions = [
        ConversationLine.channel_id == channel_id,
        ConversationLine.deleted_at.is_(None),
    ]
    if user_id is not None:
        conditions.append(ConversationLine.user_id == user_id)
    if personality_id is not None:
        conditions.append(ConversationLine.personality_id == personality_id)
    hidden = await session.execute(
        update(ConversationLine)
        .where(*conditions)
        .values(deleted_at=func.now())
        .returning(ConversationLine.deleted_at)
    )
    times = hidden.scalars().all()
    await drop_summaries(session, channel_id, user_id, personality_id)
    return len(times), max((each for each in times if each), default=None)


async def restore(
    session: AsyncSession, channel_id: int, at: datetime, user_id: UUID | None
) -> int:
    """Show the lines again that were cleared at a time, or only a user's; return how many."""
    conditions = [ConversationLine.channel_id == channel_id, ConversationLine.deleted_at == at]
    if user_id is not None:
        conditions.append(ConversationLine.user_id == user_id)
    shown = await session.execute(
        update(ConversationLine)
        .where(*conditions)
        .values(deleted_at=None)
        .returning(ConversationLine.id)
    )
    return len(shown.all())


async def last_answer(
    session: AsyncSession, channel_id: int, user_id: UUID
) -> ConversationLine | None:
    """Return the last answer to a user in a channel."""
    return await session.scalar(
        _visible(channel_id)
        .where(
            ConversationLine.user_id == user_id,
            ConversationLine.role == Role.ASSISTANT,
            ~ConversationLine.is_picture,
        )
        .order_by(ConversationLine.position.desc())
        .limit(1)
    )
