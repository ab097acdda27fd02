"""What can stand in the way of a character."""

from dataclasses import dataclass
from enum import StrEnum

from services.errors import DomainError


class PhotoProblem(StrEnum):
    """Why no character is made from a photo."""

    NOBODY = "nobody"
    SEVERAL = "several"
    SEXUAL = "sexual"
    VIOLENT = "violent"


@dataclass(eq=False)
class PhotoRefused(DomainError):
    """No character is made from this photo; it was deleted."""

    flaw: PhotoProblem


@dataclass(eq=False)
class CharacterNotFound(DomainError):
    """The user has no character of this name."""

    name: str


@dataclass(eq=False)
class CharacterNameTaken(DomainError):
    """The user has a character of this name already."""

    name: str


@dataclass(eq=False)
class StyleNotFound(DomainError):
    """There is no such style."""

    name: str


@dataclass(eq=False)
class StyleForAdults(DomainError):
    """Somebody under 18 is drawn in styles for everyone only."""

    style: str


@dataclass(eq=False)
class SceneRefused(DomainError):
    """The scene is not one that we draw this character in."""


@dataclass(eq=False)
class StillGenerating(DomainError):
    """Pictures of the character are on their way already."""

    name: str


@dataclass(eq=False)
class TooManyGenerating(DomainError):
    """The user has as many characters on their way as one may have at a time."""

    limit: int


@dataclass(eq=False)
class ImageLimitReached(DomainError):
    """The user has had as many pictures painted today as one may."""

    limit: int
    left: int


@dataclass(eq=False)
class NoReferencePhoto(DomainError):
    """There is no picture that was selected, and the photo is gone."""

    name: str


@dataclass(eq=False)
class NoImageSelected(DomainError):
    """None of the character's pictures is selected."""

    name: str


@dataclass(eq=False)
class ImageNotFound(DomainError):
    """The picture is in the gallery no more."""


@dataclass(eq=False)
class NoProfile(DomainError):
    """Nobody has described the character yet."""

    name: str
