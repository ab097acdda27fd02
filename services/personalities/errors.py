"""What can stand in the way of a personality."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class PersonalityNotFound(DomainError):
    """Nobody answers to this name, or not to whoever asks."""

    name: str


@dataclass(eq=False)
class PersonalityNameTaken(DomainError):
    """Another personality answers to this name already."""

    name: str


@dataclass(eq=False)
class NameImpersonates(DomainError):
    """The name could be taken for Discord, for staff, or for a member of the server."""

    name: str


@dataclass(eq=False)
class StillPublic(DomainError):
    """What is published of a personality cannot change while it is public."""

    name: str


@dataclass(eq=False)
class LastOwner(DomainError):
    """A personality keeps at least one owner."""

    name: str


@dataclass(eq=False)
class BadAddress(DomainError):
    """An avatar must be an https address."""

    field: str


@dataclass(eq=False)
class NotACard(DomainError):
    """A file is no character card. `reason` is a short phrase: what was found instead."""

    reason: str


@dataclass(eq=False)
class CardTooLarge(DomainError):
    """A file is larger than a character card may be."""

    limit_mb: int


@dataclass(eq=False)
class NoCardImage(DomainError):
    """There is no picture to write a PNG card into."""

    name: str


@dataclass(eq=False)
class PromptNotFound(DomainError):
    """There is no system prompt of this name."""

    name: str


@dataclass(eq=False)
class PromptNameTaken(DomainError):
    """There is a system prompt of this name already."""

    name: str


@dataclass(eq=False)
class DefaultPromptInUse(DomainError):
    """The default system prompt cannot be deleted before another one is the default."""

    name: str
