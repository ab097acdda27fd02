"""Scheduling, editing and cancelling posts."""

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
from services.social.guards import (
    apply_draft,
    existing_post_error,
    get_locked_post,
    get_photo,
    get_target,
)
from services.social.scheduling import enqueue_delivery
from services.social.times import Slot, occurrences, parse_time
from services.social.types import CaptionDraft, NotScheduled, PostDetails, Scheduled, Scheduling
from services.time_zones import parse_time_zone
from services.types import Actor

NEXT = "next slot"
# How many slots are tried before a target counts as full.
_MAX_OCCURRENCES = 2000
_MINUTE = timedelta(minutes=1)
_EDITABLE = (PostStatus.DRAFT, PostStatus.SCHEDULED, PostStatus.FAILED)
_NOT_CANCELLABLE = (PostStatus.POSTED, PostStatus.SENDING)


class SocialService:
    """Posts of photos. The row of a post is authoritative; jobs carry it out."""

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
        """Schedule the post of a photo at a time, or in the next free slot of a target.

        An existing draft of the photo is overwritten. Errors are returned as `NotScheduled`, with
        the post that the photo already has, if any.
        """
        try:
            async with self._sessions.begin() as session:
                photo = await get_photo(session, actor, photo_id)
                target = await get_target(session, photo, target_id)
                existing = await queries.post_of_photo(session, photo_id)
                if existing is not None and existing.post.status != PostStatus.DRAFT:
                    return NotScheduled(reason=existing_post_error(existing), existing=existing)
                post = existing.post if existing else await self._create_post(session, actor, photo)
                apply_draft(post, photo, target, draft)
                await self._schedule(session, actor, post, target, when)
                return Scheduled(details=PostDetails(post=post, photo=photo, target=target))
        except DomainError as error:
            return NotScheduled(reason=error)

    async def save_draft(
        self, actor: Actor, photo_id: UUID, draft: CaptionDraft, *, target_id: UUID | None = None
    ) -> PostDetails:
        """Save a draft of the post of a photo, without a time.

        Raises:
            CaptionTooLong, CommentUnsupported, TextTooLong: The text is not valid.
            OwnersOnly, PhotoNotFound, TargetNotFound: It is not the actor's, or does not exist.
            PhotoHasPost: The photo is already scheduled or posted.
        """
        async with self._sessions.begin() as session:
            photo = await get_photo(session, actor, photo_id)
            target = await get_target(session, photo, target_id) if target_id else None
            existing = await queries.post_of_photo(session, photo_id)
            if existing is not None and existing.post.status != PostStatus.DRAFT:
                raise existing_post_error(existing)
            post = existing.post if existing else await self._create_post(session, actor, photo)
            apply_draft(post, photo, target, draft)
            return PostDetails(post=post, photo=photo, target=target)

    async def edit(
        self, actor: Actor, post_id: UUID, draft: CaptionDraft, *, when: str | None = None
    ) -> PostDetails:
        """Change the text of a post that is not posted yet, and its time if `when` is set.

        Setting a time schedules a draft or a failed post.

        Raises:
            CaptionTooLong, CommentUnsupported, TextTooLong: The text is not valid.
            NoSlots, TimeInGap, TimePast, TimeTaken, TimeTooFar, TimeUnclear: The time is not valid.
            OwnersOnly, PostNotFound, TargetNotFound: It is not the actor's, or does not exist.
            PostClosed: It is posted, or being sent.
        """
        async with self._sessions.begin() as session:
            details = await get_locked_post(session, actor, post_id)
            post, photo, target = details.post, details.photo, details.target
            if post.status not in _EDITABLE or post.cancelled_at is not None:
                raise PostClosed("cancelled" if post.cancelled_at else post.status)
            apply_draft(post, photo, target, draft)
            post.revision += 1
            if when is not None:
                if target is None:
                    raise TargetNotFound("this post")
                await self._schedule(session, actor, post, target, when)
            elif post.status == PostStatus.SCHEDULED and target is not None:
                await enqueue_delivery(session, post, target, self._clock)
            return details

    async def cancel(self, actor: Actor, post_id: UUID) -> PostDetails:
        """Cancel a post; its photo can be posted again once Buffer has removed it from its queue.

        An unconfirmed post is deleted, or withdrawn from Buffer.

        Raises:
            OwnersOnly, PostNotFound: It is not the actor's, or does not exist.
            PostClosed: It is posted, or being sent.
        """
        async with self._sessions.begin() as session:
            details = await get_locked_post(session, actor, post_id)
            post, target = details.post, details.target
            if post.status in _NOT_CANCELLABLE:
                raise PostClosed(post.status)
            if target is not None and post.buffer_post_id is not None:
                post.status = PostStatus.SCHEDULED
                post.cancelled_at, post.revision = self._clock.now(), post.revision + 1
                await enqueue_delivery(session, post, target, self._clock)
            else:
                await session.delete(post)
            return details

    async def settle(self, actor: Actor, post_id: UUID, *, is_out: bool) -> PostDetails:
        """Resolve an unconfirmed post: it was posted (`is_out`), or is to be sent again.

        Raises:
            OwnersOnly, PostNotFound: It is not the actor's, or does not exist.
            PostClosed: It is not unconfirmed.
        """
        async with self._sessions.begin() as session:
            details = await get_locked_post(session, actor, post_id)
            post, target = details.post, details.target
            if post.status != PostStatus.UNCONFIRMED or target is None:
                raise PostClosed(post.status)
            post.error = post.cancelled_at = None
            if is_out:
                post.status, post.posted_at = PostStatus.POSTED, self._clock.now()
                await queries.record_act(session, post, self._clock.now())
                return details
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
            return details

    async def recheck(self, actor: Actor, post_id: UUID) -> PostDetails:
        """Search the publisher once more for an unconfirmed post.

        Raises:
            OwnersOnly, PostNotFound: It is not the actor's, or does not exist.
            PostClosed: It is not unconfirmed.
        """
        async with self._sessions.begin() as session:
            details = await get_locked_post(session, actor, post_id)
            post, target = details.post, details.target
            if post.status != PostStatus.UNCONFIRMED or target is None:
                raise PostClosed(post.status)
            if post.buffer_post_id is not None:
                post.status = PostStatus.SCHEDULED
            else:
                post.status = PostStatus.SENDING
                post.sending_at = post.sending_at or self._clock.now()
            await enqueue_delivery(session, post, target, self._clock)
            return details

    async def _create_post(self, session: AsyncSession, actor: Actor, photo: Photo) -> SocialPost:
        user_id = (await get_or_create_user(session, actor)).id if actor.discord_id else None
        post = SocialPost(
            photo_id=photo.id, personality_id=photo.personality_id, created_by=user_id
        )
        session.add(post)
        await session.flush()
        await session.refresh(post)
        return post

    async def _schedule(
        self,
        session: AsyncSession,
        actor: Actor,
        post: SocialPost,
        target: SocialTarget,
        when: str,
    ) -> None:
        """Schedule a post at a time, or in the next free slot of its target."""
        now = self._clock.now()
        # Lock the target, so that concurrent calls see each other's slots.
        await session.refresh(target, with_for_update=True)
        if target.removed_at is not None:
            raise TargetNotFound(target.name)
        if when.strip().lower() in ("", NEXT, "next", "slot"):
            slots = await queries.slots(session, [target.id])
            taken_minutes = await queries.taken_minutes(session, [target.id], now)
            at = next_free_slot(target, slots[target.id], taken_minutes[target.id], now)
            if at is None:
                raise NoSlots(target.name)
        else:
            user = await get_or_create_user(session, actor) if actor.discord_id else None
            zone = (user.time_zone if user else None) or target.time_zone
            at = parse_time(when, parse_time_zone(zone), now)
        if await queries.is_taken(session, target.id, at, besides=post.id):
            raise TimeTaken(at, target.name)
        post.target_id, post.scheduled_at = target.id, at
        post.status, post.error = PostStatus.SCHEDULED, None
        await session.flush()
        await enqueue_delivery(session, post, target, self._clock)


def next_free_slot(
    target: SocialTarget, slots: Sequence[Slot], taken_minutes: Container[datetime], now: datetime
) -> datetime | None:
    """Return the time of a target's next free slot, or None."""
    for number, at in enumerate(occurrences(slots, parse_time_zone(target.time_zone), now)):
        if at not in taken_minutes:
            return at
        if number == _MAX_OCCURRENCES:
            break
    return None
