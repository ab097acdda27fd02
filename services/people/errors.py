"""Errors of personas."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class PersonaNotFound(DomainError):
    """The user has no persona of this name."""

    name: str


@dataclass(eq=False)
class UserNotFound(DomainError):
    """Nobody with this Discord id has used the bot yet."""

    discord_id: int


@dataclass(eq=False)
class PersonaNameTaken(DomainError):
    """The user already has a persona of this name."""

    name: str


@dataclass(eq=False)
class LastPersona(DomainError):
    """A user must have at least one persona."""

    name: str
