"""Whose a character is, and what it may be drawn in."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Character, CharacterProfile
from services.characters import queries
from services.characters.errors import (
    CharacterNotFound,
    SceneRefused,
    StyleForAdults,
    StyleNotFound,
)
from services.characters.seeing import YOUNG
from services.characters.styles import STYLES
from services.people import Actor
from services.publishing import NsfwRating, rating_of


async def owned_by(
    session: AsyncSession, actor: Actor, character_id: UUID, *, lock: bool = False
) -> Character:
    """Return the actor's character.

    Raises:
        CharacterNotFound: It is not the actor's, or gone.
    """
    character = await queries.owned(session, actor.discord_id, character_id, lock=lock)
    if character is None:
        raise CharacterNotFound("this character")
    return character


def refuse_drawing(style: str, scene_text: str) -> None:
    """Refuse what nobody is drawn in.

    Raises:
        SceneRefused, StyleNotFound: It is that.
    """
    if style not in STYLES:
        raise StyleNotFound(style)
    if rating_of((scene_text,), (), explicit_picture=False) == NsfwRating.EXPLICIT:
        raise SceneRefused


def refuse_unfit(profile: CharacterProfile, style: str, scene_text: str) -> None:
    """Refuse what somebody who looks under 18 is not drawn in.

    Raises:
        SceneRefused, StyleForAdults: It is that.
    """
    if profile.age_band not in YOUNG:
        return
    if not STYLES[style].for_all:
        raise StyleForAdults(style)
    if rating_of((scene_text,), (), explicit_picture=False) != NsfwRating.SAFE:
        raise SceneRefused
