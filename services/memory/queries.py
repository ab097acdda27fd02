"""Queries on single memories."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, literal, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ConversationLine, Memory, Personality, User, Venue
from services.memory.facts import restate
from services.memory.indexing import IndexedText

_MAX_DAYS = 1000
# A session ends after this long without a new memory.
_SESSION_GAP = timedelta(minutes=30)


async def add_within(
    session: AsyncSession, indexed: IndexedText, *, limit: int, **columns: Any
) -> Memory | None:
    """Insert a memory into its session, linked to the previous one, if its user may have more.

    None is returned where they have as many as the limit.
    """
    if limit == 0:
        return None
    last = select(Memory.id).where(Memory.user_id == columns["user_id"]).offset(limit - 1).limit(1)
    previous = (
        select(Memory.id, Memory.session_id)
        .where(
            Memory.personality_id == columns["personality_id"],
            Memory.user_id == columns["user_id"],
            Memory.channel_id == columns["channel_id"],
            Memory.created_at > func.now() - _SESSION_GAP,
        )
        .order_by(Memory.created_at.desc())
        .limit(1)
        .subquery()
    )
    one = select(literal(1).label("one")).subquery()
    found = select(last.exists().label("is_full"), previous.c.id, previous.c.session_id)
    before = (await session.execute(found.select_from(one).outerjoin(previous, true()))).one()
    if before.is_full:
        return None
    memory = Memory(
        session_id=before.session_id or uuid4(),
        previous_id=before.id,
        **indexed.columns(),
        **columns,
    )
    session.add(memory)
    return memory


async def note_recalled(session: AsyncSession, memory_ids: Sequence[UUID]) -> None:
    """Count the days on which memories are recalled; what others are changing is left out."""
    if not memory_ids:
        return
    today = func.current_date()
    counted = (
        select(Memory.id)
        .where(Memory.id.in_(memory_ids), Memory.recalled_on.is_distinct_from(today))
        .with_for_update(skip_locked=True, key_share=True)
    )
    await session.execute(
        update(Memory)
        .where(Memory.id.in_(counted.scalar_subquery()))
        .values(recalled_days=func.least(Memory.recalled_days + 1, _MAX_DAYS), recalled_on=today)
        .execution_options(synchronize_session=False)
    )


async def rewrite(session: AsyncSession, memory: Memory, indexed: IndexedText) -> None:
    """Replace the text of a memory, and the facts that are from it."""
    for name, value in indexed.columns().items():
        setattr(memory, name, value)
    await restate(session, memory)


async def count_pinned(session: AsyncSession, user_id: UUID, personality_id: UUID) -> int:
    """Return how many memories a user has pinned with a personality."""
    return (
        await session.scalar(
            select(func.count()).where(
                Memory.user_id == user_id,
                Memory.personality_id == personality_id,
                Memory.is_pinned,
            )
        )
        or 0
    )


async def has_locked(session: AsyncSession, memory_ids: Sequence[UUID]) -> bool:
    """Whether one of some memories is locked."""
    locked = select(Memory.id).where(Memory.id.in_(memory_ids), Memory.locked).limit(1)
    return await session.scalar(locked) is not None


async def is_full(session: AsyncSession, user_id: UUID, limit: int) -> bool:
    """Whether a user has as many memories as they may."""
    if limit == 0:
        return True
    last = select(Memory.id).where(Memory.user_id == user_id).offset(limit - 1).limit(1)
    return await session.scalar(last) is not None


async def of_user(
    session: AsyncSession, discord_id: int, *conditions: Any, limit: int = 200
) -> Sequence[tuple[Memory, str]]:
    """Return a user's memories with the name of the personality, newest first."""
    rows = await session.execute(
        select(Memory, Personality.name)
        .join(User, User.id == Memory.user_id)
        .join(Personality, Personality.id == Memory.personality_id)
        .where(User.discord_id == discord_id, *conditions)
        .order_by(Memory.created_at.desc())
        .limit(limit)
    )
    return [(memory, name) for memory, name in rows]


async def public_talk(
    session: AsyncSession,
    personality_id: UUID,
    guild_id: int,
    *,
    age_restricted: bool,
    since: datetime,
    limit: int,
) -> Sequence[str]:
    """Return what people said last to a personality in public channels of a server, in order."""
    is_fit = true() if age_restricted else ~Memory.age_restricted
    rows = await session.scalars(
        select(Memory.content)
        .where(
            Memory.personality_id == personality_id,
            Memory.venue == Venue.PUBLIC,
            Memory.guild_id == guild_id,
            Memory.created_at > since,
            ~Memory.is_edited,
            is_fit,
        )
        .order_by(Memory.created_at.desc())
        .limit(limit)
    )
    return rows.all()[::-1]


async def purge(session: AsyncSession, user_id: UUID, personality_id: UUID | None) -> int:
    """Forget a user's memories that are not locked; return their number."""
    conditions = [Memory.user_id == user_id, Memory.locked.is_(False)]
    if personality_id is not None:
        conditions.append(Memory.personality_id == personality_id)
    memory_ids = (await session.scalars(select(Memory.id).where(*conditions))).all()
    await forget(session, memory_ids)
    return len(memory_ids)


async def forget(session: AsyncSession, memory_ids: Sequence[UUID]) -> None:
    """Delete memories, and the lines of conversation that they are of."""
    answers = select(Memory.line_id).where(Memory.id.in_(memory_ids), Memory.line_id.is_not(None))
    questions = select(ConversationLine.answers_id).where(
        ConversationLine.id.in_(answers), ConversationLine.answers_id.is_not(None)
    )
    # Lock lines before memories, in the order of all that delete both, to avoid deadlocks.
    line_ids = (
        await session.scalars(
            select(ConversationLine.id)
            .where(or_(ConversationLine.id.in_(answers), ConversationLine.id.in_(questions)))
            .order_by(ConversationLine.id)
            .with_for_update()
        )
    ).all()
    await session.execute(delete(Memory).where(Memory.id.in_(memory_ids)))
    await session.execute(delete(ConversationLine).where(ConversationLine.id.in_(line_ids)))
