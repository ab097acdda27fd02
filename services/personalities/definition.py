"""Which texts make a personality, and how long each may be."""

import re
from collections.abc import Mapping
from typing import Any, TypedDict
from uuid import UUID

from db.models import Personality, Visibility
from services.personalities.errors import BadAddress
from services.texts import clean_name, clean_text

# As long as the longest cards that people share; a prompt takes what its model can read.
LONG = 32_000

LIMITS: Mapping[str, int] = {
    "display_name": 80,
    "character_info": LONG,
    "personality_traits": LONG,
    "personality_tone": 500,
    "personality_age": 100,
    "personality_likes": 4000,
    "personality_dislikes": 4000,
    "conversational_goals": 4000,
    "conversational_examples": LONG,
    "first_message": LONG,
}
# What the table has no empty value for.
_NEVER_NULL = frozenset({"character_info", "personality_traits"})
_ADDRESS = re.compile(r"https://[\w.-]+(:\d+)?([/?#]\S*)?")
_ADDRESS_LIMIT = 2000
SCENARIO = "scenario"  # cards have it, plan and table do not: a custom field


class PersonalitySettings(TypedDict, total=False):
    """How a personality is used, apart from what it is; None leaves a habit as it is."""

    visibility: Visibility | None
    age_restricted: bool | None
    avatar_explicit: bool | None
    memory_enabled: bool | None
    image_enabled: bool | None
    context_window_size: int | None
    system_prompt_id: UUID | None


def checked(changes: Mapping[str, str | None]) -> dict[str, Any]:
    """Return columns of a personality from texts that somebody typed or a card carried.

    Raises:
        BadAddress: The avatar is no https address.
        TextEmpty: The name says nothing.
        TextTooLong: A text is longer than it may be.
    """
    columns: dict[str, Any] = {}
    for field, text in changes.items():
        if field == "name":
            columns[field] = clean_name(text or "")
        elif field == "avatar_url":
            columns[field] = _address(text)
        elif field in LIMITS:
            kept = clean_text(text or "", field=field.replace("_", " "), limit=LIMITS[field])
            columns[field] = kept if kept or field in _NEVER_NULL else None
    return columns


def snapshot(personality: Personality) -> dict[str, Any]:
    """Return the definition as a version keeps it."""
    fields = ("name", *LIMITS, "avatar_url", "custom_fields")
    return {field: getattr(personality, field) for field in fields}


def described(personality: Personality) -> list[str]:
    """Return the definition as paragraphs of a prompt, with cards' placeholders still in them."""
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


def as_published(personality: Personality, version: Mapping[str, Any]) -> Personality:
    """Let a personality be what an earlier version of it was. It must belong to no session."""
    for field, value in version.items():
        setattr(personality, field, value)
    personality.version = personality.public_version or personality.version
    return personality


def _address(text: str | None) -> str | None:
    address = (text or "").strip()
    if not address:
        return None
    is_address = _ADDRESS.fullmatch(address) and address.isprintable()
    if not is_address or len(address) > _ADDRESS_LIMIT:
        raise BadAddress("avatar")
    return address
