"""What can stand in the way of moving in."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class LegacyShapeUnknown(DomainError):
    """The old database lacks what it cannot be read without: `table` or `table.column` each."""

    missing: tuple[str, ...]


@dataclass(eq=False)
class LegacyUnreachable(DomainError):
    """The old database cannot be opened. The address is without its password."""

    address: str
    reason: str
