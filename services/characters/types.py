"""Parameters and results of the character services."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from db.models import (
    Character,
    CharacterImage,
    CharacterProfile,
    GeneratedAsset,
    Personality,
    PromptArtifact,
)
from services.characters.styles import Scene
from services.jobs import Payload
from services.notifications import Notice


class RunPayload(Payload):
    """Jobs about one order of pictures: the character, and the token of the order."""

    character: UUID
    run: UUID


@dataclass(frozen=True, kw_only=True)
class ImageOrder:
    """An order of pictures: the style, the scene and how many.

    `reply` is the address of the Discord reply that shows the progress.
    """

    style: str
    variants: int = 4
    scene: Scene = Scene.PORTRAIT
    scene_text: str = ""
    reply: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class CharacterLimits:
    """The limits of one user; `photo_days` is the retention of photos in days.

    `at_once` is the number of characters that may be generated at the same time.
    """

    images_per_day: int = 20
    at_once: int = 2
    photo_days: int = 7


@dataclass(frozen=True, kw_only=True)
class Quote:
    """The expected cost of pictures from a model."""

    model: str
    pictures: int
    cost_usd: float


@dataclass(frozen=True, kw_only=True)
class GalleryImage:
    """A picture in a gallery."""

    image: CharacterImage
    artifact: PromptArtifact
    asset: GeneratedAsset
    thumbnail: GeneratedAsset


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """A character with its profile and its pictures, the newest first."""

    character: Character
    images: Sequence[GalleryImage]
    profile: CharacterProfile | None


@dataclass(frozen=True, kw_only=True)
class Progress(Notice):
    """How far a character's pictures are. `thumbnails` are those that are there."""

    character: Character
    run_token: UUID
    artifacts: Sequence[PromptArtifact]
    thumbnails: Sequence[bytes]
    cost_usd: float


@dataclass(frozen=True, kw_only=True)
class UsedPicture:
    """A personality with its new face, or with the names of its new expressions."""

    personality: Personality
    expressions: Sequence[str]
