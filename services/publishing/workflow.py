"""From a promise to publish to a public personality, in steps that are each kept."""

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
    Visibility,
)
from db.session import Sessions
from services.jobs import Handler, Run
from services.llm import Caller, LanguageModels
from services.llm.types import T
from services.llm_configs import NoConfig
from services.personalities import PersonalityNotFound, ascii_words
from services.publishing import notices, queries, questions, rules
from services.publishing.errors import AlreadyPublic, AlreadyPublishing, NothingToRead

KIND = "publish"
_LETTERS = string.ascii_lowercase + string.digits


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """The version that is judged, and who asks whom to judge it."""

    personality_id: UUID
    name: str
    definition: dict[str, Any]
    text: str
    model: str
    fallback: str | None
    caller: Caller


@dataclass(frozen=True, kw_only=True)
class _Judgement:
    """What is published beside the version itself."""

    tags: dict[str, int] = field(default_factory=dict[str, int])
    ratings: tuple[NsfwRating, ...]
    gender: Gender
    age: int
    judged_age: int
    headline: str


class PublishHandler(Handler):
    """Publishes personalities: locks a version, asks a model about it, lets rules decide."""

    kind: ClassVar[str] = KIND

    def __init__(self, sessions: Sessions, models: LanguageModels) -> None:
        self._sessions = sessions
        self._models = models

    @override
    async def run(self, run: Run) -> None:
        version = await self._lock(run)
        subject = await self._subject(run, version)
        if not subject.text.removeprefix(f"Name: {subject.name}").strip():
            raise NothingToRead(subject.name)
        rules.refuse_injection(subject.name, subject.text)
        verdict = await self._judge(run, subject)
        await self._publish(run, version, verdict)

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: dict[str, Any], status: JobStatus, words: str
    ) -> None:
        attempt = await session.get(PublishAttempt, UUID(payload["attempt"]))
        if attempt is None:
            return
        if status == JobStatus.PENDING:
            other = await queries.open_attempt(session, attempt.personality_id)
            if other is not None and other.id != attempt.id:
                personality = await session.get_one(Personality, attempt.personality_id)
                raise AlreadyPublishing(personality.name)
        attempt.status, attempt.error = status, words or None
        if status == JobStatus.PENDING:
            attempt.finished_at = None
        else:
            await _ended(session, attempt)
        await queries.write_on(session, attempt)

    async def _lock(self, run: Run) -> int:
        """Say that it has begun, and settle which version is published: the first run's."""
        async with run.writing() as session:
            attempt, personality = await _of(session, run.payload)
            _refuse_public(personality)
            version = attempt.version = attempt.version or personality.version
            attempt.status = JobStatus.RUNNING
            attempt.started_at = attempt.started_at or func.now()
            await queries.write_on(session, attempt)
            return version

    async def _subject(self, run: Run, version: int) -> _Subject:
        async with self._sessions() as session:
            attempt, personality = await _of(session, run.payload)
            config = await queries.default_config(session)
            if config is None:
                raise NoConfig
            definition = await queries.definition(session, personality.id, version)
            return _Subject(
                personality_id=personality.id,
                name=personality.name,
                definition=definition,
                text=rules.text_of(definition),
                model=self._models.resolve(config.model),
                fallback=config.fallback_model,
                caller=Caller(
                    purpose="publish",
                    user_id=attempt.user_id,
                    personality_id=personality.id,
                ),
            )

    async def _judge(self, run: Run, subject: _Subject) -> _Judgement:
        """Ask the model one thing after the other; each answer is kept before the next question."""
        room = self._models.context_tokens(subject.model)

        async def step(name: str, shape: type[T], question: str, text: str) -> T:
            return await run.step(name, shape, self._asking(subject, shape, question, text))

        ratings = [
            await step(_of_piece(piece), questions.RatingAnswer, questions.RATING, piece)
            for piece in questions.pieces(subject.text, room)
        ]
        tags = await run.step("tags", questions.TagsAnswer, lambda: self._tags(subject, room))
        beginning = _first(subject.text, room)
        gender = await step("gender", questions.GenderAnswer, questions.GENDER, beginning)
        age = await step("age", questions.AgeAnswer, questions.AGE, beginning)
        line = await step("headline", questions.HeadlineAnswer, questions.HEADLINE, beginning)
        confidences: dict[str, int] = {}
        for guess in tags.tags:
            confidences[guess.tag] = max(guess.confidence, confidences.get(guess.tag, 0))
        return _Judgement(
            tags=confidences,
            ratings=tuple(each.about_sex.rating for each in ratings),
            gender=gender.gender,
            age=rules.age_of(subject.definition, age.age),
            judged_age=age.age,
            headline=line.headline,
        )

    async def _tags(self, subject: _Subject, room: int) -> questions.TagsAnswer:
        """Ask for words among those that there are."""
        async with self._sessions() as session:
            names = await queries.tag_names(session)
        question = questions.tags_question(names)
        text = _first(subject.text, room, question)
        return await self._asking(subject, questions.tags_shape(names), question, text)()

    def _asking(
        self, subject: _Subject, shape: type[T], question: str, text: str
    ) -> Callable[[], Awaitable[T]]:
        async def ask() -> T:
            answer = await self._models.parse(
                questions.ask(subject.model, question, text),
                shape,
                caller=subject.caller,
                fallback=subject.fallback,
            )
            return answer.value

        return ask

    async def _publish(self, run: Run, version: int, verdict: _Judgement) -> None:
        """Let the rules have the last word, and make it public in one transaction."""
        async with run.finishing() as session:
            attempt, personality = await _of(session, run.payload)
            _refuse_public(personality)
            definition = await queries.definition(session, personality.id, version)
            said = rules.text_of(definition)
            rating = rules.rating_of(
                (said, verdict.headline),
                verdict.ratings,
                explicit_picture=personality.avatar_explicit,
            )
            ages = (verdict.age, verdict.judged_age)
            rules.refuse_minors(personality.name, definition, ages, rating)
            await queries.set_tags(session, personality.id, verdict.tags)
            personality.nsfw_rating = rating
            personality.age_restricted |= rating == NsfwRating.EXPLICIT
            personality.gender, personality.headline = verdict.gender, verdict.headline
            personality.public_name, personality.public_version = definition["name"], version
            personality.public_age = verdict.age
            personality.age_bucket = rules.bucket_of(verdict.age)
            personality.slug = await _slug(session, personality)
            personality.visibility, personality.published_at = Visibility.PUBLIC, func.now()
            attempt.status, attempt.error = JobStatus.DONE, None
            await _ended(session, attempt)
            await queries.write_on(session, attempt)


def _refuse_public(personality: Personality) -> None:
    if personality.visibility == Visibility.PUBLIC:
        raise AlreadyPublic(personality.name, personality.public_version or 0)


def _of_piece(piece: str) -> str:
    """Return the name of the step that rates a piece: another model may cut the text elsewhere."""
    return f"rating {hashlib.sha256(piece.encode()).hexdigest()[:8]}"


async def _of(session: AsyncSession, payload: dict[str, Any]) -> tuple[PublishAttempt, Personality]:
    """Return an attempt and its personality, which nobody else changes meanwhile.

    Raises:
        PersonalityNotFound: It is gone.
    """
    attempt = await session.get(PublishAttempt, UUID(payload["attempt"]))
    personality = await queries.locked(session, attempt.personality_id) if attempt else None
    if attempt is None or personality is None or personality.deleted_at is not None:
        raise PersonalityNotFound("this personality")
    return attempt, personality


async def _ended(session: AsyncSession, attempt: PublishAttempt) -> None:
    """Write down when an attempt ended and how long its steps took; let whoever asked know."""
    attempt.finished_at = func.now()
    attempt.durations = await queries.durations(session, attempt)
    await notices.enqueue_notice(session, attempt)


async def _slug(session: AsyncSession, personality: Personality) -> str:
    """Return a readable slug that nobody has: name, headline, six random characters."""
    named = (_words(personality.public_name, 40), _words(personality.headline, 50))
    words = "-".join(filter(None, named)) or "character"
    while True:
        ending = "".join(secrets.choice(_LETTERS) for _ in range(6))
        if await queries.is_slug_free(session, slug := f"{words}-{ending}"):
            return slug


def _words(text: str | None, limit: int) -> str:
    """Return whole words of a text for an address."""
    words = ascii_words(text or "")
    return words if len(words) <= limit else words[:limit].rpartition("-")[0] or words[:limit]


def _first(text: str, room: int, question: str = "") -> str:
    return next(questions.pieces(text, room, question))
