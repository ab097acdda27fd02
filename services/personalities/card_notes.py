"""What the importer of a card has to know: what was shortened, and what has no effect here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from services.macros import unknown_macros
from services.personalities import cards
from services.personalities.definition import Shortened

_MAX_NOTES, _MAX_DEPTH = 30, 5
# Extensions that change what a card does elsewhere, and have no effect here.
_UNUSED_EXTENSIONS = (
    *("regex_scripts", "tavern_helper", "TavernHelper_scripts", "risuai", "talkativeness"),
    *("chub", "voice", "sd_character_prompt", "pygmalion_id"),
)
_DEFAULT_TALKATIVENESS = 0.5


class CardNoteKind(StrEnum):
    """What happened to a field."""

    SHORTENED = "shortened"
    UNUSED = "unused"
    UNKNOWN_MACRO = "unknown macro"
    TOO_LARGE = "too large"
    RENAMED = "renamed"
    LORE = "lore"
    FAILED = "failed"


@dataclass(frozen=True)
class CardNote:
    """What happened to a field of a card.

    `subject` is the column or the name of the field in the card; for one of lore it is the entry.
    `detail` is the macro, the new name, what the entry is, or why it failed. The numbers are of
    characters, greetings or entries.
    """

    kind: CardNoteKind
    subject: str
    detail: str = ""
    length: int = 0
    limit: int = 0


def notes_of(
    card: cards.Card, columns: Mapping[str, Any], shortened: Sequence[Shortened]
) -> Sequence[CardNote]:
    """Return notes on an imported card, whose columns are those of a personality."""
    notes = [
        CardNote(CardNoteKind.SHORTENED, each.column, length=each.length, limit=each.limit)
        for each in shortened
    ]
    notes += _unused(card.body)
    for column, value in columns.items():
        texts = cast("list[str]", value) if isinstance(value, list) else [value]
        macros = (m for text in texts if isinstance(text, str) for m in unknown_macros(text))
        notes += [
            CardNote(CardNoteKind.UNKNOWN_MACRO, column, detail=macro)
            for macro in dict.fromkeys(macros)
        ]
    return notes[:_MAX_NOTES]


def _unused(body: Mapping[str, Any]) -> list[CardNote]:
    extensions = body.get("extensions")
    values = cast("dict[str, Any]", extensions) if isinstance(extensions, dict) else {}
    return [
        CardNote(CardNoteKind.UNUSED, name)
        for name in _UNUSED_EXTENSIONS
        if _has_effect(name, values.get(name))
    ]


def _has_effect(name: str, value: Any, depth: int = 0) -> bool:
    if name == "talkativeness":
        return value not in (None, "", _DEFAULT_TALKATIVENESS, str(_DEFAULT_TALKATIVENESS))
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        if depth >= _MAX_DEPTH:
            return True
        return any(_has_effect(member, each, depth + 1) for member, each in members)
    return value not in (None, "", [], False, 0)
