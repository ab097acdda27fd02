"""What publishing needs from outside."""

from typing import Any, Protocol

from services.publishing.types import PublishResult


class Herald(Protocol):
    """Tells people what became of what they asked for."""

    async def reply(self, address: dict[str, Any], ended: PublishResult) -> bool:
        """Change the answer that somebody was given; False when it can be reached no longer."""
        ...

    async def write(self, discord_id: int, ended: PublishResult) -> bool:
        """Send somebody a DM; False when they take none."""
        ...
