"""The speed of background jobs, compared with a textbook loop on the same table."""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import ClassVar

from sqlalchemy import text
from typing_extensions import override

from db.session import Sessions, connect
from services.jobs import CONCURRENCY, DEFAULT, Handler, JobMetrics, Payload, Run, Worker, enqueue
from tests.bench.measure import Measure, percentile
from tests.conftest import ROOT

JOBS, BARE, FUTURE, ROUNDS = 2000, 1000, 1_000_000, 200
AT_ONCE = 20
_ADD = text("""
INSERT INTO jobs.jobs (kind, payload, concurrency_group, due_at)
SELECT 'nothing', '{}', 'default', now() + :after FROM generate_series(1, :count)
""")
# The textbook: claim one job, run it, mark it as done.
_TAKE = text("""
UPDATE jobs.jobs SET status = 'running', attempt = attempt + 1 WHERE id = (
    SELECT id FROM jobs.jobs WHERE status = 'pending' AND concurrency_group = 'default'
      AND due_at <= now()
    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id
""")
# Counting would read a million rows each time.
_LEFT = text("""
SELECT EXISTS (SELECT 1 FROM jobs.jobs WHERE status = 'running')
    OR EXISTS (SELECT 1 FROM jobs.jobs
               WHERE status = 'pending' AND concurrency_group = 'default'
      AND due_at <= now())
""")
_END = text("UPDATE jobs.jobs SET status = 'done', finished_at = now() WHERE id = :id")


class NothingJob(Payload):
    """A job about nothing."""

    kind: ClassVar[str] = "nothing"


class Nothing(Handler[NothingJob]):
    """Does nothing but record when it was run."""

    payload_type = NothingJob

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.at = 0.0

    @override
    async def run(self, run: Run[NothingJob]) -> None:
        self.at = time.perf_counter()
        self.started.set()


def measure(url: str) -> list[Measure]:
    """Return rates, latencies, and the ratios to a bare loop measured in this run."""
    return asyncio.run(_measure(url))


async def _measure(url: str) -> list[Measure]:
    async with connect(url, pool_size=AT_ONCE + 5) as sessions:
        bare = await _measure_bare_loop(sessions)
        one = await _measure_worker(sessions)
        two = await _measure_worker(sessions, second_process_url=url)
        waits = await _measure_latencies(sessions)
        await _add(sessions, FUTURE, after=timedelta(days=1))
        async with sessions.begin() as session:
            await session.execute(text("ANALYZE jobs.jobs"))
        bare_future = await _measure_bare_loop(sessions)
        future = await _measure_worker(sessions)
        late = await _measure_latencies(sessions)
    return [
        Measure("jobs_per_s", one, "jobs/s"),
        Measure("jobs_2_processes_per_s", two, "jobs/s"),
        Measure("jobs_start_p50_ms", percentile(waits, 0.5), "ms"),
        Measure("jobs_start_p99_ms", percentile(waits, 0.99), "ms"),
        Measure("jobs_future_per_s", future, "jobs/s"),
        Measure("jobs_future_start_p50_ms", percentile(late, 0.5), "ms"),
        Measure("jobs_future_start_p99_ms", percentile(late, 0.99), "ms"),
        Measure("jobs_ratio", one / bare, "× a bare loop"),
        Measure("jobs_future_ratio", future / bare_future, "× a bare loop"),
    ]


def _worker(sessions: Sessions, handler: Handler) -> Worker:
    return Worker(
        sessions,
        [handler],
        concurrency={**CONCURRENCY, DEFAULT: 1000},
        describe=repr,
        metrics=JobMetrics(),
        max_jobs=AT_ONCE,
    )


async def _add(sessions: Sessions, count: int, *, after: timedelta = timedelta(0)) -> None:
    async with sessions.begin() as session:
        await session.execute(_ADD, {"count": count, "after": after})


async def _measure_bare_loop(sessions: Sessions) -> float:
    """Return the jobs per second of a textbook loop, the median of three."""
    rates: list[float] = []
    for _ in range(3):
        await _add(sessions, BARE)
        began = time.perf_counter()
        while True:
            async with sessions.begin() as session:
                job_id = await session.scalar(_TAKE)
            if job_id is None:
                break
            async with sessions.begin() as session:
                await session.execute(_END, {"id": job_id})
        rates.append(BARE / (time.perf_counter() - began))
    return statistics.median(rates)


async def _measure_worker(sessions: Sessions, *, second_process_url: str | None = None) -> float:
    """Return the jobs per second of one worker, or of two processes; the median of three."""
    rates: list[float] = []
    for _ in range(3):
        async with _second_process(second_process_url):
            await _add(sessions, JOBS)
            began = time.perf_counter()
            async with _worker(sessions, Nothing()).running():
                while await _is_work_left(sessions):
                    await asyncio.sleep(0.02)
            rates.append(JOBS / (time.perf_counter() - began))
    return statistics.median(rates)


async def _is_work_left(sessions: Sessions) -> bool:
    async with sessions() as session:
        return bool(await session.scalar(_LEFT))


@asynccontextmanager
async def _second_process(url: str | None) -> AsyncGenerator[None]:
    """Run a worker in another process on the same database."""
    if url is None:
        yield
        return
    process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own code, before anything is timed
        [sys.executable, "-m", "tests.bench.jobs", url], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        await asyncio.to_thread(process.stdout.readline)
        yield
    finally:
        process.kill()
        process.wait()


async def _measure_latencies(sessions: Sessions) -> list[float]:
    """Return the milliseconds between each commit and the start of its job."""
    handler, waits = Nothing(), list[float]()
    async with _worker(sessions, handler).running():
        await asyncio.sleep(0.5)
        for _ in range(ROUNDS):
            handler.started.clear()
            async with sessions.begin() as session:
                await enqueue(session, NothingJob())
                await session.commit()
                committed = time.perf_counter()
            await handler.started.wait()
            waits.append((handler.at - committed) * 1000)
            await asyncio.sleep(0.01)
    return waits


async def _run_worker(url: str) -> None:
    async with (
        connect(url, pool_size=AT_ONCE + 5) as sessions,
        _worker(sessions, Nothing()).running(),
    ):
        print("working", flush=True)  # noqa: T201 - the parent process waits for it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_run_worker(sys.argv[1]))
