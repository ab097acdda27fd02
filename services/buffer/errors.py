"""What Buffer answers instead of what was asked for. Nobody but `publisher` sees these."""

from dataclasses import dataclass


class BufferCallFailed(Exception):
    """Buffer did not do what was asked, or did not say so."""


@dataclass(eq=False)
class BufferUnreachable(BufferCallFailed):
    """Buffer could not be reached: nothing was done there."""


@dataclass(eq=False)
class BufferOutcomeUnknown(BufferCallFailed):
    """Buffer broke, or the connection did: what was asked may have been done."""

    detail: str


@dataclass(eq=False)
class BufferLimited(BufferCallFailed):
    """A window of requests is used up, of that many seconds."""

    seconds: int
    retry_after: float


@dataclass(eq=False)
class BufferFull(BufferCallFailed):
    """The channel's queue takes no more posts for now."""

    detail: str


@dataclass(eq=False)
class BufferKeyRefused(BufferCallFailed):
    """Buffer does not take our key, or not for this."""


@dataclass(eq=False)
class BufferNotFound(BufferCallFailed):
    """What was asked for is not there."""


@dataclass(eq=False)
class BufferRefused(BufferCallFailed):
    """Buffer refuses what was asked, in words of its own."""

    detail: str
