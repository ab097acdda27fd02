"""Character cards, V1, V2 and V3: reading them, and writing them back.

The imported file is stored unchanged, and exported so while nothing of it was changed. Else it is
written as V3, with only the changed values replaced; what is unknown to us stays as it was.

The formats: https://github.com/malfoyslastname/character-card-spec-v2 and
https://github.com/kwaroran/character-card-spec-v3.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from services.personalities.cards import containers, formats
from services.personalities.cards.fields import FIELDS, REQUIRED
from services.personalities.cards.json_editing import member_spans, skip_whitespace, splice, to_json
from services.personalities.errors import NotACard

_V2, _V3 = ("chara_card_v2", "2.0"), ("chara_card_v3", "3.0")
_DECORATOR = "@@"
_SURROUNDINGS = "\ufeff \t\r\n"


@dataclass(frozen=True, kw_only=True)
class Card:
    """A parsed card: its JSON, the file around it, if any, and its values by their columns.

    `body` is the object with the fields.
    """

    document: str
    file: bytes | None
    values: Mapping[str, Any]
    body: Mapping[str, Any]


def read(data: bytes) -> Card:
    """Read a card from a file.

    Raises:
        CardTooLarge: The file exceeds the size limit.
        NotACard: The file is not a card, or is broken.
    """
    document, has_more = containers.extract(data, _load_body)
    return parse(document, data if has_more else None)


def parse(document: str, file: bytes | None = None) -> Card:
    """Parse the JSON of a card.

    Raises:
        NotACard: The document is not a card.
    """
    root = _load_json(document)
    try:
        if (converted := formats.convert(root)) is not None:
            document, root = to_json(converted), converted
    except RecursionError as error:
        raise NotACard("no JSON") from error
    body = _body_of(root)
    values = {field.column: value for field in FIELDS if (value := field.read(body)) is not None}
    if not str(values.get("name", "")).strip() and isinstance(outer := root.get("name"), str):
        values["name"] = outer
    if not str(values.get("name", "")).strip():
        raise NotACard("it has no name")
    if "creator_notes" not in values and isinstance(
        notes := body.get("creator_notes_multilingual"), dict
    ):
        values["creator_notes"] = str(cast("dict[str, Any]", notes).get("en", ""))
    return Card(document=document, file=file, values=values, body=body)


def write(
    document: str | None,
    values: Mapping[str, Any],
    clean: Callable[[str, Any], Any],
    *,
    book: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> str:
    """Return a card's JSON with the values of these columns, based on the imported document.

    `clean` returns the value of a column as it is stored; what is equal then was not changed. A
    `book` replaces the lorebook of the card.
    """
    body: Mapping[str, Any] = _load_body(document) if document else {}
    changes: dict[str, Any] = {}
    for field in FIELDS:
        value = values.get(field.column)
        if clean(field.column, field.read(body)) != value:
            _set(changes, field.path, value)
    if book is not None:
        changes["character_book"] = book
    if document is not None and not changes:
        return document
    changes = {**changes, **_missing(body, changes)}
    if now is not None:
        changes["modification_date"] = int(now.timestamp())
    return _as_version(document or "{}", changes, _V3)


def write_file(file: bytes, document: str, new: str) -> bytes:
    """Return the file of a card with a new document instead of the one that was read from it."""
    if new == document:
        return file
    if containers.is_picture(file):
        return containers.replace_in_png(file, {"chara": to_v2(new), "ccv3": new})
    return containers.replace_in_zip(file, new)


def write_charx(
    document: str,
    face: bytes | None,
    *,
    expressions: Mapping[str, bytes] | None = None,
    notes: Mapping[str, Any] | None = None,
) -> bytes:
    """Return a CharX of a card as V3: its face is the main icon, expressions are emotions.

    `notes` are what only this program knows: they become `extensions.troupe`.
    """
    body = _load_body(document)
    changes: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    brought: list[dict[str, str]] = []
    if face is not None:
        brought.append(_asset(files, "icon", "main", face))
    brought += [
        _asset(files, "emotion", name, picture) for name, picture in (expressions or {}).items()
    ]
    if brought:
        replaced = {each["type"] for each in brought}
        assets = body.get("assets")
        others: list[Any] = [
            each
            for each in (cast("list[Any]", assets) if isinstance(assets, list) else [])
            if not (isinstance(each, dict) and cast("dict[str, Any]", each).get("type") in replaced)
        ]
        changes = {"assets": [*brought, *others]}
    if notes:
        extensions = body.get("extensions")
        old = cast("dict[str, Any]", extensions) if isinstance(extensions, dict) else {}
        changes["extensions"] = {**old, "troupe": dict(notes)}
    document = _as_version(document, {**changes, **_missing(body, changes)}, _V3)
    return containers.build_charx(document, files)


def _asset(files: dict[str, bytes], kind: str, name: str, picture: bytes) -> dict[str, str]:
    """Add a picture to the files of an archive, and return what names it."""
    extension = containers.extension_of(picture)
    stem = "main" if kind == "icon" else f"{len(files)}"
    path = f"assets/{kind}/image/{stem}.{extension}"
    files[path] = picture
    return {"type": kind, "uri": f"embeded://{path}", "name": name, "ext": extension}


def to_v2(document: str) -> str:
    """Return a V3 card as V2: without decorators, which programs of that time would show."""
    root = _load_json(document)
    body = dict(cast("dict[str, Any]", root["data"]))
    book = body.get("character_book")
    entries = cast("dict[str, Any]", book).get("entries") if isinstance(book, dict) else None
    if isinstance(book, dict) and isinstance(entries, list):
        plain = [_without_decorators(each) for each in cast("list[Any]", entries)]
        body["character_book"] = {**cast("dict[str, Any]", book), "entries": plain}
    spec, version = _V2
    return to_json({**root, "spec": spec, "spec_version": version, "data": body})


def _without_decorators(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    content = cast("dict[str, Any]", entry).get("content")
    if not isinstance(content, str):
        return cast("Any", entry)
    lines = content.split("\n")
    while lines and lines[0].startswith(_DECORATOR):
        del lines[0]
    return {**cast("dict[str, Any]", entry), "content": "\n".join(lines)}


def _set(changes: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        changes = changes.setdefault(name, {})
    changes[path[-1]] = "" if value is None else value


def _missing(body: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what V3 demands and a card lacks, or has with another type."""
    missing: dict[str, Any] = {}
    for name, default in REQUIRED.items():
        if name in changes or isinstance(body.get(name), type(default)):
            continue
        field = next((each for each in FIELDS if each.path == (name,)), None)
        value = field.read(body) if field else None
        if name == "tags" and isinstance(tags := body.get(name), str):
            value = [each.strip() for each in tags.split(",") if each.strip()]
        missing[name] = default if value is None else value
    return missing


def _as_version(document: str, changes: Mapping[str, Any], version: tuple[str, str]) -> str:
    """Return a document with changes of its fields, as a card of a version."""
    changed = splice(document, _body_offset(document), changes).strip(_SURROUNDINGS)
    spec = {"spec": version[0], "spec_version": version[1]}
    if not _has_data(_load_json(document)):
        head = to_json(spec).removesuffix("}")
        return f'{head}, "data": {changed}}}'
    root = _load_json(changed)
    if all(root.get(name) == value for name, value in spec.items()):
        return changed
    return splice(changed, skip_whitespace(changed, 0), spec)


def _load_json(document: str) -> dict[str, Any]:
    try:
        loaded = json.loads(document.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise NotACard("no JSON") from error
    if not isinstance(loaded, dict):
        raise NotACard("JSON, but no object")
    return cast("dict[str, Any]", loaded)


def _load_body(document: str) -> dict[str, Any]:
    """Return the object with the fields: the whole document in V1, `data` since V2."""
    return _body_of(_load_json(document))


def _body_of(root: dict[str, Any]) -> dict[str, Any]:
    if not _has_data(root):
        return root
    data = root.get("data")
    if not isinstance(data, dict):
        raise NotACard("a card whose `data` is no object")
    return cast("dict[str, Any]", data)


def _has_data(root: Mapping[str, Any]) -> bool:
    return "spec" in root or "data" in root


def _body_offset(document: str) -> int:
    """Return the offset of the object with the fields."""
    root, _ = member_spans(document, skip_whitespace(document, 0))
    return root["data"][0] if "spec" in root or "data" in root else skip_whitespace(document, 0)
