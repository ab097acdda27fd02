"""The interface through which voice messages are heard and answers spoken on Discord."""

from collections.abc import Sequence
from typing import Protocol

from services.speech import Speech
from services.types import Attachment, IncomingMessage


class VoiceAdapter(Protocol):
    """The only access to Discord; methods raise what those of `services.chat.ChatAdapter` raise."""

    async def read(self, attachment: Attachment, *, max_bytes: int) -> bytes | None:
        """Return a file, or None if it is missing, too large, or not on Discord's own hosts."""
        ...

    async def quote(self, message: IncomingMessage, text: str) -> None:
        """Show under a message what is said in it."""
        ...

    async def remove_quotes(self, message_ids: Sequence[int]) -> None:
        """Delete what this process has shown under these messages."""
        ...

    async def attach(
        self, channel_id: int, message_ids: Sequence[int], speech: Speech, *, name: str
    ) -> None:
        """Attach speech to the last message of an answer, instead of what is attached to it."""
        ...

    async def delete(self, channel_id: int, message_id: int) -> None:
        """Delete a message of the bot itself, if it is still there."""
        ...

    async def send_voice_message(
        self,
        channel_id: int,
        message_ids: Sequence[int],
        speech: Speech,
        *,
        name: str,
        nonce: str,
    ) -> int | None:
        """Reply to an answer with a voice message of the bot itself, and return its id.

        One with the same `nonce`, of 25 characters at most, is not sent again within some minutes.
        Where Discord does not take that, the speech is attached to the answer.
        """
        ...
