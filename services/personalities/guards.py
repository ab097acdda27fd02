"""Who may change a personality, and what of it may change."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import JobStatus, NsfwRating, Personality, Visibility
from services.errors import OwnersOnly
from services.personalities import queries
from services.personalities.errors import PersonalityNotFound, StillPublic
from services.types import Actor

_OPEN = (JobStatus.PENDING, JobStatus.RUNNING)


def refuse_if_public(
    personality: Personality, *, visibility: Visibility | None, age_restricted: bool | None
) -> None:
    """Refuse to change by hand what a publication has settled.

    Raises:
        StillPublic: The personality is public, or would become so.
    """
    is_freed = age_restricted is False and personality.nsfw_rating == NsfwRating.EXPLICIT
    if visibility == Visibility.PUBLIC or (
        is_settled(personality) and (visibility is not None or is_freed)
    ):
        raise StillPublic(personality.name)


def is_settled(personality: Personality) -> bool:
    """Whether a personality is public, or about to be."""
    attempt = personality.last_publish_attempt or {}
    return personality.visibility == Visibility.PUBLIC or attempt.get("status") in _OPEN


def rate_explicit(personality: Personality) -> None:
    """Follow an explicit picture: whatever a model said, and off the shelf until judged anew."""
    personality.nsfw_rating, personality.age_restricted = NsfwRating.EXPLICIT, True
    if personality.visibility == Visibility.PUBLIC:
        personality.visibility = Visibility.UNLISTED
        personality.public_version = personality.published_at = None


async def owned(session: AsyncSession, actor: Actor, personality_id: UUID) -> Personality:
    """Return a personality that the actor may change; others who change it wait.

    Raises:
        OwnersOnly: It is not the actor's, and they do not run the bot.
        PersonalityNotFound: It is gone.
    """
    personality = await session.get(
        Personality, personality_id, with_for_update={"key_share": True}
    )
    if personality is None or personality.deleted_at is not None:
        raise PersonalityNotFound("this personality")
    if not actor.is_bot_owner and not await queries.is_owner(
        session, personality_id, actor.discord_id
    ):
        raise OwnersOnly(personality.name)
    return personality
