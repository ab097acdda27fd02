"""Personalities: creating, editing, sharing, importing and exporting AI characters."""

from db.models import Personality, SystemPrompt, Visibility
from services.personalities.card_notes import CardNote, CardNoteKind
from services.personalities.card_service import CardExtras, CardService
from services.personalities.cards import LIMIT_MB as CARD_LIMIT_MB
from services.personalities.definition import (
    GREETINGS,
    LIMITS,
    SPEAKERS_LANGUAGE,
    PersonalitySettings,
    Shortened,
    apply_published_version,
    describe,
    describe_speech,
    has_turns,
    macro_values,
    split_examples,
)
from services.personalities.errors import (
    BadAddress,
    CardTooLarge,
    ChangedMeanwhile,
    CopyNotAllowed,
    DefaultPromptInUse,
    LastOwner,
    NoCardImage,
    NotACard,
    PersonalityDeleted,
    PersonalityNameTaken,
    PersonalityNotFound,
    PromptNameTaken,
    PromptNotFound,
    StillPublic,
    VersionNotFound,
)
from services.personalities.guards import get_owned, is_public_or_pending
from services.personalities.image_settings import ASPECTS, MAX_AVOIDED, ImageSettings
from services.personalities.name_resolution import NamedPersonality, resolve_names
from services.personalities.names import MAX_NAME_WORDS, is_callable
from services.personalities.queries import (
    owned_by,
    owner_ids,
    pass_on,
    referenced_keys,
)
from services.personalities.service import PersonalityService
from services.personalities.sharing import (
    ActsElsewhere,
    BoardAct,
    SharedPhoto,
    SharedPhotos,
    no_shared_photos,
)
from services.personalities.system_prompts import SystemPromptService
from services.personalities.types import (
    CardBooks,
    CardFile,
    CardKind,
    ImportedCard,
    PersonalityDetails,
)
from services.personalities.versions import LABEL_LIMIT, Difference, Version, VersionService
from services.personalities.voice_settings import (
    MAX_STYLE,
    MAX_VOICE,
    PITCHES,
    SPEEDS,
    VoiceSettings,
)

__all__ = [
    "ASPECTS",
    "CARD_LIMIT_MB",
    "GREETINGS",
    "LABEL_LIMIT",
    "LIMITS",
    "MAX_AVOIDED",
    "MAX_NAME_WORDS",
    "MAX_STYLE",
    "MAX_VOICE",
    "PITCHES",
    "SPEAKERS_LANGUAGE",
    "SPEEDS",
    "ActsElsewhere",
    "BadAddress",
    "BoardAct",
    "CardBooks",
    "CardExtras",
    "CardFile",
    "CardKind",
    "CardNote",
    "CardNoteKind",
    "CardService",
    "CardTooLarge",
    "ChangedMeanwhile",
    "CopyNotAllowed",
    "DefaultPromptInUse",
    "Difference",
    "ImageSettings",
    "ImportedCard",
    "LastOwner",
    "NamedPersonality",
    "NoCardImage",
    "NotACard",
    "Personality",
    "PersonalityDeleted",
    "PersonalityDetails",
    "PersonalityNameTaken",
    "PersonalityNotFound",
    "PersonalityService",
    "PersonalitySettings",
    "PromptNameTaken",
    "PromptNotFound",
    "SharedPhoto",
    "SharedPhotos",
    "Shortened",
    "StillPublic",
    "SystemPrompt",
    "SystemPromptService",
    "Version",
    "VersionNotFound",
    "VersionService",
    "Visibility",
    "VoiceSettings",
    "apply_published_version",
    "describe",
    "describe_speech",
    "get_owned",
    "has_turns",
    "is_callable",
    "is_public_or_pending",
    "macro_values",
    "no_shared_photos",
    "owned_by",
    "owner_ids",
    "pass_on",
    "referenced_keys",
    "resolve_names",
    "split_examples",
]
