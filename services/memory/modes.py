"""What users choose for all of their talk: that it is not stored, not read, or shared."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from db.session import Sessions
from services.clock import Clock
from services.memory.incognito import begin_incognito, end_incognito
from services.people import get_or_create_user
from services.types import Actor

_FOR_EVER = timedelta(days=36500)


@dataclass(frozen=True, kw_only=True)
class Mode:
    """Whether a mode is on, and until when; None is until somebody ends it."""

    is_on: bool
    until: datetime | None = None


class MemoryModes:
    """Turns modes of a user on and off."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def toggle_incognito(self, actor: Actor, duration: timedelta | None = None) -> Mode:
        """Turn incognito mode on, or off where it is on; with a duration on in any case.

        Return what holds now.
        """
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            if user.incognito and duration is None:
                end_incognito(user, self._clock.now())
                return Mode(is_on=False)
            until = None if duration is None else self._clock.now() + duration
            await begin_incognito(session, user, until)
            return Mode(is_on=True, until=until)

    async def toggle_sharing(self, actor: Actor) -> bool:
        """Let the actor's own personalities share what they were told, or no longer; whether."""
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            user.shares_memories = not user.shares_memories
            return user.shares_memories

    async def toggle_fresh(self, actor: Actor, duration: timedelta | None = None) -> Mode:
        """Have nothing read that is remembered of the actor, or read it again.

        Return what holds now.
        """
        now = self._clock.now()
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            if duration is None and user.is_fresh(now):
                user.fresh_until = None
                return Mode(is_on=False)
            user.fresh_until = now + (duration or _FOR_EVER)
            return Mode(is_on=True, until=user.fresh_until if duration else None)
