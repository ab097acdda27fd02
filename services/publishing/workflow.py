"""The job that publishes a personality, in steps that are stored one by one."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import AttemptStatus, JobStatus, Personality, PublishAttempt, User
from db.session import Sessions
from services.access import Caller, authorize
from services.faces import FaceModeration, moderate_face, record_moderation, unseen_faces
from services.jobs import Handler, Payload, Run
from services.llm import LanguageModels
from services.llm.types import T
from services.llm_configs import NoConfig, vision_model
from services.lore import lore_text
from services.media import ObjectStore
from services.personalities import PersonalityDeleted
from services.publishing import notices, queries, questions, rules
from services.publishing.decision import Assessment, check_not_public, decide, make_public
from services.publishing.errors import AlreadyPublishing, NothingToRead
from services.texts import shorten

_LORE_LENGTH = 6000  # characters of lore that a model is asked about


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
    vision_model: str | None
    unseen_faces: Sequence[str]


class PublishJob(Payload):
    """An attempt to publish a personality."""

    kind: ClassVar[str] = "publish"

    attempt: UUID


class PublishHandler(Handler[PublishJob]):
    """Publishes personalities: locks a version, lets a model assess it, applies the rules."""

    payload_type = PublishJob

    def __init__(self, sessions: Sessions, models: LanguageModels, store: ObjectStore) -> None:
        self._sessions = sessions
        self._models = models
        self._store = store

    @override
    async def run(self, run: Run[PublishJob]) -> None:
        version = await self._lock_version(run)
        subject = await self._load_subject(run, version)
        if not subject.text.removeprefix(f"Name: {subject.name}").strip():
            raise NothingToRead(subject.name)
        rules.refuse_injection(subject.name, subject.text)
        if subject.vision_model is not None:
            for key in subject.unseen_faces:
                await self._look_at_face(run, subject, subject.vision_model, key)
        assessment = await self._assess(run, subject)
        await self._conclude(run, version, assessment)

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
        attempt.status, attempt.error = AttemptStatus(status), reason or None
        if status == JobStatus.PENDING:
            attempt.finished_at = None
        else:
            await _finish(session, attempt)
        await queries.update_last_attempt(session, attempt)

    async def _lock_version(self, run: Run[PublishJob]) -> int:
        """Mark the attempt as running; the first run determines which version is published."""
        async with run.transaction() as session:
            attempt, personality = await _load_locked(session, run.payload)
            check_not_public(personality)
            version = attempt.version = attempt.version or personality.version
            attempt.status = AttemptStatus.RUNNING
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
            unseen = await unseen_faces(session, personality.id, definition.get("avatar_url"))
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
                vision_model=await vision_model(session),
                unseen_faces=unseen,
            )

    async def _look_at_face(
        self, run: Run[PublishJob], subject: _Subject, model: str, key: str
    ) -> None:
        """Let a vision model look at a face, and store whether it is explicit."""

        async def look() -> FaceModeration:
            picture = await self._store.get(key)
            return await moderate_face(self._models, model, picture, subject.caller)

        moderation = await run.step(f"face {key}", FaceModeration, look)
        moderation.check()
        async with run.transaction() as session:
            await record_moderation(session, key, moderation)
            _, personality = await _load_locked(session, run.payload)
            personality.avatar_explicit |= moderation.is_sexual

    async def _assess(self, run: Run[PublishJob], subject: _Subject) -> Assessment:
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
        stated_age = rules.stated_age(subject.definition)
        return Assessment(
            tags=confidences,
            ratings=tuple(each.about_sex.rating for each in ratings),
            gender=gender.gender,
            age=age.age if stated_age is None else stated_age,
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

    async def _conclude(self, run: Run[PublishJob], version: int, found: Assessment) -> None:
        """Apply the rules; then ask the maker, or make the personality public."""
        async with run.final_transaction() as session:
            attempt, personality = await _load_locked(session, run.payload)
            check_not_public(personality)
            assessment = await decide(session, personality, version, found)
            if attempt.wants_review:
                attempt.assessment = assessment.model_dump(mode="json")
                attempt.status, attempt.error = AttemptStatus.REVIEW, None
            else:
                await make_public(session, attempt, personality, assessment)
            await _finish(session, attempt)
            await queries.update_last_attempt(session, attempt)


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
        raise PersonalityDeleted
    return attempt, personality


async def _finish(session: AsyncSession, attempt: PublishAttempt) -> None:
    """Store when an attempt ended and how long its steps took; enqueue the notification."""
    attempt.finished_at = func.now()
    attempt.durations = await queries.durations(session, attempt)
    await notices.enqueue_notice(session, attempt)


def _first_part(text: str, context_tokens: int, question: str = "") -> str:
    return next(questions.split_text(text, context_tokens, question))
