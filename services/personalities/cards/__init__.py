"""Character cards: files of other programs, read into columns and written back."""

from services.personalities.cards.assets import expressions_of, face_of
from services.personalities.cards.containers import LIMIT_MB, extension_of
from services.personalities.cards.documents import (
    Card,
    parse,
    read,
    to_v2,
    write,
    write_charx,
    write_file,
)
from services.personalities.cards.fields import (
    FIELDS,
    CardField,
    Kind,
    read_number,
    read_text,
    read_texts,
)

__all__ = [
    "FIELDS",
    "LIMIT_MB",
    "Card",
    "CardField",
    "Kind",
    "expressions_of",
    "extension_of",
    "face_of",
    "parse",
    "read",
    "read_number",
    "read_text",
    "read_texts",
    "to_v2",
    "write",
    "write_charx",
    "write_file",
]
