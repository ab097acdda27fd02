"""Publishing personalities, and finding those that are public."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func

from db.models import Personality, PublishAttempt, Visibility
from db.session import Sessions
from services.jobs import JobStatus, cancel, enqueue
from services.llm import LanguageModels
from services.llm_configs import NoConfig
from services.people import get_or_create_user
from services.personalities import get_owned
from services.publishing import queries
from services.publishing.errors import AlreadyPublic, AlreadyPublishing, NotPublic
from services.publishing.queries import Listing
from services.publishing.types import PublishStatus
from services.publishing.workflow import KIND
from services.types import Actor

_MOST = 100


class PublishingService:
    """What owners do to publish, and what everyone sees of it."""

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
        """Promise to publish the present version of a personality.

        `reply` is where the answer to whoever asked can be changed when it is done.

        Raises:
            AlreadyPublic, AlreadyPublishing: There is nothing to begin.
            NoConfig: There is no model to ask.
            OwnersOnly: It is not the actor's.
            PersonalityNotFound: It is gone.
        """
        async with self._sessions.begin() as session:
            personality = await get_owned(session, actor, personality_id)
            if personality.visibility == Visibility.PUBLIC:
                raise AlreadyPublic(personality.name, personality.public_version or 0)
            if await queries.open_attempt(session, personality_id) is not None:
                raise AlreadyPublishing(personality.name)
            config = await queries.default_config(session)
            if config is None:
                raise NoConfig
            user = await get_or_create_user(session, actor)
            attempt = PublishAttempt(
                personality_id=personality_id, user_id=user.id, reply=reply, wants_dm=wants_dm
            )
            session.add(attempt)
            await session.flush()
            await session.refresh(attempt)
            attempt.job_id = await enqueue(
                session,
                KIND,
                {"attempt": str(attempt.id)},
                key=f"personality:{personality_id}",
                lane=self._models.resolve(config.model).partition("/")[0],
            )
            await queries.write_on(session, attempt)
            return attempt

    async def status(self, actor: Actor, personality_id: UUID) -> PublishStatus:
        """Return how far the last attempt to publish a personality has come.

        Raises:
            OwnersOnly: It is not the actor's.
            PersonalityNotFound: It is gone.
        """
        async with self._sessions() as session:
            personality = await get_owned(session, actor, personality_id)
            last = next(iter(await queries.attempts(session, personality_id, limit=1)), None)
            steps = await queries.steps_done(session, last) if last else ()
            return PublishStatus(personality=personality, attempt=last, steps=steps)

    async def history(self, actor: Actor, personality_id: UUID) -> Sequence[PublishAttempt]:
        """Return every attempt to publish a personality, the last one first.

        Raises:
            OwnersOnly: It is not the actor's.
            PersonalityNotFound: It is gone.
        """
        async with self._sessions() as session:
            await get_owned(session, actor, personality_id)
            return await queries.attempts(session, personality_id, limit=_MOST)

    async def unpublish(self, actor: Actor, personality_id: UUID) -> Personality:
        """Take a personality back, or call off an attempt to publish it.

        Who knows its name may still call it.

        Raises:
            NotPublic: It is not public, nor about to be.
            OwnersOnly: It is not the actor's.
            PersonalityNotFound: It is gone.
        """
        async with self._sessions.begin() as session:
            personality = await get_owned(session, actor, personality_id)
            attempt = await queries.open_attempt(session, personality_id)
            if attempt is not None and attempt.job_id is not None:
                await cancel(session, attempt.job_id)
                attempt.status, attempt.finished_at = JobStatus.CANCELLED, func.now()
                await queries.write_on(session, attempt)
                return personality
            if personality.visibility != Visibility.PUBLIC:
                raise NotPublic(personality.name)
            personality.visibility = Visibility.UNLISTED
            personality.public_version = personality.published_at = None
            return personality

    async def browse(
        self, *, age_restricted: bool, tag: str | None = None, words: str | None = None
    ) -> Sequence[Listing]:
        """Return public personalities, the best liked first.

        Where no age-restricted ones may be seen, these are safe. All of `words` are in the name,
        the headline or the tags.
        """
        async with self._sessions() as session:
            return await queries.browse(
                session, age_restricted=age_restricted, tag=tag, words=words, limit=_MOST
            )

    async def find(self, name: str, *, age_restricted: bool) -> Listing:
        """Return the public personality of a name or a slug.

        Raises:
            NotPublic: There is none, or none to be seen in such a place.
        """
        async with self._sessions() as session:
            listing = await queries.named(session, name, age_restricted=age_restricted)
            if listing is None:
                raise NotPublic(name)
            return listing

    async def like(self, actor: Actor, personality_id: UUID, *, age_restricted: bool) -> Listing:
        """Like a public personality, or no longer.

        Raises:
            NotPublic: It is not, or not to be seen in such a place.
        """
        async with self._sessions.begin() as session:
            await queries.locked(session, personality_id)
            listing = await queries.public(session, personality_id, age_restricted=age_restricted)
            if listing is None:
                raise NotPublic("that personality")
            user = await get_or_create_user(session, actor)
            await queries.like(session, personality_id, user.id)
            await session.refresh(listing.personality)
            return listing

    async def tags(self) -> Sequence[str]:
        """Return every word that personalities are found by."""
        async with self._sessions() as session:
            return await queries.tag_names(session)
