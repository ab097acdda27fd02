"""Errors of publishing."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class AlreadyPublic(DomainError):
    """The personality is public already, with this version."""

    name: str
    version: int


@dataclass(eq=False)
class AlreadyPublishing(DomainError):
    """An attempt to publish the personality is in progress."""

    name: str


@dataclass(eq=False)
class NotPublic(DomainError):
    """The personality is not public, or may not be shown in this channel."""

    name: str


@dataclass(eq=False)
class NothingToRead(DomainError):
    """The definition contains no text to assess."""

    name: str


@dataclass(eq=False)
class MinorNotSafe(DomainError):
    """A personality rated above safe mentions somebody under 18, in `phrase`."""

    name: str
    rating: str
    phrase: str


@dataclass(eq=False)
class PromptInjection(DomainError):
    """The definition contains instructions for the model that assesses it, in `phrase`."""

    name: str
    phrase: str


@dataclass(eq=False)
class NothingToReview(DomainError):
    """The attempt to publish does not wait for anybody: it has ended, or was replaced."""


@dataclass(eq=False)
class HeadlineUnfit(DomainError):
    """A headline has no letters, or is too long."""

    limit: int


@dataclass(eq=False)
class UnknownTags(DomainError):
    """There are no such tags; `tags` has their names."""

    tags: str


@dataclass(eq=False)
class TooManyTags(DomainError):
    """A personality has no more tags than `limit`, and at least one."""

    limit: int


@dataclass(eq=False)
class RatingTooLow(DomainError):
    """What was found in a personality has at least this rating."""

    rating: str


@dataclass(eq=False)
class AgeStated(DomainError):
    """The definition says another age."""

    age: int
