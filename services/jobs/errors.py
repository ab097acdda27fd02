"""What can go wrong with work in the background, and with asking about it."""

from dataclasses import dataclass

from services.errors import DomainError


class JobLost(Exception):
    """This run has lost its job: it was cancelled, or given to another process."""


class PoisonJob(DomainError):
    """The process died each time it did this."""


@dataclass(eq=False)
class JobNotFound(DomainError):
    """There is no such job."""

    job: str


@dataclass(eq=False)
class JobHasEnded(DomainError):
    """What has ended cannot be cancelled."""

    status: str


@dataclass(eq=False)
class JobNotFailed(DomainError):
    """Only what failed or was cancelled can be tried again."""

    status: str
