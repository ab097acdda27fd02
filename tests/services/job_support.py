"""Handlers for tests of jobs, a worker to run them, and ways to wait for jobs."""

import asyncio
import logging
import os
import signal
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import Job, JobStatus
from db.session import Sessions, connect
from services.jobs import (
    CONCURRENCY,
    DEFAULT,
    Handler,
    JobMetrics,
    JobService,
    Payload,
    Run,
    Worker,
    WorkerTiming,
    enqueue,
)

OPEN = {str(JobStatus.PENDING), str(JobStatus.RUNNING)}
# Lease and grace are long: a busy machine holds a process for seconds.
QUICK = WorkerTiming(lease=30, poll=0.2, grace=5, backoff=0.01)


class ScriptedJob(Payload):
    """Runs the script of a test."""

    kind: ClassVar[str] = "scripted"

    name: str = ""


class LaterJob(Payload):
    """A kind that no handler here knows."""

    kind: ClassVar[str] = "of a later version"


class NumberJob(Payload):
    """A number to be recorded."""

    kind: ClassVar[str] = "number"

    number: int
    key: str | None = None


class ScriptedHandler(Handler[ScriptedJob]):
    """Runs the test's script, and records its runs and changes of status."""

    payload_type = ScriptedJob
    max_attempts = 3

    def __init__(self, script: Callable[[Run[ScriptedJob]], Awaitable[None]] | None = None) -> None:
        self.script = script
        self.runs: list[Run[ScriptedJob]] = []
        self.status_changes: list[tuple[JobStatus, str]] = []

    @override
    async def run(self, run: Run[ScriptedJob]) -> None:
        self.runs.append(run)
        if self.script is not None:
            await self.script(run)

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: ScriptedJob, status: JobStatus, reason: str
    ) -> None:
        self.status_changes.append((status, reason))


def worker(
    sessions: Sessions,
    handler: Handler,
    *,
    at_once: int = 10,
    lanes: Mapping[str, int] = CONCURRENCY,
    pace: WorkerTiming = QUICK,
    metrics: JobMetrics | None = None,
) -> Worker:
    return Worker(
        sessions,
        [handler],
        concurrency=lanes,
        describe=lambda error: f"{type(error).__name__}: {error}",
        metrics=metrics or JobMetrics(),
        max_jobs=at_once,
        timing=pace,
    )


async def enqueue_job(sessions: Sessions, payload: Payload | None = None, **options: Any) -> UUID:
    async with sessions.begin() as session:
        return await enqueue(session, payload or ScriptedJob(), **options)


async def job(sessions: Sessions, job_id: UUID) -> Job:
    async with sessions() as session:
        return (await session.scalars(select(Job).where(Job.id == job_id))).one()


async def end_leases(sessions: Sessions) -> None:
    """Let jobs of dead processes be claimed at once: the expiry of leases has tests of its own."""
    async with sessions.begin() as session:
        await session.execute(
            text("UPDATE jobs.jobs SET due_at = now() - interval '1 s' WHERE status = 'running'")
        )


async def statuses(sessions: Sessions) -> Counter[str]:
    async with sessions() as session:
        return await _statuses(session)


async def _statuses(session: AsyncSession) -> Counter[str]:
    rows = await session.execute(
        select(Job.status, func.count().label("count")).group_by(Job.status)
    )
    return Counter({row.status: row.count for row in rows})


async def wait_until(
    sessions: Sessions,
    condition: Callable[[AsyncSession], Awaitable[bool]],
    *,
    seconds: float = 30,
) -> None:
    """Poll the database until a condition holds.

    One connection serves all polls, for it takes longer to check one out than to query: each
    statement sees what has been committed before it, also inside a transaction.
    """
    async with asyncio.timeout(seconds), sessions() as session:
        while not await condition(session):
            await asyncio.sleep(0.01)


async def until(
    sessions: Sessions, *wanted: JobStatus, count: int = 1, seconds: float = 20
) -> None:
    """Wait until so many jobs are in one of these statuses."""

    async def is_reached(session: AsyncSession) -> bool:
        counts = await _statuses(session)
        return sum(counts[each] for each in wanted) >= count

    await wait_until(sessions, is_reached, seconds=seconds)


async def all_ended(sessions: Sessions, *, seconds: float = 30) -> None:
    """Wait until no job is pending or running."""

    async def is_reached(session: AsyncSession) -> bool:
        return not (await _statuses(session)).keys() & OPEN

    await wait_until(sessions, is_reached, seconds=seconds)


async def nothing_due(sessions: Sessions, *, seconds: float = 30) -> None:
    """Wait until no job runs, and none is due within the time that a test may take."""
    soon = text("now() + interval '15 seconds'")
    is_open = (Job.status == JobStatus.RUNNING) | (
        (Job.status == JobStatus.PENDING) & (Job.due_at < soon)
    )

    async def is_reached(session: AsyncSession) -> bool:
        return await session.scalar(select(Job.id).where(is_open).limit(1)) is None

    await wait_until(sessions, is_reached, seconds=seconds)


@asynccontextmanager
async def working(sessions: Sessions, handler: Handler, **options: Any) -> AsyncGenerator[Worker]:
    running = worker(sessions, handler, **options)
    async with running.running():
        yield running


def job_service(sessions: Sessions, handler: ScriptedHandler) -> JobService:
    return JobService(sessions, [handler], JobMetrics())


def raising(error: Exception) -> Callable[[Run[ScriptedJob]], Awaitable[None]]:
    async def fail(_: Run) -> None:
        raise error

    return fail


class ConcurrencyProbe:
    """Records how many runs are under way at once."""

    def __init__(self) -> None:
        self.running: set[UUID] = set()
        self.max_running = 0

    async def join(self, run: Run[ScriptedJob]) -> None:
        self.running.add(run.id)
        self.max_running = max(self.max_running, len(self.running))
        await asyncio.sleep(0.01)
        self.running.discard(run.id)


class NumberHandler(Handler[NumberJob]):
    """Records the times and the process of each run in a table; fails by the job's number."""

    payload_type = NumberJob
    max_attempts = 3

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @override
    async def run(self, run: Run[NumberJob]) -> None:
        async with self._sessions.begin() as session:
            noted = await session.scalar(
                text(
                    "INSERT INTO notes (number, key, process, began) "
                    "VALUES (:number, :key, :process, clock_timestamp()) RETURNING id"
                ),
                {**run.payload.model_dump(), "process": os.getpid()},
            )
        await asyncio.sleep(0.001)
        if run.payload.number < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        # Every seventh job always fails, every third one at its first attempt.
        number = run.payload.number
        fails = number % 7 == 0 or (number % 3 == 0 and run.attempt == 1)
        if fails:
            async with run.transaction() as session:
                await session.execute(
                    text("UPDATE notes SET ended = clock_timestamp() WHERE id = :id"), {"id": noted}
                )
            raise RuntimeError("as agreed")
        async with run.final_transaction() as session:
            await session.execute(
                text("UPDATE notes SET done = true, ended = clock_timestamp() WHERE id = :id"),
                {"id": noted},
            )


NOTES = """
CREATE TABLE notes (
    id bigserial PRIMARY KEY, number bigint, key text, process bigint,
    began timestamptz, ended timestamptz, done boolean DEFAULT false
)
"""


async def add_numbers(sessions: Sessions, count: int) -> None:
    """Enqueue numbered jobs, a third of which share lock keys."""
    async with sessions.begin() as session:
        await session.execute(text(NOTES))
        for number in range(count):
            key = f"key {number % 11}" if number % 3 == 1 else None
            await enqueue(session, NumberJob(number=number, key=key), lock_key=key, group=DEFAULT)


async def work_on_numbers(ready: Callable[[], None], url: str) -> None:
    """Run a worker until it is interrupted."""
    logging.disable(logging.ERROR)  # the jobs fail on purpose
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with connect(url) as sessions, working(sessions, NumberHandler(sessions), at_once=20):
        ready()
        await stopping.wait()
