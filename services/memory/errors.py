"""Errors of memories."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class MemoryNotFound(DomainError):
    """There is no such memory, or it belongs to another user."""

    number: str


@dataclass(eq=False)
class FactNotFound(DomainError):
    """There is no such fact, or it is about another user."""

    number: str


class MemoryLocked(DomainError):
    """A locked memory must be unlocked before it can be edited or deleted."""


@dataclass(eq=False)
class MemoryOff(DomainError):
    """A personality remembers nothing: its maker has switched that off."""

    name: str


@dataclass(eq=False)
class MemoryFull(DomainError):
    """A user has as many memories as they may."""

    limit: int


@dataclass(eq=False)
class TooManyPinned(DomainError):
    """So many memories with a personality are pinned that no other fits into a prompt."""

    limit: int


class IncognitoNow(DomainError):
    """Nothing of what somebody says is stored now."""


class MemoryForbidden(DomainError):
    """Moderators have switched off memory in the server."""
