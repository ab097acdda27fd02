"""Asking about work in the background, and having a say in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Job, JobStatus, JobStep
from db.session import Sessions
from services.jobs import queries
from services.jobs.errors import JobHasEnded, JobNotFailed, JobNotFound
from services.jobs.metrics import JobMetrics
from services.jobs.payload import DEFAULT, DISCORD, Payload
from services.jobs.queries import QueueDepth
from services.jobs.run import Handler

# How many jobs of a group run at once, in all processes; groups of vendors come with them.
CONCURRENCY: Mapping[str, int] = {DEFAULT: 20, DISCORD: 5}


async def enqueue(
    session: AsyncSession,
    payload: Payload,
    *,
    due: datetime | timedelta | None = None,
    lock_key: str | None = None,
    group: str | None = None,
    replacing: bool = False,
) -> UUID:
    """Enqueue a job in the caller's transaction; return its id.

    `due` is when it may start: a time, or a span from now by the database's clock. Of the jobs with
    one `lock_key`, one runs at a time. `group` limits how many run at once, by default that of the
    payload's class. `replacing` drops the jobs with its lock key that have not started.
    """
    if replacing and lock_key is not None:
        await queries.drop(session, [lock_key], pending_only=True)
    return await queries.add(
        session,
        kind=payload.kind,
        payload=payload.model_dump(mode="json"),
        due=due,
        lock_key=lock_key,
        group=group or payload.group,
    )


async def cancel(session: AsyncSession, job_id: UUID) -> None:
    """Cancel a job that has not ended, in the caller's transaction; its own row is theirs."""
    await queries.cancel(session, job_id)
    await queries.notify_workers(session)


async def drop(session: AsyncSession, lock_keys: Sequence[str]) -> None:
    """Forget all jobs of some keys with their steps, in the caller's transaction.

    What runs of them ends within seconds, and what it writes does not count.
    """
    await queries.drop(session, lock_keys)
    await queries.notify_workers(session)


@dataclass(frozen=True, kw_only=True)
class JobDetails:
    """A job and the steps of it that are done."""

    job: Job
    steps: Sequence[JobStep]


class JobService:
    """The queue as operators see it."""

    def __init__(
        self, sessions: Sessions, handlers: Sequence[Handler[Any]], metrics: JobMetrics
    ) -> None:
        self._sessions = sessions
        self._handlers = {each.payload_type.kind: each for each in handlers}
        self._metrics = metrics

    async def listed(
        self, *, status: JobStatus | None = None, kind: str | None = None, limit: int = 50
    ) -> Sequence[Job]:
        """Return jobs, the newest first."""
        async with self._sessions() as session:
            return await queries.listed(session, status=status, kind=kind, limit=limit)

    async def show(self, job_id: str) -> JobDetails:
        """Return a job with its steps.

        Raises:
            JobNotFound: There is none of this id.
        """
        async with self._sessions() as session:
            job = await _find(session, job_id)
            return JobDetails(job=job, steps=await queries.steps(session, job.id))

    async def depth(self) -> Sequence[QueueDepth]:
        """Return how much waits, runs or has failed, by kind."""
        async with self._sessions() as session:
            return await queries.depth(session)

    async def exposition(self) -> bytes:
        """Return the queue's metrics as Prometheus reads them."""
        return self._metrics.exposition(await self.depth())

    async def retry(self, job_id: str) -> Job:
        """Let what failed or was cancelled be tried again, from the last step that is kept.

        Raises:
            JobNotFailed: It did neither.
            JobNotFound: There is none of this id.
        """
        async with self._sessions.begin() as session:
            job = await _find(session, job_id, lock=True)
            if job.status not in (JobStatus.FAILED, JobStatus.CANCELLED):
                raise JobNotFailed(job.status)
            job.status, job.failures, job.crashes = JobStatus.PENDING, 0, 0
            job.due_at, job.finished_at = func.now(), None
            await queries.notify_workers(session)
            return await self._notify_handler(session, job)

    async def cancel(self, job_id: str) -> Job:
        """Call a job off; if it runs, it ends within seconds and what it writes does not count.

        Raises:
            JobHasEnded: It is done, failed or cancelled already.
            JobNotFound: There is none of this id.
        """
        async with self._sessions.begin() as session:
            job = await _find(session, job_id, lock=True)
            if job.status not in (JobStatus.PENDING, JobStatus.RUNNING):
                raise JobHasEnded(job.status)
            job.status, job.finished_at = JobStatus.CANCELLED, func.now()
            await queries.notify_workers(session)  # so that its run hears of it at once
            return await self._notify_handler(session, job)

    async def _notify_handler(self, session: AsyncSession, job: Job) -> Job:
        """Tell a job's own row what became of it; return it with the times of the database."""
        handler = self._handlers[job.kind]
        payload = handler.payload_type.model_validate(job.payload)
        await handler.on_status_change(session, payload, JobStatus(job.status), "")
        await session.flush()
        await session.refresh(job)
        return job


async def _find(session: AsyncSession, job_id: str, *, lock: bool = False) -> Job:
    try:
        job = await queries.find(session, UUID(job_id), lock=lock)
    except ValueError:
        job = None
    if job is None:
        raise JobNotFound(job_id)
    return job
