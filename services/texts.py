"""Untrusted text made fit to keep: names and long texts that people type or models return."""

import re
import unicodedata

from services.errors import TextEmpty, TextTooLong

NAME_LIMIT = 80
TEXT_LIMIT = 4000

_SPACES = re.compile(r"\s+")
# Zero-width joiners hold emoji together, so they stay where no letter is before them.
_JOINERS = "\u200d\ufe0e\ufe0f"
# Letters, marks and symbols that draw nothing.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_FLAG = "\U0001f3f4"  # England's and others' are this one and invisible letters
_FLAG_LETTERS = ("\U000e0020", "\U000e007f")
# As many as any script stacks on a letter; more is drawn over other people's messages.
_MOST_MARKS = 4


def is_visible(character: str) -> bool:
    """Whether a character shows, be it as empty space."""
    return (
        unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co"}
        and character not in _BLANK
        and not "\ufe00" <= character <= "\ufe0f"
    )


def on_one_line(text: str) -> str:
    """Return a text without what cannot be seen, every space in it one blank."""
    kept = ""
    for character in _SPACES.sub(" ", text):
        if _shows_after(kept, character):
            kept += character
    return _SPACES.sub(" ", unicodedata.normalize("NFC", kept)).strip(_JOINERS + " ")


def clean_name(text: str, *, field: str = "name", limit: int = NAME_LIMIT) -> str:
    """Return a name on one line, without what cannot be seen.

    Raises:
        TextEmpty: Nothing visible is left.
        TextTooLong: More than `limit` characters are left.
    """
    name = on_one_line(text)
    if not any(unicodedata.category(c)[0] not in "CMZ" for c in name):
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


def _shows_after(before: str, character: str) -> bool:
    last = before[-1:]
    if character in _JOINERS:
        return bool(last) and not last.isalpha() and last != " "
    if _FLAG_LETTERS[0] <= character <= _FLAG_LETTERS[1]:
        return last == _FLAG or _FLAG_LETTERS[0] <= last < _FLAG_LETTERS[1]
    if unicodedata.category(character)[0] == "M":
        below = before[-_MOST_MARKS:]
        is_flood = len(below) == _MOST_MARKS and all(
            unicodedata.category(mark)[0] == "M" for mark in below
        )
        return is_visible(character) and not is_flood
    return is_visible(character)
