"""Characters: illustrated figures made from a photo, that stay themselves in every picture."""

from db.models import (
    ArtifactStatus,
    Character,
    CharacterImage,
    CharacterProfile,
    CharacterStatus,
    PromptArtifact,
)
from services.characters.clearing import ClearingHandler, forget_characters
from services.characters.errors import (
    CharacterNameTaken,
    CharacterNotFound,
    NoProfile,
    NothingSelected,
    NothingToDrawFrom,
    NotShown,
    PhotoFlaw,
    PhotoRefused,
    PictureGone,
    PicturesUsedUp,
    SceneRefused,
    StillDrawing,
    StyleForAdults,
    StyleNotFound,
    TooManyDrawing,
)
from services.characters.gallery import GalleryService
from services.characters.ports import Watcher
from services.characters.prompts import build_character_prompt
from services.characters.service import GENDERS, VARIANTS, CharacterService
from services.characters.showing import ShowHandler
from services.characters.styles import STYLES, Scene, Style
from services.characters.types import CharacterLimits, Gallery, Progress, Quote, Shown, Wish
from services.characters.workflow import GenerateHandler

__all__ = [
    "GENDERS",
    "STYLES",
    "VARIANTS",
    "ArtifactStatus",
    "Character",
    "CharacterImage",
    "CharacterLimits",
    "CharacterNameTaken",
    "CharacterNotFound",
    "CharacterProfile",
    "CharacterService",
    "CharacterStatus",
    "ClearingHandler",
    "Gallery",
    "GalleryService",
    "GenerateHandler",
    "NoProfile",
    "NotShown",
    "NothingSelected",
    "NothingToDrawFrom",
    "PhotoFlaw",
    "PhotoRefused",
    "PictureGone",
    "PicturesUsedUp",
    "Progress",
    "PromptArtifact",
    "Quote",
    "Scene",
    "SceneRefused",
    "ShowHandler",
    "Shown",
    "StillDrawing",
    "Style",
    "StyleForAdults",
    "StyleNotFound",
    "TooManyDrawing",
    "Watcher",
    "Wish",
    "build_character_prompt",
    "forget_characters",
]
