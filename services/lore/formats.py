"""Files of lorebooks: those of other programs are read, and two formats are written.

Inside, a book is the `character_book` of a card. SillyTavern's World Info has the same options
under other names: https://docs.sillytavern.app/usage/core-concepts/worldinfo/.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias, cast

from services.lore.entries import MAX_CONTENT, Pattern, as_pattern, name_of
from services.lore.errors import LorebookTooLarge, NotALorebook
from services.lore.matching import problem_of
from services.personalities.cards import read_number, read_text, read_texts
from services.texts import NAME_LIMIT, on_one_line, printable, shorten

LIMIT_MB, MAX_ENTRIES = 8, 5_000
AUTHOR_NOTE = "author_note"  # marks the book of the note of a channel; no file can
_MAX_NOTES = 20
Document: TypeAlias = dict[str, Any]

# Fields of World Info, and of an entry of a `character_book`.
_FIELDS: Mapping[str, str] = {
    "key": "keys",
    "keysecondary": "secondary_keys",
    "content": "content",
    "comment": "comment",
    "constant": "constant",
    "selective": "selective",
    "order": "insertion_order",
}
# Those that are in `extensions` there.
_EXTENSIONS: Mapping[str, str] = {
    **{
        name: name
        for name in (
            *("position", "depth", "role", "probability", "group", "sticky", "cooldown", "delay"),
            *("vectorized", "triggers", "selectiveLogic", "useProbability"),
        )
    },
    "groupOverride": "group_override",
    "groupWeight": "group_weight",
    "useGroupScoring": "use_group_scoring",
    "scanDepth": "scan_depth",
    "caseSensitive": "case_sensitive",
    "matchWholeWords": "match_whole_words",
    "automationId": "automation_id",
    "displayIndex": "display_index",
    "excludeRecursion": "exclude_recursion",
    "preventRecursion": "prevent_recursion",
    "delayUntilRecursion": "delay_until_recursion",
    "outletName": "outlet_name",
    "ignoreBudget": "ignore_budget",
    "matchPersonaDescription": "match_persona_description",
    "matchCharacterDescription": "match_character_description",
    "matchCharacterPersonality": "match_character_personality",
    "matchCharacterDepthPrompt": "match_character_depth_prompt",
    "matchScenario": "match_scenario",
    "matchCreatorNotes": "match_creator_notes",
    "characterFilter": "character_filter",
}
# What World Info demands of an entry.
_WORLD_INFO_DEFAULTS: Mapping[str, Any] = {
    "key": [], "keysecondary": [], "comment": "", "content": "", "constant": False,
    "selective": True, "order": 100, "position": 0, "disable": False, "probability": 100,
    "useProbability": True, "selectiveLogic": 0, "depth": 4, "group": "", "groupWeight": 100,
    "groupOverride": False, "excludeRecursion": False, "preventRecursion": False,
    "delayUntilRecursion": False, "vectorized": False, "addMemo": True, "scanDepth": None,
    "caseSensitive": None, "matchWholeWords": None, "useGroupScoring": None, "role": None,
    "sticky": 0, "cooldown": 0, "delay": 0, "displayIndex": 0, "automationId": "",
}  # fmt: skip


class LoreNoteKind(StrEnum):
    """What an importer has to know of an entry."""

    SHORTENED = "shortened"
    EMPTY = "has no text and is never used"
    NO_KEYS = "has no keys and is never used"
    BROKEN_PATTERN = "has a key that is not a regular expression that can be read"
    OUTLET = "is for an outlet, which no prompt here has"


@dataclass(frozen=True)
class LoreNote:
    """What an importer has to know of an entry, by its name."""

    kind: LoreNoteKind
    entry: str


@dataclass(frozen=True, kw_only=True)
class BookFile:
    """A book that was read: its name if it has one, and what it has beside its entries."""

    name: str
    document: Document
    entries: Sequence[Document]
    notes: Sequence[LoreNote] = ()


def read(data: bytes) -> BookFile:
    """Read a lorebook from a file.

    Raises:
        LorebookTooLarge: It has more entries or bytes than a book may have.
        NotALorebook: It is none.
    """
    if len(data) > LIMIT_MB * 1_000_000:
        raise LorebookTooLarge(LIMIT_MB, MAX_ENTRIES)
    try:
        root = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise NotALorebook("no JSON") from error
    return read_document(root)


def read_document(root: Any) -> BookFile:
    """Read a lorebook from its JSON.

    Raises:
        LorebookTooLarge: It has more entries than a book may have.
        NotALorebook: It is none.
    """
    body = _body({"entries": root} if isinstance(root, list) else root)
    entries = [cast("Document", each) for each in _entries(body) if isinstance(each, dict)]
    if len(entries) > MAX_ENTRIES:
        raise LorebookTooLarge(LIMIT_MB, MAX_ENTRIES)
    documents, notes = _checked(entries)
    name = read_text(body.get("name")) or ""
    return BookFile(
        name=shorten(on_one_line(name), NAME_LIMIT),
        document={
            k: v for k, v in body.items() if k not in {"entries", "originalData", AUTHOR_NOTE}
        },
        entries=documents,
        notes=notes,
    )


def to_character_book(document: Mapping[str, Any], entries: Iterable[Document]) -> Document:
    """Return a book as it is in a card."""
    return {**document, "extensions": _object(document.get("extensions")), "entries": list(entries)}


def to_world_info(document: Mapping[str, Any], entries: Iterable[Document]) -> Document:
    """Return a book as SillyTavern's World Info."""
    return {
        **{name: value for name, value in document.items() if name == "name"},
        "entries": {
            str(number): {**_to_world_info(entry), "uid": number, "displayIndex": number}
            for number, entry in enumerate(entries)
        },
    }


def _body(root: Any) -> Document:
    """Return the object with the entries; that of a card is inside of it.

    Raises:
        NotALorebook: It is no object.
    """
    if not isinstance(root, dict):
        raise NotALorebook("JSON, but no object")
    root = cast("Document", root)
    data = cast("Document", root["data"]) if isinstance(root.get("data"), dict) else root
    if root.get("spec") == "lorebook_v3":
        return data
    for owner in (data, root):
        book = owner.get("character_book") or owner.get("characterBook")
        if isinstance(book, dict):
            return cast("Document", book)
    return root


def _entries(body: Document) -> Sequence[Any]:
    """Return the entries of a book, as those of a card.

    Raises:
        NotALorebook: It has none of the known shapes.
    """
    entries = body.get("entries")
    if isinstance(entries, dict):
        entries = list(cast("Document", entries).values())
    if body.get("type") == "risu" and isinstance(body.get("data"), list):
        return _converted(body["data"], _from_risu)
    if not isinstance(entries, list):
        raise NotALorebook("JSON without entries of a lorebook")
    items = cast("list[Any]", entries)
    first = next((cast("Document", each) for each in items if isinstance(each, dict)), Document())
    if body.get("kind") == "memory" or "keywords" in first:
        return _converted(items, _from_agnai)
    if "lorebookVersion" in body or "contextConfig" in first:
        return _converted(items, _from_novel_ai)
    if "key" in first:
        return _converted(items, _from_world_info)
    return items


def _object(value: Any) -> Document:
    return cast("Document", value) if isinstance(value, dict) else {}


def _converted(entries: Any, convert: Callable[[Document], Document]) -> Sequence[Document]:
    items = cast("list[Any]", entries)
    return [convert(cast("Document", each)) for each in items if isinstance(each, dict)]


def _from_world_info(entry: Document) -> Document:
    extensions = _object(entry.get("extensions"))
    converted: Document = {field: entry[name] for name, field in _FIELDS.items() if name in entry}
    options = {field: entry[name] for name, field in _EXTENSIONS.items() if name in entry}
    known = {*_FIELDS, *_EXTENSIONS, "uid", "disable", "addMemo", "extensions"}
    others = {name: value for name, value in entry.items() if name not in known}
    return {
        **converted,
        "id": entry.get("uid"),
        "enabled": not entry.get("disable"),
        "position": "before_char" if entry.get("position", 0) == 0 else "after_char",
        "extensions": {**others, **extensions, **options},
    }


def _to_world_info(entry: Document) -> Document:
    extensions = _object(entry.get("extensions"))
    names = set(_EXTENSIONS.values())
    others = {name: value for name, value in extensions.items() if name not in names}
    own = {name: entry[name] for name in ("priority", "name", "use_regex") if name in entry}
    options = {
        name: extensions[field]
        for name, field in _EXTENSIONS.items()
        if extensions.get(field) is not None
    }
    if "position" not in options:
        options["position"] = 0 if entry.get("position") in (None, "before_char") else 1
    return {
        **_WORLD_INFO_DEFAULTS,
        **{name: entry[field] for name, field in _FIELDS.items() if field in entry},
        **options,
        "disable": entry.get("enabled") is False,
        "extensions": {**others, **own},
    }


def _comma_list(text: Any) -> list[str]:
    return [each.strip() for each in (read_text(text) or "").split(",") if each.strip()]


def _from_risu(entry: Document) -> Document:
    secondary = _comma_list(entry.get("secondkey"))
    probability = read_number(entry.get("activationPercent"))
    return {
        "keys": _comma_list(entry.get("key")),
        "secondary_keys": secondary,
        "selective": bool(secondary),
        "content": entry.get("content"),
        "comment": entry.get("comment"),
        "constant": bool(entry.get("alwaysActive")),
        "enabled": True,
        "insertion_order": read_number(entry.get("insertorder")) or 100,
        "use_regex": bool(entry.get("useRegex")),
        "extensions": {} if probability is None else {"probability": probability},
    }


def _from_agnai(entry: Document) -> Document:
    """Return an entry of Agnaistic, whose keys may have `*` and `?` for any letters."""
    return {
        "keys": [_from_wildcards(each) for each in read_texts(entry.get("keywords")) or ()],
        "content": entry.get("entry"),
        "comment": entry.get("name"),
        "enabled": entry.get("enabled") is not False,
        "insertion_order": read_number(entry.get("weight")) or 0,
        "priority": read_number(entry.get("priority")) or 0,
        "extensions": {},
    }


def _from_wildcards(key: str) -> str:
    if not {"*", "?"} & set(key):
        return key
    escaped = "".join(c if c.isalnum() or c.isspace() else f"\\{c}" for c in key)
    pattern = escaped.replace("\\*", "\\w*").replace("\\?", "\\w")
    return f"/\\b{pattern}\\b/i"


def _from_novel_ai(entry: Document) -> Document:
    config = _object(entry.get("contextConfig"))
    return {
        "keys": read_texts(entry.get("keys")) or [],
        "content": entry.get("text"),
        "comment": entry.get("displayName"),
        "enabled": entry.get("enabled") is not False,
        "constant": bool(entry.get("forceActivation")),
        "insertion_order": read_number(config.get("budgetPriority")) or 100,
        "extensions": {},
    }


def _checked(entries: Sequence[Document]) -> tuple[list[Document], list[LoreNote]]:
    """Return entries with texts that can be stored, and what is to be said of them."""
    notes: list[LoreNote] = []
    documents: list[Document] = []
    for entry in entries:
        document = dict(entry)
        content = printable(read_text(document.get("content")) or "")
        name = name_of(document) or f"#{len(documents) + 1}"
        if len(content) > MAX_CONTENT:
            notes.append(LoreNote(LoreNoteKind.SHORTENED, name))
            content = content[:MAX_CONTENT]
        if content != document.get("content"):
            document["content"] = content
        if kind := _problem(document, content):
            notes.append(LoreNote(kind, name))
        documents.append(document)
    return documents, notes[:_MAX_NOTES]


def _problem(document: Document, content: str) -> LoreNoteKind | None:
    if document.get("enabled") is False:
        return None
    if not content.strip():
        return LoreNoteKind.EMPTY
    options = _object(document.get("extensions"))
    keys = read_texts(document.get("keys")) or []
    is_found = document.get("constant") or options.get("vectorized") or content.startswith("@@")
    if not keys and not is_found:
        return LoreNoteKind.NO_KEYS
    patterns = (as_pattern(key, use_regex=False) for key in keys)
    if any(isinstance(each, Pattern) and problem_of(each) for each in patterns):
        return LoreNoteKind.BROKEN_PATTERN
    is_outlet = read_number(options.get("position")) == 7  # noqa: PLR2004 - SillyTavern's number
    return LoreNoteKind.OUTLET if is_outlet else None
