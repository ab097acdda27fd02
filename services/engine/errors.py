"""Errors of boards, and the reasons for which an act is skipped."""

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
    REFUSED = "refused by Discord"
    FORBIDDEN = "forbidden here"
    SPEECHLESS = "nothing to say"
    CANCELLED = "cancelled"


@dataclass(eq=False)
class Skipped(DomainError):
    """An act is skipped for good. Tokens and cost are those already spent on it."""

    reason: SkipReason
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0


class TaskGone(Exception):
    """The task was deleted together with its target, board or personality."""


class EnginePaused(DomainError):
    """The engine was paused before the act was sent; the act is postponed."""


class BoardNotFound(DomainError):
    """This channel is not a board."""


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
    """There is nothing on this board that a personality could act on in this way."""

    name: str
    kind: str


@dataclass(eq=False)
class InvalidHours(DomainError):
    """The quiet hours are not of the form 23:00-07:00."""

    text: str


@dataclass(eq=False)
class ImagePostsUnavailable(DomainError):
    """No image model is configured, or the personality does not use it."""

    name: str
