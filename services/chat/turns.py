"""What one person says in one breath, until it is answered."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from db.models import ConversationLine
from services.chat.addressing import combined_text
from services.chat.recent_messages import to_line
from services.chat.reply_generation import GeneratedReply
from services.types import Channel, IncomingMessage

# Messages of one person that come this close together are answered once.
DEBOUNCE = timedelta(seconds=1.5)


@dataclass(eq=False)
class Turn:
    """What one person said in one breath, and who is to answer it.

    Nothing is left of `messages` where all of them were taken back; then nobody answers.
    """

    channel: Channel
    author_id: int
    messages: list[IncomingMessage]
    addressees: list[UUID]
    is_incognito: bool
    is_open: bool = True
    user_line: ConversationLine | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def last(self) -> IncomingMessage:
        """Return the newest message."""
        return self.messages[-1]

    def accepts(self, heard: IncomingMessage) -> bool:
        """Whether a message still belongs to this breath."""
        return (
            self.is_open
            and bool(self.messages)
            and (self.channel.channel_id, self.author_id)
            == (heard.channel.channel_id, heard.author_id)
            and heard.created_at - self.last.created_at <= DEBOUNCE
        )

    def add(self, heard: IncomingMessage, summoned: Sequence[UUID]) -> None:
        """Let a message belong to this breath; whoever is thinking of an answer begins anew."""
        self.messages.append(heard)
        self.addressees += [each for each in summoned if each not in self.addressees]
        self.changed.set()

    def apply_edit(self, message_id: int, content: str) -> None:
        """Follow the edit of a message."""
        for number, heard in enumerate(self.messages):
            if heard.message_id == message_id and heard.content != content:
                self.messages[number] = replace(heard, content=content)
                self.changed.set()

    def forget(self, message_ids: Collection[int]) -> None:
        """Take messages back; all of them where they are one line of the history already."""
        kept = [each for each in self.messages if each.message_id not in message_ids]
        if len(kept) < len(self.messages):
            self.messages = kept if self.user_line is None else []
            self.changed.set()

    def to_user_line(self, draft: GeneratedReply) -> ConversationLine:
        """Return the line that this breath is in the history."""
        return to_line(
            self.last,
            combined_text(self.messages),
            message_ids=[heard.message_id for heard in self.messages],
            speaker_name=draft.speaker_name,
            user_id=draft.user.id,
            persona_id=draft.resolution.persona.id,
            personality_id=draft.resolution.personality.id,
        )
