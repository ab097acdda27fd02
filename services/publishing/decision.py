"""From an assessment to a public personality: the rules, and what its maker may change."""

import asyncio
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AttemptStatus, Gender, NsfwRating, Personality, PublishAttempt, Visibility
from services.lore import lore_text
from services.names import ascii_words
from services.publishing import queries, rules
from services.publishing.errors import (
    AgeStated,
    AlreadyPublic,
    HeadlineUnfit,
    RatingTooLow,
    TooManyTags,
    UnknownTags,
)
from services.publishing.questions import HEADLINE_LENGTH, MAX_TAGS, HeadlineAnswer

_SLUG_CHARACTERS = string.ascii_lowercase + string.digits
_OWN_CONFIDENCE = 100  # of a tag that a maker has chosen


class Assessment(BaseModel):
    """What is published besides the version itself. Ages are in years; -1 is unknown.

    `ratings` are those that a model gave, `rating` is the one to publish: never a milder one.
    """

    model_config = ConfigDict(frozen=True)

    tags: dict[str, int]
    ratings: tuple[NsfwRating, ...]
    rating: NsfwRating = NsfwRating.SAFE
    gender: Gender
    age: int
    model_age: int
    headline: str

    @property
    def surest_tags(self) -> list[tuple[str, int]]:
        """Return tags and confidences, the surest first."""
        return sorted(self.tags.items(), key=lambda each: (-each[1], each[0]))


@dataclass(frozen=True, kw_only=True)
class ReviewChanges:
    """An assessment as its maker wants it; an age of -1 is unknown."""

    headline: str
    tags: Sequence[str]
    rating: NsfwRating
    gender: Gender
    age: int


async def decide(
    session: AsyncSession, personality: Personality, version: int, assessment: Assessment
) -> Assessment:
    """Return an assessment with the rating that the rules give it.

    Raises:
        MinorNotSafe: It is rated above safe, and somebody in it may be under 18.
    """
    definition = await queries.definition(session, personality.id, version)
    text = rules.text_of(definition)
    lore = await lore_text(session, personality.id)
    rating = await asyncio.to_thread(
        rules.rating_of,
        (text, lore, assessment.headline),
        (*assessment.ratings, assessment.rating),
        explicit_picture=personality.avatar_explicit,
    )
    ages = (assessment.age, assessment.model_age)
    texts = {**definition, "headline": assessment.headline}
    rules.refuse_minors(personality.name, texts, ages, rating)
    return assessment.model_copy(update={"rating": rating})


async def change(
    session: AsyncSession,
    personality: Personality,
    version: int,
    assessment: Assessment,
    changes: ReviewChanges,
) -> Assessment:
    """Return an assessment as its maker wants it, within the rules.

    Raises:
        AgeStated: The definition says another age.
        HeadlineUnfit, RatingTooLow, TooManyTags, UnknownTags: It is not allowed.
        MinorNotSafe: As for `decide`.
        PromptInjection: The headline has instructions to a model.
    """
    values: dict[str, Any] = {"rating": changes.rating, "gender": changes.gender}
    if changes.headline != assessment.headline:
        rules.refuse_injection(personality.name, changes.headline)
        values["headline"] = _check_headline(changes.headline)
    if set(changes.tags) != set(assessment.tags):
        _check_tags(changes.tags, await queries.tag_names(session))
        values["tags"] = {
            tag: assessment.tags.get(tag, _OWN_CONFIDENCE) for tag in dict.fromkeys(changes.tags)
        }
    if changes.age != assessment.age:
        definition = await queries.definition(session, personality.id, version)
        if (stated := rules.stated_age(definition)) is not None:
            raise AgeStated(stated)
        values["age"] = changes.age
    changed = await decide(session, personality, version, assessment.model_copy(update=values))
    if changed.rating != changes.rating:
        raise RatingTooLow(changed.rating)
    return changed


async def make_public(
    session: AsyncSession, attempt: PublishAttempt, personality: Personality, assessment: Assessment
) -> None:
    """Publish the version of an attempt, with a decided assessment."""
    version = attempt.version or personality.version
    definition = await queries.definition(session, personality.id, version)
    await queries.set_tags(session, personality.id, assessment.tags)
    personality.nsfw_rating = assessment.rating
    personality.age_restricted |= assessment.rating == NsfwRating.EXPLICIT
    personality.gender, personality.headline = assessment.gender, assessment.headline
    personality.public_name, personality.public_version = definition["name"], version
    personality.public_age = assessment.age
    personality.age_bucket = rules.bucket_of(assessment.age)
    personality.slug = await _generate_slug(session, personality)
    personality.visibility, personality.published_at = Visibility.PUBLIC, func.now()
    attempt.status, attempt.error = AttemptStatus.DONE, None


def check_not_public(personality: Personality) -> None:
    """Check that a personality is not public yet.

    Raises:
        AlreadyPublic: It is.
    """
    if personality.visibility == Visibility.PUBLIC:
        raise AlreadyPublic(personality.name, personality.public_version or 0)


def _check_headline(text: str) -> str:
    try:
        return HeadlineAnswer(headline=text.strip()).headline
    except ValidationError as error:
        raise HeadlineUnfit(HEADLINE_LENGTH) from error


def _check_tags(tags: Sequence[str], known: Sequence[str]) -> None:
    if unknown := [tag for tag in tags if tag not in known]:
        raise UnknownTags(", ".join(unknown))
    if not 1 <= len(set(tags)) <= MAX_TAGS:
        raise TooManyTags(MAX_TAGS)


async def _generate_slug(session: AsyncSession, personality: Personality) -> str:
    """Return a readable, unused slug: name, headline, six random characters."""
    parts = (_slug_words(personality.public_name, 40), _slug_words(personality.headline, 50))
    words = "-".join(filter(None, parts)) or "character"
    while True:
        suffix = "".join(secrets.choice(_SLUG_CHARACTERS) for _ in range(6))
        if await queries.is_slug_free(session, slug := f"{words}-{suffix}"):
            return slug


def _slug_words(text: str | None, limit: int) -> str:
    """Return whole words of a text for a slug."""
    words = ascii_words(text or "")
    return words if len(words) <= limit else words[:limit].rpartition("-")[0] or words[:limit]
