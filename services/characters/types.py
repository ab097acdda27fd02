"""What the characters' service takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from db.models import (
    Character,
    CharacterImage,
    CharacterProfile,
    GeneratedAsset,
    PromptArtifact,
)
from services.characters.styles import Scene
from services.notifications import Notice


@dataclass(frozen=True, kw_only=True)
class ImageOrder:
    """Pictures to draw: how, what they show, and how many.

    `reply` is where whoever wishes for them sees how far they are.
    """

    style: str
    variants: int = 4
    scene: Scene = Scene.PORTRAIT
    scene_text: str = ""
    reply: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class CharacterLimits:
    """What one user may have drawn; `photo_days` is when a photo is deleted."""

    images_per_day: int = 20
    at_once: int = 2
    photo_days: int = 7


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What pictures will cost, by the model that paints them."""

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
    """A character and its pictures, the newest first."""

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
