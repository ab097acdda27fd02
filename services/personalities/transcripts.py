"""Conversion between personalities and character cards."""

from typing import Any

from db.models import Personality
from services.personalities import cards, definition
from services.texts import clean_text


def columns_of(card: cards.Card) -> dict[str, Any]:
    """Return columns of a personality from a card.

    Raises:
        TextEmpty, TextTooLong: A field is not valid.
    """
    extension = {field: card.extension.get(field) for field in cards.EXTENSION_FIELDS}
    columns = definition.validate({**card.values, **extension})
    if scenario := _clean(definition.SCENARIO, card.values.get(definition.SCENARIO, "")):
        columns["custom_fields"] = {definition.SCENARIO: scenario}
    return columns


def values_of(
    personality: Personality, document: str | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Return fields and extension of a card; values unchanged since import stay as imported."""
    card = cards.parse(document) if document else None
    current = {**vars(personality), **(personality.custom_fields or {})}

    def original_or_current(field: str, original: str | None) -> str:
        value = current.get(field) or ""
        return original if original is not None and _clean(field, original) == value else value

    values = {
        field: original_or_current(field, card.values.get(field) if card else None)
        for field in cards.FIELDS.values()
    }
    extension = {
        field: original_or_current(field, card.extension.get(field) if card else None)
        for field in cards.EXTENSION_FIELDS
    }
    return values, {field: text for field, text in extension.items() if text}


def _clean(field: str, text: str) -> str:
    if field == definition.SCENARIO:
        return clean_text(text, field=field, limit=definition.LONG_TEXT_LIMIT)
    return definition.validate({field: text})[field] or ""
