"""Errors of access: who may do what, and who pays."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from typing_extensions import override

from db.models import Bringers
from services.access.types import PayerKind
from services.errors import DomainError


class BudgetLimit(StrEnum):
    """Which budget leaves no room for a call."""

    ALL = "all"
    SERVER = "server"
    USER = "user"
    SHARE = "share"
    KEY = "key"


class Reason(StrEnum):
    """Why somebody gets no answer somewhere."""

    OPERATOR_USER = "operator blocks user"
    OPERATOR_SERVER = "operator blocks server"
    SERVER_USER = "server blocks user"
    SERVER_ROLE = "server blocks role"
    SERVER_CHANNEL = "server blocks channel"
    SERVER_PERSONALITY = "server blocks personality"
    MAKER_USER = "maker blocks user"
    PRIVATE = "private"
    NOT_ADMITTED = "not admitted"
    CHANNEL = "not in this channel"
    CALLERS = "not these callers"
    AGE_RESTRICTED = "no age-restricted ones here"
    HOURLY_LIMIT = "answers an hour"


class AccessRefused(DomainError):
    """Somebody gets no answer, now or here."""

    @property
    def topic(self) -> str:
        """Return what it is about: people are told once in a while about each topic."""
        return type(self).__name__


@dataclass(eq=False)
class TooManyMessages(AccessRefused):
    """So many messages of one person wait for answers that no more are taken."""

    waiting: int


@dataclass(eq=False)
class TooManyUploads(DomainError):
    """A person has handed over as many files within a minute as they may."""

    per_minute: int
    retry_after: float


@dataclass(eq=False)
class AccessDenied(AccessRefused):
    """A rule of the operator, of the server's moderators or of a maker forbids it.

    `name` is the personality's, if it is about one.
    """

    reason: Reason
    name: str = ""

    @property
    @override
    def topic(self) -> str:
        return self.reason


@dataclass(eq=False)
class BringingForbidden(DomainError):
    """The policy of a server does not let the person bring this personality."""

    name: str
    bring: Bringers


class NotInServer(DomainError):
    """The personality was not let into the server."""


@dataclass(eq=False)
class AnswersOutOfRange(DomainError):
    """There cannot be so many answers per hour."""

    maximum: int


@dataclass(eq=False)
class CannotBlock(DomainError):
    """Nobody may block themselves, the operator, or moderators in their server."""

    name: str


class NotAMaker(DomainError):
    """The person has made nothing that somebody could be kept from."""


class AmbiguousTarget(DomainError):
    """A block or a budget is about exactly one thing."""


class BlockNotFound(DomainError):
    """There is no such block."""


@dataclass(eq=False)
class BudgetSpent(AccessRefused):
    """A budget leaves no room for a call before `resumes_at`, if that is known."""

    limit: BudgetLimit
    resumes_at: datetime | None = None

    @property
    @override
    def topic(self) -> str:
        return self.limit


@dataclass(eq=False)
class OwnKeyRefused(AccessRefused):
    """A vendor does not accept the key that a user has brought, for themselves or for others."""

    vendor: str
    problem: str
    brought_by: PayerKind


@dataclass(eq=False)
class OwnKeyGone(AccessRefused):
    """The key that was to pay for a model has been removed."""

    model: str


class Owned(StrEnum):
    """A kind of thing that users own."""

    PERSONALITIES = "personalities"
    PERSONAS = "personas"
    CONFIGS = "configs"
    ALIASES = "aliases"
    MEMORIES = "memories"
    PHOTOS = "photos"
    PHOTO_BYTES = "photo bytes"
    CHARACTERS = "characters"
    LORE_ENTRIES = "lore entries"


@dataclass(eq=False)
class QuotaReached(DomainError):
    """A user has as much of a kind of thing as they may own."""

    kind: Owned
    limit: int


@dataclass(eq=False)
class BudgetOutOfRange(DomainError):
    """A budget is negative, or more than anybody means."""

    maximum_usd: int
    maximum_answers: int
