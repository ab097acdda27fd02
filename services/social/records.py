"""What is written down of a post on its way. Each write counts only while the run has its job."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import PostStatus, SocialTarget, TargetKind
from services.clock import Clock
from services.errors import DomainError
from services.jobs import Run
from services.social import notices, queries
from services.social.errors import ChangeTooLate
from services.social.outgoing import Delivery
from services.social.scheduling import DeliveryJob, enqueue_delivery
from services.social.types import PostDetails, Receipt, RemoteState

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
