"""What can stand in the way of a persona."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class PersonaNotFound(DomainError):
    """The user has no persona of this name."""

    name: str


@dataclass(eq=False)
class PersonaNameTaken(DomainError):
    """The user has a persona of this name already."""

    name: str


@dataclass(eq=False)
class LastPersona(DomainError):
    """Every user keeps at least one persona."""

    name: str
