"""What is attached to a message, as far as a model can take it in."""

from dataclasses import dataclass

from services.chat.ports import ChatAdapter
from services.llm import Image
from services.media import media_type_of
from services.types import Attachment, IncomingMessage

MOST_IMAGES = 4
_IMAGE_BYTES = 5_000_000
_TEXT_BYTES = 64_000
_TEXT_NAMES = (".txt", ".md", ".csv", ".json", ".toml", ".yaml", ".yml", ".py", ".js", ".log")
# What models that see take.
_SEEN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@dataclass(frozen=True)
class AttachmentContents:
    """Attachments of a message: pictures as they are, everything else in words."""

    images: tuple[Image, ...]
    text: str


async def read(stage: ChatAdapter, heard: IncomingMessage) -> AttachmentContents:
    """Read what can be read, and name the rest."""
    images: list[Image] = []
    words: list[str] = []
    for attachment in heard.attachments:
        image = await _image(stage, attachment) if len(images) < MOST_IMAGES else None
        text = None if image else await _text(stage, attachment)
        if image:
            images.append(image)
            words.append(f"[picture: {attachment.name}]")
        elif text is not None:
            words.append(f"[file {attachment.name}]\n{text}\n[end of {attachment.name}]")
        else:
            words.append(f"[attached: {attachment.name}]")
    return AttachmentContents(tuple(images), "\n".join(words))


async def _image(stage: ChatAdapter, attachment: Attachment) -> Image | None:
    if not attachment.media_type.startswith("image/") or attachment.size > _IMAGE_BYTES:
        return None
    data = await stage.read(attachment)
    # The type is what the bytes say, not what the sender said.
    kind = media_type_of(data) if data and len(data) <= _IMAGE_BYTES else None
    return Image(media_type=kind, data=data) if data and kind in _SEEN else None


async def _text(stage: ChatAdapter, attachment: Attachment) -> str | None:
    is_text = attachment.media_type.startswith("text/") or attachment.name.lower().endswith(
        _TEXT_NAMES
    )
    if not is_text or attachment.size > _TEXT_BYTES:
        return None
    data = await stage.read(attachment)
    if data is None or len(data) > _TEXT_BYTES or b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
