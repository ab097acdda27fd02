"""Personalities by their names, within what a person may call."""

from collections.abc import Sequence
from uuid import UUID

from db.models import Personality, Visibility
from db.session import Sessions
from services.access import Situation, is_available, is_own
from services.personalities import queries
from services.personalities.errors import PersonalityDeleted, PersonalityNotFound
from services.types import Actor


class PersonalityFinder:
    """Finds personalities by names, aliases and slugs."""

    _sessions: Sessions

    async def names(
        self, situation: Situation, *, query: str, limit: int = 25
    ) -> Sequence[tuple[str, str, str | None]]:
        """Return name, slug and maker of personalities that may be called, for autocomplete.

        The maker is given only of those whose name another one has, too.
        """
        async with self._sessions() as session:
            return await queries.names(session, situation, query, limit)

    async def find(self, name: str, situation: Situation) -> Personality:
        """Return the personality that a name, alias or slug means here.

        Raises:
            PersonalityNotFound: There is none that this person may call here.
        """
        async with self._sessions() as session:
            personality = await queries.find_in_scope(session, name, situation)
            if personality is None:
                raise PersonalityNotFound(name)
            return personality

    async def find_by_id(self, personality_id: UUID) -> Personality:
        """Return a personality.

        Raises:
            PersonalityNotFound: It was deleted.
        """
        async with self._sessions() as session:
            personality = await session.get(Personality, personality_id)
        if personality is None or personality.deleted_at is not None:
            raise PersonalityDeleted
        return personality

    async def find_own_first(self, actor: Actor, name: str, situation: Situation) -> Personality:
        """Return a person's personality of this name, else the one that it means here.

        The bot owner finds all.

        Raises:
            PersonalityNotFound: There is none that this person may call here.
        """
        async with self._sessions() as session:
            own = await queries.find(session, name, is_own(situation.account_ids))
            personality = own or await queries.find_in_scope(session, name, situation)
            if personality is None and actor.is_bot_owner:
                personality = await queries.find(session, name)
            if personality is None:
                raise PersonalityNotFound(name)
            return personality

    async def find_anywhere(self, actor: Actor, name: str) -> Personality:
        """Return a person's own personality of this name, else one that is for everybody.

        Raises:
            PersonalityNotFound: There is none.
        """
        ids = {actor.discord_id}
        async with self._sessions() as session:
            own = await queries.find(session, name, is_own(ids))
            personality = own or await queries.find(session, name, is_available(ids))
            if personality is None:
                raise PersonalityNotFound(name)
            return personality

    async def find_to_bring(self, actor: Actor, name: str, situation: Situation) -> Personality:
        """Return a person's own personality, one that a name means here, or any by its slug.

        Raises:
            PersonalityNotFound: There is none, or it is private.
        """
        try:
            return await self.find_own_first(actor, name, situation)
        except PersonalityNotFound:
            async with self._sessions() as session:
                shared = Personality.visibility != Visibility.PRIVATE
                slug = Personality.slug == name.strip().lower()
                if personality := await queries.find(session, name, slug, shared):
                    return personality
            raise

    async def own_names(self, actor: Actor, *, query: str, limit: int = 25) -> Sequence[str]:
        """Return names of an actor's personalities, for autocomplete."""
        async with self._sessions() as session:
            return await queries.own_names(session, actor, query, limit)

    async def find_own(self, actor: Actor, name: str) -> Personality:
        """Return the actor's personality of this name, or raise `PersonalityNotFound`."""
        conditions = () if actor.is_bot_owner else (queries.owned_by(actor.discord_id),)
        async with self._sessions() as session:
            if personality := await queries.find(session, name, *conditions):
                return personality
        raise PersonalityNotFound(name)
