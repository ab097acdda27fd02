"""Telling people what became of what they asked for."""

from typing import Any, Protocol, TypeAlias

# Where the answer to an interaction can be edited, by any process, until its token expires.
ReplyAddress: TypeAlias = dict[str, Any]


class Notice:
    """What somebody is told; each feature has its own kinds, and `bot.discord` renders them."""


class Notifier(Protocol):
    """Reaches people after the interaction that began something is over.

    Both methods raise `NotificationFailed` where another try may reach them.
    """

    async def edit_reply(self, address: ReplyAddress, notice: Notice) -> bool:
        """Edit the answer that somebody was given; False when it can no longer be edited."""
        ...

    async def send_dm(self, discord_id: int, notice: Notice) -> bool:
        """Send somebody a DM; False when they accept none."""
        ...
