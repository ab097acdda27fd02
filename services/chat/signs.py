"""What the database knows of the people and the places in a message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ActivatedChannel, ConversationLine, OptOut, Personality, Role, User


@dataclass(frozen=True, kw_only=True)
class MessageContext:
    """What a message may mean, as far as the database knows."""

    opted_out: frozenset[int]
    incognito: frozenset[int]
    activated: Sequence[UUID]
    replied_to: UUID | None


async def load_context(
    session: AsyncSession,
    *,
    people: Sequence[int],
    channel_ids: Sequence[int],
    reply_to: int | None,
) -> MessageContext:
    """Return who of these people is not to be heard or kept, and who may be meant; one query."""
    replied = (
        select(ConversationLine.personality_id)
        .where(
            ConversationLine.discord_message_ids.contains([reply_to or 0]),
            ConversationLine.role == Role.ASSISTANT,
        )
        .limit(1)
    )
    row = (
        await session.execute(
            select(
                select(func.array_agg(OptOut.discord_id))
                .where(OptOut.discord_id.in_(people))
                .scalar_subquery(),
                select(func.array_agg(User.discord_id))
                .where(User.discord_id.in_(people), User.incognito)
                .scalar_subquery(),
                select(func.array_agg(ActivatedChannel.personality_id))
                .where(ActivatedChannel.channel_id.in_(channel_ids))
                .scalar_subquery(),
                replied.scalar_subquery(),
            )
        )
    ).one()
    return MessageContext(
        opted_out=frozenset(row[0] or ()),
        incognito=frozenset(row[1] or ()),
        activated=row[2] or (),
        replied_to=row[3],
    )


async def incognito_until(session: AsyncSession, people: Sequence[int]) -> dict[int, datetime]:
    """Return who of these was incognito, and until when; for ever where they still are."""
    rows = await session.execute(
        select(User.discord_id, User.incognito, User.incognito_ended_at).where(
            User.discord_id.in_(people),
            or_(User.incognito, User.incognito_ended_at.is_not(None)),
        )
    )
    never = datetime.max.replace(tzinfo=UTC)
    return {
        discord_id: never if still or ended is None else ended for discord_id, still, ended in rows
    }


async def last_speaker(session: AsyncSession, channel_id: int) -> UUID | None:
    """Return the personality that spoke last in a channel."""
    return await session.scalar(
        select(ConversationLine.personality_id)
        .join(Personality, Personality.id == ConversationLine.personality_id)
        .where(
            ConversationLine.channel_id == channel_id,
            ConversationLine.role == Role.ASSISTANT,
            ConversationLine.deleted_at.is_(None),
            Personality.deleted_at.is_(None),
        )
        .order_by(ConversationLine.position.desc())
        .limit(1)
    )


async def dm_personality(session: AsyncSession, discord_id: int) -> UUID | None:
    """Return whom a person has chosen for DMs."""
    return await session.scalar(
        select(User.dm_personality_id)
        .join(Personality, Personality.id == User.dm_personality_id)
        .where(User.discord_id == discord_id, Personality.deleted_at.is_(None))
    )
