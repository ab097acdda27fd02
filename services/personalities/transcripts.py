"""What a personality and a character card say of each other."""

from typing import Any

from db.models import Personality
from services.personalities import cards, definition
from services.texts import clean_text


def columns_of(card: cards.Card) -> dict[str, Any]:
    """Return columns of a personality from a card.

    Raises:
        TextEmpty, TextTooLong: A field is not as it may be.
    """
    extension = {field: card.extension.get(field) for field in cards.EXTENSION_FIELDS}
    columns = definition.checked({**card.values, **extension})
    if scenario := _cleaned(definition.SCENARIO, card.values.get(definition.SCENARIO, "")):
        columns["custom_fields"] = {definition.SCENARIO: scenario}
    return columns


def values_of(
    personality: Personality, document: str | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Return fields and extension of a card; what was not changed since import stays as it came."""
    card = cards.parse(document) if document else None
    current = {**vars(personality), **(personality.custom_fields or {})}

    def kept(field: str, original: str | None) -> str:
        now = current.get(field) or ""
        return original if original is not None and _cleaned(field, original) == now else now

    values = {
        field: kept(field, card.values.get(field) if card else None)
        for field in cards.FIELDS.values()
    }
    extension = {
        field: kept(field, card.extension.get(field) if card else None)
        for field in cards.EXTENSION_FIELDS
    }
    return values, {field: text for field, text in extension.items() if text}


def _cleaned(field: str, text: str) -> str:
    if field == definition.SCENARIO:
        return clean_text(text, field=field, limit=definition.LONG)
    return definition.checked({field: text})[field] or ""
