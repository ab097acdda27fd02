"""The worker that runs due jobs. Any number of processes can share one database."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from db.models import JobStatus
from db.retry import is_disconnect, retry_on_disconnect
from db.session import Sessions, listen, url_of
from services import leases
from services.errors import DomainError, TransientError
from services.jobs import queries
from services.jobs.errors import PoisonJob
from services.jobs.lease_keeper import LeaseKeeper, RunKey
from services.jobs.metrics import JobMetrics
from services.jobs.queries import ClaimedJob
from services.jobs.run import Checkpoint, Handler, Run, owned_transaction
from services.leases import Lease, LeaseLost

log = logging.getLogger(__name__)

# A job whose process died twice more while it was the only suspect there is not started again.
_MAX_CRASHES = queries.QUARANTINE_AFTER + 2
_RETENTION = timedelta(days=30)
_MAX_BACKOFF_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class WorkerTiming:
    """Intervals of a worker, in seconds.

    The jobs of a dead process start again within `lease` + `poll`. On shutdown, running jobs have
    `grace` to finish before they are released. `backoff` is the delay of the first retry. A process
    whose event loop is held keeps its leases for `max_hold`.
    """

    lease: float = 10
    max_hold: float = 60
    poll: float = 5
    grace: float = 10
    backoff: float = 2


class Worker:
    """Claims due jobs and runs their handlers concurrently."""

    def __init__(
        self,
        sessions: Sessions,
        handlers: Sequence[Handler[Any]],
        *,
        concurrency: Mapping[str, int],
        describe: Callable[[BaseException], str],
        metrics: JobMetrics,
        max_jobs: int = 10,
        timing: WorkerTiming | None = None,
        checkpoint: Checkpoint = lambda _: None,
    ) -> None:
        """`concurrency` are the slots of groups in all processes, 0 to ignore a group."""
        self._sessions = sessions
        self._handlers = {each.payload_type.kind: each for each in handlers}
        self._concurrency = concurrency
        self._describe = describe
        self._metrics = metrics
        self._max_jobs = max_jobs
        self._timing = timing or WorkerTiming()
        self._lease = timedelta(seconds=self._timing.lease)
        self._checkpoint = checkpoint
        self._running: dict[RunKey, asyncio.Task[None]] = {}
        self._leases: dict[RunKey, Lease] = {}
        self._keeper = LeaseKeeper(
            url_of(sessions),
            lambda: list(self._running),
            self._prolong,
            lease=self._timing.lease,
            max_hold=self._timing.max_hold,
        )
        self._quarantined: UUID | None = None
        self._id = uuid4()
        self._wake_up = asyncio.Event()
        self._stopping = False

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Work while the context is open; on exit, finish running jobs or release them.

        The tasks are children of the caller's task, so that they run in the same (simulated) time.
        """
        claiming = asyncio.create_task(self._claim_forever())
        others = [
            asyncio.create_task(each()) for each in (self._renew_forever, self._prune_forever)
        ]
        self._keeper.start()
        try:
            yield
        finally:
            self._keeper.stop()
            self._stopping = True
            self._wake_up.set()
            await asyncio.wait({claiming}, timeout=self._timing.grace)
            claiming.cancel()
            await self._drain()
            for each in others:
                each.cancel()
            await asyncio.gather(claiming, *others, return_exceptions=True)

    async def _claim_forever(self) -> None:
        """Claim and start jobs until the worker stops; reconnect after database outages."""
        while not self._stopping:
            try:
                async with listen(self._sessions, queries.CHANNEL, self._wake_up) as listener:
                    while listener.is_open() and not self._stopping:
                        await self._wait(await self._claim_due())
            except Exception as error:
                is_transient = isinstance(error, OSError | DBAPIError)
                level = logging.WARNING if is_transient else logging.ERROR
                log.log(level, "The queue cannot be read", exc_info=error)
                await asyncio.sleep(random.uniform(0.2, 1))  # noqa: S311 - jitter

    async def _claim_due(self) -> float:
        """Start due jobs; return the seconds until the next claim."""
        self._wake_up.clear()
        await self._renew_leases()
        free = self._max_jobs - len(self._running)
        if free <= 0:
            return self._timing.poll
        asked_at = leases.now()
        async with self._sessions.begin() as session:
            jobs = await queries.claim(
                session,
                kinds=list(self._handlers),
                concurrency=self._concurrency,
                limit=free,
                own={job_id for job_id, _ in self._running},
                lease=self._lease,
                worker=self._id,
                takes_suspect=self._quarantined is None,
            )
            next_due = None if jobs else await queries.seconds_to_next(session, self._concurrency)
        for job in jobs:
            self._running[job.id, job.attempt] = asyncio.create_task(self._run_job(job, asked_at))
            if job.crashes >= queries.QUARANTINE_AFTER:
                self._quarantined = job.id
        if jobs:
            return 0
        return self._timing.poll if next_due is None else min(next_due, self._timing.poll)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake_up.wait()

    async def _run_job(self, job: ClaimedJob, claimed_at: float) -> None:
        """Run a job, and release it if the run is cancelled."""
        self._leases[job.id, job.attempt] = leases.start_lease(self._timing.lease, claimed_at)
        started = time.perf_counter()
        outcome = "lost"
        try:
            outcome = await self._call_handler(job)
        except LeaseLost:
            log.info("Job %s (%s) was lost", job.id, job.kind)
        except asyncio.CancelledError:
            with suppress(LeaseLost):
                await retry_on_disconnect(lambda: self._release(job, delay=timedelta(0)))
                outcome = "handed back"
        except (OSError, DBAPIError) as error:
            # Its lease expires, and a process with a database connection claims it again.
            level = logging.WARNING if is_disconnect(error) else logging.ERROR
            log.log(level, "The outcome of job %s cannot be saved", job.id, exc_info=error)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.record_run(job.kind, outcome, seconds)
            log.info(
                "Job %s (%s) %s",
                job.id,
                job.kind,
                outcome,
                extra={"job_id": job.id, "attempt": job.attempt, "duration_ms": seconds * 1000},
            )
            del self._running[job.id, job.attempt], self._leases[job.id, job.attempt]
            self._quarantined = None if self._quarantined == job.id else self._quarantined
            self._wake_up.set()

    async def _call_handler(self, job: ClaimedJob) -> str:
        """Run the handler of a job and save the outcome; return its name for the metrics."""
        self._checkpoint("claimed")
        handler = self._handlers[job.kind]
        try:
            payload = handler.payload_type.model_validate(job.payload)
        except ValidationError as error:
            log.exception("Job %s (%s) cannot be read", job.id, job.kind)
            async with owned_transaction(self._sessions, job) as session:
                await queries.end(session, job.id, JobStatus.FAILED, self._describe(error))
            return "failed"
        run = Run(self._sessions, job, payload, self._checkpoint)
        try:
            await self._await_commit(handler, run, job)
        except (asyncio.CancelledError, LeaseLost):
            raise
        except Exception as error:  # noqa: BLE001 - a handler may fail in any way
            return await self._handle_failure(handler, run, job, error)
        return "done"

    async def _await_commit(self, handler: Handler[Any], run: Run[Any], job: ClaimedJob) -> None:
        if job.crashes >= _MAX_CRASHES:
            raise PoisonJob
        async with asyncio.timeout(handler.timeout_seconds):
            await handler.run(run)
        if not run.is_finished:
            async with run.final_transaction():
                pass

    async def _handle_failure(
        self, handler: Handler[Any], run: Run[Any], job: ClaimedJob, error: Exception
    ) -> str:
        """Schedule a retry, or mark the job as failed and notify the handler."""
        is_final = isinstance(error, DomainError) and not isinstance(error, TransientError)
        is_outage = isinstance(error, DBAPIError) and is_disconnect(error)
        is_internal = not is_outage and not isinstance(error, DomainError)
        if is_outage or (not is_final and job.failures + 1 < await handler.attempts(run.payload)):
            if is_internal:
                log.warning("Job %s (%s) failed", job.id, job.kind, exc_info=error)
            await retry_on_disconnect(
                lambda: self._release(
                    job,
                    delay=self._backoff(job, error),
                    error=self._describe(error),
                    failed=not is_outage,
                )
            )
            return "retried"
        if is_internal:
            log.error("Job %s (%s) failed for good", job.id, job.kind, exc_info=error)

        async def write() -> None:
            async with run.transaction() as session:
                reason = self._describe(error)
                await handler.on_status_change(session, run.payload, JobStatus.FAILED, reason)
                await queries.end(session, job.id, JobStatus.FAILED, reason)

        try:
            await retry_on_disconnect(write)
        except (OSError, DBAPIError, LeaseLost):
            raise
        except Exception:
            log.exception(
                "The handler of job %s (%s) could not record the failure", job.id, job.kind
            )
            async with run.transaction() as session:
                await queries.end(session, job.id, JobStatus.FAILED, self._describe(error))
        return "failed"

    def _backoff(self, job: ClaimedJob, error: Exception) -> timedelta:
        """Return the delay: exponential with jitter, and at least what a vendor asks for."""
        seconds = min(self._timing.backoff * 2 ** min(job.failures, 20), _MAX_BACKOFF_SECONDS)
        retry_after = error.retry_after if isinstance(error, TransientError) else None
        jitter = random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        return timedelta(seconds=max(seconds * jitter, retry_after or 0))

    async def _release(
        self, job: ClaimedJob, *, delay: timedelta, error: str | None = None, failed: bool = False
    ) -> None:
        async with owned_transaction(self._sessions, job) as session:
            await queries.release(session, job.id, delay=delay, error=error, failed=failed)
            if not delay:
                await queries.notify_workers(session)

    async def _renew_forever(self) -> None:
        """Renew leases periodically."""
        while True:
            await asyncio.sleep(self._timing.lease / 3)
            try:
                await self._renew_leases()
            except Exception as error:  # noqa: BLE001 - the next may succeed
                log.warning("Leases could not be renewed: %s", type(error).__name__)

    async def _renew_leases(self) -> None:
        """Renew the leases of running jobs; cancel runs that have lost their job."""
        self._keeper.beat()
        running = dict(self._running)
        if not running:
            return
        asked_at = leases.now()
        async with self._sessions.begin() as session:
            renewed = await queries.renew(session, running.keys(), self._lease)
            gone = running.keys() - renewed
            # What ended its job may still wait for the answer to its commit, or tidy up.
            lost = gone - await queries.ended(session, gone) if gone else gone
        for run in lost:
            running[run].cancel()
        self._prolong(renewed, asked_at)

    def _prolong(self, runs: Collection[RunKey], asked_at: float) -> None:
        for run in runs:
            if (lease := self._leases.get(run)) is not None:
                lease.renew(asked_at, self._timing.lease)

    async def _prune_forever(self) -> None:
        while True:
            await asyncio.sleep(3600 * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            with suppress(OSError, DBAPIError):
                async with self._sessions.begin() as session:
                    await queries.prune(session, _RETENTION)

    async def _drain(self) -> None:
        tasks = list(self._running.values())
        if not tasks:
            return
        await asyncio.wait(tasks, timeout=self._timing.grace)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
