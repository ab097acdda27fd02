"""Delivery of posts: each is sent at most once, at its time, as it was last edited.

A job only triggers a check: each run reads the row, and the publisher's state if necessary, and
takes the next step. Before sending, the row is marked `sending` with its fingerprint; afterwards
it gets the publisher's id. A post that was `sending` when a process died is searched for first.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import JobStatus, Personality, PostStatus, SocialPost, SocialTarget
from db.session import Sessions
from services.clock import Clock
from services.errors import DomainError, TransientError
from services.jobs import Handler, Run
from services.leases import current_lease
from services.social import notices, queries
from services.social.captions import with_ai_mark
from services.social.deletion import enqueue_removal
from services.social.errors import (
    ChangeTooLate,
    DeliveryCancelled,
    DeliveryUnconfirmed,
    MissedWhileOffline,
    PostRefused,
    PublisherBusy,
    PublisherMissing,
    QueueFull,
    RemovedFromQueue,
    TooLate,
)
from services.social.ports import Publisher, QueueingPublisher
from services.social.publishers import PUBLISHERS
from services.social.scheduling import DeliveryJob, enqueue_delivery
from services.social.types import OutgoingPost, PostDetails, Receipt, RemoteState
from services.types import speaker_of

# A queue requires a time that is not past when the request arrives.
_SEND_DELAY, _MIN_LEAD_TIME = timedelta(minutes=2), timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A post, and what is needed to send it."""

    details: PostDetails
    target: SocialTarget
    personality: Personality
    outgoing: OutgoingPost
    publisher: Publisher | None

    @property
    def post(self) -> SocialPost:
        """Return the post."""
        return self.details.post

    @property
    def is_obsolete(self) -> bool:
        """Whether its target was removed or its personality deleted."""
        return self.target.removed_at is not None or self.personality.deleted_at is not None

    @property
    def is_wanted(self) -> bool:
        """Whether it is to be sent, or to stay in the queue."""
        return not (self.is_obsolete or self.post.cancelled_at or self.target.paused_at)


def to_outgoing(
    details: PostDetails,
    target: SocialTarget,
    personality: Personality,
    now: datetime,
    others: frozenset[str] = frozenset(),
) -> OutgoingPost:
    """Return a post as it is sent now, or with the stored time if it may have been sent already.

    `others` are the publisher's ids of our other posts on the same channel.
    """
    post, photo = details.post, details.photo
    due = post.scheduled_at or now
    written_due = (
        (post.fingerprint or {}).get("due_at") if post.status == PostStatus.SENDING else None
    )
    return OutgoingPost(
        post_id=post.id,
        channel_id=target.remote_id,
        channel_name=target.name,
        service=target.service,
        guild_id=target.guild_id,
        caption=with_ai_mark(post.caption, is_ai_generated=photo.is_ai_generated),
        alt_text=photo.alt_text,
        first_comment=post.first_comment,
        storage_key=photo.storage_key,
        is_ai_generated=photo.is_ai_generated,
        due_at=datetime.fromisoformat(written_due) if written_due else _in_future(due, now),
        speaker=speaker_of(personality),
        age_restricted=personality.age_restricted,
        others=others,
    )


def _in_future(due: datetime, now: datetime) -> datetime:
    return due if due > now + _MIN_LEAD_TIME else now.replace(second=0, microsecond=0) + _SEND_DELAY


_FIRST_CHECK_DELAY = timedelta(minutes=1)


class DeliveryRecords:
    """Updates the rows of posts; concurrent edits take precedence."""

    def __init__(self, clock: Clock, describe: Callable[[BaseException], str]) -> None:
        self._clock = clock
        self._describe = describe

    async def mark_sending(self, run: Run[DeliveryJob], delivery: Delivery) -> bool:
        """Mark a post as being sent; return False if it was changed or is no longer wanted."""
        async with run.transaction() as session:
            details = await queries.details(session, delivery.post.id, lock=True)
            is_same = details is not None and (
                details.post.revision == delivery.post.revision
                and details.post.status == PostStatus.SCHEDULED
                and _accepts_posts(details)
            )
            if details is None or not is_same:
                return False
            details.post.status, details.post.error = PostStatus.SENDING, None
            details.post.fingerprint = delivery.outgoing.fingerprint
            details.post.sending_at = delivery.post.sending_at = self._clock.now()
            return True

    async def save_receipt(
        self,
        run: Run[DeliveryJob],
        delivery: Delivery,
        receipt: Receipt,
        *,
        as_written: bool = True,
    ) -> None:
        """Save the publisher's state of a post, and schedule the next check if it is queued.

        `as_written` says that the publisher has the current revision, not an earlier one.
        """
        async with self._finishing(run, delivery) as (session, details):
            if details is None:
                return
            post = details.post
            post.error, post.sending_at = None, None
            post.link = receipt.link or post.link
            if as_written:
                post.sent_revision = delivery.post.revision
            PUBLISHERS[delivery.target.kind].set_remote_id(post, receipt.remote_id)
            if details.target is not None and receipt.is_public is not None:
                details.target.is_public = receipt.is_public
            if receipt.state == RemoteState.OUT:
                at = receipt.at or self._clock.now()
                if post.sent_revision != post.revision:
                    post.error = self._describe(ChangeTooLate())
                    post.caption = receipt.text or post.caption
                post.status, post.posted_at, post.cancelled_at = PostStatus.POSTED, at, None
                await queries.record_act(session, post, at)
                await notices.enqueue_notice(session, post)
            else:
                post.status = PostStatus.SCHEDULED
                # Its target may have been paused or removed while it was being sent.
                at = self._next_check_at(delivery) if _accepts_posts(details) else self._clock.now()
                await enqueue_delivery(session, post, delivery.target, self._clock, at=at)

    async def finish(
        self,
        run: Run[DeliveryJob],
        delivery: Delivery,
        status: PostStatus,
        error: DomainError,
        *,
        is_gone: bool = False,
    ) -> None:
        """End the delivery of a post with an error: it failed, or a person must resolve it.

        `is_gone` says that the publisher no longer has it.
        """
        async with self._finishing(run, delivery) as (session, details):
            if details is None or details.post.revision != delivery.post.revision:
                return
            if is_gone:
                details.post.buffer_post_id = details.post.sent_revision = None
            details.post.status, details.post.error = status, self._describe(error)
            details.post.cancelled_at = None
            await notices.enqueue_notice(session, details.post)

    async def keep_queued(
        self, run: Run[DeliveryJob], delivery: Delivery, error: DomainError, after: timedelta | None
    ) -> None:
        """Leave a post in the queue unchanged, save the error, and check again after a while.

        Without `after`, the check is when the post should have been published.
        """
        async with self._finishing(run, delivery) as (session, details):
            if details is not None and details.post.revision == delivery.post.revision:
                details.post.error = self._describe(error)
                at = self._clock.now() + after if after else self._next_check_at(delivery)
                await enqueue_delivery(session, details.post, delivery.target, self._clock, at=at)

    async def save_error(
        self, run: Run[DeliveryJob], delivery: Delivery, error: DomainError
    ) -> None:
        """Save why a post is not posted yet; the job will be retried."""
        async with run.transaction() as session:
            details = await queries.details(session, delivery.post.id, lock=True)
            if details is not None:
                details.post.error = self._describe(error)

    async def reset(self, run: Run[DeliveryJob], delivery: Delivery, *, again: bool) -> None:
        """Mark a post as not sent; `again` enqueues another delivery at once."""
        async with run.transaction() as session:
            details = await queries.details(session, delivery.post.id, lock=True)
            if details is None:
                return
            details.post.status, details.post.sending_at = PostStatus.SCHEDULED, None
            if again:
                await enqueue_delivery(session, details.post, delivery.target, self._clock)

    async def mark_removed(self, run: Run[DeliveryJob], delivery: Delivery) -> None:
        """Mark a post as removed from the queue while its target is paused."""
        async with self._finishing(run, delivery) as (session, details):
            if details is None:
                return
            details.post.buffer_post_id = details.post.sent_revision = None
            if _accepts_posts(details):  # it was resumed meanwhile
                await enqueue_delivery(session, details.post, delivery.target, self._clock)

    async def delete(self, run: Run[DeliveryJob], delivery: Delivery) -> None:
        """Delete a post."""
        async with self._finishing(run, delivery) as (session, details):
            if details is not None:
                await session.delete(details.post)

    def _next_check_at(self, delivery: Delivery) -> datetime:
        """Return when to check a queued post: soon after it is due, then less and less often."""
        now, due = self._clock.now(), delivery.post.scheduled_at or self._clock.now()
        lateness = max(now - due, timedelta(0))
        return max(now, due) + max(lateness / 2, _FIRST_CHECK_DELAY)

    @asynccontextmanager
    async def _finishing(
        self, run: Run[DeliveryJob], delivery: Delivery
    ) -> AsyncGenerator[tuple[AsyncSession, PostDetails | None]]:
        """Open the transaction that ends the job, with the current row.

        The target is locked before the post, as everywhere.
        """
        async with run.final_transaction() as session:
            await session.get(SocialTarget, delivery.target.id, with_for_update=True)
            yield session, await queries.details(session, delivery.post.id, lock=True)


def _accepts_posts(details: PostDetails) -> bool:
    """Whether the target of a post is neither paused nor removed."""
    target = details.target
    return target is not None and target.paused_at is None and target.removed_at is None


# How late a post may still be sent.
MAX_LATENESS = timedelta(hours=12)
# How long the publisher is searched for a post that may have been sent.
SEARCH_DURATION = timedelta(minutes=2)
# How often it is searched in that time, and after which fraction (1/n) of it a post that is not
# found counts as not sent, if the search is exhaustive.
_SEARCH_ATTEMPTS, _CERTAINTY_DIVISOR = 6, 4
_MAX_QUEUE_DELAY, _RECHECK_DELAY = timedelta(days=1), timedelta(hours=1)
# Minimum and maximum wait if the queue is full.
_FULL_QUEUE_WAIT = (timedelta(minutes=30), timedelta(hours=6))


class DeliveryHandler(Handler[DeliveryJob]):
    """Delivers posts."""

    payload_type = DeliveryJob
    # It is retried until it is too late for the post.
    max_attempts: ClassVar[int] = 100_000

    def __init__(
        self,
        sessions: Sessions,
        publishers: Mapping[str, Publisher],
        clock: Clock,
        *,
        describe: Callable[[BaseException], str],
        search_duration: timedelta = SEARCH_DURATION,
    ) -> None:
        """`search_duration` is how long the publisher is searched for a post that may be sent."""
        self._sessions = sessions
        self._publishers = publishers
        self._clock = clock
        self._describe = describe
        self._records = DeliveryRecords(clock, describe)
        self._search_duration = search_duration
        self._publishing: set[asyncio.Task[Receipt]] = set()

    @override
    async def run(self, run: Run[DeliveryJob]) -> None:
        delivery = await self._load(run)
        if delivery is None:
            return
        try:
            await self._advance(run, delivery)
        except TransientError as error:
            if self._is_too_late(delivery, error):
                detail = error.detail if isinstance(error, PublisherBusy) else ""
                too_late = TooLate(self._due_at(delivery), detail)
                await self._records.finish(run, delivery, PostStatus.FAILED, too_late)
                return
            await self._records.save_error(run, delivery, error)
            raise
        except DomainError as error:
            if delivery.post.buffer_post_id is None:
                await self._records.finish(run, delivery, PostStatus.FAILED, error)
            else:
                # It stays in the queue; a rejected change would be rejected again.
                after = None if isinstance(error, PostRefused) else _RECHECK_DELAY
                await self._records.keep_queued(run, delivery, error, after)

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: DeliveryJob, status: JobStatus, reason: str
    ) -> None:
        details = await queries.details(session, payload.post, lock=True)
        if details is None or payload.revision != details.post.revision:
            return
        post = details.post
        if status == JobStatus.PENDING:
            await queries.reschedule(session, post)
            return
        ends = {
            PostStatus.SENDING: PostStatus.UNCONFIRMED,
            PostStatus.SCHEDULED: PostStatus.UNCONFIRMED
            if post.buffer_post_id
            else PostStatus.FAILED,
        }
        if post.status in ends:
            post.status = ends[PostStatus(post.status)]
            post.error = reason or self._describe(DeliveryCancelled())
            await notices.enqueue_notice(session, post)

    async def _load(self, run: Run[DeliveryJob]) -> Delivery | None:
        """Return the post of the job, or None if there is nothing to do."""
        async with self._sessions() as session:
            details = await queries.details(session, run.payload.post)
            if details is None or details.target is None:
                return None
            if details.post.status not in (PostStatus.SCHEDULED, PostStatus.SENDING):
                return None
            personality = await session.get_one(Personality, details.post.personality_id)
            others = await queries.remote_ids(session, details.target, besides=details.post.id)
        # An edit has enqueued its own job.
        if run.payload.revision != details.post.revision:
            return None
        return Delivery(
            details=details,
            target=details.target,
            personality=personality,
            outgoing=to_outgoing(details, details.target, personality, self._clock.now(), others),
            publisher=self._publishers.get(details.target.kind),
        )

    async def _advance(self, run: Run[DeliveryJob], delivery: Delivery) -> None:
        post, publisher = delivery.post, delivery.publisher
        if publisher is None:
            raise PublisherMissing(delivery.target.kind)
        if post.status == PostStatus.SENDING:
            await self._search_remote(run, delivery, publisher)
        elif post.buffer_post_id is not None and isinstance(publisher, QueueingPublisher):
            await self._sync_queued(run, delivery, publisher, post.buffer_post_id)
        elif delivery.is_wanted:
            await self._send(run, delivery, publisher)
        elif delivery.is_obsolete:
            await self._records.delete(run, delivery)

    async def _send(self, run: Run[DeliveryJob], delivery: Delivery, publisher: Publisher) -> None:
        """Send a post if it is due."""
        now, due = self._clock.now(), self._due_at(delivery)
        if now < due and not isinstance(publisher, QueueingPublisher):
            async with run.transaction() as session:
                await enqueue_delivery(session, delivery.post, delivery.target, self._clock)
            return
        if now > due + MAX_LATENESS:
            raise TooLate(due) if delivery.post.error else MissedWhileOffline(due)
        await publisher.check(delivery.outgoing)
        if not await self._records.mark_sending(run, delivery):
            return
        run.checkpoint("sending")
        await self._publish(run, delivery, publisher)

    async def _publish(
        self, run: Run[DeliveryJob], delivery: Delivery, publisher: Publisher
    ) -> None:
        try:
            receipt = await self._publish_shielded(delivery, publisher)
        except DeliveryUnconfirmed:
            run.checkpoint("unclear")
            await self._search_remote(run, delivery, publisher)
            return
        except TransientError as error:
            # It was certainly not sent.
            await self._records.reset(run, delivery, again=False)
            if isinstance(error, QueueFull):
                error.retry_after = await self._seconds_until_capacity(delivery)
            raise
        except DomainError as error:
            await self._records.finish(run, delivery, PostStatus.FAILED, error)
            return
        run.checkpoint("published")
        await self._save_receipt(run, delivery, receipt)

    async def _publish_shielded(self, delivery: Delivery, publisher: Publisher) -> Receipt:
        """Publish to the end even if the run is cancelled: somebody may have deleted the row.

        Until its request goes out, it can be cancelled: the run may have lost its job.
        """
        if (lease := current_lease()) is not None:
            lease.has_sent = False
        task = asyncio.create_task(self._publish_or_withdraw(delivery, publisher))
        self._publishing.add(task)
        task.add_done_callback(self._publishing.discard)
        task.add_done_callback(lambda finished: finished.cancelled() or finished.exception())
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if lease is not None and not lease.has_sent:
                task.cancel()
            raise

    async def _publish_or_withdraw(self, delivery: Delivery, publisher: Publisher) -> Receipt:
        receipt = await publisher.publish(delivery.outgoing)
        if receipt.state == RemoteState.QUEUED:
            async with self._sessions.begin() as session:
                if await queries.details(session, delivery.post.id) is None:
                    await enqueue_removal(session, receipt.remote_id)
        return receipt

    async def _seconds_until_capacity(self, delivery: Delivery) -> float:
        """Return the seconds until a full queue may have capacity: when its next post is due."""
        now = self._clock.now()
        async with self._sessions() as session:
            at = await queries.next_scheduled_at(session, delivery.target, now)
        minimum, maximum = _FULL_QUEUE_WAIT
        wait = at - now + timedelta(minutes=1) if at else maximum
        return min(max(wait, minimum), maximum).total_seconds()

    async def _search_remote(
        self, run: Run[DeliveryJob], delivery: Delivery, publisher: Publisher
    ) -> None:
        """Search the publisher for a post that may have been sent."""
        since = delivery.post.sending_at or self._clock.now()
        elapsed = self._clock.now() - since
        is_ambiguous = False
        try:
            receipt = await publisher.find(delivery.outgoing, since)
        except DeliveryUnconfirmed:
            receipt, is_ambiguous = None, True
        except TransientError:
            raise
        except DomainError as error:
            # It may have been sent, and the publisher cannot be searched.
            await self._records.finish(run, delivery, PostStatus.UNCONFIRMED, error)
            return
        run.checkpoint("searched")
        if receipt is not None:
            await self._save_receipt(run, delivery, receipt)
        elif (
            publisher.finds_everything
            and not is_ambiguous
            and elapsed >= self._search_duration / _CERTAINTY_DIVISOR
        ):
            await self._records.reset(run, delivery, again=True)
        elif elapsed < self._search_duration:
            raise DeliveryUnconfirmed(
                retry_after=self._search_duration.total_seconds() / _SEARCH_ATTEMPTS
            )
        else:
            await self._records.finish(run, delivery, PostStatus.UNCONFIRMED, DeliveryUnconfirmed())

    async def _save_receipt(
        self,
        run: Run[DeliveryJob],
        delivery: Delivery,
        receipt: Receipt,
        *,
        as_written: bool = True,
    ) -> None:
        if receipt.state == RemoteState.FAILED:
            error = PostRefused(receipt.detail)
            await self._records.finish(run, delivery, PostStatus.FAILED, error, is_gone=True)
            return
        await self._records.save_receipt(run, delivery, receipt, as_written=as_written)

    async def _sync_queued(
        self, run: Run[DeliveryJob], delivery: Delivery, queue: QueueingPublisher, remote_id: str
    ) -> None:
        """Synchronise a queued post with its row, and check whether it was published."""
        receipt = await queue.fetch(remote_id)
        if receipt is None:
            if delivery.is_wanted:
                error = RemovedFromQueue(delivery.target.name)
                await self._records.finish(run, delivery, PostStatus.FAILED, error, is_gone=True)
            else:
                await self._finish_removal(run, delivery)
        elif receipt.state != RemoteState.QUEUED:
            await self._save_receipt(run, delivery, receipt, as_written=False)
        elif not delivery.is_wanted:
            await queue.remove(remote_id)
            run.checkpoint("taken back")
            await self._finish_removal(run, delivery)
        elif delivery.post.sent_revision != delivery.post.revision:
            await self._update(run, delivery, queue, remote_id)
        elif self._clock.now() > self._due_at(delivery) + _MAX_QUEUE_DELAY:
            await self._records.finish(run, delivery, PostStatus.UNCONFIRMED, DeliveryUnconfirmed())
        else:
            await self._records.save_receipt(run, delivery, receipt, as_written=False)

    async def _update(
        self, run: Run[DeliveryJob], delivery: Delivery, queue: QueueingPublisher, remote_id: str
    ) -> None:
        await queue.check(delivery.outgoing)
        receipt = await queue.update(remote_id, delivery.outgoing)
        run.checkpoint("changed")
        if receipt is None:
            error = RemovedFromQueue(delivery.target.name)
            await self._records.finish(run, delivery, PostStatus.FAILED, error, is_gone=True)
        else:
            await self._save_receipt(run, delivery, receipt)

    async def _finish_removal(self, run: Run[DeliveryJob], delivery: Delivery) -> None:
        if delivery.post.cancelled_at or delivery.is_obsolete:
            await self._records.delete(run, delivery)
        else:
            await self._records.mark_removed(run, delivery)

    def _is_too_late(self, delivery: Delivery, error: TransientError) -> bool:
        """Whether the retry would be too late for a post that was not sent yet."""
        if delivery.post.buffer_post_id is not None or delivery.post.status == PostStatus.SENDING:
            return False
        wait = timedelta(seconds=error.retry_after or 0)
        return self._clock.now() + wait > self._due_at(delivery) + MAX_LATENESS

    def _due_at(self, delivery: Delivery) -> datetime:
        return delivery.post.scheduled_at or self._clock.now()
