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
from services.characters.styles import STYLES
from services.characters.vision import LISTS, TEXTS, YOUNG
from services.publishing import NsfwRating, mentions_minor, rating_of
from services.types import Actor


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


def refuse_generation(style: str, scene_text: str) -> None:
    """Refuse what nobody is drawn in.

    Raises:
        SceneRefused, StyleNotFound: It is that.
    """
    if style not in STYLES:
        raise StyleNotFound(style)
    refuse_words(scene_text)


def refuse_words(text: str) -> None:
    """Refuse words by which nobody is drawn: nothing sexual, whoever it is about.

    Raises:
        SceneRefused: There are some.
    """
    if rating_of((text,), (), explicit_picture=False) != NsfwRating.SAFE:
        raise SceneRefused


def refuse_unfit(profile: CharacterProfile, style: str, scene_text: str) -> None:
    """Refuse words by which nobody is drawn, and for the young, styles that are not for everyone.

    Who looks under 18 is young, and so is whoever is called that anywhere in the words.

    Raises:
        SceneRefused, StyleForAdults: It is that.
    """
    words = f"{words_of(profile)}\n{scene_text}"
    refuse_words(words)
    is_young = profile.age_band in YOUNG or mentions_minor(words)
    if is_young and not STYLES[style].for_all:
        raise StyleForAdults(style)


def words_of(profile: CharacterProfile) -> str:
    """Return all that is said of how a character looks."""
    texts = (getattr(profile, name) for name in TEXTS)
    phrases = (each for name in LISTS for each in getattr(profile, name))
    return "\n".join((*texts, *phrases))
