"""Publishing personalities, and the catalogue of public ones."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func

from db.models import Personality, PublishAttempt, Visibility
from db.session import Sessions
from services.access import authorize
from services.jobs import JobStatus, cancel, enqueue
from services.llm import LanguageModels
from services.llm_configs import NoConfig
from services.people import get_or_create_user
from services.personalities import get_owned
from services.publishing import queries
from services.publishing.errors import AlreadyPublic, AlreadyPublishing, NotPublic
from services.publishing.queries import Listing
from services.publishing.types import PublishStatus
from services.publishing.workflow import PublishJob
from services.types import Actor

_MAX_RESULTS = 100


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
        reply: dict[str, Any] | None = None,
        wants_dm: bool = False,
    ) -> PublishAttempt:
        """Enqueue publishing the current version of a personality.

        `reply` identifies the answer to the command, to be edited when publishing has finished.

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
            attempt = PublishAttempt(
                personality_id=personality_id, user_id=user.id, reply=reply, wants_dm=wants_dm
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

    async def unpublish(self, actor: Actor, personality_id: UUID) -> Personality:
        """Unpublish a personality, or cancel an attempt to publish it.

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
                attempt.status, attempt.finished_at = JobStatus.CANCELLED, func.now()
                await queries.update_last_attempt(session, attempt)
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

    async def tags(self) -> Sequence[str]:
        """Return the names of all tags."""
        async with self._sessions() as session:
            return await queries.tag_names(session)
