"""The texts that define a personality, and their limits."""

import re
from collections.abc import Mapping
from typing import Any, TypedDict
from uuid import UUID

from db.models import Personality, Visibility
from services.personalities.errors import BadAddress
from services.texts import clean_name, clean_text

# As long as the longest shared cards; prompts are cut to what the model can read.
LONG_TEXT_LIMIT = 32_000

LIMITS: Mapping[str, int] = {
    "display_name": 80,
    "character_info": LONG_TEXT_LIMIT,
    "personality_traits": LONG_TEXT_LIMIT,
    "personality_tone": 500,
    "personality_age": 100,
    "personality_likes": 4000,
    "personality_dislikes": 4000,
    "conversational_goals": 4000,
    "conversational_examples": LONG_TEXT_LIMIT,
    "first_message": LONG_TEXT_LIMIT,
}
# Columns that are not nullable.
_NOT_NULL = frozenset({"character_info", "personality_traits"})
_HTTPS_URL = re.compile(r"https://[\w.-]+(:\d+)?([/?#]\S*)?")
_MAX_URL_LENGTH = 2000
SCENARIO = "scenario"  # a field of cards without a column: stored as a custom field


class PersonalitySettings(TypedDict, total=False):
    """Settings of a personality besides its definition; None keeps the current value."""

    visibility: Visibility | None
    age_restricted: bool | None
    avatar_explicit: bool | None
    definition_shown: bool | None
    memory_enabled: bool | None
    image_enabled: bool | None
    context_window_size: int | None
    system_prompt_id: UUID | None


def validate(changes: Mapping[str, str | None]) -> dict[str, Any]:
    """Return columns of a personality from typed or imported texts.

    Raises:
        BadAddress: The avatar is not an https URL.
        TextEmpty: The name is empty.
        TextTooLong: A text is too long.
    """
    columns: dict[str, Any] = {}
    for field, text in changes.items():
        if field == "name":
            columns[field] = clean_name(text or "")
        elif field == "avatar_url":
            columns[field] = _validate_url(text)
        elif field in LIMITS:
            cleaned = clean_text(text or "", field=field.replace("_", " "), limit=LIMITS[field])
            columns[field] = cleaned if cleaned or field in _NOT_NULL else None
    return columns


def snapshot(personality: Personality) -> dict[str, Any]:
    """Return the definition as stored in a version."""
    fields = ("name", *LIMITS, "avatar_url", "custom_fields")
    return {field: getattr(personality, field) for field in fields}


def describe(personality: Personality) -> list[str]:
    """Return the definition as prompt paragraphs, with cards' placeholders not replaced yet."""
    fields = [
        ("", personality.character_info),
        ("Character", personality.personality_traits),
        ("Tone", personality.personality_tone),
        ("Age", personality.personality_age),
        ("Likes", personality.personality_likes),
        ("Dislikes", personality.personality_dislikes),
        ("Goals in conversation", personality.conversational_goals),
        *(
            (name.replace("_", " ").capitalize(), value)
            for name, value in (personality.custom_fields or {}).items()
            if isinstance(value, str)
        ),
        ("Examples of how you speak", personality.conversational_examples),
    ]
    return [f"{label}: {text}" if label else text for label, text in fields if text]


def apply_published_version(personality: Personality, version: Mapping[str, Any]) -> Personality:
    """Apply a version to a personality and return it. The object must be detached."""
    for field, value in version.items():
        setattr(personality, field, value)
    personality.version = personality.public_version or personality.version
    return personality


def _validate_url(text: str | None) -> str | None:
    url = (text or "").strip()
    if not url:
        return None
    is_url = _HTTPS_URL.fullmatch(url) and url.isprintable()
    if not is_url or len(url) > _MAX_URL_LENGTH:
        raise BadAddress("avatar")
    return url
