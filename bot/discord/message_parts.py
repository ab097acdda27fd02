"""The parts of a message of Discord, as services know them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import discord

from services.message_parts import (
    Attachment,
    Card,
    Embed,
    Forward,
    MessagePart,
    Poll,
    Reply,
    Sticker,
)
from services.texts import printable

_MAX_EMBEDS, _MAX_ANSWERS = 5, 10


def parts_of(message: discord.Message) -> tuple[MessagePart, ...]:
    """Return what a message is made of beside its text and its attachments, in order."""
    return (*_reply(message), *_forwards(message), *_own_parts(message))


def forwarded_attachments(message: discord.Message) -> Sequence[discord.Attachment]:
    """Return the attachments of what a message forwards."""
    return [each for snapshot in message.message_snapshots for each in snapshot.attachments]


def to_reply(answered: discord.Message) -> Reply:
    """Return the part of whoever answers a message."""
    return Reply(
        author_id=answered.author.id,
        author_name=printable(answered.author.display_name),
        text=text_of(answered),
        mentions={each.id: each.display_name for each in answered.mentions},
        pictures=pictures_of(answered),
    )


def count_reactions(bot: discord.Client, message_ids: Sequence[int]) -> Mapping[str, int]:
    """Return the reactions to messages that discord.py still has, by emoji."""
    counts: Counter[str] = Counter()
    for message in bot.cached_messages:
        if message.id not in message_ids:
            continue
        for reaction in message.reactions:
            emoji = reaction.emoji
            name = emoji if isinstance(emoji, str) else f":{emoji.name}:"
            counts[printable(name)] += reaction.count - reaction.me
    return +counts


def _reply(message: discord.Message) -> Iterator[MessagePart]:
    reference = message.reference
    if reference is None or message.flags.forwarded:
        return
    answered = reference.resolved or reference.cached_message
    if isinstance(answered, discord.Message):
        yield to_reply(answered)
    elif isinstance(answered, discord.DeletedReferencedMessage):
        yield Reply(author_name=None)


def _forwards(message: discord.Message) -> Iterator[MessagePart]:
    for snapshot in message.message_snapshots:
        # What is attached to it counts as attached to the message itself.
        pictures = (each for part in _own_parts(snapshot) for each in part.pictures)
        yield Forward(text=text_of(snapshot), pictures=tuple(pictures))


def _own_parts(message: Any) -> Iterator[MessagePart]:
    """Return stickers, a poll and embeds of a message or a snapshot."""
    for sticker in message.stickers:
        yield Sticker(name=printable(sticker.name), pictures=_sticker_picture(sticker))
    if (poll := getattr(message, "poll", None)) is not None:
        yield Poll(
            question=printable(poll.question or ""),
            answers=tuple(
                (printable(each.text or ""), each.vote_count)
                for each in poll.answers[:_MAX_ANSWERS]
            ),
            is_open=not poll.is_finalised(),
        )
    for embed in message.embeds[:_MAX_EMBEDS]:
        fields = (f"{field.name}: {field.value}" for field in embed.fields)
        texts = (embed.description or "", *fields)
        title = " · ".join(each for each in (_source(embed), embed.title) if each)
        if title or any(texts):
            yield Embed(
                title=printable(title),
                text=printable("\n".join(filter(None, texts))),
                pictures=tuple(_embed_pictures(embed)),
            )
    if shown := "\n".join(_component_texts(message.components)):
        yield Card(text=printable(shown))


def pictures_of(message: Any) -> tuple[Attachment, ...]:
    """Return the pictures that are attached to a message, or stand in its parts."""
    attached = (to_attachment(each) for each in message.attachments)
    return (
        *(each for each in attached if each.media_type.startswith("image/")),
        *(picture for part in _own_parts(message) for picture in part.pictures),
    )


def to_attachment(attachment: discord.Attachment) -> Attachment:
    """Convert an attachment; its data is not fetched."""
    return Attachment(
        name=printable(attachment.filename),
        media_type=(attachment.content_type or "").partition(";")[0],
        size=attachment.size,
        url=attachment.url,
        alt=printable(attachment.description or ""),
        seconds=attachment.duration if attachment.is_voice_message() else None,
    )


def _sticker_picture(sticker: discord.StickerItem) -> tuple[Attachment, ...]:
    if sticker.format is discord.StickerFormatType.lottie:
        return ()  # an animation in JSON
    name = f"sticker {printable(sticker.name)}"
    return (Attachment(name=name, media_type="image/png", size=0, url=sticker.url),)


def _embed_pictures(embed: discord.Embed) -> Iterator[Attachment]:
    """Return the pictures of an embed, by the addresses of Discord's own proxy."""
    for picture in (embed.image, embed.thumbnail):
        if picture.proxy_url:
            name = "picture of the preview"
            yield Attachment(name=name, media_type="image/png", size=0, url=picture.proxy_url)


def _component_texts(components: Iterable[Any]) -> Iterator[str]:
    """Return the texts and descriptions in components, however deep they are."""
    for each in components:
        if isinstance(each, discord.TextDisplay):
            yield each.content
        yield from (item.description for item in getattr(each, "items", ()) if item.description)
        yield from _component_texts(getattr(each, "children", ()))


def _source(embed: discord.Embed) -> str:
    return embed.provider.name or embed.author.name or ""


def text_of(message: Any) -> str:
    """Return what a quoted or forwarded message says, with its parts and attachments by name."""
    return "\n".join(
        [
            printable(message.content),
            *(part.describe() for part in _own_parts(message)),
            *(f"attached: {printable(each.filename)}" for each in message.attachments),
        ]
    ).strip()
