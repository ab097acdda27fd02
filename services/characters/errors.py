"""Errors of characters."""

from dataclasses import dataclass
from enum import StrEnum

from services.errors import DomainError


class PhotoProblem(StrEnum):
    """Why a photo is refused."""

    NOBODY = "nobody"
    SEVERAL = "several"
    SEXUAL = "sexual"
    VIOLENT = "violent"


@dataclass(eq=False)
class PhotoRefused(DomainError):
    """The photo was refused and deleted."""

    problem: PhotoProblem


@dataclass(eq=False)
class CharacterNotFound(DomainError):
    """The user has no character of this name, or it was deleted."""

    name: str


@dataclass(eq=False)
class CharacterNameTaken(DomainError):
    """The user already has a character of this name."""

    name: str


@dataclass(eq=False)
class StyleNotFound(DomainError):
    """There is no such style."""

    name: str


@dataclass(eq=False)
class StyleForAdults(DomainError):
    """A character under 18 may not be drawn in a style for adults."""

    style: str


@dataclass(eq=False)
class SceneRefused(DomainError):
    """The scene or the description has content that is not drawn."""


@dataclass(eq=False)
class StillGenerating(DomainError):
    """Pictures of the character are being generated already."""

    name: str


@dataclass(eq=False)
class TooManyGenerating(DomainError):
    """The user has reached the limit of characters being generated at the same time."""

    limit: int


@dataclass(eq=False)
class ImageLimitReached(DomainError):
    """The user has reached the limit of pictures per day."""

    limit: int
    left: int


@dataclass(eq=False)
class NoPhotoGiven(DomainError):
    """A character is drawn from one photo: an attachment, or one that was uploaded."""


@dataclass(eq=False)
class NoReferencePhoto(DomainError):
    """No picture of the character is selected, and its photo is deleted."""

    name: str


@dataclass(eq=False)
class NoImageSelected(DomainError):
    """None of the character's pictures is selected."""

    name: str


@dataclass(eq=False)
class ImageNotFound(DomainError):
    """The picture is no longer in the gallery."""


@dataclass(eq=False)
class NoProfile(DomainError):
    """The character has no profile yet."""

    name: str
