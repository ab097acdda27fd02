"""Character cards, V1, V2 and V3, as JSON or inside a PNG.

A card's document is kept as it came. Export writes only the values that have changed since into
it, in place: everything else, known to us or not, stays byte for byte.

The formats: https://github.com/malfoyslastname/character-card-spec-v2 and
https://github.com/kwaroran/character-card-spec-v3. A PNG carries the JSON as base64 in a `tEXt`
chunk named `chara`, or `ccv3` for V3.
"""

import base64
import binascii
import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from services.personalities.errors import CardTooLarge, NotACard
from services.personalities.splicing import members, skip, splice

LIMIT_MB = 10
_DOCUMENT_LIMIT = 2_000_000
_PNG = b"\x89PNG\r\n\x1a\n"
_KEYWORDS = ("ccv3", "chara")  # the newer one is believed

# The card's name of a field, and ours.
FIELDS: Mapping[str, str] = {
    "name": "name",
    "description": "character_info",
    "personality": "personality_traits",
    "scenario": "scenario",
    "first_mes": "first_message",
    "mes_example": "conversational_examples",
}
# What cards have no field for travels in `extensions.troupe`, under our own names.
EXTENSION = "troupe"
EXTENSION_FIELDS = ("personality_tone", "personality_age", "personality_likes",
                    "personality_dislikes", "conversational_goals", "display_name")  # fmt: skip

# All that V2 demands of a card that was never one before.
_BLANK = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "data": {
        **dict[str, Any].fromkeys(FIELDS, ""),
        "creator_notes": "",
        "system_prompt": "",
        "post_history_instructions": "",
        "alternate_greetings": list[str](),
        "tags": list[str](),
        "creator": "",
        "character_version": "",
        "extensions": dict[str, Any](),
    },
}


@dataclass(frozen=True, kw_only=True)
class Card:
    """A card as it was read: its JSON, its picture, and the values of our fields."""

    document: str
    image: bytes | None
    values: Mapping[str, str]
    extension: Mapping[str, str]


def read(data: bytes) -> Card:
    """Read a card from a file of either kind.

    Raises:
        CardTooLarge: The file is larger than a card may be.
        NotACard: It is something else, or broken.
    """
    if len(data) > LIMIT_MB * 1_000_000:
        raise CardTooLarge(LIMIT_MB)
    image = data if data.startswith(_PNG) else None
    return parse(_document_of(data) if image else _decode(data), image)


def parse(document: str, image: bytes | None = None) -> Card:
    """Read a card from its JSON.

    Raises:
        NotACard: It is something else.
    """
    body = _body(document)
    fields = {
        ours: value
        for theirs, ours in FIELDS.items()
        if (value := _string(body, theirs)) is not None
    }
    if not fields.get("name", "").strip():
        raise NotACard("it has no name")
    return Card(document=document, image=image, values=fields, extension=_extension(body))


def write(document: str | None, values: Mapping[str, str], extension: Mapping[str, str]) -> str:
    """Return a card's JSON with these values, written into the one it was imported from, if any."""
    if document is None:
        document = json.dumps(_BLANK)
    body = _body(document)
    changes: dict[str, Any] = {
        theirs: values.get(ours, "")
        for theirs, ours in FIELDS.items()
        if (_string(body, theirs) or "") != values.get(ours, "")
    }
    own = _extension(body)
    ours = {
        field: extension.get(field, "")
        for field in EXTENSION_FIELDS
        if own.get(field, "") != extension.get(field, "")
    }
    if ours:
        changes["extensions"] = {EXTENSION: ours}
    return splice(document, _start(document), changes) if changes else document


def write_png(image: bytes, values: Mapping[str, str], extension: Mapping[str, str]) -> bytes:
    """Return a PNG card with these values: every card inside `image` is brought up to date."""
    cards = _cards_of(image)
    believed = _consistent(cards)
    if believed is not None and write(believed, values, extension) == believed:
        return image
    out = bytearray(_PNG)
    for kind, payload, raw in _chunks(image):
        keyword, card = _card_text(kind, payload)
        if kind == b"IEND" and not cards:
            out += _text_chunk("chara", write(None, values, extension))
        out += raw if card is None else _updated(keyword, card, values, extension) or raw
    return bytes(out)


def _updated(
    keyword: str, card: bytes, values: Mapping[str, str], extension: Mapping[str, str]
) -> bytes | None:
    """Return a chunk with these values, or None where they are its own or it is broken."""
    try:
        document = _decode_base64(card)
        written = write(document, values, extension)
    except (CardTooLarge, NotACard):
        return None
    return _text_chunk(keyword, written) if written != document else None


def _document_of(png: bytes) -> str:
    document = _consistent(_cards_of(png))
    if document is None:
        raise NotACard("a picture without a character in it")
    return document


def _cards_of(png: bytes) -> dict[str, bytes]:
    found = (_card_text(kind, payload) for kind, payload, _ in _chunks(png))
    return {keyword: card for keyword, card in found if card is not None}


def _consistent(cards: Mapping[str, bytes]) -> str | None:
    keyword = next((keyword for keyword in _KEYWORDS if keyword in cards), None)
    return None if keyword is None else _decode_base64(cards[keyword])


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield the kind, the payload and the raw bytes of each chunk."""
    at = len(_PNG)
    while at + 12 <= len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        end = at + 12 + length
        if end > len(png):
            break
        kind = png[at + 4 : at + 8]
        if kind == b"IEND":
            yield kind, b"", png[at:]  # with whatever follows it
            return
        yield kind, png[at + 8 : end - 4], png[at:end]
        at = end
    raise NotACard("a PNG that breaks off")


def _card_text(kind: bytes, payload: bytes) -> tuple[str, bytes | None]:
    """Return keyword and base64 of a chunk that holds a card; compressed text is never unpacked."""
    if kind != b"tEXt":
        return "", None
    keyword, _, text = payload.partition(b"\0")
    name = keyword.decode("latin-1").lower()
    return name, text if name in _KEYWORDS else None


def _text_chunk(keyword: str, document: str) -> bytes:
    payload = keyword.encode() + b"\0" + base64.b64encode(document.encode())
    body = b"tEXt" + payload
    return struct.pack(">I", len(payload)) + body + struct.pack(">I", zlib.crc32(body))


def _decode_base64(text: bytes) -> str:
    try:
        return _decode(base64.b64decode(text))
    except binascii.Error as error:
        raise NotACard("a PNG whose character cannot be decoded") from error


def _decode(data: bytes) -> str:
    if len(data) > _DOCUMENT_LIMIT:
        raise CardTooLarge(_DOCUMENT_LIMIT // 1_000_000)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise NotACard("neither a PNG nor text") from error


def _load(document: str) -> dict[str, Any]:
    try:
        loaded = json.loads(document.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise NotACard("no JSON") from error
    if not isinstance(loaded, dict):
        raise NotACard("JSON, but no object")
    return cast("dict[str, Any]", loaded)


def _body(document: str) -> dict[str, Any]:
    """Return the object that holds the fields: the whole in V1, `data` since V2."""
    loaded = _load(document)
    if "spec" not in loaded and "data" not in loaded:
        return loaded
    data = loaded.get("data")
    if not isinstance(data, dict):
        raise NotACard("a card whose `data` is no object")
    return cast("dict[str, Any]", data)


def _start(document: str) -> int:
    """Return where the object that holds the fields begins."""
    root, _ = members(document, skip(document, 0))
    is_v1 = "spec" not in root and "data" not in root
    return skip(document, 0) if is_v1 else root["data"][0]


def _string(body: Mapping[str, Any], field: str) -> str | None:
    value = body.get(field)
    if value is None:
        return None
    if not isinstance(value, str):
        raise NotACard(f"a card whose `{field}` is no text")
    return value


def _extension(body: Mapping[str, Any]) -> dict[str, str]:
    extensions = body.get("extensions")
    own: object = (
        cast("dict[str, Any]", extensions).get(EXTENSION) if isinstance(extensions, dict) else None
    )
    if not isinstance(own, dict):
        return {}
    return {
        name: value for name, value in cast("dict[str, Any]", own).items() if isinstance(value, str)
    }
