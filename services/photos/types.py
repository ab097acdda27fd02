"""The words of photo libraries."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from db.models import Personality, Photo, SocialPost, SocialTarget
from services.errors import DomainError


@dataclass(frozen=True, kw_only=True)
class PhotoSource:
    """A file that may be a photo. `read` may wait for a disk, and raise a `DomainError`."""

    name: str
    read: Callable[[], bytes]


Sources: TypeAlias = Sequence[PhotoSource]


class ImportOutcome(StrEnum):
    """What became of a file."""

    ADDED = "added"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near-duplicate"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """What became of one file: the photo it is now, or which one it is like, or why it is none."""

    name: str
    outcome: ImportOutcome
    photo: Photo | None = None
    reason: DomainError | None = None


@dataclass(frozen=True, kw_only=True)
class LibraryPhoto:
    """A photo, and its post, if it has one."""

    photo: Photo
    post: SocialPost | None = None
    target: SocialTarget | None = None


@dataclass(frozen=True, kw_only=True)
class Library:
    """How many photos a personality has, and how many of them have no post."""

    personality: Personality
    photos: int
    unscheduled: int


@dataclass(frozen=True, kw_only=True)
class SimilarPhoto:
    """A photo and how much it is like what was asked for, up to 1."""

    photo: Photo
    similarity: float
