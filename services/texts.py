"""Untrusted text made fit to keep: names and long texts that people type or models return."""

import re
import unicodedata

from services.errors import TextEmpty, TextTooLong

NAME_LIMIT = 80
TEXT_LIMIT = 4000

_SPACES = re.compile(r"\s+")
# Zero-width joiners hold emoji together, so they stay where they stand between other characters.
_JOINERS = "\u200d\ufe0f\ufe0e"


def _visible(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co"}


def clean_name(text: str, *, field: str = "name", limit: int = NAME_LIMIT) -> str:
    """Return a name on one line, without what cannot be seen.

    Raises:
        TextEmpty: Nothing visible is left.
        TextTooLong: More than `limit` characters are left.
    """
    flat = _SPACES.sub(" ", unicodedata.normalize("NFC", text))
    name = "".join(c for c in flat if _visible(c)).strip(_JOINERS + " ")
    if not any(unicodedata.category(c)[0] not in "MZ" and c not in _JOINERS for c in name):
        raise TextEmpty(field)
    if len(name) > limit:
        raise TextTooLong(field, limit)
    return name


def clean_text(text: str, *, field: str, limit: int = TEXT_LIMIT) -> str:
    """Return a text of several lines, without control characters and space around it.

    Raises:
        TextTooLong: More than `limit` characters are left.
    """
    kept = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})
    kept = kept.strip()
    if len(kept) > limit:
        raise TextTooLong(field, limit)
    return kept


def clean_optional(text: str | None, *, field: str, limit: int = TEXT_LIMIT) -> str | None:
    """Like `clean_text`; what is empty becomes None."""
    return (clean_text(text, field=field, limit=limit) or None) if text is not None else None


def shorten(text: str, limit: int) -> str:
    """Cut a text to at most `limit` characters, with an ellipsis where something is missing."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"
