"""Validation and cleaning of untrusted text from people and models."""

import re
import unicodedata

from services.errors import NumberOutOfRange, TextEmpty, TextTooLong

NAME_LIMIT = 80
TEXT_LIMIT = 4000
_MAX_DIGITS = 9

# Categories Cc but tab and line feed, and Cs.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
# Zero-width joiners are part of emoji, so they are kept unless they follow a letter.
_JOINERS = "\u200d\ufe0e\ufe0f"
# Letters, marks and symbols without a visible glyph.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_FLAG = "\U0001f3f4"  # flags of England and others are this one, followed by invisible letters
_FLAG_LETTERS = ("\U000e0020", "\U000e007f")
# As many as any script stacks on a letter; more would overlap other people's messages.
_MAX_MARKS = 4


def is_visible(character: str) -> bool:
    """Whether a character is visible, or a space."""
    return (
        unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co"}
        and character not in _BLANK
        and not "\ufe00" <= character <= "\ufe0f"
    )


def is_blank(text: str) -> bool:
    """Whether there is nothing in a text that anybody could see."""
    return not any(is_visible(each) and not each.isspace() for each in text)


def on_one_line(text: str) -> str:
    """Return a text without invisible characters, with runs of whitespace as one space."""
    cleaned = ""
    for character in _SPACES.sub(" ", text):
        if _is_allowed_after(cleaned, character):
            cleaned += character
    return _SPACES.sub(" ", unicodedata.normalize("NFC", cleaned)).strip(_JOINERS + " ")


def printable(text: str) -> str:
    """Return a text without NUL, other control characters and lone surrogates.

    Databases and Discord refuse them. Line breaks and tabs stay.
    """
    return _UNPRINTABLE.sub("", text)


def clean_name(text: str, *, field: str = "name", limit: int = NAME_LIMIT) -> str:
    """Return a name on one line, without invisible characters.

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
    """Return a multi-line text without control characters and surrounding whitespace.

    Raises:
        TextTooLong: More than `limit` characters are left.
    """
    cleaned = printable(text).strip()
    if len(cleaned) > limit:
        raise TextTooLong(field, limit)
    return cleaned


def clean_optional(text: str | None, *, field: str, limit: int = TEXT_LIMIT) -> str | None:
    """Like `clean_text`; an empty text becomes None."""
    return (clean_text(text, field=field, limit=limit) or None) if text is not None else None


def read_number(typed: str, *, field: str, low: int, high: int) -> int | None:
    """Return a whole number that somebody typed; None if it is empty.

    Raises:
        NumberOutOfRange: It is not a whole number from `low` to `high`.
    """
    text = typed.strip()
    if not text:
        return None
    if not (
        text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS and low <= int(text) <= high
    ):
        raise NumberOutOfRange(field, low, high)
    return int(text)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun; the plural has an s if none is given."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def shorten(text: str, limit: int) -> str:
    """Cut a text to at most `limit` characters, with an ellipsis if it was cut."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def _is_allowed_after(before: str, character: str) -> bool:
    last = before[-1:]
    if character in _JOINERS:
        return bool(last) and not last.isalpha() and last != " "
    if _FLAG_LETTERS[0] <= character <= _FLAG_LETTERS[1]:
        return last == _FLAG or _FLAG_LETTERS[0] <= last < _FLAG_LETTERS[1]
    if unicodedata.category(character)[0] == "M":
        preceding = before[-_MAX_MARKS:]
        is_flood = len(preceding) == _MAX_MARKS and all(
            unicodedata.category(mark)[0] == "M" for mark in preceding
        )
        return is_visible(character) and not is_flood
    return is_visible(character)
