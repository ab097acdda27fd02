"""A user's own memories, a page at a time: of whom, of which kind, and from when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, ColumnExpressionArgument, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Memory, Personality, User


class MemoryKind(StrEnum):
    """A kind of memories, as their user sees them."""

    EVERY = "every kind"
    PINNED = "pinned"
    LOCKED = "locked"
    CORRECTED = "corrected"
    OF_OTHERS = "somebody else's words"


class MemoryAge(StrEnum):
    """From when memories are."""

    ANY = "from any time"
    DAY = "from the last day"
    WEEK = "from the last week"
    MONTH = "from the last month"
    YEAR = "from the last year"
    OLDER = "older than a year"


@dataclass(frozen=True, kw_only=True)
class MemoryFilter:
    """Which memories are wanted: those of one personality or of all, of a kind, from a time."""

    personality_id: UUID | None = None
    kind: MemoryKind = MemoryKind.EVERY
    age: MemoryAge = MemoryAge.ANY


_KINDS: Mapping[MemoryKind, ColumnExpressionArgument[bool]] = {
    MemoryKind.EVERY: true(),
    MemoryKind.PINNED: Memory.is_pinned,
    MemoryKind.LOCKED: Memory.locked,
    MemoryKind.CORRECTED: Memory.is_edited,
    MemoryKind.OF_OTHERS: Memory.author_id.is_not(None),
}
_AGES = {
    MemoryAge.DAY: timedelta(days=1),
    MemoryAge.WEEK: timedelta(days=7),
    MemoryAge.MONTH: timedelta(days=30),
    MemoryAge.YEAR: timedelta(days=365),
}


async def browse(
    session: AsyncSession,
    discord_id: int,
    wanted: MemoryFilter,
    *,
    now: datetime,
    offset: int,
    limit: int,
) -> tuple[Sequence[tuple[Memory, str]], int]:
    """Return some of a user's memories with whose they are, the newest first, and their number."""
    conditions: list[ColumnExpressionArgument[bool]] = [
        User.discord_id == discord_id,
        _KINDS[wanted.kind],
        _is_from(wanted.age, now),
    ]
    if wanted.personality_id is not None:
        conditions.append(Memory.personality_id == wanted.personality_id)
    of_user = User.id == Memory.user_id
    total = await session.scalar(
        select(func.count()).select_from(Memory).join(User, of_user).where(*conditions)
    )
    rows = await session.execute(
        select(Memory, Personality.name)
        .join(User, of_user)
        .join(Personality, Personality.id == Memory.personality_id)
        .where(*conditions)
        .order_by(Memory.created_at.desc(), Memory.id)
        .offset(offset)
        .limit(limit)
    )
    return [(memory, name) for memory, name in rows], total or 0


def _is_from(age: MemoryAge, now: datetime) -> ColumnElement[bool]:
    match age:
        case MemoryAge.ANY:
            return true()
        case MemoryAge.OLDER:
            return Memory.created_at < now - _AGES[MemoryAge.YEAR]
        case _:
            return Memory.created_at >= now - _AGES[age]


async def rememberers(
    session: AsyncSession, discord_id: int, limit: int
) -> Sequence[tuple[UUID, str, int]]:
    """Return who remembers a user, with how many memories: those with the most first."""
    count = func.count().label("count")
    rows = await session.execute(
        select(Personality.id, Personality.name, count)
        .join(Memory, Memory.personality_id == Personality.id)
        .join(User, User.id == Memory.user_id)
        .where(User.discord_id == discord_id)
        .group_by(Personality.id)
        .order_by(count.desc(), Personality.name)
        .limit(limit)
    )
    return [(personality_id, name, number) for personality_id, name, number in rows]
