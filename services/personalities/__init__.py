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
from services.personalities.names import unmasked, words_of
from services.personalities.queries import called, owned_by
from services.personalities.service import CardFile, PersonalityService, Portrait
from services.personalities.sharing import Shared, shared
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
    "PersonalityNameTaken",
    "PersonalityNotFound",
    "PersonalityService",
    "Portrait",
    "PromptNameTaken",
    "PromptNotFound",
    "Shared",
    "StillPublic",
    "SystemPrompt",
    "SystemPromptService",
    "Visibility",
    "as_published",
    "called",
    "described",
    "owned",
    "owned_by",
    "shared",
    "unmasked",
    "words_of",
]
