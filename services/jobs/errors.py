"""Errors of background jobs."""

from dataclasses import dataclass

from services.errors import DomainError
from services.leases import LeaseLost


class JobLost(LeaseLost):
    """This run has lost its job: it was cancelled, or claimed by another process."""


class PoisonJob(DomainError):
    """The process crashed every time it ran this job."""


@dataclass(eq=False)
class JobNotFound(DomainError):
    """There is no such job."""

    job: str


@dataclass(eq=False)
class SeveralJobs(DomainError):
    """The ids of more than one job begin with this."""

    job: str


@dataclass(eq=False)
class JobHasEnded(DomainError):
    """The job has ended, so it cannot be cancelled."""

    status: str


@dataclass(eq=False)
class JobNotFailed(DomainError):
    """Only a failed or cancelled job can be retried."""

    status: str
