"""Enqueueing, cancelling, retrying and inspecting jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Job, JobStatus, JobStep
from db.session import Sessions
from services.jobs import queries
from services.jobs.errors import JobHasEnded, JobNotFailed, JobNotFound, SeveralJobs
from services.jobs.metrics import JobMetrics
from services.jobs.payload import DEFAULT, DISCORD, Payload
from services.jobs.queries import QueueDepth
from services.jobs.run import Handler

# How many jobs of a group run at once in all processes; vendors define their own groups.
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

    `due` is when it may start: a time, or a delay from now by the database's clock. Jobs with the
    same `lock_key` run one at a time. `group` is the concurrency group, by default that of the
    payload's class. `replacing` deletes pending jobs with the same lock key.
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
    """Cancel a job that has not ended, in the caller's transaction.

    The handler is not notified: the caller updates the domain row.
    """
    await queries.cancel(session, job_id)
    await queries.notify_workers(session)


async def drop(session: AsyncSession, lock_keys: Sequence[str]) -> None:
    """Delete all jobs with these lock keys and their steps, in the caller's transaction.

    Those that are running are cancelled within seconds, and can no longer write.
    """
    await queries.drop(session, lock_keys)
    await queries.notify_workers(session)


@dataclass(frozen=True, kw_only=True)
class JobDetails:
    """A job and its completed steps."""

    job: Job
    steps: Sequence[JobStep]


class JobService:
    """Operations on the queue for operators."""

    def __init__(
        self, sessions: Sessions, handlers: Sequence[Handler[Any]], metrics: JobMetrics
    ) -> None:
        self._sessions = sessions
        self._handlers = {each.payload_type.kind: each for each in handlers}
        self._metrics = metrics

    async def list_jobs(
        self, *, status: JobStatus | None = None, kind: str | None = None, limit: int = 50
    ) -> Sequence[Job]:
        """Return jobs, newest first."""
        async with self._sessions() as session:
            return await queries.list_jobs(session, status=status, kind=kind, limit=limit)

    async def show(self, job_id: str) -> JobDetails:
        """Return a job with its steps.

        Raises:
            JobNotFound, SeveralJobs: No id of a job begins with this, or more than one.
        """
        async with self._sessions() as session:
            job = await _find(session, job_id)
            return JobDetails(job=job, steps=await queries.steps(session, job.id))

    async def depth(self) -> Sequence[QueueDepth]:
        """Return the number of pending, running and failed jobs by kind."""
        async with self._sessions() as session:
            return await queries.depth(session)

    async def exposition(self) -> bytes:
        """Return the metrics in Prometheus's text format."""
        return self._metrics.exposition(await self.depth())

    async def rescale(self, *, factor: float, forward: timedelta = timedelta(0)) -> None:
        """Multiply the real time until pending jobs are due, and then shorten it.

        For a clock that runs at another speed now, or has been set forward.
        """
        async with self._sessions.begin() as session:
            await queries.rescale(session, factor=factor, forward=forward)
            await queries.notify_workers(session)

    async def retry(self, job_id: str) -> Job:
        """Retry a failed or cancelled job, from the last saved step.

        Raises:
            JobNotFailed: The job is neither failed nor cancelled.
            JobNotFound, SeveralJobs: No id of a job begins with this, or more than one.
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
        """Cancel a job; if it is running, it ends within seconds and can no longer write.

        Raises:
            JobHasEnded: It is already done, failed or cancelled.
            JobNotFound, SeveralJobs: No id of a job begins with this, or more than one.
        """
        async with self._sessions.begin() as session:
            job = await _find(session, job_id, lock=True)
            if job.status not in (JobStatus.PENDING, JobStatus.RUNNING):
                raise JobHasEnded(job.status)
            job.status, job.finished_at = JobStatus.CANCELLED, func.now()
            await queries.notify_workers(session)  # so that a running job is cancelled at once
            return await self._notify_handler(session, job)

    async def _notify_handler(self, session: AsyncSession, job: Job) -> Job:
        """Let the handler update the domain row; return the refreshed job."""
        handler = self._handlers.get(job.kind)
        try:
            payload = handler.payload_type.model_validate(job.payload) if handler else None
        except ValidationError:
            payload = None  # it is about nothing that this version could write on
        if handler is not None and payload is not None:
            await handler.on_status_change(session, payload, JobStatus(job.status), "")
        await session.flush()
        await session.refresh(job)
        return job


async def _find(session: AsyncSession, job_id: str, *, lock: bool = False) -> Job:
    matches = await queries.find_by_beginning(session, job_id)
    if len(matches) > 1:
        raise SeveralJobs(job_id)
    job = await queries.find(session, matches[0], lock=lock) if matches else None
    if job is None:
        raise JobNotFound(job_id)
    return job
