"""Which memories may be recalled in a channel: conditions on `memories m`, and parameters.

What was said in a DM is recalled only in DMs with the same user, in a private channel only there
and in its threads, in a public channel only in the same server. What was said in an age-restricted
channel stays in such channels; what somebody has edited is recalled to nobody else. A user may let
the personalities that they have made share what they told each of them, by the same rules.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Personality, User, Venue
from services.types import Channel

_PUBLIC = "m.venue = 'public' AND m.guild_id = :guild_id"
_VENUES: Mapping[Venue, tuple[str, ...]] = {
    Venue.DM: ("m.venue = 'dm' AND m.user_id = :user_id",),
    Venue.PUBLIC: (_PUBLIC,),
    Venue.PRIVATE: (_PUBLIC, "m.venue = 'private' AND m.channel_id = ANY(:channel_ids)"),
}
_SHARED = "m.personality_id = ANY(:shared) AND m.user_id = :user_id"
RULES = """
    (NOT m.age_restricted OR :age_restricted) AND (NOT m.is_edited OR m.user_id = :user_id)
"""


def reach_of(venue: Venue, *, is_shared: bool = False) -> tuple[str, ...]:
    """Return the conditions of a venue, of which each has an index of its own.

    With `is_shared`, those of other personalities of the user, too.
    """
    where = _VENUES[venue]
    hers = tuple(f"m.personality_id = :personality_id AND {each}" for each in where)
    return (*hers, *(f"{_SHARED} AND {each}" for each in where)) if is_shared else hers


def any_of(conditions: tuple[str, ...]) -> str:
    """Return the condition that one of some conditions holds."""
    return " OR ".join(f"({each})" for each in conditions)


def reach_parameters(
    channel: Channel, *, personality_id: UUID, user_id: UUID, shared: Collection[UUID] = ()
) -> dict[str, Any]:
    """Return the parameters of the conditions for what a user says in a channel."""
    return {
        **({"shared": list(shared)} if shared else {}),
        "personality_id": personality_id,
        "user_id": user_id,
        "guild_id": channel.guild_id,
        "channel_id": channel.channel_id,
        "channel_ids": [channel.channel_id, channel.parent_id or channel.channel_id],
        "age_restricted": channel.age_restricted,
    }


async def sharing_personalities(
    session: AsyncSession, user: User, personality: Personality
) -> Sequence[UUID]:
    """Return the other personalities that share what a user tells them with one of theirs."""
    if not user.shares_memories or personality.maker_id != user.id:
        return ()
    others = select(Personality.id).where(
        Personality.maker_id == user.id,
        Personality.id != personality.id,
        Personality.deleted_at.is_(None),
        Personality.memory_enabled,
    )
    return (await session.scalars(others)).all()
