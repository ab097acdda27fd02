"""Jobs that are called off, and processes that sleep, stop, or die of their work."""

import asyncio
import contextlib
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import JobStatus
from db.session import Sessions
from services.errors import BotOwnerOnly
from services.jobs import (
    JobHasEnded,
    JobLost,
    JobNotFailed,
    JobNotFound,
    Run,
    WorkerTiming,
)
from tests.services.job_support import (
    Company,
    Told,
    ToldJob,
    job,
    operator,
    promise,
    raising,
    until,
    working,
)


async def test_a_run_that_never_ends_is_ended(sessions: Sessions) -> None:
    class Hasty(Told):
        timeout_seconds = 0.05

    handler = Hasty(lambda _: asyncio.sleep(60))
    job_id = await promise(sessions)

    async with working(sessions, handler):
        await until(sessions, JobStatus.FAILED)

    assert (await job(sessions, job_id)).failures == handler.max_attempts - 1


async def test_a_network_that_is_down_counts_as_a_failure(sessions: Sessions) -> None:
    handler = Told(raising(ConnectionRefusedError("no vendor")))
    await promise(sessions)

    async with working(sessions, handler):
        await until(sessions, JobStatus.FAILED)

    assert len(handler.runs) == handler.max_attempts


async def test_leases_are_renewed_while_a_worker_comes_to_its_end(sessions: Sessions) -> None:
    pace = WorkerTiming(lease=0.6, poll=0.1, grace=3, backoff=0.01)
    other = Told()
    job_id = await promise(sessions)

    slow = working(sessions, Told(lambda _: asyncio.sleep(1.5)), pace=pace)
    async with contextlib.AsyncExitStack() as stack, slow:
        await until(sessions, JobStatus.RUNNING)
        await stack.enter_async_context(working(sessions, other, pace=pace))

    assert other.runs == []

    done = await job(sessions, job_id)
    assert (done.status, done.attempt, done.crashes) == (JobStatus.DONE, 1, 0)


async def test_a_job_that_waits_can_be_called_off(sessions: Sessions) -> None:
    handler = Told()
    job_id = await promise(sessions, due=timedelta(seconds=0.2))

    await operator(sessions, handler).cancel(str(job_id))
    async with working(sessions, handler):
        await asyncio.sleep(0.5)

    assert (handler.runs, handler.marks) == ([], [(JobStatus.CANCELLED, "")])
    assert (await job(sessions, job_id)).status == JobStatus.CANCELLED


async def test_a_job_that_runs_is_interrupted_and_writes_nothing_more(sessions: Sessions) -> None:
    ended = asyncio.Event()

    async def long(run: Run[ToldJob]) -> None:
        try:
            await asyncio.sleep(30)
        finally:
            with pytest.raises(JobLost):
                async with run.writing():
                    pytest.fail("it was called off")
            ended.set()

    handler = Told(long)
    job_id = await promise(sessions)
    async with working(sessions, handler):
        await until(sessions, JobStatus.RUNNING)
        await operator(sessions, handler).cancel(str(job_id))
        await asyncio.wait_for(ended.wait(), timeout=10)

    assert (await job(sessions, job_id)).status == JobStatus.CANCELLED


async def test_what_failed_can_be_tried_again_and_goes_on_where_it_was(sessions: Sessions) -> None:
    handler = Told(raising(BotOwnerOnly()))
    job_id = await promise(sessions)
    jobs = operator(sessions, handler)
    async with working(sessions, handler):
        await until(sessions, JobStatus.FAILED)
        handler.do = None

        await jobs.retry(str(job_id))
        await until(sessions, JobStatus.DONE)

    assert handler.marks[1:] == [(JobStatus.PENDING, "")]
    with pytest.raises(JobNotFailed):
        await jobs.retry(str(job_id))
    with pytest.raises(JobHasEnded):
        await jobs.cancel(str(job_id))
    for unknown in (str(UUID(int=1)), "nonsense"):
        with pytest.raises(JobNotFound):
            await jobs.show(unknown)


async def test_who_slept_past_the_lease_changes_nothing(sessions: Sessions) -> None:
    woken, kept = asyncio.Event(), asyncio.Event()

    async def slow_at_first(run: Run[ToldJob]) -> None:
        if run.attempt == 1:
            await woken.wait()
            with pytest.raises(JobLost):
                await run.step("words", str, late)
            kept.set()

    async def late() -> str:
        return "too late"

    first, second = Told(slow_at_first), Told(slow_at_first)
    job_id = await promise(sessions)
    # A process that is stopped renews nothing, like one that looks up once a minute.
    async with working(sessions, first, pace=WorkerTiming(lease=60, poll=60)):
        await until(sessions, JobStatus.RUNNING)
        await asyncio.sleep(0.2)  # it looks once more after a start
        async with sessions.begin() as session:
            await session.execute(text("UPDATE jobs.jobs SET due_at = now() - interval '1 h'"))
        async with working(sessions, second):
            await until(sessions, JobStatus.DONE)
        woken.set()
        await asyncio.wait_for(kept.wait(), timeout=5)

    done = await job(sessions, job_id)
    assert (done.status, done.attempt, done.crashes) == (JobStatus.DONE, 2, 1)
    assert (await operator(sessions, first).show(str(job_id))).steps == []


async def test_what_took_its_process_along_twice_runs_alone(sessions: Sessions) -> None:
    company, alone = Company(), list[bool]()

    async def watch(run: Run[ToldJob]) -> None:
        await company.join(run)
        if run.id in suspects:
            alone.append(not company.present)

    suspects = {await promise(sessions) for _ in range(2)}
    async with sessions.begin() as session:
        await session.execute(text("UPDATE jobs.jobs SET crashes = 2"))
    for _ in range(5):
        await promise(sessions)
    async with working(sessions, Told(watch)):
        await until(sessions, JobStatus.DONE, count=7)

    assert alone == [True, True]


async def test_what_took_its_process_along_three_times_is_given_up(sessions: Sessions) -> None:
    handler = Told()
    await promise(sessions)
    async with sessions.begin() as session:
        await session.execute(text("UPDATE jobs.jobs SET crashes = 3"))

    async with working(sessions, handler):
        await until(sessions, JobStatus.FAILED)

    assert (handler.runs, handler.marks) == ([], [(JobStatus.FAILED, "PoisonJob: ")])


async def test_a_worker_that_stops_finishes_what_is_short_and_hands_back_what_is_long(
    sessions: Sessions,
) -> None:
    async def short_or_long(run: Run[ToldJob]) -> None:
        await asyncio.sleep(0.1 if run.id == short else 30)

    short, long = await promise(sessions), await promise(sessions)
    async with working(sessions, Told(short_or_long)):
        await until(sessions, JobStatus.RUNNING, count=2)

    assert (await job(sessions, short)).status == JobStatus.DONE
    handed_back = await job(sessions, long)
    assert (handed_back.status, handed_back.failures, handed_back.crashes) == ("pending", 0, 0)


async def test_a_worker_whose_listening_is_cut_off_listens_again(sessions: Sessions) -> None:
    handler = Told()
    async with working(sessions, handler):
        await promise(sessions)
        await until(sessions, JobStatus.DONE)
        async with sessions.begin() as session:
            cut = (
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            )
            assert await session.scalar(text(cut)) == 1
        await promise(sessions)
        await until(sessions, JobStatus.DONE, count=2)

    assert len(handler.runs) == 2


async def test_a_row_that_takes_no_mark_holds_nothing_up(
    sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    class Unmarkable(Told):
        @override
        async def on_status_change(
            self, session: AsyncSession, payload: ToldJob, status: JobStatus, reason: str
        ) -> None:
            raise RuntimeError("no room for marks")

    job_id = await promise(sessions)

    async with working(sessions, Unmarkable(raising(BotOwnerOnly()))):
        await until(sessions, JobStatus.FAILED)

    assert (await job(sessions, job_id)).error == "BotOwnerOnly: "
    assert "could not record the failure" in caplog.text


async def test_leases_that_ran_out_while_the_database_was_away_are_taken_up_again(
    sessions: Sessions,
) -> None:
    async def long(_: Run) -> None:
        await asyncio.sleep(1)

    handler = Told(long)
    job_id = await promise(sessions)
    async with working(sessions, handler):
        await until(sessions, JobStatus.RUNNING)
        async with sessions.begin() as session:
            await session.execute(text("UPDATE jobs.jobs SET due_at = now() - interval '1 h'"))
        await until(sessions, JobStatus.DONE)

    done = await job(sessions, job_id)
    assert (done.attempt, done.crashes, len(handler.runs)) == (1, 0, 1)
