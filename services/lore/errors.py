"""Errors of lorebooks."""

from dataclasses import dataclass

from db.models import LoreScope
from services.errors import DomainError


@dataclass(eq=False)
class LorebookNotFound(DomainError):
    """There is no lorebook of this name that the person may change."""

    name: str


@dataclass(eq=False)
class LorebookNameTaken(DomainError):
    """Another lorebook has this name there."""

    name: str


@dataclass(eq=False)
class LoreEntryNotFound(DomainError):
    """The lorebook has no entry of this name or number."""

    name: str


@dataclass(eq=False)
class LoreNotYours(DomainError):
    """A person may not have a lorebook of this scope here."""

    scope: LoreScope


@dataclass(eq=False)
class NotALorebook(DomainError):
    """A file is no lorebook. `reason` is a short phrase for what it is instead."""

    reason: str


@dataclass(eq=False)
class LorebookTooLarge(DomainError):
    """A file has more bytes, or more entries, than a lorebook may have."""

    limit_mb: int
    limit_entries: int


@dataclass(eq=False)
class BadPattern(DomainError):
    """A key looks like a regular expression, and is none that can be used."""

    key: str
