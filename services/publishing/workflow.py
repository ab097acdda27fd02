"""The job that publishes a personality, in steps that are stored one by one."""

import asyncio
import hashlib
import secrets
import string
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import (
    Gender,
    JobStatus,
    NsfwRating,
    Personality,
    PublishAttempt,
    User,
    Visibility,
)
from db.session import Sessions
from services.access import Caller, authorize
from services.jobs import Handler, Payload, Run
from services.llm import LanguageModels
from services.llm.types import T
from services.llm_configs import NoConfig
from services.lore import lore_text
from services.names import ascii_words
from services.personalities import PersonalityNotFound
from services.publishing import notices, queries, questions, rules
from services.publishing.errors import AlreadyPublic, AlreadyPublishing, NothingToRead
from services.texts import shorten

_LORE_LENGTH = 6000  # characters of lore that a model is asked about
_SLUG_CHARACTERS = string.ascii_lowercase + string.digits


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """The version to assess, the models to call, and the caller."""

    personality_id: UUID
    name: str
    definition: dict[str, Any]
    text: str
    model: str
    fallback: str | None
    caller: Caller


@dataclass(frozen=True, kw_only=True)
class _Assessment:
    """What is published besides the version itself."""

    tags: dict[str, int] = field(default_factory=dict[str, int])
    ratings: tuple[NsfwRating, ...]
    gender: Gender
    age: int
    model_age: int
    headline: str


class PublishJob(Payload):
    """An attempt to publish a personality."""

    kind: ClassVar[str] = "publish"

    attempt: UUID


class PublishHandler(Handler[PublishJob]):
    """Publishes personalities: locks a version, lets a model assess it, applies the rules."""

    payload_type = PublishJob

    def __init__(self, sessions: Sessions, models: LanguageModels) -> None:
        self._sessions = sessions
        self._models = models

    @override
    async def run(self, run: Run[PublishJob]) -> None:
        version = await self._lock_version(run)
        subject = await self._load_subject(run, version)
        if not subject.text.removeprefix(f"Name: {subject.name}").strip():
            raise NothingToRead(subject.name)
        rules.refuse_injection(subject.name, subject.text)
        assessment = await self._assess(run, subject)
        await self._publish(run, version, assessment)

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: PublishJob, status: JobStatus, reason: str
    ) -> None:
        attempt = await session.get(PublishAttempt, payload.attempt)
        if attempt is None:
            return
        if status == JobStatus.PENDING:
            other = await queries.unfinished_attempt(session, attempt.personality_id)
            if other is not None and other.id != attempt.id:
                personality = await session.get_one(Personality, attempt.personality_id)
                raise AlreadyPublishing(personality.name)
        attempt.status, attempt.error = status, reason or None
        if status == JobStatus.PENDING:
            attempt.finished_at = None
        else:
            await _finish(session, attempt)
        await queries.update_last_attempt(session, attempt)

    async def _lock_version(self, run: Run[PublishJob]) -> int:
        """Mark the attempt as running; the first run determines which version is published."""
        async with run.transaction() as session:
            attempt, personality = await _load_locked(session, run.payload)
            _check_not_public(personality)
            version = attempt.version = attempt.version or personality.version
            attempt.status = JobStatus.RUNNING
            attempt.started_at = attempt.started_at or func.now()
            await queries.update_last_attempt(session, attempt)
            return version

    async def _load_subject(self, run: Run[PublishJob], version: int) -> _Subject:
        async with self._sessions() as session:
            attempt, personality = await _load_locked(session, run.payload)
            config = await queries.default_config(session)
            if config is None:
                raise NoConfig
            definition = await queries.definition(session, personality.id, version)
            lore = await lore_text(session, personality.id)
            text = rules.text_of(definition)
            if lore:
                # The model reads its beginning; the rules read all of it.
                text += f"\n\nLore: {shorten(lore, _LORE_LENGTH)}"
            return _Subject(
                personality_id=personality.id,
                name=personality.name,
                definition=definition,
                text=text,
                model=self._models.resolve(config.model),
                fallback=config.fallback_model,
                caller=await authorize(
                    session,
                    "publish",
                    user=await session.get(User, attempt.user_id) if attempt.user_id else None,
                    personality_id=personality.id,
                ),
            )

    async def _assess(self, run: Run[PublishJob], subject: _Subject) -> _Assessment:
        """Ask the model one question after another; each answer is stored before the next one."""
        context_tokens = self._models.context_tokens(subject.model)

        async def step(name: str, schema: type[T], question: str, text: str) -> T:
            return await run.step(name, schema, self._call(subject, schema, question, text))

        ratings = [
            await step(_rating_step(piece), questions.RatingAnswer, questions.RATING, piece)
            for piece in questions.split_text(subject.text, context_tokens)
        ]
        tags = await run.step(
            "tags", questions.TagsAnswer, lambda: self._ask_tags(subject, context_tokens)
        )
        beginning = _first_part(subject.text, context_tokens)
        gender = await step("gender", questions.GenderAnswer, questions.GENDER, beginning)
        age = await step("age", questions.AgeAnswer, questions.AGE, beginning)
        headline = await step("headline", questions.HeadlineAnswer, questions.HEADLINE, beginning)
        confidences: dict[str, int] = {}
        for guess in tags.tags:
            confidences[guess.tag] = max(guess.confidence, confidences.get(guess.tag, 0))
        return _Assessment(
            tags=confidences,
            ratings=tuple(each.about_sex.rating for each in ratings),
            gender=gender.gender,
            age=rules.age_of(subject.definition, age.age),
            model_age=age.age,
            headline=headline.headline,
        )

    async def _ask_tags(self, subject: _Subject, context_tokens: int) -> questions.TagsAnswer:
        """Ask which of the existing tags fit."""
        async with self._sessions() as session:
            names = await queries.tag_names(session)
        question = questions.tags_question(names)
        text = _first_part(subject.text, context_tokens, question)
        return await self._call(subject, questions.tags_schema(names), question, text)()

    def _call(
        self, subject: _Subject, schema: type[T], question: str, text: str
    ) -> Callable[[], Awaitable[T]]:
        async def ask() -> T:
            answer = await self._models.parse(
                questions.build_request(subject.model, question, text),
                schema,
                caller=subject.caller,
                fallback=subject.fallback,
            )
            return answer.value

        return ask

    async def _publish(self, run: Run[PublishJob], version: int, assessment: _Assessment) -> None:
        """Apply the rules and make the personality public, in one transaction."""
        async with run.final_transaction() as session:
            attempt, personality = await _load_locked(session, run.payload)
            _check_not_public(personality)
            definition = await queries.definition(session, personality.id, version)
            text = rules.text_of(definition)
            lore = await lore_text(session, personality.id)
            rating = await asyncio.to_thread(
                rules.rating_of,
                (text, lore, assessment.headline),
                assessment.ratings,
                explicit_picture=personality.avatar_explicit,
            )
            ages = (assessment.age, assessment.model_age)
            rules.refuse_minors(personality.name, definition, ages, rating)
            await queries.set_tags(session, personality.id, assessment.tags)
            personality.nsfw_rating = rating
            personality.age_restricted |= rating == NsfwRating.EXPLICIT
            personality.gender, personality.headline = assessment.gender, assessment.headline
            personality.public_name, personality.public_version = definition["name"], version
            personality.public_age = assessment.age
            personality.age_bucket = rules.bucket_of(assessment.age)
            personality.slug = await _generate_slug(session, personality)
            personality.visibility, personality.published_at = Visibility.PUBLIC, func.now()
            attempt.status, attempt.error = JobStatus.DONE, None
            await _finish(session, attempt)
            await queries.update_last_attempt(session, attempt)


def _check_not_public(personality: Personality) -> None:
    if personality.visibility == Visibility.PUBLIC:
        raise AlreadyPublic(personality.name, personality.public_version or 0)


def _rating_step(piece: str) -> str:
    """Return the step name of a part, by its hash: another model may split the text elsewhere."""
    return f"rating {hashlib.sha256(piece.encode()).hexdigest()[:8]}"


async def _load_locked(
    session: AsyncSession, payload: PublishJob
) -> tuple[PublishAttempt, Personality]:
    """Return an attempt and its personality, locked until the transaction ends.

    Raises:
        PersonalityNotFound: It was deleted.
    """
    attempt = await session.get(PublishAttempt, payload.attempt)
    personality = (
        await queries.lock_personality(session, attempt.personality_id) if attempt else None
    )
    if attempt is None or personality is None or personality.deleted_at is not None:
        raise PersonalityNotFound("this personality")
    return attempt, personality


async def _finish(session: AsyncSession, attempt: PublishAttempt) -> None:
    """Store when an attempt ended and how long its steps took; enqueue the notification."""
    attempt.finished_at = func.now()
    attempt.durations = await queries.durations(session, attempt)
    await notices.enqueue_notice(session, attempt)


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


def _first_part(text: str, context_tokens: int, question: str = "") -> str:
    return next(questions.split_text(text, context_tokens, question))
