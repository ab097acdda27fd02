"""The interface through which pictures reach Discord."""

from typing import Protocol
from uuid import UUID

from services.types import Channel, Speaker


class PictureAdapter(Protocol):
    """The only access to Discord; methods raise what those of `services.chat.ChatAdapter` raise."""

    async def send(
        self, channel: Channel, speaker: Speaker, picture: bytes, *, alt: str, line_id: UUID
    ) -> int:
        """Send a JPEG as a personality, marked as made by AI; return the id of the message.

        It is sent once: after a server error it is not known whether it was.
        """
        ...

    async def find(self, channel: Channel, line_id: UUID, *, after: int) -> int | None:
        """Return the message with the picture of a line, after another message, if there is one."""
        ...

    async def report(self, channel: Channel, message_id: int, error: Exception) -> None:
        """Say under a message, as the bot itself, why no picture follows it."""
        ...
