"""Work for tests: handlers that do as they are told, and a worker to do it with."""

import asyncio
import logging
import os
import signal
import sys
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

QUICK = WorkerTiming(lease=1.5, poll=0.2, grace=0.3, backoff=0.01)


class ToldJob(Payload):
    """Whatever a test wants done."""

    kind: ClassVar[str] = "told"

    name: str = ""


class LaterJob(Payload):
    """A kind that no handler here knows."""

    kind: ClassVar[str] = "of a later version"


class NotingJob(Payload):
    """A number to be noted."""

    kind: ClassVar[str] = "noting"

    number: int
    key: str | None = None


class Told(Handler[ToldJob]):
    """Does what the test says, and remembers what was said to it."""

    payload_type = ToldJob
    max_attempts = 3

    def __init__(self, do: Callable[[Run[ToldJob]], Awaitable[None]] | None = None) -> None:
        self.do = do
        self.runs: list[Run[ToldJob]] = []
        self.marks: list[tuple[JobStatus, str]] = []

    @override
    async def run(self, run: Run[ToldJob]) -> None:
        self.runs.append(run)
        if self.do is not None:
            await self.do(run)

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: ToldJob, status: JobStatus, reason: str
    ) -> None:
        self.marks.append((status, reason))


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


async def promise(sessions: Sessions, payload: Payload | None = None, **options: Any) -> UUID:
    async with sessions.begin() as session:
        return await enqueue(session, payload or ToldJob(), **options)


async def job(sessions: Sessions, job_id: UUID) -> Job:
    async with sessions() as session:
        return (await session.scalars(select(Job).where(Job.id == job_id))).one()


async def end_leases(sessions: Sessions) -> None:
    """Let what ran in processes that have died be taken up at once: leases have their own tests."""
    async with sessions.begin() as session:
        await session.execute(
            text("UPDATE jobs.jobs SET due_at = now() - interval '1 s' WHERE status = 'running'")
        )


async def statuses(sessions: Sessions) -> Counter[str]:
    async with sessions() as session:
        rows = await session.execute(
            select(Job.status, func.count().label("count")).group_by(Job.status)
        )
        return Counter({row.status: row.count for row in rows})


async def until(
    sessions: Sessions, *wanted: JobStatus, count: int = 1, seconds: float = 20
) -> None:
    """Wait until so many jobs are in one of these statuses."""
    async with asyncio.timeout(seconds):
        while True:
            found = await statuses(sessions)
            if sum(found[each] for each in wanted) >= count:
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def working(sessions: Sessions, handler: Handler, **options: Any) -> AsyncGenerator[Worker]:
    made = worker(sessions, handler, **options)
    async with made.running():
        yield made


def operator(sessions: Sessions, handler: Told) -> JobService:
    return JobService(sessions, [handler], JobMetrics())


def raising(error: Exception) -> Callable[[Run[ToldJob]], Awaitable[None]]:
    async def fail(_: Run) -> None:
        raise error

    return fail


class Company:
    """Counts how many runs were under way at once."""

    def __init__(self) -> None:
        self.present: set[UUID] = set()
        self.most = 0

    async def join(self, run: Run[ToldJob]) -> None:
        self.present.add(run.id)
        self.most = max(self.most, len(self.present))
        await asyncio.sleep(0.01)
        self.present.discard(run.id)


class Noting(Handler[NotingJob]):
    """Notes in a table when it began and ended, in which process; fails by the job's number."""

    payload_type = NotingJob
    max_attempts = 3

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @override
    async def run(self, run: Run[NotingJob]) -> None:
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
        # Every 7th always fails; every 3rd at its first attempt.
        number = run.payload.number
        fails = number % 7 == 0 or (number % 3 == 0 and run.attempt == 1)
        if fails:
            async with run.writing() as session:
                await session.execute(
                    text("UPDATE notes SET ended = clock_timestamp() WHERE id = :id"), {"id": noted}
                )
            raise RuntimeError("as agreed")
        async with run.finishing() as session:
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
    """Promise jobs with numbers, a third of them with keys in common."""
    async with sessions.begin() as session:
        await session.execute(text(NOTES))
        for number in range(count):
            key = f"key {number % 11}" if number % 3 == 1 else None
            await enqueue(session, NotingJob(number=number, key=key), lock_key=key, group=DEFAULT)


async def _work(url: str) -> None:
    """Work on numbers until interrupted."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with connect(url) as sessions, working(sessions, Noting(sessions), at_once=20):
        print("working", flush=True)  # noqa: T201 - whoever started us waits for it
        await stopping.wait()


if __name__ == "__main__":
    logging.disable(logging.ERROR)  # failures are agreed upon
    asyncio.run(_work(sys.argv[1]))
