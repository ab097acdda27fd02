"""Errors of memories."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class MemoryNotFound(DomainError):
    """There is no such memory, or it belongs to another user."""

    number: str


class MemoryLocked(DomainError):
    """A locked memory must be unlocked before it can be edited or deleted."""
