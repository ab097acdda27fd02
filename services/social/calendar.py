"""Queries for scheduled posts, and the time zones of users."""

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
from services.social.types import PostDetails
from services.types import Actor


class CalendarService:
    """Lists and finds posts for the people who scheduled them."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def today(self, zone: ZoneInfo) -> date:
        """Return the current date in a time zone."""
        return self._clock.now().astimezone(zone).date()

    async def list_posts(
        self,
        actor: Actor,
        *,
        personality_id: UUID | None = None,
        statuses: Collection[PostStatus] = (),
    ) -> Sequence[PostDetails]:
        """Return the actor's posts, of one personality or of all, ordered by time."""
        async with self._sessions() as session:
            return await queries.list_posts(
                session, actor, personality_id=personality_id, statuses=statuses
            )

    async def between(
        self, actor: Actor, begins: datetime, ends: datetime, *, personality_id: UUID | None = None
    ) -> Sequence[PostDetails]:
        """Return the actor's posts from `begins` until before `ends`, ordered by time."""
        async with self._sessions() as session:
            return await queries.list_posts(
                session, actor, personality_id=personality_id, begins=begins, ends=ends
            )

    async def find(self, actor: Actor, name: str) -> PostDetails:
        """Return the actor's post by its id, a prefix of at least four characters, or its photo.

        Raises:
            PostNotFound, SeveralPosts: There is no match, or more than one.
        """
        async with self._sessions() as session:
            matches = await queries.posts_by_name(session, actor, name)
        if not matches:
            raise PostNotFound(name)
        if len(matches) > 1:
            raise SeveralPosts(name)
        return matches[0]

    async def suggest_posts(self, actor: Actor, typed: str) -> Sequence[PostDetails]:
        """Return posts of the actor that are not posted yet, for autocompletion."""
        statuses = [each for each in PostStatus if each != PostStatus.POSTED]
        async with self._sessions() as session:
            return await queries.list_posts(
                session, actor, statuses=statuses, typed=typed, limit=25
            )

    async def time_zone(self, actor: Actor) -> str | None:
        """Return the actor's time zone, or None if it is not set."""
        async with self._sessions.begin() as session:
            return (await get_or_create_user(session, actor)).time_zone
