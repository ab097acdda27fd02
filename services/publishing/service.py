"""Publishing personalities, and the catalogue of public ones."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AttemptStatus, Personality, PublishAttempt, Visibility
from db.session import Sessions
from services.access import authorize
from services.jobs import cancel, enqueue
from services.llm import LanguageModels
from services.llm_configs import NoConfig
from services.people import get_or_create_user
from services.personalities import get_owned
from services.publishing import decision, queries
from services.publishing.decision import ReviewChanges
from services.publishing.errors import (
    AlreadyPublic,
    AlreadyPublishing,
    NothingToReview,
    NotPublic,
)
from services.publishing.queries import Listing
from services.publishing.types import PublishStatus, Review
from services.publishing.workflow import PublishJob
from services.types import Actor

_MAX_RESULTS = 100
_MENU = 24


class PublishingService:
    """Publishes personalities, and lists and likes public ones."""

    def __init__(self, sessions: Sessions, models: LanguageModels) -> None:
        self._sessions = sessions
        self._models = models

    async def start(
        self,
        actor: Actor,
        personality_id: UUID,
        *,
        review: bool = False,
        reply: dict[str, Any] | None = None,
        wants_dm: bool = False,
    ) -> PublishAttempt:
        """Enqueue publishing the current version of a personality.

        With `review` the attempt ends in what would be published, for its owners to `approve`; one
        that waits for that already is replaced. `reply` identifies the answer to the command, to be
        edited when publishing has finished.

        Raises:
            AccessDenied: The operator blocks the actor.
            AlreadyPublic, AlreadyPublishing: It is public already, or being published.
            NoConfig: No model is configured.
            OwnersOnly: The actor is not an owner.
            PersonalityNotFound: It was deleted.
        """
        async with self._sessions.begin() as session:
            personality = await get_owned(session, actor, personality_id)
            if personality.visibility == Visibility.PUBLIC:
                raise AlreadyPublic(personality.name, personality.public_version or 0)
            if await queries.unfinished_attempt(session, personality_id) is not None:
                raise AlreadyPublishing(personality.name)
            config = await queries.default_config(session)
            if config is None:
                raise NoConfig
            user = await get_or_create_user(session, actor)
            await authorize(session, "publish", user=user, personality_id=personality_id)
            if (waiting := await queries.attempt_in_review(session, personality_id)) is not None:
                _cancel(waiting)
            attempt = PublishAttempt(
                personality_id=personality_id,
                user_id=user.id,
                wants_review=review,
                reply=reply,
                wants_dm=wants_dm,
            )
            session.add(attempt)
            await session.flush()
            await session.refresh(attempt)
            attempt.job_id = await enqueue(
                session,
                PublishJob(attempt=attempt.id),
                lock_key=f"personality:{personality_id}",
                group=self._models.resolve(config.model).partition("/")[0],
            )
            await queries.update_last_attempt(session, attempt)
            return attempt

    async def status(self, actor: Actor, personality_id: UUID) -> PublishStatus:
        """Return the progress of the last attempt to publish a personality.

        Raises:
            OwnersOnly: The actor is not an owner.
            PersonalityNotFound: It was deleted.
        """
        async with self._sessions() as session:
            personality = await get_owned(session, actor, personality_id)
            last = next(iter(await queries.attempts(session, personality_id, limit=1)), None)
            steps = await queries.finished_steps(session, last) if last else ()
            return PublishStatus(personality=personality, attempt=last, steps=steps)

    async def history(self, actor: Actor, personality_id: UUID) -> Sequence[PublishAttempt]:
        """Return the attempts to publish a personality, newest first.

        Raises:
            OwnersOnly: The actor is not an owner.
            PersonalityNotFound: It was deleted.
        """
        async with self._sessions() as session:
            await get_owned(session, actor, personality_id)
            return await queries.attempts(session, personality_id, limit=_MAX_RESULTS)

    async def review(self, actor: Actor, attempt_id: UUID) -> Review:
        """Return what an attempt would publish, while it waits for consent.

        Raises:
            NothingToReview: It does not wait.
            OwnersOnly, PersonalityNotFound: The personality is not the actor's, or was deleted.
        """
        async with self._sessions() as session:
            return await _in_review(session, actor, attempt_id)

    async def change(self, actor: Actor, attempt_id: UUID, changes: ReviewChanges) -> Review:
        """Change what an attempt would publish, within the rules.

        Raises:
            AgeStated, HeadlineUnfit, RatingTooLow, TooManyTags, UnknownTags: It is not allowed.
            MinorNotSafe, PromptInjection: The rules forbid to publish it like that.
            NothingToReview, OwnersOnly, PersonalityNotFound: As for `review`.
        """
        async with self._sessions.begin() as session:
            waiting = await _in_review(session, actor, attempt_id)
            version = waiting.attempt.version or waiting.personality.version
            assessment = await decision.change(
                session, waiting.personality, version, waiting.assessment, changes
            )
            waiting.attempt.assessment = assessment.model_dump(mode="json")
            return replace(waiting, assessment=assessment)

    async def approve(self, actor: Actor, attempt_id: UUID) -> Personality:
        """Make a personality public as its maker has seen it.

        Raises:
            AlreadyPublic: It is public already.
            MinorNotSafe: The rules forbid it by now.
            NothingToReview, OwnersOnly, PersonalityNotFound: As for `review`.
        """
        async with self._sessions.begin() as session:
            waiting = await _in_review(session, actor, attempt_id)
            personality, attempt = waiting.personality, waiting.attempt
            decision.check_not_public(personality)
            version = attempt.version or personality.version
            assessment = await decision.decide(session, personality, version, waiting.assessment)
            await decision.make_public(session, attempt, personality, assessment)
            attempt.finished_at = func.now()
            await queries.update_last_attempt(session, attempt)
            return personality

    async def unpublish(self, actor: Actor, personality_id: UUID) -> Personality:
        """Unpublish a personality, or cancel an attempt to publish it, also one in review.

        It becomes unlisted: people who know its name may still address it.

        Raises:
            NotPublic: It is neither public nor being published.
            OwnersOnly: The actor is not an owner.
            PersonalityNotFound: It was deleted.
        """
        async with self._sessions.begin() as session:
            personality = await get_owned(session, actor, personality_id)
            attempt = await queries.unfinished_attempt(session, personality_id)
            if attempt is not None and attempt.job_id is not None:
                await cancel(session, attempt.job_id)
                _cancel(attempt)
                await queries.update_last_attempt(session, attempt)
                return personality
            if (waiting := await queries.attempt_in_review(session, personality_id)) is not None:
                _cancel(waiting)
                await queries.update_last_attempt(session, waiting)
                return personality
            if personality.visibility != Visibility.PUBLIC:
                raise NotPublic(personality.name)
            personality.visibility = Visibility.UNLISTED
            personality.public_version = personality.published_at = None
            return personality

    async def browse(
        self, *, age_restricted: bool, tag: str | None = None, words: str | None = None
    ) -> Sequence[Listing]:
        """Return public personalities, most liked first.

        Age-restricted ones are included only if `age_restricted` is set. Each of `words` must be in
        the name, the headline or the tags.
        """
        async with self._sessions() as session:
            return await queries.browse(
                session, age_restricted=age_restricted, tag=tag, words=words, limit=_MAX_RESULTS
            )

    async def find(self, name: str, *, age_restricted: bool) -> Listing:
        """Return the public personality of a name or slug.

        Raises:
            NotPublic: There is none that may be shown in such a channel.
        """
        async with self._sessions() as session:
            listing = await queries.find_by_name(session, name, age_restricted=age_restricted)
            if listing is None:
                raise NotPublic(name)
            return listing

    async def toggle_like(
        self, actor: Actor, personality_id: UUID, *, age_restricted: bool
    ) -> Listing:
        """Add or remove the actor's like of a public personality.

        Raises:
            NotPublic: It is not public, or may not be shown in such a channel.
        """
        async with self._sessions.begin() as session:
            await queries.lock_personality(session, personality_id)
            listing = await queries.find_by_id(
                session, personality_id, age_restricted=age_restricted
            )
            if listing is None:
                raise NotPublic("that personality")
            user = await get_or_create_user(session, actor)
            await queries.toggle_like(session, personality_id, user.id)
            await session.refresh(listing.personality)
            return listing

    async def used_tags(self) -> Sequence[str]:
        """Return the tags that most public personalities have: as many as a menu holds."""
        async with self._sessions() as session:
            return await queries.used_tags(session, limit=_MENU)

    async def tags(self) -> Sequence[str]:
        """Return the names of all tags."""
        async with self._sessions() as session:
            return await queries.tag_names(session)


def _cancel(attempt: PublishAttempt) -> None:
    attempt.status, attempt.finished_at = AttemptStatus.CANCELLED, func.now()


async def _in_review(session: AsyncSession, actor: Actor, attempt_id: UUID) -> Review:
    attempt = await session.get(PublishAttempt, attempt_id)
    if attempt is None:
        raise NothingToReview
    # The lock is the personality's: what is approved once is not approved again.
    personality = await get_owned(session, actor, attempt.personality_id)
    await session.refresh(attempt)
    waiting = Review.of(attempt, personality)
    if waiting is None:
        raise NothingToReview
    return waiting
