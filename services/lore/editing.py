"""What is typed of an entry, as its document."""

from collections.abc import Mapping
from typing import Any, cast

from db.models import LoreEntry
from services.lore.entries import MAX_CONTENT, MAX_KEY_LENGTH, MAX_KEYS, as_pattern
from services.lore.errors import BadPattern
from services.lore.matching import problem_of
from services.lore.types import EntryTexts
from services.texts import clean_text


def is_found_by_meaning(entry: LoreEntry) -> bool:
    """Whether an entry is found by what is near in meaning, beside its keys."""
    return bool(_extensions_of(entry.document).get("vectorized"))


def with_meaning(document: dict[str, Any], *, by_meaning: bool) -> dict[str, Any]:
    """Return the document of an entry that is, or is not, found by meaning as well."""
    extensions = _extensions_of(document)
    if bool(extensions.get("vectorized")) == by_meaning:
        return document
    return {**document, "extensions": {**extensions, "vectorized": by_meaning}}


def entry_values(texts: EntryTexts) -> Mapping[str, Any]:
    """Return the values of an entry's document.

    Raises:
        BadPattern: A key is a regular expression that cannot be used.
        TextTooLong: The text is too long.
    """
    keys, secondary = (
        [each[:MAX_KEY_LENGTH] for each in some][:MAX_KEYS]
        for some in (texts.keys, texts.secondary_keys)
    )
    for key in [*keys, *secondary]:
        pattern = as_pattern(key, use_regex=False)
        if pattern is not None and problem_of(pattern):
            raise BadPattern(key)
    return {
        "comment": texts.name.strip(),
        "keys": keys,
        "secondary_keys": secondary,
        "selective": bool(secondary),
        "content": clean_text(texts.content, field="text", limit=MAX_CONTENT),
        "constant": texts.constant,
        "enabled": texts.enabled,
    }


def _extensions_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the extensions of an entry; of a foreign book they may be anything."""
    extensions = document.get("extensions")
    return cast("Mapping[str, Any]", extensions) if isinstance(extensions, dict) else {}
