"""What a conversation needs from outside."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from services.media import MAX_BYTES
from services.types import Attachment, Channel, IncomingMessage, Speaker


class ChatAdapter(Protocol):
    """Where personalities speak. The chat's only view of Discord.

    All methods raise `PlaceGone` when the channel is, and `MayNotSpeak` when the bot may not.
    """

    async def send(
        self, place: Channel, speaker: Speaker, text: str, *, line_id: UUID
    ) -> list[int]:
        """Speak as a personality, in as many messages as it takes; return their ids."""
        ...

    async def edit(
        self, place: Channel, speaker: Speaker, message_ids: list[int], text: str, *, line_id: UUID
    ) -> list[int]:
        """Say something else instead; return the ids of the messages it became.

        Messages that are no longer needed are the caller's to retract.
        """
        ...

    async def delete(self, place: Channel, message_ids: list[int]) -> None:
        """Delete messages; those already gone are no error."""
        ...

    async def send_error(self, heard: IncomingMessage, error: Exception) -> None:
        """Tell whoever was heard, in the bot's own voice, why there is no answer."""
        ...

    async def send_crisis_resources(self, heard: IncomingMessage) -> None:
        """Step out of character: say in the bot's own voice where there is help."""
        ...

    def typing(self, place: Channel) -> AbstractAsyncContextManager[None]:
        """Show that somebody is typing, without anybody waiting for it."""
        ...

    async def history(
        self, place: Channel, *, after: int | None, before: int, limit: int
    ) -> list[IncomingMessage]:
        """Return what people said in a channel between two messages, the oldest first."""
        ...

    async def read(self, attachment: Attachment, *, most: int = MAX_BYTES) -> bytes | None:
        """Return a file, or None when it is gone, too large, or not on Discord's own hosts."""
        ...
