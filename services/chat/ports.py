"""The interface through which conversations reach Discord."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.access import AccessRefused
from services.media import MAX_BYTES
from services.message_parts import MessagePart
from services.personalities import NamedPersonality
from services.types import Actor, Attachment, Channel, ChannelSnapshot, IncomingMessage, Speaker


@dataclass(frozen=True)
class Page:
    """Which of several texts a message has, counted from 0; it can be turned to the others.

    They are the first words of a personality, or takes of an answer.
    """

    index: int
    count: int
    is_take: bool = False


class Draft(Protocol):
    """An answer that is still being written, as it stands on Discord.

    Whoever asked, and moderators, can stop it there. `speaker` is set before anything is shown.
    Methods raise what those of `ChatAdapter` raise, and `ChannelNotFound` if somebody has deleted a
    message of it.
    """

    speaker: Speaker
    message_ids: list[int]

    async def show(self, text: str) -> None:
        """Show the beginning of the answer."""
        ...

    async def finish(self, text: str) -> list[int]:
        """Show the whole answer; return its messages."""
        ...

    async def discard(self) -> None:
        """Delete what was shown."""
        ...


class ChatAdapter(Protocol):
    """The chat's only access to Discord.

    Methods raise `ChannelNotFound` if the channel no longer exists, and `MissingPermission` if the
    bot may not do this there.
    """

    async def send(
        self,
        channel: Channel,
        speaker: Speaker,
        text: str,
        *,
        line_id: UUID,
        page: Page | None = None,
    ) -> list[int]:
        """Send text as a personality, split into messages if needed; return their ids.

        A `page` of several has buttons to turn to the others.
        """
        ...

    async def edit(
        self,
        channel: Channel,
        speaker: Speaker,
        message_ids: list[int],
        text: str,
        *,
        line_id: UUID,
        page: Page | None = None,
    ) -> list[int]:
        """Replace the text of messages; return the ids of those that hold it now.

        The caller deletes messages that are no longer needed.
        """
        ...

    async def delete(self, channel: Channel, message_ids: list[int]) -> None:
        """Delete messages; those already deleted are ignored."""
        ...

    async def draft(self, channel: Channel, *, line_id: UUID) -> Draft | None:
        """Return a draft of an answer; None if none can be shown there while it is written."""
        ...

    async def remove_draft(
        self, channel_id: int, message_ids: Sequence[int], *, line_id: UUID, after: int
    ) -> None:
        """Delete what a process that is gone has shown of an answer to a message, after that."""
        ...

    async def send_error(self, message: IncomingMessage, error: Exception) -> None:
        """Tell the author of a message, as the bot itself, why there is no answer."""
        ...

    async def send_refusal(
        self, message: IncomingMessage, error: AccessRefused, *, in_words: bool
    ) -> None:
        """React to a message that gets no answer; `in_words` also tells its author why, by DM."""
        ...

    async def react(self, message: IncomingMessage, emoji: str) -> None:
        """React to a message as the bot itself, unless Discord does not know the emoji."""
        ...

    async def ask_which(
        self, message: IncomingMessage, candidates: Sequence[NamedPersonality]
    ) -> None:
        """Ask the author of a message which of several personalities of one name is meant."""
        ...

    async def send_crisis_resources(self, message: IncomingMessage) -> None:
        """Reply with crisis resources, as the bot itself."""
        ...

    def typing(self, channel: Channel) -> AbstractAsyncContextManager[None]:
        """Show the typing indicator in the background."""
        ...

    async def history(
        self, channel: Channel, *, after: int | None, before: int, limit: int
    ) -> list[IncomingMessage]:
        """Return people's messages in a channel between two message ids, oldest first."""
        ...

    async def namesakes(self, channel: Channel, name: str) -> frozenset[int]:
        """Return the members and roles of a channel's server whose name looks like this one."""
        ...

    async def is_blocked(self, channel: Channel, text: str) -> bool:
        """Whether the server's own rules block a text in a channel."""
        ...

    def reads_automod(self, guild_id: int) -> bool:
        """Whether the keyword rules of a server's AutoMod can be read."""
        ...

    async def snapshot(self, channel: Channel, *, after: int, limit: int) -> ChannelSnapshot | None:
        """Return the newest messages of a channel after a message; None if they cannot be read."""
        ...

    async def message(self, channel_id: int, message_id: int) -> IncomingMessage | None:
        """Return a person's message, or None if it is gone or not a person's."""
        ...

    async def read_references(self, message: IncomingMessage) -> Sequence[MessagePart]:
        """Return what a message answers, if it came without it, and the messages it links to.

        Of those only what its sender may read.
        """
        ...

    async def pins(
        self, channel: Channel, actor: Actor, name: str, *, limit: int
    ) -> Sequence[IncomingMessage] | None:
        """Return what is pinned in a channel, or in another of its server by the name.

        None: there is no such channel that the actor, and everybody in this one, may read.
        """
        ...

    def reactions(self, message_ids: Sequence[int]) -> Mapping[str, int]:
        """Return how often people have reacted to messages, by emoji, as far as it is known."""
        ...

    async def read(self, attachment: Attachment, *, max_bytes: int = MAX_BYTES) -> bytes | None:
        """Return a file, or None if it is missing, too large, or not on Discord's own hosts."""
        ...
