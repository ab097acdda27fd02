"""Seeing to it that a post is out there once: at its time, as it was last written, or not at all.

A job is a doorbell: each run looks at the row, and at the other side where the row cannot know,
and does what is next. What goes out is written down before, as `sending` with its fingerprint, and
after, with the id it has there. What was `sending` when a process died is looked for first.
"""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import JobStatus, Personality, PostStatus, TargetKind
from db.session import Sessions
from services.clock import Clock
from services.errors import DomainError, Passing
from services.jobs import Handler, LostJob, Run
from services.social import notices, queries
from services.social.doorbell import KIND, promise
from services.social.errors import Missed, OutcomeUnknown, PostRefused, PublisherMissing, TakenOut
from services.social.outgoing import Case, outgoing_of
from services.social.ports import Publisher, Queue
from services.social.types import Receipt, Stage

# So late a post is still wanted.
LATE = timedelta(hours=12)
# How long a post is looked for that may have gone out.
SEARCH = timedelta(minutes=2)
_LOOKS = 6
_FIRST_LOOK, _LAST_LOOK = timedelta(minutes=1), timedelta(days=1)
# A process that slept so long since it wrote `sending` may have been given up for dead.
_STALE = 3.0


class DeliverHandler(Handler):
    """Takes posts out."""

    kind: ClassVar[str] = KIND
    # What may still come to be is tried until it is too late.
    limit: ClassVar[int] = 100_000

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
        self._search_for = search

    @override
    async def run(self, run: Run) -> None:
        case = await self._case(run)
        if case is None:
            return
        try:
            await self._next(run, case)
        except Passing as error:
            await self._trouble(run, case.post.id, error)
            raise
        except DomainError as error:
            await self._end(run, case.post.id, PostStatus.FAILED, error)

    @override
    async def mark(
        self, session: AsyncSession, payload: dict[str, Any], status: JobStatus, words: str
    ) -> None:
        entry = await queries.entry(session, UUID(payload["post"]), lock=True)
        if entry is None or entry.target is None:
            return
        post = entry.post
        if status == JobStatus.FAILED and post.status == PostStatus.SENDING:
            post.status, post.error = PostStatus.UNCONFIRMED, words
        elif status == JobStatus.FAILED and post.status == PostStatus.SCHEDULED:
            post.status, post.error = PostStatus.FAILED, words
        await notices.promise(session, post)

    async def _case(self, run: Run) -> Case | None:
        """Return what the job is about, if there is anything to do."""
        async with self._sessions() as session:
            entry = await queries.entry(session, UUID(run.payload["post"]))
            if entry is None or entry.target is None:
                return None
            if entry.post.status not in (PostStatus.SCHEDULED, PostStatus.SENDING):
                return None
            personality = await session.get_one(Personality, entry.post.personality_id)
        # A change has brought a job of its own.
        if run.payload["revision"] != entry.post.revision:
            return None
        publisher = self._publishers.get(entry.target.kind)
        if publisher is None:
            missing = PublisherMissing(entry.target.kind)
            await self._end(run, entry.post.id, PostStatus.FAILED, missing)
            return None
        outgoing = outgoing_of(entry, entry.target, personality, self._clock.now())
        return Case(
            entry=entry,
            target=entry.target,
            personality=personality,
            outgoing=outgoing,
            publisher=publisher,
        )

    async def _next(self, run: Run, case: Case) -> None:
        post = case.post
        if post.status == PostStatus.SENDING:
            await self._search(run, case)
        elif post.buffer_post_id is not None and isinstance(case.publisher, Queue):
            await self._keep_up(run, case, case.publisher, post.buffer_post_id)
        elif case.is_wanted:
            await self._send(run, case)
        elif case.personality.deleted_at is not None or case.target.removed_at is not None:
            await self._drop(run, post.id)

    async def _keep_up(self, run: Run, case: Case, queue: Queue, remote_id: str) -> None:
        """Let a post in the queue be as it is wanted, and see whether it is out."""
        if not case.is_wanted:
            await self._take_back(run, case, queue, remote_id)
        elif case.post.sent_revision != case.post.revision:
            await self._change(run, case, queue, remote_id)
        else:
            await self._follow(run, case, queue, remote_id)

    async def _send(self, run: Run, case: Case) -> None:
        """Let a post go out, if it is time."""
        now, due = self._clock.now(), case.post.scheduled_at or self._clock.now()
        if now < due and not isinstance(case.publisher, Queue):
            async with run.writing() as session:
                await promise(session, case.post, case.target, self._clock)
            return
        if now > due + LATE:
            raise Missed(due)
        await case.publisher.check(case.outgoing)
        if not await self._write_sending(run, case):
            return
        written = time.perf_counter()
        run.watch("sending")
        if time.perf_counter() - written > _STALE:
            raise LostJob
        try:
            receipt = await case.publisher.publish(case.outgoing)
        except OutcomeUnknown:
            run.watch("unclear")
            await self._search(run, case)
            return
        except Passing:
            # It certainly did not go out.
            await self._set(run, case.post.id, PostStatus.SCHEDULED)
            raise
        run.watch("published")
        await self._record(run, case, receipt)

    async def _write_sending(self, run: Run, case: Case) -> bool:
        """Write down what is about to go out; whoever changed it meanwhile wins."""
        async with run.writing() as session:
            entry = await queries.entry(session, case.post.id, lock=True)
            is_same = entry is not None and (
                entry.post.revision == case.post.revision
                and entry.post.status == PostStatus.SCHEDULED
                and entry.target is not None
                and entry.target.paused_at is None
                and entry.target.removed_at is None
            )
            if entry is None or not is_same:
                return False
            entry.post.status, entry.post.error = PostStatus.SENDING, None
            entry.post.fingerprint = case.outgoing.fingerprint
            entry.post.sending_at = case.post.sending_at = self._clock.now()
            return True

    async def _search(self, run: Run, case: Case) -> None:
        """Look on the other side for what may have gone out."""
        post = case.post
        since = post.sending_at or self._clock.now()
        found = await case.publisher.find(case.outgoing, since)
        run.watch("searched")
        if found is not None:
            await self._record(run, case, found)
        elif case.publisher.sees_all:
            await self._set(run, post.id, PostStatus.SCHEDULED)
            async with run.writing() as session:
                await promise(session, post, case.target, self._clock)
        elif self._clock.now() - since < self._search_for:
            raise OutcomeUnknown(retry_after=self._search_for.total_seconds() / _LOOKS)
        else:
            await self._end(run, post.id, PostStatus.UNCONFIRMED, OutcomeUnknown())

    async def _record(self, run: Run, case: Case, receipt: Receipt) -> None:
        """Write down where a post is, and what is next: nothing, or to follow it."""
        if receipt.stage == Stage.FAILED:
            raise PostRefused(receipt.detail)
        async with run.finishing() as session:
            entry = await queries.entry(session, case.post.id, lock=True)
            if entry is None:
                return
            post = entry.post
            post.error, post.sending_at = None, None
            post.sent_revision, post.link = case.post.revision, receipt.link or post.link
            if case.target.kind == TargetKind.BUFFER:
                post.buffer_post_id = receipt.remote_id
            else:
                post.discord_message_id = int(receipt.remote_id)
            if receipt.stage == Stage.OUT:
                at = receipt.at or self._clock.now()
                post.status, post.posted_at, post.cancelled_at = PostStatus.POSTED, at, None
                await queries.act(session, post, at)
            else:
                post.status = PostStatus.SCHEDULED
                await self._promise_look(session, case)

    async def _follow(self, run: Run, case: Case, queue: Queue, remote_id: str) -> None:
        receipt = await queue.look(remote_id)
        if receipt is None:
            raise TakenOut(case.target.name)
        due = case.post.scheduled_at or self._clock.now()
        if receipt.stage == Stage.QUEUED and self._clock.now() > due + _LAST_LOOK:
            await self._end(run, case.post.id, PostStatus.UNCONFIRMED, OutcomeUnknown())
            return
        await self._record(run, case, receipt)

    async def _change(self, run: Run, case: Case, queue: Queue, remote_id: str) -> None:
        await case.publisher.check(case.outgoing)
        receipt = await queue.change(remote_id, case.outgoing)
        run.watch("changed")
        if receipt is None:
            raise TakenOut(case.target.name)
        await self._record(run, case, receipt)

    async def _take_back(self, run: Run, case: Case, queue: Queue, remote_id: str) -> None:
        """Take a post out of the queue, unless it is out already."""
        receipt = await queue.look(remote_id)
        if receipt is not None and receipt.stage == Stage.OUT:
            await self._record(run, case, receipt)
            return
        await queue.take_back(remote_id)
        run.watch("taken back")
        is_for_good = case.post.cancelled_at or case.target.removed_at
        if is_for_good or case.personality.deleted_at:
            await self._drop(run, case.post.id)
            return
        async with run.finishing() as session:
            entry = await queries.entry(session, case.post.id, lock=True)
            if entry is not None:
                entry.post.buffer_post_id = entry.post.sent_revision = None
                if entry.target is not None and entry.target.paused_at is None:
                    # The target takes posts again meanwhile.
                    await promise(session, entry.post, entry.target, self._clock)

    async def _drop(self, run: Run, post_id: UUID) -> None:
        async with run.finishing() as session:
            entry = await queries.entry(session, post_id, lock=True)
            if entry is not None:
                await session.delete(entry.post)

    async def _end(self, run: Run, post_id: UUID, status: PostStatus, error: DomainError) -> None:
        """Let a post be, and say why: it failed, or a person must say what became of it."""
        async with run.finishing() as session:
            entry = await queries.entry(session, post_id, lock=True)
            if entry is None:
                return
            if status == PostStatus.FAILED:
                entry.post.buffer_post_id = entry.post.sent_revision = None
            entry.post.status, entry.post.error = status, self._describe(error)
            await notices.promise(session, entry.post)

    async def _trouble(self, run: Run, post_id: UUID, error: Passing) -> None:
        """Say why a post is not out yet."""
        async with run.writing() as session:
            entry = await queries.entry(session, post_id, lock=True)
            if entry is not None:
                entry.post.error = self._describe(error)

    async def _set(self, run: Run, post_id: UUID, status: PostStatus) -> None:
        async with run.writing() as session:
            entry = await queries.entry(session, post_id, lock=True)
            if entry is not None:
                entry.post.status, entry.post.sending_at = status, None

    async def _promise_look(self, session: AsyncSession, case: Case) -> None:
        """Let a queued post be looked at soon after its time, and then less and less often."""
        now, due = self._clock.now(), case.post.scheduled_at or self._clock.now()
        late = max(now - due, timedelta(0))
        await promise(
            session,
            case.post,
            case.target,
            self._clock,
            at=max(now, due) + max(late / 2, _FIRST_LOOK),
        )
