"""What Buffer answers instead of what was asked for. Nobody but `publisher` sees these."""

from dataclasses import dataclass


class NotDone(Exception):
    """Buffer did not do what was asked, or did not say so."""


@dataclass(eq=False)
class BufferUnreachable(NotDone):
    """Buffer could not be reached: nothing was done there."""


@dataclass(eq=False)
class BufferUnclear(NotDone):
    """Buffer broke, or the connection did: what was asked may have been done."""

    detail: str


@dataclass(eq=False)
class BufferLimited(NotDone):
    """A window of requests is used up, of that many seconds."""

    seconds: int
    retry_after: float


@dataclass(eq=False)
class BufferFull(NotDone):
    """The channel's queue takes no more posts for now."""

    detail: str


@dataclass(eq=False)
class BufferKeyRefused(NotDone):
    """Buffer does not take our key, or not for this."""


@dataclass(eq=False)
class BufferNotFound(NotDone):
    """What was asked for is not there."""


@dataclass(eq=False)
class BufferRefused(NotDone):
    """Buffer refuses what was asked, in words of its own."""

    detail: str
