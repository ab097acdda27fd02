"""Parameters and results of photo libraries."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from db.models import Personality, Photo, SocialPost, SocialTarget
from services.errors import DomainError


@dataclass(frozen=True, kw_only=True)
class PhotoSource:
    """A file that may be a photo. `read` may block on the disk, and raise a `DomainError`."""

    name: str
    read: Callable[[], bytes]


Sources: TypeAlias = Sequence[PhotoSource]


class ImportOutcome(StrEnum):
    """The outcome of a file's import.

    A near-duplicate of a photo is left out, or replaces it if it is the better one.
    """

    ADDED = "added"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near-duplicate"
    REPLACED = "replaced"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """The result of one file: the new photo, or its duplicate, or the reason of its refusal."""

    name: str
    outcome: ImportOutcome
    photo: Photo | None = None
    reason: DomainError | None = None


@dataclass(frozen=True, kw_only=True)
class LibraryPhoto:
    """A photo with its post, if it has one."""

    photo: Photo
    post: SocialPost | None = None
    target: SocialTarget | None = None


@dataclass(frozen=True, kw_only=True)
class Library:
    """A personality with its number of photos, and of those without a post."""

    personality: Personality
    photos: int
    unscheduled: int


@dataclass(frozen=True, kw_only=True)
class SimilarPhoto:
    """A photo and its cosine similarity to what was searched for, up to 1."""

    photo: Photo
    similarity: float
