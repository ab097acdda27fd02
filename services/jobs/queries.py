"""Queries for jobs. Only the clock of the database is used.

Statuses are literals: a bound parameter in the predicate of a partial index hides the index from a
generic plan.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Interval, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Job, JobStatus, JobStep
from db.session import id_begins

CHANNEL = "troupe_jobs"
_LOCK = "jobs.claim"
# How many jobs of a group run at once in all processes, unless configured.
DEFAULT_SLOTS = 2

# A process that did not renew a lease before it expired is treated as dead. Its suspect is blamed,
# if it ran one, else all that it ran; what happened long ago is forgiven.
_CRASHES = (
    "CASE WHEN {table}.crashed_at < now() - CAST(:forgiven_after AS interval) THEN 0 "
    "ELSE {table}.crashes END"
)
_RECLAIM_EXPIRED = text(f"""
WITH expired AS (
    SELECT j.id, j.worker, {_CRASHES.format(table="j")} AS crashes FROM jobs.jobs j
    WHERE j.status = 'running' AND j.due_at < now() AND j.id <> ALL(CAST(:own AS uuid[]))
    FOR UPDATE SKIP LOCKED
),
blamed AS (
    SELECT id FROM expired e WHERE crashes >= 2 OR NOT EXISTS (
        SELECT 1 FROM expired s WHERE s.worker = e.worker AND s.crashes >= 2
    )
)
UPDATE jobs.jobs j
SET status = 'pending', due_at = now(),
    crashes = expired.crashes + CASE WHEN blamed.id IS NULL THEN 0 ELSE 1 END,
    crashed_at = CASE WHEN blamed.id IS NULL THEN j.crashed_at ELSE now() END
FROM expired LEFT JOIN blamed ON blamed.id = expired.id
WHERE j.id = expired.id
""")  # noqa: S608 - constants of this module
# Every group with pending jobs, by a loose index scan: the cost does not depend on their number.
_GROUPS = """
RECURSIVE names AS (
    (SELECT min(concurrency_group) AS name FROM jobs.jobs WHERE status = 'pending')
    UNION ALL
    SELECT (
        SELECT min(p.concurrency_group) FROM jobs.jobs p
        WHERE p.status = 'pending' AND p.concurrency_group > names.name
    ) FROM names WHERE names.name IS NOT NULL
),
groups AS (
    SELECT names.name, coalesce(configured.slots, :default_slots) AS slots FROM names
    LEFT JOIN unnest(CAST(:groups AS text[]), CAST(:slots AS bigint[])) AS configured (name, slots)
    ON configured.name = names.name
    WHERE names.name IS NOT NULL AND coalesce(configured.slots, :default_slots) > 0
)
"""
_CLAIM = f"""
WITH {_GROUPS},
free AS (
    SELECT g.name, g.slots - (
        SELECT count(*) FROM jobs.jobs r
        WHERE r.status = 'running' AND r.concurrency_group = g.name
    ) AS slots
    FROM groups g
),
due AS (
    SELECT j.id, j.lock_key, j.due_at
    FROM free CROSS JOIN LATERAL (
        SELECT p.id, p.lock_key, p.due_at FROM jobs.jobs p
        WHERE p.status = 'pending' AND p.concurrency_group = free.name AND p.due_at <= now()
          AND p.kind = ANY(CAST(:kinds AS text[]))
          AND {{which}} AND NOT EXISTS (
              SELECT 1 FROM jobs.jobs r WHERE r.status = 'running' AND r.lock_key = p.lock_key
          )
        ORDER BY p.due_at LIMIT least(greatest(free.slots, 0), :limit)
        FOR UPDATE OF p SKIP LOCKED
    ) j
),
first AS (
    SELECT id, due_at,
           row_number() OVER (PARTITION BY coalesce(lock_key, id::text) ORDER BY due_at, id) AS nth
    FROM due
)
UPDATE jobs.jobs j
SET status = 'running', attempt = attempt + 1, started_at = now(), due_at = now() + :lease,
    worker = :worker
FROM (SELECT id FROM first WHERE nth = 1 ORDER BY due_at LIMIT :limit) taken
WHERE j.id = taken.id
RETURNING j.id, j.kind, j.lock_key, j.payload, j.attempt, j.failures,
          {_CRASHES.format(table="j")} AS crashes
"""  # noqa: S608 - constants of this module
# A process runs one at a time of the jobs whose process died twice, so that it is known which one
# is to blame if it dies again.
QUARANTINE_AFTER = 2  # must match the predicate of the partial index
_FORGIVEN_AFTER = timedelta(minutes=10)
_CLAIM_HEALTHY = text(_CLAIM.format(which=f"p.crashes < {QUARANTINE_AFTER}"))
_CLAIM_QUARANTINED = text(_CLAIM.format(which=f"p.crashes >= {QUARANTINE_AFTER}"))
_NEXT = text(f"""
WITH {_GROUPS}
SELECT extract(epoch FROM min(soonest.due_at) - now()) FROM groups
CROSS JOIN LATERAL (
    SELECT due_at FROM jobs.jobs
    WHERE status = 'pending' AND concurrency_group = groups.name AND due_at > now()
    ORDER BY due_at LIMIT 1
) soonest
""")  # noqa: S608 - constants of this module
_RENEW = text("""
UPDATE jobs.jobs j SET due_at = now() + :lease
FROM unnest(CAST(:ids AS uuid[]), CAST(:attempts AS int[])) AS own (id, attempt)
WHERE j.id = own.id AND j.attempt = own.attempt AND j.status = 'running'
RETURNING j.id, j.attempt
""")
_ENDED = text("""
SELECT j.id, j.attempt FROM jobs.jobs j
JOIN unnest(CAST(:ids AS uuid[]), CAST(:attempts AS int[])) AS own (id, attempt)
ON j.id = own.id AND j.attempt = own.attempt
WHERE j.status IN ('done', 'failed')
""")
_DEPTH = text("""
SELECT kind, status, count(*) AS count,
       CAST(coalesce(extract(epoch FROM max(now() - due_at) FILTER (
           WHERE status = 'pending' AND due_at <= now()
       )), 0) AS double precision) AS waited
FROM jobs.jobs WHERE status IN ('pending', 'running', 'failed') GROUP BY kind, status
""")


@dataclass(frozen=True, kw_only=True)
class ClaimedJob:
    """A job that this process has claimed until its lease expires."""

    id: UUID
    kind: str
    lock_key: str | None
    payload: dict[str, Any]
    attempt: int
    failures: int
    crashes: int


@dataclass(frozen=True, kw_only=True)
class QueueDepth:
    """How many jobs of a kind are in a status; `waited` are the seconds the oldest is overdue."""

    kind: str
    status: str
    count: int
    waited: float


async def add(
    session: AsyncSession,
    *,
    kind: str,
    payload: Mapping[str, Any],
    due: datetime | timedelta | None,
    lock_key: str | None,
    group: str,
) -> UUID:
    """Insert a job; if it is due at once, workers are notified when the transaction commits."""
    values: dict[str, Any] = {
        "kind": kind,
        "payload": dict(payload),
        "lock_key": lock_key,
        "concurrency_group": group,
    }
    if due is not None:
        values["due_at"] = func.now() + due if isinstance(due, timedelta) else due
    job_id = (await session.execute(insert(Job).values(values).returning(Job.id))).scalar_one()
    if due is None:
        await notify_workers(session)
    return job_id


async def rescale(session: AsyncSession, *, factor: float, forward: timedelta) -> None:
    """Multiply the time until pending jobs are due, and then shorten it."""
    remaining = (Job.due_at - func.now()).self_group().op("*", return_type=Interval())(factor)
    await session.execute(
        update(Job)
        .where(Job.status == JobStatus.PENDING, Job.due_at > func.now())
        .values(due_at=func.now() + remaining - forward)
        .execution_options(synchronize_session=False)
    )


async def notify_workers(session: AsyncSession) -> None:
    """Notify the workers when the transaction commits."""
    await session.execute(select(func.pg_notify(CHANNEL, "")))


async def claim(
    session: AsyncSession,
    *,
    kinds: Sequence[str],
    concurrency: Mapping[str, int],
    limit: int,
    own: Collection[UUID],
    lease: timedelta,
    worker: UUID,
    takes_suspect: bool,
) -> list[ClaimedJob]:
    """Claim due jobs whose group has a free slot and whose lock key is not held.

    `concurrency` are the slots of groups, 0 for those that this process does not serve; other
    groups have `DEFAULT_SLOTS`. Only jobs of `kinds` are claimed, and with `takes_suspect` one of
    those whose process died twice. `own` are the jobs that run here: they are not reclaimed even if
    their lease has expired.
    """
    # A process that hangs in this transaction must not block the others for long.
    await session.execute(text("SET LOCAL lock_timeout = '5s'"))
    await session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '5s'"))
    # The count of running jobs must include what others have just claimed: lock before reading.
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(_LOCK))))
    forgiven = {"forgiven_after": _FORGIVEN_AFTER}
    await session.execute(_RECLAIM_EXPIRED, {"own": list(own), **forgiven})
    parameters = {
        **_slots(concurrency),
        **forgiven,
        "kinds": list(kinds),
        "lease": lease,
        "worker": worker,
    }
    suspects: list[ClaimedJob] = []
    if takes_suspect:
        rows = await session.execute(_CLAIM_QUARANTINED, {**parameters, "limit": 1})
        suspects = [ClaimedJob(**row) for row in rows.mappings()]
    rows = await session.execute(_CLAIM_HEALTHY, {**parameters, "limit": limit - len(suspects)})
    return [*suspects, *(ClaimedJob(**row) for row in rows.mappings())]


async def seconds_to_next(session: AsyncSession, concurrency: Mapping[str, int]) -> float | None:
    """Return the seconds until the next job becomes due, or None."""
    seconds = await session.scalar(_NEXT, _slots(concurrency))
    return None if seconds is None else float(seconds)


def _slots(concurrency: Mapping[str, int]) -> dict[str, Any]:
    return {
        "groups": list(concurrency),
        "slots": list(concurrency.values()),
        "default_slots": DEFAULT_SLOTS,
    }


async def renew(
    session: AsyncSession, runs: Collection[tuple[UUID, int]], lease: timedelta
) -> frozenset[tuple[UUID, int]]:
    """Renew the leases of runs (job and attempt); return the runs that still own their job."""
    rows = await session.execute(_RENEW, {**_parameters(runs), "lease": lease})
    return frozenset((row.id, row.attempt) for row in rows)


async def ended(
    session: AsyncSession, runs: Collection[tuple[UUID, int]]
) -> frozenset[tuple[UUID, int]]:
    """Return those of runs (job and attempt) that ended their job themselves."""
    rows = await session.execute(_ENDED, _parameters(runs))
    return frozenset((row.id, row.attempt) for row in rows)


def _parameters(runs: Collection[tuple[UUID, int]]) -> dict[str, Any]:
    return {"ids": [id_ for id_, _ in runs], "attempts": [attempt for _, attempt in runs]}


async def lock_run(session: AsyncSession, job_id: UUID, attempt: int) -> bool:
    """Lock the job of a run until the transaction ends; return False if the run has lost it."""
    locked = await session.scalar(
        select(Job.id)
        .where(Job.id == job_id, Job.attempt == attempt, Job.status == JobStatus.RUNNING)
        .with_for_update()
    )
    return locked is not None


async def end(
    session: AsyncSession, job_id: UUID, status: JobStatus, error: str | None = None
) -> None:
    """Mark a job as ended."""
    await session.execute(
        update(Job)
        .where(Job.id == job_id)
        .values(status=status, error=error, finished_at=func.now())
    )


async def cancel(session: AsyncSession, job_id: UUID) -> None:
    """Cancel a job that has not ended."""
    await session.execute(
        update(Job)
        .where(Job.id == job_id, Job.status.in_((JobStatus.PENDING, JobStatus.RUNNING)))
        .values(status=JobStatus.CANCELLED, finished_at=func.now())
    )


async def release(
    session: AsyncSession,
    job_id: UUID,
    *,
    delay: timedelta,
    error: str | None = None,
    failed: bool = False,
) -> None:
    """Make a job pending again, due after a delay."""
    await session.execute(
        update(Job)
        .where(Job.id == job_id)
        .values(
            status=JobStatus.PENDING,
            due_at=func.now() + delay,
            failures=Job.failures + int(failed),
            **({} if error is None else {"error": error}),
        )
    )


async def step_output(session: AsyncSession, job_id: UUID, name: str) -> JobStep | None:
    """Return the saved output of a step, or None."""
    return await session.get(JobStep, (job_id, name))


async def drop(
    session: AsyncSession, lock_keys: Sequence[str], *, pending_only: bool = False
) -> None:
    """Delete the jobs with these lock keys, or only the pending ones."""
    statement = delete(Job).where(Job.lock_key.in_(lock_keys))
    if pending_only:
        statement = statement.where(Job.status == JobStatus.PENDING)
    await session.execute(statement)


async def forget_step(session: AsyncSession, job_id: UUID, name: str) -> None:
    """Delete the saved output of a step."""
    await session.execute(delete(JobStep).where(JobStep.job_id == job_id, JobStep.name == name))


async def steps(session: AsyncSession, job_id: UUID) -> Sequence[JobStep]:
    """Return the completed steps, in order."""
    rows = await session.scalars(
        select(JobStep).where(JobStep.job_id == job_id).order_by(JobStep.created_at, JobStep.name)
    )
    return rows.all()


async def find(session: AsyncSession, job_id: UUID, *, lock: bool = False) -> Job | None:
    """Return a job."""
    return await session.get(Job, job_id, with_for_update=lock or None)


async def find_by_beginning(session: AsyncSession, job_id: str) -> Sequence[UUID]:
    """Return the ids of jobs that begin with this; two at most."""
    return (await session.scalars(select(Job.id).where(id_begins(Job.id, job_id)).limit(2))).all()


async def list_jobs(
    session: AsyncSession, *, status: JobStatus | None, kind: str | None, limit: int
) -> Sequence[Job]:
    """Return jobs, newest first."""
    statement = select(Job).order_by(Job.created_at.desc(), Job.id).limit(limit)
    if status is not None:
        statement = statement.where(Job.status == status)
    if kind is not None:
        statement = statement.where(Job.kind == kind)
    return (await session.scalars(statement)).all()


async def depth(session: AsyncSession) -> list[QueueDepth]:
    """Return the number of pending, running and failed jobs by kind."""
    rows = await session.execute(_DEPTH)
    return [QueueDepth(**row) for row in rows.mappings()]


async def prune(session: AsyncSession, older_than: timedelta) -> int:
    """Delete ended jobs older than a given age; return how many."""
    deleted = await session.execute(
        delete(Job)
        .where(Job.created_at < func.now() - older_than, Job.finished_at.is_not(None))
        .returning(Job.id)
    )
    return len(deleted.all())
