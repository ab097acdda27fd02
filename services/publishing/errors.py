"""What can stand in the way of a publication."""

from dataclasses import dataclass

from services.errors import DomainError


@dataclass(eq=False)
class AlreadyPublic(DomainError):
    """The personality is public, and so is the version that was published."""

    name: str
    version: int


@dataclass(eq=False)
class AlreadyPublishing(DomainError):
    """An attempt to publish the personality is under way."""

    name: str


@dataclass(eq=False)
class NotPublic(DomainError):
    """The personality is not public, or not for this place."""

    name: str


@dataclass(eq=False)
class NothingToRead(DomainError):
    """There is nothing in the definition to judge the personality by."""

    name: str


@dataclass(eq=False)
class MinorNotSafe(DomainError):
    """Somebody under 18 in a personality that is rated above safe; `phrase` is where it says so."""

    name: str
    rating: str
    phrase: str


@dataclass(eq=False)
class PromptInjection(DomainError):
    """The definition tells whoever judges it what to say."""

    name: str
    phrase: str
