"""Seeing to it that a post is out there once: at its time, as it was last written, or not at all.

A job only says that it is time: each run looks at the row, and at the other side where the row
cannot know, and does what is next. What goes out is written down before, as `sending` with its
fingerprint, and after, with the id it has there. What was `sending` when a process died is looked
for first.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import JobStatus, Personality, PostStatus, SocialPost, SocialTarget, TargetKind
from db.session import Sessions
from services.clock import Clock
from services.errors import DomainError, TransientError
from services.jobs import Handler, JobLost, Run
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
from services.social.scheduling import DeliveryJob, enqueue_delivery
from services.social.types import OutgoingPost, PostDetails, Receipt, RemoteState
from services.types import speaker_of

# A queue wants a time that is not over when the request arrives.
_SOON, _LEAST = timedelta(minutes=2), timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A post, and what it takes to send it."""

    entry: PostDetails
    target: SocialTarget
    personality: Personality
    outgoing: OutgoingPost
    publisher: Publisher | None

    @property
    def post(self) -> SocialPost:
        """Return the post."""
        return self.entry.post

    @property
    def is_over(self) -> bool:
        """Whether its target or its personality is gone for good."""
        return self.target.removed_at is not None or self.personality.deleted_at is not None

    @property
    def is_wanted(self) -> bool:
        """Whether it is to go out, or to stay in the queue."""
        return not (self.is_over or self.post.cancelled_at or self.target.paused_at)


def to_outgoing(
    entry: PostDetails,
    target: SocialTarget,
    personality: Personality,
    now: datetime,
    others: frozenset[str] = frozenset(),
) -> OutgoingPost:
    """Return a post as it goes out now, or as it went out, where it may have.

    `others` are the ids of other posts of ours on the same channel.
    """
    post, photo = entry.post, entry.photo
    due = post.scheduled_at or now
    told = (post.fingerprint or {}).get("due_at") if post.status == PostStatus.SENDING else None
    return OutgoingPost(
        post_id=post.id,
        channel_id=target.remote_id,
        channel_name=target.name,
        service=target.service,
        guild_id=target.guild_id,
        caption=with_ai_mark(post.caption, is_made=photo.is_ai_generated),
        alt_text=photo.alt_text,
        first_comment=post.first_comment,
        storage_key=photo.storage_key,
        is_ai_generated=photo.is_ai_generated,
        due_at=datetime.fromisoformat(told) if told else _in_future(due, now),
        speaker=speaker_of(personality),
        age_restricted=personality.age_restricted,
        others=others,
    )


def _in_future(due: datetime, now: datetime) -> datetime:
    return due if due > now + _LEAST else now.replace(second=0, microsecond=0) + _SOON


_FIRST_LOOK = timedelta(minutes=1)


class DeliveryRecords:
    """Writes rows of posts; whoever changed one meanwhile wins."""

    def __init__(self, clock: Clock, describe: Callable[[BaseException], str]) -> None:
        self._clock = clock
        self._describe = describe

    async def mark_sending(self, run: Run[DeliveryJob], case: Delivery) -> bool:
        """Write down what is about to go out; False when it is not to go out like that."""
        async with run.writing() as session:
            entry = await queries.details(session, case.post.id, lock=True)
            is_same = entry is not None and (
                entry.post.revision == case.post.revision
                and entry.post.status == PostStatus.SCHEDULED
                and _accepts_posts(entry)
            )
            if entry is None or not is_same:
                return False
            entry.post.status, entry.post.error = PostStatus.SENDING, None
            entry.post.fingerprint = case.outgoing.fingerprint
            entry.post.sending_at = case.post.sending_at = self._clock.now()
            return True

    async def save_receipt(
        self, run: Run[DeliveryJob], case: Delivery, receipt: Receipt, *, as_written: bool = True
    ) -> None:
        """Write down where a post is, and what is next: nothing, or to keep up with it.

        `as_written` says that it is there as the row had it; else as it was sent before.
        """
        async with self._finishing(run, case) as (session, entry):
            if entry is None:
                return
            post = entry.post
            post.error, post.sending_at = None, None
            post.link = receipt.link or post.link
            if as_written:
                post.sent_revision = case.post.revision
            if case.target.kind == TargetKind.BUFFER:
                post.buffer_post_id = receipt.remote_id
            else:
                post.discord_message_id = int(receipt.remote_id)
            if entry.target is not None and receipt.is_public is not None:
                entry.target.is_public = receipt.is_public
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
                # Its target may have been paused or removed while it went out.
                at = self._next_look(case) if _accepts_posts(entry) else self._clock.now()
                await enqueue_delivery(session, post, case.target, self._clock, at=at)

    async def finish(
        self,
        run: Run[DeliveryJob],
        case: Delivery,
        status: PostStatus,
        error: DomainError,
        *,
        is_gone: bool = False,
    ) -> None:
        """Let a post be, and say why: it failed, or a person must say what became of it.

        `is_gone` says that the other side has nothing of it any more.
        """
        async with self._finishing(run, case) as (session, entry):
            if entry is None or entry.post.revision != case.post.revision:
                return
            if is_gone:
                entry.post.buffer_post_id = entry.post.sent_revision = None
            entry.post.status, entry.post.error = status, self._describe(error)
            entry.post.cancelled_at = None
            await notices.enqueue_notice(session, entry.post)

    async def keep_queued(
        self, run: Run[DeliveryJob], case: Delivery, error: DomainError, after: timedelta | None
    ) -> None:
        """Leave a post in the queue as it is there, say what is wrong, and look later.

        Without a span, when it is out by rights.
        """
        async with self._finishing(run, case) as (session, entry):
            if entry is not None and entry.post.revision == case.post.revision:
                entry.post.error = self._describe(error)
                at = self._clock.now() + after if after else self._next_look(case)
                await enqueue_delivery(session, entry.post, case.target, self._clock, at=at)

    async def save_error(self, run: Run[DeliveryJob], case: Delivery, error: DomainError) -> None:
        """Say why a post is not out yet; the job goes on."""
        async with run.writing() as session:
            entry = await queries.details(session, case.post.id, lock=True)
            if entry is not None:
                entry.post.error = self._describe(error)

    async def reset(self, run: Run[DeliveryJob], case: Delivery, *, again: bool) -> None:
        """Write down that nothing went out; `again` lets it be tried at once."""
        async with run.writing() as session:
            entry = await queries.details(session, case.post.id, lock=True)
            if entry is None:
                return
            entry.post.status, entry.post.sending_at = PostStatus.SCHEDULED, None
            if again:
                await enqueue_delivery(session, entry.post, case.target, self._clock)

    async def mark_removed(self, run: Run[DeliveryJob], case: Delivery) -> None:
        """Write down that the queue has nothing of a post any more, while its target waits."""
        async with self._finishing(run, case) as (session, entry):
            if entry is None:
                return
            entry.post.buffer_post_id = entry.post.sent_revision = None
            if _accepts_posts(entry):  # it takes posts again meanwhile
                await enqueue_delivery(session, entry.post, case.target, self._clock)

    async def delete(self, run: Run[DeliveryJob], case: Delivery) -> None:
        """Let a post be as if it had never been planned."""
        async with self._finishing(run, case) as (session, entry):
            if entry is not None:
                await session.delete(entry.post)

    def _next_look(self, case: Delivery) -> datetime:
        """Return when to look at a queued post: soon after its time, then less and less often."""
        now, due = self._clock.now(), case.post.scheduled_at or self._clock.now()
        late = max(now - due, timedelta(0))
        return max(now, due) + max(late / 2, _FIRST_LOOK)

    @asynccontextmanager
    async def _finishing(
        self, run: Run[DeliveryJob], case: Delivery
    ) -> AsyncGenerator[tuple[AsyncSession, PostDetails | None]]:
        """Open the transaction that ends the job, with the row as it is now.

        The target is locked before it, as everywhere.
        """
        async with run.finishing() as session:
            await session.get(SocialTarget, case.target.id, with_for_update=True)
            yield session, await queries.details(session, case.post.id, lock=True)


def _accepts_posts(entry: PostDetails) -> bool:
    """Whether a post's target takes posts at this moment."""
    target = entry.target
    return target is not None and target.paused_at is None and target.removed_at is None


# So late a post is still wanted.
LATE = timedelta(hours=12)
# How long a post is looked for that may have gone out.
SEARCH = timedelta(minutes=2)
# After how much of that what is not there is taken for certain, where all can be seen.
_LOOKS, _CERTAIN = 6, 4
_LAST_LOOK, _MUCH_LATER = timedelta(days=1), timedelta(hours=1)
# How long a full queue is left alone at least, and at most.
_ROOM = (timedelta(minutes=30), timedelta(hours=6))
# A process that slept so long since it wrote `sending` may have been given up for dead.
_STALE = 3.0


class DeliveryHandler(Handler[DeliveryJob]):
    """Takes posts out."""

    payload_type = DeliveryJob
    # What may still come to be is tried until it is too late.
    max_attempts: ClassVar[int] = 100_000

    def __init__(
        self,
        sessions: Sessions,
        publishers: Mapping[str, Publisher],
        clock: Clock,
        *,
        describe: Callable[[BaseException], str],
        search: timedelta = SEARCH,
    ) -> None:
        """Prepare. `search` is how long a post is looked for that may have gone out."""
        self._sessions = sessions
        self._publishers = publishers
        self._clock = clock
        self._describe = describe
        self._records = DeliveryRecords(clock, describe)
        self._search_for = search
        self._going: set[asyncio.Task[Receipt]] = set()

    @override
    async def run(self, run: Run[DeliveryJob]) -> None:
        case = await self._load(run)
        if case is None:
            return
        try:
            await self._next(run, case)
        except TransientError as error:
            if self._is_hopeless(case, error):
                detail = error.detail if isinstance(error, PublisherBusy) else ""
                missed = TooLate(self._due(case), detail)
                await self._records.finish(run, case, PostStatus.FAILED, missed)
                return
            await self._records.save_error(run, case, error)
            raise
        except DomainError as error:
            if case.post.buffer_post_id is None:
                await self._records.finish(run, case, PostStatus.FAILED, error)
            else:
                # It stays there as it is, and is looked at; what was refused once would be again.
                after = None if isinstance(error, PostRefused) else _MUCH_LATER
                await self._records.keep_queued(run, case, error, after)

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: DeliveryJob, status: JobStatus, reason: str
    ) -> None:
        entry = await queries.details(session, payload.post, lock=True)
        if entry is None or payload.revision != entry.post.revision:
            return
        post = entry.post
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
        """Return what the job is about, if there is anything to do."""
        async with self._sessions() as session:
            entry = await queries.details(session, run.payload.post)
            if entry is None or entry.target is None:
                return None
            if entry.post.status not in (PostStatus.SCHEDULED, PostStatus.SENDING):
                return None
            personality = await session.get_one(Personality, entry.post.personality_id)
            others = await queries.remote_ids(session, entry.target, besides=entry.post.id)
        # A change has brought a job of its own.
        if run.payload.revision != entry.post.revision:
            return None
        return Delivery(
            entry=entry,
            target=entry.target,
            personality=personality,
            outgoing=to_outgoing(entry, entry.target, personality, self._clock.now(), others),
            publisher=self._publishers.get(entry.target.kind),
        )

    async def _next(self, run: Run[DeliveryJob], case: Delivery) -> None:
        post, publisher = case.post, case.publisher
        if publisher is None:
            raise PublisherMissing(case.target.kind)
        if post.status == PostStatus.SENDING:
            await self._search(run, case, publisher)
        elif post.buffer_post_id is not None and isinstance(publisher, QueueingPublisher):
            await self._follow_queue(run, case, publisher, post.buffer_post_id)
        elif case.is_wanted:
            await self._send(run, case, publisher)
        elif case.is_over:
            await self._records.delete(run, case)

    async def _send(self, run: Run[DeliveryJob], case: Delivery, publisher: Publisher) -> None:
        """Let a post go out, if it is time."""
        now, due = self._clock.now(), self._due(case)
        if now < due and not isinstance(publisher, QueueingPublisher):
            async with run.writing() as session:
                await enqueue_delivery(session, case.post, case.target, self._clock)
            return
        if now > due + LATE:
            raise TooLate(due) if case.post.error else MissedWhileOffline(due)
        await publisher.check(case.outgoing)
        if not await self._records.mark_sending(run, case):
            return
        written = time.perf_counter()
        run.checkpoint("sending")
        if time.perf_counter() - written > _STALE:
            raise JobLost
        await self._publish(run, case, publisher)

    async def _publish(self, run: Run[DeliveryJob], case: Delivery, publisher: Publisher) -> None:
        try:
            receipt = await self._publish_shielded(case, publisher)
        except DeliveryUnconfirmed:
            run.checkpoint("unclear")
            await self._search(run, case, publisher)
            return
        except TransientError as error:
            # It certainly did not go out.
            await self._records.reset(run, case, again=False)
            if isinstance(error, QueueFull):
                error.retry_after = await self._seconds_until_room(case)
            raise
        except DomainError as error:
            await self._records.finish(run, case, PostStatus.FAILED, error)
            return
        run.checkpoint("published")
        await self._save_receipt(run, case, receipt)

    async def _publish_shielded(self, case: Delivery, publisher: Publisher) -> Receipt:
        """Publish, also where the run is ended meanwhile: somebody may have deleted the row."""
        going = asyncio.create_task(self._published(case, publisher))
        self._going.add(going)
        going.add_done_callback(self._going.discard)
        going.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(going)

    async def _published(self, case: Delivery, publisher: Publisher) -> Receipt:
        receipt = await publisher.publish(case.outgoing)
        if receipt.state == RemoteState.QUEUED:
            async with self._sessions.begin() as session:
                if await queries.details(session, case.post.id) is None:
                    await enqueue_removal(session, receipt.remote_id)
        return receipt

    async def _seconds_until_room(self, case: Delivery) -> float:
        """Return after how many seconds a full queue may have room: when its next post goes out."""
        now = self._clock.now()
        async with self._sessions() as session:
            at = await queries.next_out(session, case.target, now)
        least, most = _ROOM
        wait = at - now + timedelta(minutes=1) if at else most
        return min(max(wait, least), most).total_seconds()

    async def _search(self, run: Run[DeliveryJob], case: Delivery, publisher: Publisher) -> None:
        """Look on the other side for what may have gone out."""
        since = case.post.sending_at or self._clock.now()
        passed = self._clock.now() - since
        is_alike = False
        try:
            found = await publisher.find(case.outgoing, since)
        except DeliveryUnconfirmed:
            found, is_alike = None, True
        except TransientError:
            raise
        except DomainError as error:
            # It may be out, and nobody can look.
            await self._records.finish(run, case, PostStatus.UNCONFIRMED, error)
            return
        run.checkpoint("searched")
        if found is not None:
            await self._save_receipt(run, case, found)
        elif publisher.finds_everything and not is_alike and passed >= self._search_for / _CERTAIN:
            await self._records.reset(run, case, again=True)
        elif passed < self._search_for:
            raise DeliveryUnconfirmed(retry_after=self._search_for.total_seconds() / _LOOKS)
        else:
            await self._records.finish(run, case, PostStatus.UNCONFIRMED, DeliveryUnconfirmed())

    async def _save_receipt(
        self, run: Run[DeliveryJob], case: Delivery, receipt: Receipt, *, as_written: bool = True
    ) -> None:
        if receipt.state == RemoteState.FAILED:
            refused = PostRefused(receipt.detail)
            await self._records.finish(run, case, PostStatus.FAILED, refused, is_gone=True)
            return
        await self._records.save_receipt(run, case, receipt, as_written=as_written)

    async def _follow_queue(
        self, run: Run[DeliveryJob], case: Delivery, queue: QueueingPublisher, remote_id: str
    ) -> None:
        """Let a post in the queue be as it is wanted, and see whether it is out."""
        receipt = await queue.fetch(remote_id)
        if receipt is None:
            if case.is_wanted:
                gone = RemovedFromQueue(case.target.name)
                await self._records.finish(run, case, PostStatus.FAILED, gone, is_gone=True)
            else:
                await self._finish_removal(run, case)
        elif receipt.state != RemoteState.QUEUED:
            await self._save_receipt(run, case, receipt, as_written=False)
        elif not case.is_wanted:
            await queue.remove(remote_id)
            run.checkpoint("taken back")
            await self._finish_removal(run, case)
        elif case.post.sent_revision != case.post.revision:
            await self._update(run, case, queue, remote_id)
        elif self._clock.now() > self._due(case) + _LAST_LOOK:
            await self._records.finish(run, case, PostStatus.UNCONFIRMED, DeliveryUnconfirmed())
        else:
            await self._records.save_receipt(run, case, receipt, as_written=False)

    async def _update(
        self, run: Run[DeliveryJob], case: Delivery, queue: QueueingPublisher, remote_id: str
    ) -> None:
        await queue.check(case.outgoing)
        receipt = await queue.update(remote_id, case.outgoing)
        run.checkpoint("changed")
        if receipt is None:
            gone = RemovedFromQueue(case.target.name)
            await self._records.finish(run, case, PostStatus.FAILED, gone, is_gone=True)
        else:
            await self._save_receipt(run, case, receipt)

    async def _finish_removal(self, run: Run[DeliveryJob], case: Delivery) -> None:
        if case.post.cancelled_at or case.is_over:
            await self._records.delete(run, case)
        else:
            await self._records.mark_removed(run, case)

    def _is_hopeless(self, case: Delivery, error: TransientError) -> bool:
        """Whether what is to be waited for comes too late for a post that is nowhere yet."""
        if case.post.buffer_post_id is not None or case.post.status == PostStatus.SENDING:
            return False
        wait = timedelta(seconds=error.retry_after or 0)
        return self._clock.now() + wait > self._due(case) + LATE

    def _due(self, case: Delivery) -> datetime:
        return case.post.scheduled_at or self._clock.now()
