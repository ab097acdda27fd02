"""Character cards, V1, V2 and V3, as JSON or inside a PNG.

The imported document is stored unchanged. Export replaces only the values that have changed since
import, in place; everything else, known to us or not, stays byte for byte the same.

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
from services.personalities.json_editing import member_spans, skip_whitespace, splice

LIMIT_MB = 10
_DOCUMENT_LIMIT = 2_000_000
_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEYWORDS = ("ccv3", "chara")  # the newer one takes precedence

# Card fields and the columns they map to.
FIELDS: Mapping[str, str] = {
    "name": "name",
    "description": "character_info",
    "personality": "personality_traits",
    "scenario": "scenario",
    "first_mes": "first_message",
    "mes_example": "conversational_examples",
}
# Columns without a card field are stored in `extensions.troupe`, under our own names.
EXTENSION = "troupe"
EXTENSION_FIELDS = ("personality_tone", "personality_age", "personality_likes",
                    "personality_dislikes", "conversational_goals", "display_name")  # fmt: skip

# The fields that V2 requires, for personalities that were not imported.
_EMPTY_CARD = {
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
    """A parsed card: its JSON, its picture, and the values of our columns."""

    document: str
    image: bytes | None
    values: Mapping[str, str]
    extension: Mapping[str, str]


def read(data: bytes) -> Card:
    """Read a card from a JSON or PNG file.

    Raises:
        CardTooLarge: The file exceeds the size limit.
        NotACard: The file is not a card, or is broken.
    """
    if len(data) > LIMIT_MB * 1_000_000:
        raise CardTooLarge(LIMIT_MB)
    image = data if data.startswith(_PNG_SIGNATURE) else None
    return parse(_extract_document(data) if image else _decode(data), image)


def parse(document: str, image: bytes | None = None) -> Card:
    """Parse the JSON of a card.

    Raises:
        NotACard: The document is not a card.
    """
    body = _load_body(document)
    fields = {
        column: value
        for card_field, column in FIELDS.items()
        if (value := _get_string(body, card_field)) is not None
    }
    if not fields.get("name", "").strip():
        raise NotACard("it has no name")
    return Card(document=document, image=image, values=fields, extension=_get_extension(body))


def write(document: str | None, values: Mapping[str, str], extension: Mapping[str, str]) -> str:
    """Return a card's JSON with these values, based on the imported document, if any."""
    if document is None:
        document = json.dumps(_EMPTY_CARD)
    body = _load_body(document)
    changes: dict[str, Any] = {
        card_field: values.get(column, "")
        for card_field, column in FIELDS.items()
        if (_get_string(body, card_field) or "") != values.get(column, "")
    }
    current = _get_extension(body)
    changed_extension = {
        field: extension.get(field, "")
        for field in EXTENSION_FIELDS
        if current.get(field, "") != extension.get(field, "")
    }
    if changed_extension:
        changes["extensions"] = {EXTENSION: changed_extension}
    return splice(document, _body_offset(document), changes) if changes else document


def write_png(image: bytes, values: Mapping[str, str], extension: Mapping[str, str]) -> bytes:
    """Return a PNG card with these values; every card inside `image` is updated."""
    cards = _extract_cards(image)
    document = _preferred_document(cards)
    if document is not None and write(document, values, extension) == document:
        return image
    output = bytearray(_PNG_SIGNATURE)
    for kind, payload, raw in _chunks(image):
        keyword, card = _parse_card_chunk(kind, payload)
        if kind == b"IEND" and not cards:
            output += _build_text_chunk("chara", write(None, values, extension))
        output += raw if card is None else _update_chunk(keyword, card, values, extension) or raw
    return bytes(output)


def _update_chunk(
    keyword: str, card: bytes, values: Mapping[str, str], extension: Mapping[str, str]
) -> bytes | None:
    """Return a chunk with these values, or None if nothing changed or the chunk is broken."""
    try:
        document = _decode_base64(card)
        updated = write(document, values, extension)
    except (CardTooLarge, NotACard):
        return None
    return _build_text_chunk(keyword, updated) if updated != document else None


def _extract_document(png: bytes) -> str:
    document = _preferred_document(_extract_cards(png))
    if document is None:
        raise NotACard("a picture without a character in it")
    return document


def _extract_cards(png: bytes) -> dict[str, bytes]:
    texts = (_parse_card_chunk(kind, payload) for kind, payload, _ in _chunks(png))
    return {keyword: card for keyword, card in texts if card is not None}


def _preferred_document(cards: Mapping[str, bytes]) -> str | None:
    """Return the newest of the cards in a picture that is not broken.

    Raises:
        CardTooLarge, NotACard: All are broken; the newest one's error.
    """
    errors: list[CardTooLarge | NotACard] = []
    for keyword in _KEYWORDS:
        if keyword not in cards:
            continue
        try:
            document = _decode_base64(cards[keyword])
            _load_body(document)
        except (CardTooLarge, NotACard) as error:
            errors.append(error)
        else:
            return document
    if errors:
        raise errors[0]
    return None


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield the kind, the payload and the raw bytes of each chunk."""
    at = len(_PNG_SIGNATURE)
    while at + 12 <= len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        end = at + 12 + length
        if end > len(png):
            break
        kind = png[at + 4 : at + 8]
        if kind == b"IEND":
            yield kind, b"", png[at:]  # with any trailing bytes
            return
        yield kind, png[at + 8 : end - 4], png[at:end]
        at = end
    raise NotACard("a PNG that breaks off")


def _parse_card_chunk(kind: bytes, payload: bytes) -> tuple[str, bytes | None]:
    """Return keyword and base64 of a chunk with a card; compressed text is never decompressed."""
    if kind != b"tEXt":
        return "", None
    keyword, _, text = payload.partition(b"\0")
    name = keyword.decode("latin-1").lower()
    return name, text if name in _KEYWORDS else None


def _build_text_chunk(keyword: str, document: str) -> bytes:
    payload = keyword.encode() + b"\0" + base64.b64encode(document.encode())
    body = b"tEXt" + payload
    return struct.pack(">I", len(payload)) + body + struct.pack(">I", zlib.crc32(body))


def _decode_base64(text: bytes) -> str:
    try:
        # With or without padding, and in the alphabet for URLs, too: programs write all of these.
        plain = text.translate(_STANDARD_ALPHABET, b" \t\r\n=")
        return _decode(base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True))
    except binascii.Error as error:
        raise NotACard("a PNG whose character cannot be decoded") from error


def _decode(data: bytes) -> str:
    if len(data) > _DOCUMENT_LIMIT:
        raise CardTooLarge(_DOCUMENT_LIMIT // 1_000_000)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise NotACard("neither a PNG nor text") from error


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
    loaded = _load_json(document)
    if "spec" not in loaded and "data" not in loaded:
        return loaded
    data = loaded.get("data")
    if not isinstance(data, dict):
        raise NotACard("a card whose `data` is no object")
    return cast("dict[str, Any]", data)


def _body_offset(document: str) -> int:
    """Return the offset of the object with the fields."""
    root, _ = member_spans(document, skip_whitespace(document, 0))
    is_v1 = "spec" not in root and "data" not in root
    return skip_whitespace(document, 0) if is_v1 else root["data"][0]


def _get_string(body: Mapping[str, Any], field: str) -> str | None:
    value = body.get(field)
    return value if isinstance(value, str) else None


def _get_extension(body: Mapping[str, Any]) -> dict[str, str]:
    extensions = body.get("extensions")
    extension: object = (
        cast("dict[str, Any]", extensions).get(EXTENSION) if isinstance(extensions, dict) else None
    )
    if not isinstance(extension, dict):
        return {}
    return {
        name: value
        for name, value in cast("dict[str, Any]", extension).items()
        if isinstance(value, str)
    }
