"""The AI characters: making, changing, sharing, importing and exporting them."""

from db.models import Personality, SystemPrompt, Visibility
from services.personalities.cards import LIMIT_MB as CARD_LIMIT_MB
from services.personalities.definition import LIMITS, SCENARIO
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
)
from services.personalities.queries import called, owned_by
from services.personalities.service import CardFile, PersonalityService, Portrait
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
    "SystemPrompt",
    "SystemPromptService",
    "Visibility",
    "called",
    "owned_by",
]
