"""What can stand in the way of a memory."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class MemoryNotFound(DomainError):
    """There is no such memory, or it is not of a conversation with this user."""

    number: str


class MemoryLocked(DomainError):
    """A locked memory must be unlocked before it can be changed or forgotten."""
