"""Errors of personalities and system prompts."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class PersonalityNotFound(DomainError):
    """No personality of this name exists, or the person may not use it."""

    name: str


@dataclass(eq=False)
class PersonalityDeleted(PersonalityNotFound):
    """The personality that was meant has been deleted since."""

    name: str = ""


@dataclass(eq=False)
class PersonalityNameTaken(DomainError):
    """Another personality already has this name or alias."""

    name: str


@dataclass(eq=False)
class StillPublic(DomainError):
    """Published properties cannot be changed while a personality is public."""

    name: str


@dataclass(eq=False)
class LastOwner(DomainError):
    """A personality must have at least one owner."""

    name: str


@dataclass(eq=False)
class BadAddress(DomainError):
    """An avatar must be an https URL."""

    field: str


@dataclass(eq=False)
class NotACard(DomainError):
    """A file is not a character card. `reason` is a short phrase for what it is instead."""

    reason: str


@dataclass(eq=False)
class CardTooLarge(DomainError):
    """A file exceeds the size limit of character cards."""

    limit_mb: int


@dataclass(eq=False)
class NoCardImage(DomainError):
    """The personality has no picture to write a PNG card into."""

    name: str


@dataclass(eq=False)
class CopyNotAllowed(DomainError):
    """A personality is not the person's, and its maker does not let others copy it."""

    name: str


@dataclass(eq=False)
class VersionNotFound(DomainError):
    """The personality has no version of this number."""

    number: int


@dataclass(eq=False)
class ChangedMeanwhile(DomainError):
    """Somebody else has changed the same fields since the form was opened."""

    name: str
    fields: str
    version: int


@dataclass(eq=False)
class PromptNotFound(DomainError):
    """There is no system prompt of this name."""

    name: str


@dataclass(eq=False)
class PromptNameTaken(DomainError):
    """A system prompt of this name already exists."""

    name: str


@dataclass(eq=False)
class DefaultPromptInUse(DomainError):
    """The default system prompt cannot be deleted before another one is the default."""

    name: str


@dataclass(eq=False)
class MakersOnly(DomainError):
    """The maker of a personality stays its owner until they leave by themselves."""

    name: str
