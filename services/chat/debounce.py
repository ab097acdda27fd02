"""Debouncing: messages that a person sends in quick succession are answered once."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from db.models import ConversationLine
from services.chat.addressing import Addressees, stored_text
from services.chat.errors import AnswerFinished, NotYourAnswer
from services.chat.recent_messages import to_line
from services.chat.reply_generation import GeneratedReply
from services.types import Actor, Channel, IncomingMessage

# Messages of one person within this interval are answered once, as one batch.
DEBOUNCE = timedelta(seconds=1.5)


@dataclass(eq=False)
class MessageBatch:
    """Messages of one person that are answered together, and who answers them.

    `messages` is empty if all of them were deleted; then nobody answers. `called_as` has the names
    that personalities were called by.
    """

    channel: Channel
    author_id: int
    messages: list[IncomingMessage]
    addressees: list[UUID]
    is_incognito: bool
    called_as: dict[UUID, str] = field(default_factory=dict[UUID, str])
    is_open: bool = True
    # What a picture shows that follows the answer, if one was asked for.
    picture: str = ""
    user_line: ConversationLine | None = None
    # The texts of files that were read for one of the answers, by address.
    files: dict[str, str | None] = field(default_factory=dict[str, str | None])
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    # The last answer, if there was one, and whether nobody is to speak after it.
    last_reply: GeneratedReply | None = None
    is_stopped: bool = False

    @classmethod
    def of(
        cls,
        message: IncomingMessage,
        found: Addressees,
        *,
        is_incognito: bool,
        is_open: bool = True,
        picture: str = "",
    ) -> Self:
        """Return a batch that begins with a message, unless `is_open` of it alone."""
        return cls(
            *(message.channel, message.author_id, [message], list(found.ids), is_incognito),
            called_as=dict(found.called_as),
            is_open=is_open,
            picture=picture,
        )

    @property
    def last(self) -> IncomingMessage:
        """Return the newest message."""
        return self.messages[-1]

    def accepts(self, message: IncomingMessage) -> bool:
        """Whether a message still belongs to this batch."""
        return self.takes(message.channel.channel_id, message.author_id, message.created_at)

    def takes(self, channel_id: int, author_id: int, at: datetime) -> bool:
        """Whether what somebody says in a channel at a time still belongs to this batch."""
        return (
            (self.channel.channel_id, self.author_id) == (channel_id, author_id)
            and self.is_open
            and bool(self.messages)
            and at - self.last.created_at <= DEBOUNCE
        )

    def add(self, message: IncomingMessage, found: Addressees) -> None:
        """Add a message; an answer that is being generated is restarted."""
        self.messages.append(message)
        self.addressees += [each for each in found.ids if each not in self.addressees]
        self.called_as = {**found.called_as, **self.called_as}
        self.changed.set()

    def apply_edit(self, edited: IncomingMessage, *, restarts: bool) -> None:
        """Apply the edit of a message; with `restarts` the answer has to be begun anew."""
        for number, message in enumerate(self.messages):
            if message.message_id != edited.message_id:
                continue
            if (message.content, message.parts) != (edited.content, edited.parts):
                self.messages[number] = edited
                if restarts:
                    self.changed.set()

    def forget(self, message_ids: Collection[int]) -> None:
        """Remove messages; all of them if they already form one history line."""
        remaining = [each for each in self.messages if each.message_id not in message_ids]
        if len(remaining) < len(self.messages):
            self.messages = remaining if self.user_line is None else []
            self.changed.set()

    def to_user_line(self, reply: GeneratedReply) -> ConversationLine:
        """Return the history line of this batch."""
        return to_line(
            self.last,
            "\n".join(filter(None, (stored_text(self.messages), reply.seen))),
            parts={each.message_id: stored_text([each]) for each in self.messages},
            speaker_name=reply.speaker_name,
            user_id=reply.user.id,
            persona_id=reply.resolution.persona.id,
            personality_id=reply.resolution.personality.id,
        )


class OpenBatches:
    """The batches that are being answered."""

    def __init__(self) -> None:
        self._batches: list[MessageBatch] = []

    def add(self, batch: MessageBatch) -> None:
        """Add a batch whose answers begin."""
        self._batches.append(batch)

    def remove(self, batch: MessageBatch) -> None:
        """Remove a batch that has its answers."""
        self._batches.remove(batch)

    def that_accepts(self, message: IncomingMessage) -> MessageBatch | None:
        """Return the batch that a message belongs to, if it belongs to one."""
        return next((each for each in self._batches if each.accepts(message)), None)

    def take(self, channel_id: int, author_id: int, at: datetime) -> bool:
        """Whether what somebody says in a channel at a time belongs to one of them."""
        return any(each.takes(channel_id, author_id, at) for each in self._batches)

    def stop(self, actor: Actor, message_id: int) -> None:
        """Let nobody speak after the batch that begins with a message.

        Raises:
            AnswerFinished: Nobody does any more.
            NotYourAnswer: Somebody else has asked for it, and the actor is not a moderator.
        """
        for batch in self._batches:
            if batch.messages and batch.messages[0].message_id == message_id:
                if batch.author_id != actor.discord_id and not actor.moderates:
                    raise NotYourAnswer
                batch.is_stopped = True
                return
        raise AnswerFinished

    def apply_edit(self, edited: IncomingMessage, *, restarts: bool) -> None:
        """Apply the edit of a message; with `restarts` its answer has to be begun anew."""
        for batch in self._batches:
            batch.apply_edit(edited, restarts=restarts)

    def forget(self, message_ids: Collection[int]) -> None:
        """Remove messages."""
        for batch in self._batches:
            batch.forget(message_ids)

    def forget_server(self, guild_id: int) -> None:
        """Remove what was said in a server."""
        for batch in self._batches:
            if batch.channel.guild_id == guild_id:
                batch.forget([each.message_id for each in batch.messages])

    def forget_person(self, discord_id: int) -> list[int]:
        """Remove what a person has said; return the ids of their messages."""
        own = [each for each in self._batches if each.author_id == discord_id]
        message_ids = [each.message_id for batch in own for each in batch.messages]
        for batch in own:
            batch.forget(message_ids)
        return message_ids
