"""What Buffer answers instead of what was asked for."""

from dataclasses import dataclass

from services.errors import DomainError, Passing


@dataclass(eq=False)
class BufferUnreachable(Passing):
    """Buffer could not be reached: nothing was done there."""


@dataclass(eq=False)
class BufferUnclear(Passing):
    """Buffer broke, or the connection did: what was asked may have been done."""

    detail: str


@dataclass(eq=False)
class BufferLimited(Passing):
    """A window of requests is used up, of that many seconds."""

    seconds: int
    retry_after: float | None = None


@dataclass(eq=False)
class BufferFull(Passing):
    """The channel's queue takes no more posts for now."""

    detail: str
    retry_after: float | None = 1800


@dataclass(eq=False)
class BufferKeyRefused(DomainError):
    """Buffer does not take our key."""


@dataclass(eq=False)
class BufferNotFound(DomainError):
    """What was asked for is not there, or not ours."""


@dataclass(eq=False)
class BufferRefused(DomainError):
    """Buffer refuses what was asked, in words of its own."""

    detail: str
