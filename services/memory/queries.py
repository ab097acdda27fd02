"""Queries on single memories."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Memory, Personality, User
from db.session import search_vectors
from services.memory.indexing import IndexedText

# A session ends after this long without a new memory.
_SESSION_GAP = timedelta(minutes=30)


async def add(session: AsyncSession, indexed: IndexedText, **columns: Any) -> Memory:
    """Insert a memory into its session, linked to the previous one."""
    previous = await session.scalar(
        select(Memory)
        .where(
            Memory.personality_id == columns["personality_id"],
            Memory.user_id == columns["user_id"],
            Memory.channel_id == columns["channel_id"],
            Memory.created_at > func.now() - _SESSION_GAP,
        )
        .order_by(Memory.created_at.desc())
        .limit(1)
    )
    memory = Memory(
        session_id=previous.session_id if previous else uuid4(),
        previous_id=previous.id if previous else None,
        **indexed.columns(),
        **columns,
    )
    session.add(memory)
    return memory


def rewrite(memory: Memory, indexed: IndexedText) -> None:
    """Replace the text of a memory."""
    memory.content, memory.embedding = indexed.content, indexed.embedding
    memory.terms = indexed.terms


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


async def closest(
    session: AsyncSession, discord_id: int, vector: Sequence[float], *, limit: int
) -> Sequence[tuple[Memory, str]]:
    """Return a user's memories closest to a vector by cosine distance, closest first.

    The scan of the index goes on until enough of the user's own memories are found.
    """
    await search_vectors(session)
    rows = await session.execute(
        select(Memory, Personality.name)
        .join(User, User.id == Memory.user_id)
        .join(Personality, Personality.id == Memory.personality_id)
        .where(User.discord_id == discord_id)
        .order_by(Memory.embedding.cosine_distance(vector))
        .limit(limit)
    )
    return [(memory, name) for memory, name in rows]


async def purge(session: AsyncSession, user_id: UUID, personality_id: UUID | None) -> int:
    """Delete a user's memories that are not locked; return the number deleted."""
    conditions = [Memory.user_id == user_id, Memory.locked.is_(False)]
    if personality_id is not None:
        conditions.append(Memory.personality_id == personality_id)
    deleted = await session.execute(delete(Memory).where(*conditions).returning(Memory.id))
    return len(deleted.all())
