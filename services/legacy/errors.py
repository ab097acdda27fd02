"""Errors of the import."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class LegacyShapeUnknown(DomainError):
    """The old database lacks required tables or columns: `table` or `table.column` each."""

    missing: tuple[str, ...]


@dataclass(eq=False)
class LegacyUnreachable(DomainError):
    """The old database cannot be opened. `address` does not contain the password."""

    address: str
    reason: str
