"""Who pays for what is added to an answer after it was sent."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ConversationLine, Personality, User, Venue
from services.access import Caller, Situation, authorize
from services.jobs import Payload
from services.types import Actor, Channel


class AnswerJob(Payload):
    """A job about an answer, with what its line does not know of its channel."""

    line_id: UUID
    parent_id: int | None = None
    age_restricted: bool = False

    def channel(self, line: ConversationLine) -> Channel:
        """Return the channel of the answer."""
        return channel_afterwards(
            line.channel_id,
            line.guild_id,
            parent_id=self.parent_id,
            age_restricted=self.age_restricted,
        )


def channel_afterwards(
    channel_id: int, guild_id: int | None, *, parent_id: int | None, age_restricted: bool
) -> Channel:
    """Return a channel as a job knows it, for rules about who may: not whether it is private."""
    return Channel(
        channel_id=channel_id,
        guild_id=guild_id,
        venue=Venue.DM if guild_id is None else Venue.PUBLIC,
        parent_id=parent_id,
        age_restricted=age_restricted,
    )


async def caller_of_answer(
    session: AsyncSession, purpose: str, job: AnswerJob, line: ConversationLine
) -> tuple[Personality, Caller] | None:
    """Return whose answer it is and who pays; None if either is gone.

    Raises:
        AccessDenied: A rule of the operator, the server or the maker forbids it now.
    """
    allowed = await authorize_afterwards(
        session,
        purpose,
        user_id=line.user_id,
        personality_id=line.personality_id,
        channel=job.channel(line),
    )
    return None if allowed is None else (allowed[0], allowed[2])


async def authorize_afterwards(
    session: AsyncSession,
    purpose: str,
    *,
    user_id: UUID | None,
    personality_id: UUID | None,
    channel: Channel,
) -> tuple[Personality, User, Caller] | None:
    """Return a personality, who was answered by it, and who pays; None if either is gone.

    Raises:
        AccessDenied: A rule of the operator, the server or the maker forbids it now.
    """
    personality = await session.get(Personality, personality_id)
    user = await session.get(User, user_id)
    if personality is None or personality.deleted_at is not None or user is None:
        return None
    asker = Actor(discord_id=user.discord_id, name=user.username, account_id=user.account_id)
    # Their roles are not known any more; they had them when they were answered.
    situation = replace(Situation.of(asker, channel), moderates=True)
    caller = await authorize(
        session, purpose, user=user, personality_id=personality.id, situation=situation
    )
    return personality, user, caller
