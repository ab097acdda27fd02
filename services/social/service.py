"""Planning posts, and having a say in them until they are out."""

from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Photo, PostStatus, SocialPost, SocialTarget
from db.session import Sessions
from services.clock import Clock
from services.errors import DomainError
from services.people import get_or_create_user
from services.social import queries
from services.social.deletion import enqueue_removal
from services.social.errors import (
    NoSlots,
    PostClosed,
    TargetNotFound,
    TimeTaken,
)
from services.social.guards import has_post, locked, photo_of, target_for, write
from services.social.scheduling import enqueue_delivery
from services.social.times import Slot, occurrences, read_time, zone_of
from services.social.types import CaptionDraft, NotScheduled, PostDetails, Scheduled, Scheduling
from services.types import Actor

NEXT = "next slot"
# How many times of the week are looked at before there is said to be none.
_FAR = 2000
_MINUTE = timedelta(minutes=1)
_CHANGED = (PostStatus.DRAFT, PostStatus.SCHEDULED, PostStatus.FAILED)
_ENDED = (PostStatus.POSTED, PostStatus.SENDING)


class SocialService:
    """Posts of photos. A post's row is the truth; jobs see to it that it is kept."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def schedule_post(
        self,
        actor: Actor,
        photo_id: UUID,
        draft: CaptionDraft,
        *,
        target_id: UUID,
        when: str = NEXT,
    ) -> Scheduling:
        """Plan the one post of a photo, at a time or in the next free slot of its target.

        A photo that has a draft is posted as it says here. What does not come to be is a value,
        too: it says why, and has the post that the photo has already.
        """
        try:
            async with self._sessions.begin() as session:
                photo = await photo_of(session, actor, photo_id)
                target = await target_for(session, photo, target_id)
                existing = await queries.of_photo(session, photo_id)
                if existing is not None and existing.post.status != PostStatus.DRAFT:
                    return NotScheduled(reason=has_post(existing), existing=existing)
                post = existing.post if existing else await self._new(session, actor, photo)
                write(post, photo, target, draft)
                await self._place(session, actor, post, target, when)
                return Scheduled(details=PostDetails(post=post, photo=photo, target=target))
        except DomainError as error:
            return NotScheduled(reason=error)

    async def save_draft(
        self, actor: Actor, photo_id: UUID, draft: CaptionDraft, *, target_id: UUID | None = None
    ) -> PostDetails:
        """Keep what was written of a photo, without a time.

        Raises:
            CaptionTooLong, CommentUnsupported, TextTooLong: It cannot be posted so.
            OwnersOnly, PhotoNotFound, TargetNotFound: It is not the actor's, or gone.
            PhotoHasPost: The photo is planned or posted already.
        """
        async with self._sessions.begin() as session:
            photo = await photo_of(session, actor, photo_id)
            target = await target_for(session, photo, target_id) if target_id else None
            existing = await queries.of_photo(session, photo_id)
            if existing is not None and existing.post.status != PostStatus.DRAFT:
                raise has_post(existing)
            post = existing.post if existing else await self._new(session, actor, photo)
            write(post, photo, target, draft)
            return PostDetails(post=post, photo=photo, target=target)

    async def edit(
        self, actor: Actor, post_id: UUID, draft: CaptionDraft, *, when: str | None = None
    ) -> PostDetails:
        """Change a post that is not out: what it says, and when, where a time is given.

        A draft or a failed post is planned by that.

        Raises:
            CaptionTooLong, CommentUnsupported, TextTooLong: It cannot be posted so.
            NoSlots, TimeInGap, TimePast, TimeTaken, TimeTooFar, TimeUnclear: Not at that time.
            OwnersOnly, PostNotFound, TargetNotFound: It is not the actor's, or gone.
            PostClosed: It is out, or on its way.
        """
        async with self._sessions.begin() as session:
            entry = await locked(session, actor, post_id)
            post, photo, target = entry.post, entry.photo, entry.target
            if post.status not in _CHANGED or post.cancelled_at is not None:
                raise PostClosed("cancelled" if post.cancelled_at else post.status)
            write(post, photo, target, draft)
            post.revision += 1
            if when is not None:
                if target is None:
                    raise TargetNotFound("this post")
                await self._place(session, actor, post, target, when)
            elif post.status == PostStatus.SCHEDULED and target is not None:
                await enqueue_delivery(session, post, target, self._clock)
            return entry

    async def cancel(self, actor: Actor, post_id: UUID) -> PostDetails:
        """Call a post off; its photo is free again, once Buffer has let go of it.

        Of one that may be out, that says that it is not wanted, wherever it is.

        Raises:
            OwnersOnly, PostNotFound: It is not the actor's, or gone.
            PostClosed: It is out, or on its way.
        """
        async with self._sessions.begin() as session:
            entry = await locked(session, actor, post_id)
            post, target = entry.post, entry.target
            if post.status in _ENDED:
                raise PostClosed(post.status)
            if target is not None and post.buffer_post_id is not None:
                post.status = PostStatus.SCHEDULED
                post.cancelled_at, post.revision = self._clock.now(), post.revision + 1
                await enqueue_delivery(session, post, target, self._clock)
            else:
                await session.delete(post)
            return entry

    async def settle(self, actor: Actor, post_id: UUID, *, is_out: bool) -> PostDetails:
        """Say of a post of which nobody knows whether it is out; if not, it goes out anew.

        Raises:
            OwnersOnly, PostNotFound: It is not the actor's, or gone.
            PostClosed: It is known by now.
        """
        async with self._sessions.begin() as session:
            entry = await locked(session, actor, post_id)
            post, target = entry.post, entry.target
            if post.status != PostStatus.UNCONFIRMED or target is None:
                raise PostClosed(post.status)
            post.error = post.cancelled_at = None
            if is_out:
                post.status, post.posted_at = PostStatus.POSTED, self._clock.now()
                await queries.record_act(session, post, self._clock.now())
                return entry
            post.status, post.revision = PostStatus.SCHEDULED, post.revision + 1
            post.sending_at = None
            at = max(post.scheduled_at or self._clock.now(), self._clock.now())
            at = at.replace(second=0, microsecond=0)
            while await queries.is_taken(session, target.id, at, besides=post.id):
                at += _MINUTE
            post.scheduled_at = at
            if post.buffer_post_id is not None:
                await enqueue_removal(session, post.buffer_post_id)
            post.buffer_post_id = post.sent_revision = None
            await enqueue_delivery(session, post, target, self._clock)
            return entry

    async def recheck(self, actor: Actor, post_id: UUID) -> PostDetails:
        """Look on the other side once more for a post of which nobody knows whether it is out.

        Raises:
            OwnersOnly, PostNotFound: It is not the actor's, or gone.
            PostClosed: It is known by now.
        """
        async with self._sessions.begin() as session:
            entry = await locked(session, actor, post_id)
            post, target = entry.post, entry.target
            if post.status != PostStatus.UNCONFIRMED or target is None:
                raise PostClosed(post.status)
            if post.buffer_post_id is not None:
                post.status = PostStatus.SCHEDULED
            else:
                post.status = PostStatus.SENDING
                post.sending_at = post.sending_at or self._clock.now()
            await enqueue_delivery(session, post, target, self._clock)
            return entry

    async def _new(self, session: AsyncSession, actor: Actor, photo: Photo) -> SocialPost:
        user_id = (await get_or_create_user(session, actor)).id if actor.discord_id else None
        post = SocialPost(
            photo_id=photo.id, personality_id=photo.personality_id, created_by=user_id
        )
        session.add(post)
        await session.flush()
        await session.refresh(post)
        return post

    async def _place(
        self,
        session: AsyncSession,
        actor: Actor,
        post: SocialPost,
        target: SocialTarget,
        when: str,
    ) -> None:
        """Plan a post for a time, or for the next free slot of its target."""
        now = self._clock.now()
        # One after the other: the next one sees what this one has taken.
        await session.refresh(target, with_for_update=True)
        if target.removed_at is not None:
            raise TargetNotFound(target.name)
        if when.strip().lower() in ("", NEXT, "next", "slot"):
            slots = await queries.slots(session, [target.id])
            taken = await queries.taken(session, [target.id], now)
            at = free_at(target, slots[target.id], taken[target.id], now)
            if at is None:
                raise NoSlots(target.name)
        else:
            user = await get_or_create_user(session, actor) if actor.discord_id else None
            zone = (user.time_zone if user else None) or target.time_zone
            at = read_time(when, zone_of(zone), now)
        if await queries.is_taken(session, target.id, at, besides=post.id):
            raise TimeTaken(at, target.name)
        post.target_id, post.scheduled_at = target.id, at
        post.status, post.error = PostStatus.SCHEDULED, None
        await session.flush()
        await enqueue_delivery(session, post, target, self._clock)


def free_at(
    target: SocialTarget, slots: Sequence[Slot], taken: Container[datetime], now: datetime
) -> datetime | None:
    """Return when a target has its next free slot, or None where it has none."""
    for number, at in enumerate(occurrences(slots, zone_of(target.time_zone), now)):
        if at not in taken:
            return at
        if number == _FAR:
            break
    return None
