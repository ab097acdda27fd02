"""Checks of who owns a character, and of what it may be drawn as."""

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
from services.characters.styles import STYLES
from services.characters.vision import LISTS, MINOR_AGE_BANDS, TEXTS
from services.publishing import NsfwRating, mentions_minor, rating_of
from services.types import Actor


async def get_owned(
    session: AsyncSession, actor: Actor, character_id: UUID, *, lock: bool = False
) -> Character:
    """Return the actor's character.

    Raises:
        CharacterNotFound: It is not the actor's, or was deleted.
    """
    character = await queries.find_owned(session, actor.discord_id, character_id, lock=lock)
    if character is None:
        raise CharacterNotFound("this character")
    return character


def check_order(style: str, scene_text: str) -> None:
    """Check the style and the scene of an order.

    Raises:
        SceneRefused: The scene has content that is not drawn.
        StyleNotFound: There is no such style.
    """
    if style not in STYLES:
        raise StyleNotFound(style)
    check_scene(scene_text)


def check_scene(text: str) -> None:
    """Check that a text has no sexual content, whatever the character.

    Raises:
        SceneRefused: It has.
    """
    if rating_of((text,), (), explicit_picture=False) != NsfwRating.SAFE:
        raise SceneRefused


def check_suitable(profile: CharacterProfile, style: str, scene_text: str) -> None:
    """Check that a profile and scene may be drawn, and for minors that the style is for all ages.

    A character is a minor if its age band or any of the text says so.

    Raises:
        SceneRefused: The text has content that is not drawn.
        StyleForAdults: The character is a minor, and the style is not for all ages.
    """
    text = f"{text_of(profile)}\n{scene_text}"
    check_scene(text)
    is_minor = profile.age_band in MINOR_AGE_BANDS or mentions_minor(text)
    if is_minor and not STYLES[style].for_all:
        raise StyleForAdults(style)


def text_of(profile: CharacterProfile) -> str:
    """Return all text of a profile."""
    texts = (getattr(profile, name) for name in TEXTS)
    phrases = (each for name in LISTS for each in getattr(profile, name))
    return "\n".join((*texts, *phrases))
