"""Characters: illustrated figures made from a photo, consistent across all of their pictures."""

from db.models import (
    ArtifactStatus,
    Character,
    CharacterImage,
    CharacterProfile,
    CharacterStatus,
    PromptArtifact,
)
from services.characters.deletion import CleanupHandler, delete_characters
from services.characters.errors import (
    CharacterNameTaken,
    CharacterNotFound,
    ImageLimitReached,
    ImageNotFound,
    NoImageSelected,
    NoPhotoGiven,
    NoProfile,
    NoReferencePhoto,
    PhotoProblem,
    PhotoRefused,
    SceneRefused,
    StillGenerating,
    StyleForAdults,
    StyleNotFound,
    TooManyGenerating,
)
from services.characters.gallery import GalleryService
from services.characters.guards import check_scene
from services.characters.progress import ProgressHandler
from services.characters.prompts import build_character_prompt
from services.characters.queries import referenced_keys
from services.characters.service import GENDERS, VARIANTS, CharacterService
from services.characters.styles import EXPRESSIONS, STYLES, Scene, Style
from services.characters.types import (
    CharacterLimits,
    Gallery,
    GalleryImage,
    ImageOrder,
    Progress,
    Quote,
    UsedPicture,
)
from services.characters.workflow import GenerateHandler

__all__ = [
    "EXPRESSIONS",
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
    "CleanupHandler",
    "Gallery",
    "GalleryImage",
    "GalleryService",
    "GenerateHandler",
    "ImageLimitReached",
    "ImageNotFound",
    "ImageOrder",
    "NoImageSelected",
    "NoPhotoGiven",
    "NoProfile",
    "NoReferencePhoto",
    "PhotoProblem",
    "PhotoRefused",
    "Progress",
    "ProgressHandler",
    "PromptArtifact",
    "Quote",
    "Scene",
    "SceneRefused",
    "StillGenerating",
    "Style",
    "StyleForAdults",
    "StyleNotFound",
    "TooManyGenerating",
    "UsedPicture",
    "build_character_prompt",
    "check_scene",
    "delete_characters",
    "referenced_keys",
]
