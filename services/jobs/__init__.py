"""Work that cannot be lost: promises in the caller's transaction, kept by any process.

A job's row is the queue. It is claimed with `SKIP LOCKED`, belongs to a run while its lease lasts,
and counts each start in `attempt`: whatever a run writes is conditional on that number, so a
process that slept and wakes up changes nothing.
"""

from db.models import Job, JobStatus, JobStep
from services.jobs.errors import (
    JobHasEnded,
    JobLost,
    JobNotFailed,
    JobNotFound,
    PoisonJob,
)
from services.jobs.metrics import JobMetrics
from services.jobs.queries import QueueDepth
from services.jobs.run import Handler, Run
from services.jobs.service import (
    BUFFER,
    DISCORD,
    ENGINE,
    HOUSE,
    LANES,
    JobDetails,
    JobService,
    cancel,
    drop,
    enqueue,
)
from services.jobs.worker import Worker, WorkerTiming

__all__ = [
    "BUFFER",
    "DISCORD",
    "ENGINE",
    "HOUSE",
    "LANES",
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
    "PoisonJob",
    "QueueDepth",
    "Run",
    "Worker",
    "WorkerTiming",
    "cancel",
    "drop",
    "enqueue",
]
