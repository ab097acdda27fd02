"""Jobs: enqueued in the caller's transaction, retried after failures, one run at a time."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from db.models import Job, JobStatus
from db.session import Sessions
from services.errors import BotOwnerOnly
from services.jobs import (
    DEFAULT,
    JobMetrics,
    JobService,
    Run,
    enqueue,
)
from services.llm import ModelRateLimited
from tests.services.job_support import (
    ConcurrencyProbe,
    LaterJob,
    ScriptedHandler,
    ScriptedJob,
    enqueue_job,
    job,
    job_service,
    raising,
    statuses,
    until,
    working,
)

HOUR = timedelta(hours=1)


async def test_what_is_rolled_back_was_never_promised(sessions: Sessions) -> None:
    async with sessions() as session:
        await enqueue(session, ScriptedJob())
        await session.rollback()

    assert await statuses(sessions) == {}


async def test_what_is_committed_is_done(sessions: Sessions) -> None:
    handler = ScriptedHandler()

    async with working(sessions, handler):
        async with sessions.begin() as session:
            job_id = await enqueue(session, ScriptedJob(name="Mirela"))
        await until(sessions, JobStatus.DONE)

    assert [each.payload for each in handler.runs] == [ScriptedJob(name="Mirela")]
    done = await job(sessions, job_id)
    assert done.finished_at is not None


async def test_a_job_waits_for_its_time(sessions: Sessions) -> None:
    handler = ScriptedHandler()
    later = await enqueue_job(sessions, due=HOUR)
    soon = await enqueue_job(sessions, due=timedelta(seconds=0.3))

    async with working(sessions, handler):
        await until(sessions, JobStatus.DONE)

    assert [each.id for each in handler.runs] == [soon]
    assert (await job(sessions, later)).status == JobStatus.PENDING


async def test_a_group_that_nobody_has_set_has_two_slots(sessions: Sessions) -> None:
    probe = ConcurrencyProbe()
    for _ in range(10):
        await enqueue_job(sessions, group="a vendor of tomorrow")

    async with (
        working(sessions, ScriptedHandler(probe.join)),
        working(sessions, ScriptedHandler(probe.join)),
    ):
        await until(sessions, JobStatus.DONE, count=10)

    assert probe.max_running == 2


async def test_a_job_that_cannot_be_read_has_failed(
    sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    handler = ScriptedHandler()
    async with sessions.begin() as session:
        session.add(Job(kind="scripted", payload={"name": {}}, concurrency_group=DEFAULT))

    async with working(sessions, handler):
        await until(sessions, JobStatus.FAILED)

    assert handler.runs == []
    assert [each.message for each in caplog.records if "cannot be read" in each.message]


@pytest.mark.parametrize("kind", ["scripted", "of a later version"])
async def test_an_operator_can_cancel_what_cannot_be_read(sessions: Sessions, kind: str) -> None:
    handler = ScriptedHandler()
    async with sessions.begin() as session:
        unreadable = Job(kind=kind, payload={"name": {}}, concurrency_group=DEFAULT)
        session.add(unreadable)

    cancelled = await job_service(sessions, handler).cancel(str(unreadable.id))

    assert (cancelled.status, handler.status_changes) == (JobStatus.CANCELLED, [])


async def test_a_failure_is_tried_again_until_the_limit_and_its_words_are_kept(
    sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    handler = ScriptedHandler(raising(RuntimeError("no luck")))
    job_id = await enqueue_job(sessions)

    async with working(sessions, handler):
        await until(sessions, JobStatus.FAILED)

    assert [each.attempt for each in handler.runs] == [1, 2, 3]
    assert handler.status_changes == [(JobStatus.FAILED, "RuntimeError: no luck")]
    assert (await job(sessions, job_id)).error == "RuntimeError: no luck"
    assert "failed for good" in caplog.text


async def test_what_another_try_cannot_change_is_not_tried_again(sessions: Sessions) -> None:
    handler = ScriptedHandler(raising(BotOwnerOnly()))
    await enqueue_job(sessions)

    async with working(sessions, handler):
        await until(sessions, JobStatus.FAILED)

    assert len(handler.runs) == 1


async def test_a_vendor_that_asks_for_time_is_given_it(sessions: Sessions) -> None:
    handler = ScriptedHandler(raising(ModelRateLimited("m", retry_after=3600)))
    job_id = await enqueue_job(sessions)

    async with working(sessions, handler):
        await until(sessions, JobStatus.PENDING)
        while not (waiting := await job(sessions, job_id)).failures:
            await asyncio.sleep(0.01)

    assert waiting.due_at - waiting.created_at > HOUR


async def test_of_one_key_one_runs_at_a_time(sessions: Sessions) -> None:
    company = ConcurrencyProbe()
    for _ in range(20):
        await enqueue_job(sessions, lock_key="mirela")
    async with (
        working(sessions, ScriptedHandler(company.join)),
        working(sessions, ScriptedHandler(company.join)),
    ):
        await until(sessions, JobStatus.DONE, count=20)

    assert company.max_running == 1


async def test_a_future_job_does_not_block_another_of_its_key(sessions: Sessions) -> None:
    handler = ScriptedHandler()
    await enqueue_job(sessions, lock_key="mirela", due=HOUR)
    now = await enqueue_job(sessions, lock_key="mirela")

    async with working(sessions, handler):
        await until(sessions, JobStatus.DONE)

    assert [each.id for each in handler.runs] == [now]


async def test_a_lane_holds_so_many_in_all_processes(sessions: Sessions) -> None:
    company = ConcurrencyProbe()
    for _ in range(20):
        await enqueue_job(sessions, group="openai")
    lanes = {"openai": 3}
    async with (
        working(sessions, ScriptedHandler(company.join), lanes=lanes),
        working(sessions, ScriptedHandler(company.join), lanes=lanes),
    ):
        await until(sessions, JobStatus.DONE, count=20)

    assert company.max_running == 3


async def test_a_process_leaves_the_lanes_it_does_not_have(sessions: Sessions) -> None:
    await enqueue_job(sessions, group="discord")
    await enqueue_job(sessions, group=DEFAULT)

    async with working(sessions, ScriptedHandler(), lanes={"discord": 0}):
        await until(sessions, JobStatus.DONE)
        await asyncio.sleep(0.3)

    assert await statuses(sessions) == {JobStatus.DONE: 1, JobStatus.PENDING: 1}


async def test_a_process_leaves_the_kinds_it_does_not_know(sessions: Sessions) -> None:
    await enqueue_job(sessions, LaterJob())
    await enqueue_job(sessions)

    async with working(sessions, ScriptedHandler()):
        await until(sessions, JobStatus.DONE)
        await asyncio.sleep(0.3)

    assert await statuses(sessions) == {JobStatus.DONE: 1, JobStatus.PENDING: 1}


async def test_a_step_that_is_done_is_not_done_again(sessions: Sessions) -> None:
    calls: list[str] = []

    async def ask(name: str) -> list[str]:
        calls.append(name)
        return [name]

    async def two_steps(run: Run) -> None:
        first = await run.step("first", list[str], lambda: ask("first"))
        if run.attempt == 1:
            raise RuntimeError("in between")
        second = await run.step("second", list[str], lambda: ask("second"))
        assert (first, second) == (["first"], ["second"])

    handler = ScriptedHandler(two_steps)
    job_id = await enqueue_job(sessions)
    async with working(sessions, handler):
        await until(sessions, JobStatus.DONE)

    assert calls == ["first", "second"]
    shown = await job_service(sessions, handler).show(str(job_id))
    assert [each.name for each in shown.steps] == ["first", "second"]


async def test_prometheus_reads_depth_age_duration_and_failures(sessions: Sessions) -> None:
    handler = ScriptedHandler(raising(BotOwnerOnly()))
    metrics = JobMetrics()
    await enqueue_job(sessions)
    async with working(sessions, handler, metrics=metrics):
        await until(sessions, JobStatus.FAILED)
    await enqueue_job(sessions)
    async with sessions.begin() as session:
        session.add(Job(kind="other", payload={}, concurrency_group=DEFAULT))

    exposition = (await JobService(sessions, [handler], metrics).exposition()).decode()

    assert 'troupe_jobs{kind="scripted",status="failed"} 1.0' in exposition
    assert 'troupe_jobs{kind="other",status="pending"} 1.0' in exposition
    assert 'troupe_job_oldest_due_seconds{kind="scripted"}' in exposition
    assert 'troupe_job_duration_seconds_count{kind="scripted"} 1.0' in exposition
    assert 'troupe_job_runs_total{kind="scripted",outcome="failed"} 1.0' in exposition


async def test_a_clock_that_changes_moves_what_is_due(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        soon = await enqueue(session, ScriptedJob(), due=timedelta(hours=2))
        now = await enqueue(session, ScriptedJob())
    service = JobService(sessions, (), JobMetrics())

    await service.rescale(factor=1 / 60)
    await service.rescale(factor=1, forward=timedelta(minutes=1))

    async with sessions() as session:
        remaining = {
            job_id: float(seconds)
            for job_id, seconds in await session.execute(
                select(Job.id, func.extract("epoch", Job.due_at - func.now()))
            )
        }
    assert 50 < remaining[soon] < 60
    assert remaining[now] <= 0
