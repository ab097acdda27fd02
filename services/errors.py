"""The base of everything a person can be told. `bot.discord.errors.explain` has the words."""

from dataclasses import dataclass


class DomainError(Exception):
    """An outcome that is nobody's bug. Subclasses carry facts, never prose."""


class TransientError(DomainError):
    """An outcome that another try may change, after `retry_after` seconds where that is known."""

    retry_after: float | None = None


class NotificationFailed(TransientError):
    """Discord could not be reached with a notice; another try may reach it."""


@dataclass(eq=False)
class TextEmpty(DomainError):
    """A text that must say something says nothing, once what cannot be seen is taken away."""

    field: str


@dataclass(eq=False)
class TextTooLong(DomainError):
    """A text is longer than it may be."""

    field: str
    limit: int


@dataclass(eq=False)
class OwnersOnly(DomainError):
    """Only those whom a thing belongs to may do this to it."""

    name: str


class BotOwnerOnly(DomainError):
    """Only whoever runs this bot may do this."""


@dataclass(eq=False)
class ModeratorsOnly(DomainError):
    """Only members who have a certain permission in this channel may do this."""

    permission: str = "Manage Messages"
