"""The AI characters: making, changing, sharing, importing and exporting them."""

from db.models import Personality, SystemPrompt, Visibility
from services.personalities.cards import LIMIT_MB as CARD_LIMIT_MB
from services.personalities.definition import LIMITS, SCENARIO, as_published, described
from services.personalities.errors import (
    BadAddress,
    CardTooLarge,
    DefaultPromptInUse,
    LastOwner,
    NameImpersonates,
    NoCardImage,
    NotACard,
    PersonalityNameTaken,
    PersonalityNotFound,
    PromptNameTaken,
    PromptNotFound,
    StillPublic,
)
from services.personalities.guards import owned
from services.personalities.names import strip_disguise, words_of
from services.personalities.queries import owned_by, resolve_names
from services.personalities.service import CardFile, PersonalityDetails, PersonalityService
from services.personalities.sharing import SharedPhoto, recently_shared
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
    "NameImpersonates",
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
    "StillPublic",
    "SystemPrompt",
    "SystemPromptService",
    "Visibility",
    "as_published",
    "described",
    "owned",
    "owned_by",
    "recently_shared",
    "resolve_names",
    "strip_disguise",
    "words_of",
]
