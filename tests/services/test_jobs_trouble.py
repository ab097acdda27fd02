"""Cancelled jobs, poison jobs, and processes that sleep or stop."""

import asyncio
import contextlib
import threading
import time
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import Job, JobStatus
from db.session import Sessions, connect
from services.errors import BotOwnerOnly
from services.jobs import (
    JobHasEnded,
    JobLost,
    JobNotFailed,
    JobNotFound,
    Run,
    WorkerTiming,
)
from services.leases import ensure_lease
from tests.services.job_support import (
    QUICK,
    ScriptedHandler,
    ScriptedJob,
    enqueue_job,
    job,
    job_service,
    raising,
    until,
    working,
)

BRISK = WorkerTiming(lease=0.6, poll=0.1, grace=0.3, backoff=0.01)
# A process that is stopped renews nothing, in no thread.
STOPPED = replace(BRISK, max_hold=0)


async def test_a_run_that_never_ends_is_ended(sessions: Sessions) -> None:
    class Hasty(ScriptedHandler):
        timeout_seconds = 0.05

    handler = Hasty(lambda _: asyncio.sleep(60))
    job_id = await enqueue_job(sessions)

    async with working(sessions, handler):
        await until(sessions, JobStatus.FAILED)

    assert (await job(sessions, job_id)).failures == handler.max_attempts - 1


async def test_a_network_that_is_down_counts_as_a_failure(sessions: Sessions) -> None:
    handler = ScriptedHandler(raising(ConnectionRefusedError("no vendor")))
    await enqueue_job(sessions)

    async with working(sessions, handler):
        await until(sessions, JobStatus.FAILED)

    assert len(handler.runs) == handler.max_attempts


async def test_leases_are_renewed_while_a_worker_comes_to_its_end(sessions: Sessions) -> None:
    pace = WorkerTiming(lease=0.6, poll=0.1, grace=3, backoff=0.01)
    other = ScriptedHandler()
    job_id = await enqueue_job(sessions)

    slow = working(sessions, ScriptedHandler(lambda _: asyncio.sleep(1.5)), pace=pace)
    async with contextlib.AsyncExitStack() as stack, slow:
        await until(sessions, JobStatus.RUNNING)
        await stack.enter_async_context(working(sessions, other, pace=pace))

    assert other.runs == []

    done = await job(sessions, job_id)
    assert (done.status, done.attempt, done.crashes) == (JobStatus.DONE, 1, 0)


async def test_what_follows_the_end_of_a_job_is_not_interrupted(sessions: Sessions) -> None:
    tidied = asyncio.Event()

    async def long(run: Run[ScriptedJob]) -> None:
        async with run.final_transaction():
            pass
        await asyncio.sleep(3 * BRISK.lease)
        tidied.set()

    await enqueue_job(sessions)
    async with working(sessions, ScriptedHandler(long), pace=replace(BRISK, grace=5)):
        await asyncio.wait_for(tidied.wait(), timeout=10)


async def test_a_job_that_waits_can_be_called_off(sessions: Sessions) -> None:
    handler = ScriptedHandler()
    job_id = await enqueue_job(sessions, due=timedelta(seconds=0.2))

    await job_service(sessions, handler).cancel(str(job_id))
    async with working(sessions, handler):
        await asyncio.sleep(0.5)

    assert (handler.runs, handler.status_changes) == ([], [(JobStatus.CANCELLED, "")])
    assert (await job(sessions, job_id)).status == JobStatus.CANCELLED


async def test_a_job_that_runs_is_interrupted_and_writes_nothing_more(sessions: Sessions) -> None:
    ended = asyncio.Event()

    async def long(run: Run[ScriptedJob]) -> None:
        try:
            await asyncio.sleep(30)
        finally:
            with pytest.raises(JobLost):
                async with run.transaction():
                    pytest.fail("it was called off")
            ended.set()

    handler = ScriptedHandler(long)
    job_id = await enqueue_job(sessions)
    async with working(sessions, handler):
        await until(sessions, JobStatus.RUNNING)
        await job_service(sessions, handler).cancel(str(job_id))
        await asyncio.wait_for(ended.wait(), timeout=10)

    assert (await job(sessions, job_id)).status == JobStatus.CANCELLED


async def test_what_failed_can_be_tried_again_and_goes_on_where_it_was(sessions: Sessions) -> None:
    handler = ScriptedHandler(raising(BotOwnerOnly()))
    job_id = await enqueue_job(sessions)
    jobs = job_service(sessions, handler)
    async with working(sessions, handler):
        await until(sessions, JobStatus.FAILED)
        handler.script = None

        await jobs.retry(str(job_id))
        await until(sessions, JobStatus.DONE)

    assert handler.status_changes[1:] == [(JobStatus.PENDING, "")]
    with pytest.raises(JobNotFailed):
        await jobs.retry(str(job_id))
    with pytest.raises(JobHasEnded):
        await jobs.cancel(str(job_id))
    for unknown in (str(UUID(int=1)), "nonsense"):
        with pytest.raises(JobNotFound):
            await jobs.show(unknown)


async def test_who_slept_past_the_lease_changes_nothing(sessions: Sessions) -> None:
    woken, saved = asyncio.Event(), asyncio.Event()

    async def slow_at_first(run: Run[ScriptedJob]) -> None:
        if run.attempt == 1:
            await woken.wait()
            with pytest.raises(JobLost):
                await run.step("words", str, late)
            saved.set()

    async def late() -> str:
        return "too late"

    first, second = ScriptedHandler(slow_at_first), ScriptedHandler(slow_at_first)
    job_id = await enqueue_job(sessions)
    # A process that is stopped renews nothing, like one that looks up once a minute.
    async with working(sessions, first, pace=WorkerTiming(lease=60, poll=60)):
        await until(sessions, JobStatus.RUNNING)
        await asyncio.sleep(0.2)  # it looks once more after a start
        async with sessions.begin() as session:
            await session.execute(text("UPDATE jobs.jobs SET due_at = now() - interval '1 h'"))
        async with working(sessions, second):
            await until(sessions, JobStatus.DONE)
        woken.set()
        await asyncio.wait_for(saved.wait(), timeout=5)

    done = await job(sessions, job_id)
    assert (done.status, done.attempt, done.crashes) == (JobStatus.DONE, 2, 1)
    assert (await job_service(sessions, first).show(str(job_id))).steps == []


async def test_suspects_run_one_at_a_time_and_hold_nobody_up(sessions: Sessions) -> None:
    suspects_running, most_suspects = 0, 0
    may_end = asyncio.Event()

    async def watch(run: Run[ScriptedJob]) -> None:
        nonlocal suspects_running, most_suspects
        if run.id not in suspects:
            return
        suspects_running += 1
        most_suspects = max(most_suspects, suspects_running)
        await may_end.wait()
        suspects_running -= 1

    suspects = {await enqueue_job(sessions) for _ in range(2)}
    async with sessions.begin() as session:
        await session.execute(text("UPDATE jobs.jobs SET crashes = 2, crashed_at = now()"))
    for _ in range(5):
        await enqueue_job(sessions)
    async with working(sessions, ScriptedHandler(watch)):
        await until(sessions, JobStatus.DONE, count=5)  # although a suspect runs all the time
        may_end.set()
        await until(sessions, JobStatus.DONE, count=7)

    assert most_suspects == 1


async def test_what_took_its_process_along_four_times_is_given_up(sessions: Sessions) -> None:
    handler = ScriptedHandler()
    await enqueue_job(sessions)
    async with sessions.begin() as session:
        await session.execute(text("UPDATE jobs.jobs SET crashes = 4, crashed_at = now()"))

    async with working(sessions, handler):
        await until(sessions, JobStatus.FAILED)

    assert (handler.runs, handler.status_changes) == ([], [(JobStatus.FAILED, "PoisonJob: ")])


async def crashes_after_a_death(sessions: Sessions, *crashes: int, minutes: int = 0) -> list[int]:
    """Let a process die that ran jobs with these crashes; return what they have when they run."""
    for number in crashes:
        job_id = await enqueue_job(sessions)
        async with sessions.begin() as session:
            await session.execute(
                text(
                    "UPDATE jobs.jobs SET status = 'running', attempt = 1, worker = :worker, "
                    "due_at = now() - interval '1 s', crashes = :crashes, "
                    "crashed_at = now() - CAST(:age AS interval) WHERE id = :id"
                ),
                {
                    "worker": UUID(int=1),
                    "crashes": number,
                    "age": timedelta(minutes=minutes),
                    "id": job_id,
                },
            )
    async with working(sessions, ScriptedHandler()):
        await until(sessions, JobStatus.DONE, count=len(crashes))
    async with sessions() as session:
        return [*await session.scalars(select(Job.crashes).order_by(Job.created_at))]


async def test_a_death_is_blamed_on_the_suspect_and_on_nobody_beside_it(
    sessions: Sessions,
) -> None:
    assert await crashes_after_a_death(sessions, 0, 1, 2) == [0, 1, 3]


async def test_without_a_suspect_all_are_suspected(sessions: Sessions) -> None:
    assert await crashes_after_a_death(sessions, 0, 1) == [1, 2]


async def test_deaths_of_long_ago_are_forgiven(sessions: Sessions) -> None:
    assert await crashes_after_a_death(sessions, 3, 1, minutes=11) == [1, 1]


async def test_nothing_goes_out_after_the_lease(sessions: Sessions) -> None:
    sent: list[int] = []

    async def sleep_and_send(run: Run[ScriptedJob]) -> None:
        if run.attempt == 1:
            time.sleep(0.7)  # noqa: ASYNC251 - as a process that is stopped
        ensure_lease()
        sent.append(run.attempt)

    job_id = await enqueue_job(sessions)
    async with working(sessions, ScriptedHandler(sleep_and_send), pace=STOPPED):
        await until(sessions, JobStatus.DONE)

    assert sent == [(await job(sessions, job_id)).attempt]
    assert sent[0] > 1


@pytest.mark.slow
async def test_a_handler_that_holds_the_loop_does_not_run_its_neighbours_again(
    sessions: Sessions, database_url: str
) -> None:
    """A worker in another thread takes every job whose lease expires."""
    elsewhere: list[UUID] = []
    ended = threading.Event()

    async def take_over() -> None:
        async def note(run: Run[ScriptedJob]) -> None:
            elsewhere.append(run.id)

        async with (
            connect(database_url) as others,
            working(others, ScriptedHandler(note), pace=BRISK),
        ):
            await asyncio.to_thread(ended.wait)

    async def hold(run: Run[ScriptedJob]) -> None:
        await asyncio.sleep(0.2)
        if run.id == holder:
            time.sleep(2.5)  # noqa: ASYNC251 - it is what this is about
        await asyncio.sleep(0.1)

    neighbour, holder = await enqueue_job(sessions), await enqueue_job(sessions)
    other = threading.Thread(target=asyncio.run, args=[take_over()])
    async with working(sessions, ScriptedHandler(hold), pace=BRISK):
        await until(sessions, JobStatus.RUNNING, count=2)
        other.start()
        await until(sessions, JobStatus.DONE, count=2)
    ended.set()
    await asyncio.to_thread(other.join)

    assert elsewhere == []
    assert {(await job(sessions, each)).attempt for each in (neighbour, holder)} == {1}


async def test_a_worker_that_stops_finishes_what_is_short_and_hands_back_what_is_long(
    sessions: Sessions,
) -> None:
    async def short_or_long(run: Run[ScriptedJob]) -> None:
        await asyncio.sleep(0.1 if run.id == short else 30)

    short, long = await enqueue_job(sessions), await enqueue_job(sessions)
    impatient = replace(QUICK, grace=0.5)
    async with working(sessions, ScriptedHandler(short_or_long), pace=impatient):
        await until(sessions, JobStatus.RUNNING, count=2)

    assert (await job(sessions, short)).status == JobStatus.DONE
    handed_back = await job(sessions, long)
    assert (handed_back.status, handed_back.failures, handed_back.crashes) == ("pending", 0, 0)


async def test_a_worker_whose_listening_is_cut_off_listens_again(sessions: Sessions) -> None:
    handler = ScriptedHandler()
    async with working(sessions, handler):
        await enqueue_job(sessions)
        await until(sessions, JobStatus.DONE)
        async with sessions.begin() as session:
            cut = (
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            )
            assert await session.scalar(text(cut)) == 1
        await enqueue_job(sessions)
        await until(sessions, JobStatus.DONE, count=2)

    assert len(handler.runs) == 2


async def test_a_row_that_takes_no_mark_holds_nothing_up(
    sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    class Unmarkable(ScriptedHandler):
        @override
        async def on_status_change(
            self, session: AsyncSession, payload: ScriptedJob, status: JobStatus, reason: str
        ) -> None:
            raise RuntimeError("no room for marks")

    job_id = await enqueue_job(sessions)

    async with working(sessions, Unmarkable(raising(BotOwnerOnly()))):
        await until(sessions, JobStatus.FAILED)

    assert (await job(sessions, job_id)).error == "BotOwnerOnly: "
    assert "could not record the failure" in caplog.text


async def test_leases_that_ran_out_while_the_database_was_away_are_taken_up_again(
    sessions: Sessions,
) -> None:
    async def long(_: Run) -> None:
        await asyncio.sleep(1)

    handler = ScriptedHandler(long)
    job_id = await enqueue_job(sessions)
    async with working(sessions, handler):
        await until(sessions, JobStatus.RUNNING)
        async with sessions.begin() as session:
            await session.execute(text("UPDATE jobs.jobs SET due_at = now() - interval '1 h'"))
        await until(sessions, JobStatus.DONE)

    done = await job(sessions, job_id)
    assert (done.attempt, done.crashes, len(handler.runs)) == (1, 0, 1)
