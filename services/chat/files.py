"""Attachments of a message, converted to what a model accepts."""

import asyncio
from dataclasses import dataclass

from services.chat.ports import ChatAdapter
from services.documents import MAX_BYTES, MAX_TEXT, DocumentReader, is_document
from services.errors import DomainError
from services.llm import Image
from services.media import prepare
from services.message_parts import defuse, mark
from services.texts import shorten
from services.types import Attachment, IncomingMessage

MAX_PICTURES, MAX_FILES = 4, 4
_MAX_IMAGE_BYTES = 5_000_000
_MAX_TEXT_BYTES = 1_000_000
_TEXT_SUFFIXES = (
    ".txt", ".md", ".csv", ".tsv", ".json", ".toml", ".yaml", ".yml", ".xml", ".html", ".ini",
    ".py", ".js", ".ts", ".rs", ".go", ".c", ".h", ".cpp", ".java", ".sh", ".sql", ".log", ".srt",
)  # fmt: skip
# Vision models scale larger pictures down.
_MAX_SIDE = 2048


@dataclass(frozen=True)
class AttachmentContents:
    """Attachments of a message: pictures, four at most with those of its parts, and a text.

    `own` of the pictures are its sender's.
    """

    own: tuple[Attachment, ...]
    others: tuple[Attachment, ...]
    text: str


async def read_attachments(
    adapter: ChatAdapter,
    message: IncomingMessage,
    documents: DocumentReader,
    known: dict[str, str | None],
) -> AttachmentContents:
    """Read texts and documents, four at most; mention other attachments by name.

    `known` are the texts of those that were read before, by address. Pictures are not read yet.
    """
    own: list[Attachment] = []
    texts: list[str] = []
    for attachment in message.attachments:
        if len(own) < MAX_PICTURES and attachment.media_type.startswith("image/"):
            own.append(attachment)
            continue
        is_new = attachment.url not in known and len(known) < MAX_FILES
        if is_new and _is_readable(attachment):
            known[attachment.url] = await _read_text(adapter, attachment, documents)
        text = known.get(attachment.url)
        if text is None:
            texts.append(mark(_name(attachment)))
        else:
            name = attachment.name
            texts += [mark(f"file {name}"), defuse(text), mark(f"end of {name}")]
    others = [picture for part in message.parts for picture in part.pictures]
    return AttachmentContents(
        tuple(own), tuple(others[: MAX_PICTURES - len(own)]), "\n".join(texts)
    )


async def read_picture(adapter: ChatAdapter, attachment: Attachment) -> Image | None:
    """Return a picture as vision models take it, or None if it is none or cannot be read."""
    data = await adapter.read(attachment, max_bytes=_MAX_IMAGE_BYTES)
    if data is None or len(data) > _MAX_IMAGE_BYTES:
        return None
    try:
        # Encoded again: its metadata, such as where it was taken, is not for vendors.
        picture = await asyncio.to_thread(prepare, data, max_width=_MAX_SIDE)
    except DomainError:
        return None
    return Image(media_type=picture.media_type, data=picture.data)


def _name(attachment: Attachment) -> str:
    alt = f", which its sender says is: {attachment.alt}" if attachment.alt else ""
    return f"{attachment.describe()}{alt}"


def _is_readable(attachment: Attachment) -> bool:
    name = attachment.name.lower()
    is_text = attachment.media_type.startswith("text/") or name.endswith(_TEXT_SUFFIXES)
    return is_text or is_document(name)


async def _read_text(
    adapter: ChatAdapter, attachment: Attachment, documents: DocumentReader
) -> str | None:
    name = attachment.name.lower()
    if is_document(name):
        data = await adapter.read(attachment, max_bytes=MAX_BYTES)
        return None if data is None else await documents.read(name, data)
    data = await adapter.read(attachment, max_bytes=_MAX_TEXT_BYTES)
    if data is None or len(data) > _MAX_TEXT_BYTES or b"\0" in data:
        return None
    try:
        return shorten(data.decode("utf-8-sig"), MAX_TEXT)
    except UnicodeDecodeError:
        return None
