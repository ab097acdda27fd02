"""Durable background jobs: enqueued in the caller's transaction, run by any process.

The queue is a table of jobs. A row is claimed with `SKIP LOCKED`, belongs to a run while its lease
lasts, and counts each start in `attempt`: all writes of a run are conditional on that number, so a
process that was suspended and resumes after its lease changes nothing.
"""

from db.models import Job, JobStatus, JobStep
from services.jobs.errors import (
    JobHasEnded,
    JobLost,
    JobNotFailed,
    JobNotFound,
    PoisonJob,
    SeveralJobs,
)
from services.jobs.metrics import JobMetrics
from services.jobs.payload import DEFAULT, DISCORD, Payload
from services.jobs.queries import QueueDepth
from services.jobs.run import Handler, Run
from services.jobs.service import (
    CONCURRENCY,
    JobDetails,
    JobService,
    cancel,
    drop,
    enqueue,
)
from services.jobs.worker import Worker, WorkerTiming

__all__ = [
    "CONCURRENCY",
    "DEFAULT",
    "DISCORD",
    "Handler",
    "Job",
    "JobDetails",
    "JobHasEnded",
    "JobLost",
    "JobMetrics",
    "JobNotFailed",
    "JobNotFound",
    "JobService",
    "JobStatus",
    "JobStep",
    "Payload",
    "PoisonJob",
    "QueueDepth",
    "Run",
    "SeveralJobs",
    "Worker",
    "WorkerTiming",
    "cancel",
    "drop",
    "enqueue",
]
