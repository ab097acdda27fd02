"""What can go wrong on boards, and why an act is left undone."""

from dataclasses import dataclass
from enum import StrEnum

from services.errors import DomainError


class SkipReason(StrEnum):
    """Why a task was skipped."""

    CAP = "cap"
    BUDGET = "budget"
    GONE = "target gone"
    REPEAT = "repeat"
    CLOSED = "board closed"
    STALE = "stale"
    QUIET = "quiet hours"
    GUEST = "guest"
    AGAIN = "done already"
    THREAD = "thread full"
    ABSENT = "not on this board"
    SILENCED = "may not speak"
    SPEECHLESS = "nothing to say"
    CANCELLED = "cancelled"


@dataclass(eq=False)
class Skipped(DomainError):
    """An act is left undone, for good; what it took all the same."""

    reason: SkipReason
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0


class TaskGone(Exception):
    """The task was deleted with what it was about, or with whoever was to do it."""


class EnginePaused(DomainError):
    """The engine was paused before the act was said; it waits."""


class BoardNotFound(DomainError):
    """This channel is no board."""


class NotABoard(DomainError):
    """Only text channels and forums of a server can be boards."""


class NoBoardMembers(DomainError):
    """A board needs at least one personality."""


@dataclass(eq=False)
class NotOnBoard(DomainError):
    """A personality may not act on this board."""

    name: str


@dataclass(eq=False)
class NoTarget(DomainError):
    """There is nothing on this board that a personality could do this to."""

    name: str
    kind: str


@dataclass(eq=False)
class InvalidTimeZone(DomainError):
    """There is no such time zone."""

    name: str


@dataclass(eq=False)
class InvalidHours(DomainError):
    """Quiet hours are written like 23:00-07:00."""

    text: str


@dataclass(eq=False)
class ImagePostsUnavailable(DomainError):
    """There is no model for images."""

    name: str
