"""Errors of Buffer's API. They are internal: `publisher` turns them into domain errors."""

from dataclasses import dataclass


class BufferCallFailed(Exception):
    """A call failed, or its outcome is unknown."""


@dataclass(eq=False)
class BufferUnreachable(BufferCallFailed):
    """Buffer could not be reached; the request was not executed."""


@dataclass(eq=False)
class BufferOutcomeUnknown(BufferCallFailed):
    """Buffer or the connection failed; the request may have been executed."""

    detail: str


@dataclass(eq=False)
class BufferLimited(BufferCallFailed):
    """The rate-limit window of this many seconds is used up."""

    seconds: int
    retry_after: float


@dataclass(eq=False)
class BufferFull(BufferCallFailed):
    """The channel's queue is full."""

    detail: str


@dataclass(eq=False)
class BufferKeyRefused(BufferCallFailed):
    """Buffer rejects the key, or the key does not permit the request."""


@dataclass(eq=False)
class BufferNotFound(BufferCallFailed):
    """The requested object does not exist."""


@dataclass(eq=False)
class BufferRefused(BufferCallFailed):
    """Buffer rejects the request; `detail` is its message."""

    detail: str
