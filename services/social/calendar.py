"""What is planned, and by whose clocks."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from db.models import PostStatus
from db.session import Sessions
from services.clock import Clock
from services.people import get_or_create_user
from services.social import queries
from services.social.errors import PostNotFound, SeveralPosts
from services.social.times import zone_of
from services.social.types import PostDetails
from services.types import Actor


class CalendarService:
    """Posts as those who plan them see them."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def today(self, zone: ZoneInfo) -> date:
        """Return which day it is by a zone's clocks."""
        return self._clock.now().astimezone(zone).date()

    async def listed(
        self,
        actor: Actor,
        *,
        personality_id: UUID | None = None,
        statuses: Collection[PostStatus] = (),
    ) -> Sequence[PostDetails]:
        """Return the actor's posts, of one personality or of all, by their time."""
        async with self._sessions() as session:
            return await queries.listed(
                session, actor, personality_id=personality_id, statuses=statuses
            )

    async def between(
        self, actor: Actor, begins: datetime, ends: datetime, *, personality_id: UUID | None = None
    ) -> Sequence[PostDetails]:
        """Return the actor's posts with a time in a span, by their time."""
        async with self._sessions() as session:
            return await queries.listed(
                session, actor, personality_id=personality_id, begins=begins, ends=ends
            )

    async def find(self, actor: Actor, name: str) -> PostDetails:
        """Return the actor's post of this id, of which four letters may be enough, or photo.

        Raises:
            PostNotFound, SeveralPosts: There is none, or more than one.
        """
        async with self._sessions() as session:
            found = await queries.called(session, actor, name)
        if not found:
            raise PostNotFound(name)
        if len(found) > 1:
            raise SeveralPosts(name)
        return found[0]

    async def suggested(self, actor: Actor, typed: str) -> Sequence[PostDetails]:
        """Return posts of the actor's that are not out, for suggestions."""
        statuses = [each for each in PostStatus if each != PostStatus.POSTED]
        async with self._sessions() as session:
            return await queries.listed(session, actor, statuses=statuses, typed=typed, limit=25)

    async def time_zone(self, actor: Actor) -> str | None:
        """Return the time zone of somebody, if they have told."""
        async with self._sessions.begin() as session:
            return (await get_or_create_user(session, actor)).time_zone

    async def set_time_zone(self, actor: Actor, name: str) -> str:
        """Remember the time zone of somebody, by which the times they write are read.

        Raises:
            ZoneUnknown: There is none of this name.
        """
        zone = zone_of(name).key
        async with self._sessions.begin() as session:
            (await get_or_create_user(session, actor)).time_zone = zone
        return zone
