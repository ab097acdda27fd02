"""Base classes of domain errors. `bot.discord.errors.explain` turns them into messages."""

from dataclasses import dataclass


class DomainError(Exception):
    """An expected outcome that is not a bug. Subclasses carry facts, never prose."""


class TransientError(DomainError):
    """An error that may go away on retry, after `retry_after` seconds if that is known."""

    retry_after: float | None = None


class NotificationFailed(TransientError):
    """Discord could not be reached with a notice; another try may reach it."""


@dataclass(eq=False)
class TextEmpty(DomainError):
    """A required text is empty after invisible characters are removed."""

    field: str


@dataclass(eq=False)
class NotText(DomainError):
    """A file is not plain text."""

    name: str


@dataclass(eq=False)
class NumberOutOfRange(DomainError):
    """What was typed is no whole number, or it is too small or too large."""

    field: str
    low: int
    high: int


@dataclass(eq=False)
class TextTooLong(DomainError):
    """A text exceeds its limit."""

    field: str
    limit: int


@dataclass(eq=False)
class OwnersOnly(DomainError):
    """Only owners may do this."""

    name: str


class BotOwnerOnly(DomainError):
    """Only the bot owner may do this."""


@dataclass(eq=False)
class ModeratorsOnly(DomainError):
    """Only members with a certain permission in this channel may do this."""

    permission: str = "Manage Messages"


@dataclass(eq=False)
class UnknownTimeZone(DomainError):
    """There is no time zone of this name."""

    name: str


@dataclass(eq=False)
class NameImpersonates(DomainError):
    """The name could be mistaken for Discord, staff, or a member of the server."""

    name: str


class OptedOut(DomainError):
    """The person has opted out, but now talks to a personality, or asks it to remember."""
