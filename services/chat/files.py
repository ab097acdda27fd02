"""Attachments of a message, converted to what a model accepts."""

import asyncio
from dataclasses import dataclass

from services.chat.ports import ChatAdapter
from services.errors import DomainError
from services.llm import Image
from services.media import prepare
from services.message_parts import defuse, mark
from services.types import Attachment, IncomingMessage

MAX_IMAGES = 4
_MAX_IMAGE_BYTES = 5_000_000
_MAX_TEXT_BYTES = 64_000
_TEXT_SUFFIXES = (".txt", ".md", ".csv", ".json", ".toml", ".yaml", ".yml", ".py", ".js", ".log")
# Vision models scale larger pictures down.
_MAX_SIDE = 2048


@dataclass(frozen=True)
class AttachmentContents:
    """Attachments of a message: pictures as images, everything else as text."""

    images: tuple[Image, ...]
    text: str


async def read_attachments(adapter: ChatAdapter, message: IncomingMessage) -> AttachmentContents:
    """Read pictures and text files; mention other attachments by name."""
    images: list[Image] = []
    parts: list[str] = []
    for attachment in message.attachments:
        image = await _read_image(adapter, attachment) if len(images) < MAX_IMAGES else None
        text = None if image else await _read_text(adapter, attachment)
        if image:
            images.append(image)
            parts.append(mark(f"picture: {attachment.name}"))
        elif text is not None:
            parts += [
                mark(f"file {attachment.name}"),
                defuse(text),
                mark(f"end of {attachment.name}"),
            ]
        else:
            parts.append(mark(f"attached: {attachment.name}"))
    return AttachmentContents(tuple(images), "\n".join(parts))


async def _read_image(adapter: ChatAdapter, attachment: Attachment) -> Image | None:
    if not attachment.media_type.startswith("image/") or attachment.size > _MAX_IMAGE_BYTES:
        return None
    data = await adapter.read(attachment)
    if data is None or len(data) > _MAX_IMAGE_BYTES:
        return None
    try:
        # Encoded again: its metadata, such as where it was taken, is not for vendors.
        picture = await asyncio.to_thread(prepare, data, max_width=_MAX_SIDE)
    except DomainError:
        return None
    return Image(media_type=picture.media_type, data=picture.data)


async def _read_text(adapter: ChatAdapter, attachment: Attachment) -> str | None:
    is_text = attachment.media_type.startswith("text/") or attachment.name.lower().endswith(
        _TEXT_SUFFIXES
    )
    if not is_text or attachment.size > _MAX_TEXT_BYTES:
        return None
    data = await adapter.read(attachment)
    if data is None or len(data) > _MAX_TEXT_BYTES or b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
