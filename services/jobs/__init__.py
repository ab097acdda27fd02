"""Work that cannot be lost: promises in the caller's transaction, kept by any process.

A job's row is the queue. It is claimed with `SKIP LOCKED`, belongs to a run while its lease lasts,
and counts each start in `attempt`: whatever a run writes is conditional on that number, so a
process that slept and wakes up changes nothing.
"""

from db.models import Job, JobStatus, JobStep
from services.jobs.errors import (
    DiedTooOften,
    JobHasEnded,
    JobNotFailed,
    JobNotFound,
    LostJob,
)
from services.jobs.metrics import JobMetrics
from services.jobs.queries import Depth
from services.jobs.run import Handler, Run
from services.jobs.service import (
    BUFFER,
    DISCORD,
    ENGINE,
    HOUSE,
    LANES,
    JobDetails,
    JobService,
    call_off,
    drop,
    enqueue,
)
from services.jobs.worker import Pace, Worker

__all__ = [
    "BUFFER",
    "DISCORD",
    "ENGINE",
    "HOUSE",
    "LANES",
    "Depth",
    "DiedTooOften",
    "Handler",
    "Job",
    "JobDetails",
    "JobHasEnded",
    "JobMetrics",
    "JobNotFailed",
    "JobNotFound",
    "JobService",
    "JobStatus",
    "JobStep",
    "LostJob",
    "Pace",
    "Run",
    "Worker",
    "call_off",
    "drop",
    "enqueue",
]
