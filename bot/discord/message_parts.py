"""The parts of a message of Discord, as services know them."""

from collections.abc import Iterator, Sequence
from typing import Any

import discord

from services.message_parts import Embed, Forward, MessagePart, Poll, Reply, Sticker
from services.texts import printable

_MAX_EMBEDS, _MAX_ANSWERS = 5, 10


def parts_of(message: discord.Message) -> tuple[MessagePart, ...]:
    """Return what a message is made of beside its text and its attachments, in order."""
    return (*_reply(message), *_forwards(message), *_own_parts(message))


def forwarded_attachments(message: discord.Message) -> Sequence[discord.Attachment]:
    """Return the attachments of what a message forwards."""
    return [each for snapshot in message.message_snapshots for each in snapshot.attachments]


def _reply(message: discord.Message) -> Iterator[MessagePart]:
    reference = message.reference
    if reference is None or message.flags.forwarded:
        return
    answered = reference.resolved
    if isinstance(answered, discord.Message):
        yield Reply(
            author_id=answered.author.id,
            author_name=printable(answered.author.display_name),
            text=text_of(answered),
            mentions={each.id: each.display_name for each in answered.mentions},
        )
    elif isinstance(answered, discord.DeletedReferencedMessage):
        yield Reply(author_name=None)


def _forwards(message: discord.Message) -> Iterator[MessagePart]:
    for snapshot in message.message_snapshots:
        yield Forward(text=text_of(snapshot))


def _own_parts(message: Any) -> Iterator[MessagePart]:
    """Return stickers, a poll and embeds of a message or a snapshot."""
    for sticker in message.stickers:
        yield Sticker(name=printable(sticker.name))
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
            yield Embed(title=printable(title), text=printable("\n".join(filter(None, texts))))


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
