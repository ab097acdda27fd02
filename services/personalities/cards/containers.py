"""The files that carry a card's JSON: PNG, CharX (a zip), JPEG with a zip behind it, plain text.

A PNG carries base64 in a text chunk named `chara`, or `ccv3` for V3, before or after the picture.
"""

import base64
import binascii
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager

from services.personalities.errors import CardTooLarge, NotACard

LIMIT_MB = 16
DOCUMENT_LIMIT = 8_000_000
KEYWORDS = ("ccv3", "chara")  # the newer one takes precedence
CARD_IN_ZIP = "card.json"
_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")
_PNG, _JPEG, _WEBP, _ZIP = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"WEBP", b"PK\x03\x04"
_ENCRYPTED = b"rcc||"  # RisuAI's
_MAX_MEMBERS, _MAX_UNPACKED = 10_000, 100_000_000
# What `zipfile` raises for files that were made to break it.
_ARCHIVE_ERRORS = (
    *(zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError),
    *(zlib.error, struct.error),
)
_BASE64_LIMIT = DOCUMENT_LIMIT * 4 // 3 + 1000
_MAX_KEYWORD = 80  # bytes, with the zero behind it


def is_picture(data: bytes) -> bool:
    """Whether a card in this file can be replaced by another: a PNG."""
    return data.startswith(_PNG)


def extension_of(data: bytes) -> str:
    """Return the usual extension of a file, without a dot."""
    if data[8:12] == _WEBP:
        return "webp"
    return "png" if data.startswith(_PNG) else "jpeg" if data.startswith(_JPEG) else "charx"


def extract(data: bytes, is_card: Callable[[str], object]) -> tuple[str, bool]:
    """Return the JSON of the card in a file, and whether the file has more than the JSON.

    `is_card` raises for a text that is none; then an older one in the same picture is used.

    Raises:
        CardTooLarge: The file exceeds a limit.
        NotACard: The file has no card, or is broken.
    """
    if len(data) > LIMIT_MB * 1_000_000:
        raise CardTooLarge(LIMIT_MB)
    if data.startswith(_PNG):
        return _preferred_document(cards_in_png(data), is_card), True
    if data.startswith((_JPEG, _ZIP)):
        return _extract_from_zip(data), True
    if data[8:12] == _WEBP:
        raise NotACard("a WebP picture, which cannot be read: save it as PNG")
    return decode(data), False


def cards_in_png(png: bytes) -> dict[str, bytes]:
    """Return the base64 of each card in a PNG by its keyword; of several, the first."""
    cards: dict[str, bytes] = {}
    for kind, payload, _ in _chunks(png):
        keyword, is_card = _read_text_chunk(kind, payload, is_keyword_only=True)
        if is_card is not None and keyword not in cards:
            cards[keyword] = _read_text_chunk(kind, payload)[1] or b""
    return cards


def asset_in_png(png: bytes, name: str) -> bytes | None:
    """Return an asset that a PNG carries in a chunk of its own, if it has it."""
    keywords = (f"chara-ext-asset_:{name}", f"chara-ext-asset_{name}")
    for kind, payload, _ in _chunks(png):
        keyword, _, text = payload.partition(b"\0")
        if kind == b"tEXt" and keyword.decode("latin-1") in keywords:
            return base64.b64decode(text, validate=True)
    return None


def replace_in_png(png: bytes, documents: Mapping[str, str]) -> bytes:
    """Return a PNG with these cards by their keywords instead of those that it has."""
    output = bytearray(_PNG)
    for kind, payload, raw in _chunks(png):
        if kind == b"IEND":
            for keyword, document in documents.items():
                output += _build_text_chunk(keyword, document)
        if _read_text_chunk(kind, payload[:_MAX_KEYWORD], is_keyword_only=True)[1] is None:
            output += raw
    return bytes(output)


def replace_in_zip(data: bytes, document: str) -> bytes:
    """Return a zip, with what is before it, with another card."""
    output = io.BytesIO()
    with open_archive(data) as old:
        if sum(each.file_size for each in old.infolist()) > _MAX_UNPACKED:
            raise CardTooLarge(_MAX_UNPACKED // 1_000_000)
        start = min((each.header_offset for each in old.infolist()), default=0)
        output.write(data[:start])
        with zipfile.ZipFile(output, "a", zipfile.ZIP_DEFLATED) as new:
            for member in old.infolist():
                if member.filename == CARD_IN_ZIP:
                    new.writestr(member, document)
                elif member.file_size <= LIMIT_MB * 1_000_000:
                    new.writestr(member, read_member(old, member.filename, LIMIT_MB * 1_000_000))
    return output.getvalue()


def picture_in(data: bytes) -> bytes | None:
    """Return the picture in the file of a card, without the card; None if it is none."""
    if data.startswith(_PNG):
        return replace_in_png(data, {})
    if data.startswith(_JPEG):
        with open_archive(data) as archive:
            return data[
                : min((each.header_offset for each in archive.infolist()), default=len(data))
            ]
    return None


def build_charx(document: str, assets: Mapping[str, bytes]) -> bytes:
    """Return a CharX: a zip with a card, and its assets by their paths."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(CARD_IN_ZIP, document)
        for path, asset in assets.items():
            archive.writestr(path, asset)
    return output.getvalue()


@contextmanager
def open_archive(data: bytes) -> Generator[zipfile.ZipFile]:
    """Open a zip, also one behind a picture.

    Raises:
        NotACard: It is broken, encrypted, or compressed in an unusual way.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield archive
    except _ARCHIVE_ERRORS as error:
        raise NotACard("an archive that is broken or encrypted") from error


def read_member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Return a member of a zip, read no further than a limit, whatever it says of itself.

    Raises:
        CardTooLarge: It is longer.
        NotACard: It cannot be read.
    """
    # Others are decompressed without regard to the limit.
    if archive.getinfo(name).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise NotACard("an archive that is compressed in an unusual way")
    try:
        with archive.open(name) as member:
            content = member.read(limit + 1)
    except _ARCHIVE_ERRORS as error:
        raise NotACard("an archive that is broken or encrypted") from error
    if len(content) > limit:
        raise CardTooLarge(limit // 1_000_000)
    return content


def decode(data: bytes) -> str:
    """Return the text of a card.

    Raises:
        CardTooLarge: It exceeds the limit.
        NotACard: It is no text.
    """
    if data.startswith(_ENCRYPTED):
        raise NotACard("an encrypted card of RisuAI: export it there without encryption")
    if len(data) > DOCUMENT_LIMIT:
        raise CardTooLarge(DOCUMENT_LIMIT // 1_000_000)
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise NotACard("neither a picture nor text") from error


def _extract_from_zip(data: bytes) -> str:
    if data.startswith(_JPEG) and not zipfile.is_zipfile(io.BytesIO(data)):
        raise NotACard("a JPEG picture without a character in it")
    with open_archive(data) as archive:
        names = archive.namelist()
        if len(names) > _MAX_MEMBERS:
            raise NotACard("an archive of more than 10,000 files")
        if CARD_IN_ZIP not in names:
            raise NotACard(f"an archive without {CARD_IN_ZIP}")
        return decode(read_member(archive, CARD_IN_ZIP, DOCUMENT_LIMIT))


def _preferred_document(cards: Mapping[str, bytes], is_card: Callable[[str], object]) -> str:
    """Return the newest of the cards in a picture that is not broken.

    Raises:
        CardTooLarge, NotACard: All are broken; the newest one's error.
    """
    errors: list[CardTooLarge | NotACard] = []
    for keyword in KEYWORDS:
        if keyword not in cards:
            continue
        try:
            document = _decode_base64(cards[keyword])
            is_card(document)
        except (CardTooLarge, NotACard) as error:
            errors.append(error)
        else:
            return document
    if errors:
        raise errors[0]
    raise NotACard("a picture without a character in it")


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
            yield kind, b"", png[at:]  # with any trailing bytes
            return
        yield kind, png[at + 8 : end - 4], png[at:end]
        at = end
    raise NotACard("a PNG that breaks off")


def _read_text_chunk(
    kind: bytes, payload: bytes, *, is_keyword_only: bool = False
) -> tuple[str, bytes | None]:
    """Return the keyword of a chunk with a card and its text; None if there is no card in it."""
    if kind not in {b"tEXt", b"zTXt", b"iTXt"}:
        return "", None
    keyword, _, rest = payload.partition(b"\0")
    name = keyword.decode("latin-1").lower()
    if name not in KEYWORDS:
        return name, None
    if kind == b"tEXt" or is_keyword_only:
        return name, rest
    if kind == b"zTXt":
        return name, _decompress(rest[1:])
    is_compressed, rest = rest[:1] == b"\1", rest[2:]
    _, _, rest = rest.partition(b"\0")  # the language
    _, _, rest = rest.partition(b"\0")  # the keyword in that language
    return name, _decompress(rest) if is_compressed else rest


def _decompress(data: bytes) -> bytes:
    """Return decompressed text, empty if it is broken or longer than a card may be."""
    decompressor = zlib.decompressobj()
    try:
        text = decompressor.decompress(data, _BASE64_LIMIT)
    except zlib.error:
        return b""
    return b"" if decompressor.unconsumed_tail else text


def _build_text_chunk(keyword: str, document: str) -> bytes:
    payload = keyword.encode() + b"\0" + base64.b64encode(document.encode())
    body = b"tEXt" + payload
    return struct.pack(">I", len(payload)) + body + struct.pack(">I", zlib.crc32(body))


def _decode_base64(text: bytes) -> str:
    if text.startswith(_ENCRYPTED):
        return decode(text)
    try:
        # With or without padding, and in the alphabet for URLs, too: programs write all of these.
        plain = text.translate(_STANDARD_ALPHABET, b" \t\r\n=")
        return decode(base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True))
    except binascii.Error as error:
        raise NotACard("a PNG whose character cannot be decoded") from error
