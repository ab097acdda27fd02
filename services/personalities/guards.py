"""Permission checks for changes to personalities."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AttemptStatus, NsfwRating, Personality, Visibility
from services.errors import OwnersOnly
from services.personalities import queries
from services.personalities.errors import PersonalityDeleted, StillPublic
from services.types import Actor

_UNFINISHED = (AttemptStatus.PENDING, AttemptStatus.RUNNING, AttemptStatus.REVIEW)


def refuse_if_public(
    personality: Personality, *, visibility: Visibility | None, age_restricted: bool | None
) -> None:
    """Refuse manual changes to what publishing has set.

    Raises:
        StillPublic: The personality is public, or would become so.
    """
    lifts_restriction = age_restricted is False and personality.nsfw_rating == NsfwRating.EXPLICIT
    if visibility == Visibility.PUBLIC or (
        is_public_or_pending(personality) and (visibility is not None or lifts_restriction)
    ):
        raise StillPublic(personality.name)


def is_public_or_pending(personality: Personality) -> bool:
    """Whether a personality is public, or is being published."""
    attempt = personality.last_publish_attempt or {}
    return personality.visibility == Visibility.PUBLIC or attempt.get("status") in _UNFINISHED


def mark_explicit(personality: Personality) -> None:
    """Rate a personality explicit because of a picture; unpublish it until it is rated again."""
    personality.nsfw_rating, personality.age_restricted = NsfwRating.EXPLICIT, True
    if personality.visibility == Visibility.PUBLIC:
        personality.visibility = Visibility.UNLISTED
        personality.public_version = personality.published_at = None


async def get_owned(session: AsyncSession, actor: Actor, personality_id: UUID) -> Personality:
    """Return a personality that the actor may change, locked for update.

    Raises:
        OwnersOnly: It is not the actor's, and the actor is not the bot owner.
        PersonalityNotFound: It was deleted.
    """
    personality = await session.get(
        Personality, personality_id, with_for_update={"key_share": True}
    )
    if personality is None or personality.deleted_at is not None:
        raise PersonalityDeleted
    if not actor.is_bot_owner and not await queries.is_owner(
        session, personality_id, actor.discord_id
    ):
        raise OwnersOnly(personality.name)
    return personality
