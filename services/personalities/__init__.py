"""Personalities: creating, editing, sharing, importing and exporting AI characters."""

from db.models import Personality, SystemPrompt, Visibility
from services.personalities.cards import LIMIT_MB as CARD_LIMIT_MB
from services.personalities.definition import LIMITS, SCENARIO, apply_published_version, describe
from services.personalities.errors import (
    BadAddress,
    CardTooLarge,
    DefaultPromptInUse,
    LastOwner,
    NoCardImage,
    NotACard,
    PersonalityNameTaken,
    PersonalityNotFound,
    PromptNameTaken,
    PromptNotFound,
    StillPublic,
)
from services.personalities.guards import get_owned
from services.personalities.queries import (
    NamedPersonality,
    owned_by,
    owner_ids,
    pass_on,
    referenced_keys,
    resolve_names,
)
from services.personalities.service import CardFile, PersonalityDetails, PersonalityService
from services.personalities.sharing import SharedPhoto, SharedPhotos, no_shared_photos
from services.personalities.system_prompts import SystemPromptService

__all__ = [
    "CARD_LIMIT_MB",
    "LIMITS",
    "SCENARIO",
    "BadAddress",
    "CardFile",
    "CardTooLarge",
    "DefaultPromptInUse",
    "LastOwner",
    "NamedPersonality",
    "NoCardImage",
    "NotACard",
    "Personality",
    "PersonalityDetails",
    "PersonalityNameTaken",
    "PersonalityNotFound",
    "PersonalityService",
    "PromptNameTaken",
    "PromptNotFound",
    "SharedPhoto",
    "SharedPhotos",
    "StillPublic",
    "SystemPrompt",
    "SystemPromptService",
    "Visibility",
    "apply_published_version",
    "describe",
    "get_owned",
    "no_shared_photos",
    "owned_by",
    "owner_ids",
    "pass_on",
    "referenced_keys",
    "resolve_names",
]
