"""Errors of conversations."""

from dataclasses import dataclass
from enum import StrEnum

from services.errors import DomainError, TransientError


@dataclass(eq=False)
class NoUsableReply(DomainError):
    """Every attempt of the model was empty, an echo, a repetition or a leak of the prompt."""

    name: str


@dataclass(eq=False)
class AgeRestricted(DomainError):
    """The personality speaks only in age-restricted channels."""

    name: str


class NothingToUndo(DomainError):
    """A personality has not answered the person in this channel."""


class ChannelNotFound(DomainError):
    """The channel, thread or message no longer exists."""


@dataclass(eq=False)
class MissingPermission(DomainError):
    """The bot lacks a permission in this channel."""

    permission: str


class Refusal(StrEnum):
    """Why Discord does not accept a message."""

    LINKS = "links"
    AUTOMOD = "automod"
    EXPLICIT = "explicit"
    AGE = "age"
    ARCHIVED = "archived"
    LOCKED = "locked"
    NAME = "name"
    TAG = "tag"
    TOO_LARGE = "too large"
    TOO_MANY_THREADS = "too many threads"
    EMPTY = "empty"
    OTHER = "other"


@dataclass(eq=False)
class MessageRefused(DomainError):
    """Discord does not accept a message; another try would be refused as well."""

    reason: Refusal


@dataclass(eq=False)
class DiscordBusy(TransientError):
    """Discord limits how often we may write here; `retry_after` is in seconds."""

    retry_after: float | None = None


class DiscordUnavailable(TransientError):
    """Discord cannot be reached; it is unknown whether it has processed the request."""


class AnswerNotFound(DomainError):
    """The message is not an answer of a personality, or was deleted."""


class AnswerFinished(DomainError):
    """An answer is not being written any more, so that it cannot be stopped."""


class AnswerStopped(DomainError):
    """An answer was stopped before it had said anything; whoever did it knows."""


class CrisisHeard(DomainError):
    """What somebody says aloud sounds like a crisis: they are met with help, not with an answer."""


class AnswerInterrupted(DomainError):
    """The process ended in the middle of an answer, too long ago to go on with it."""


class NotYourAnswer(DomainError):
    """Only the person who was answered, or a moderator, may change an answer."""


class AnswerBeingChanged(DomainError):
    """An answer is being changed, so that nobody else can do it meanwhile."""


@dataclass(eq=False)
class TooManyTakes(DomainError):
    """An answer has as many takes as are kept."""

    limit: int


@dataclass(eq=False)
class NotActivated(DomainError):
    """The personality is not activated in this channel."""

    name: str


class NoPersonalityHere(DomainError):
    """The bot was addressed, but no personality is available to answer."""


class AuthorNotStored(DomainError):
    """The author of a message has opted out or is incognito, so that it is stored nowhere."""
