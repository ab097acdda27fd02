"""The interface through which publishing reaches people."""

from typing import Any, Protocol

from services.publishing.types import PublishResult


class PublishNotifier(Protocol):
    """Notifies people about the result of publishing."""

    async def edit_reply(self, address: dict[str, Any], result: PublishResult) -> bool:
        """Edit the answer to the command; return False if it cannot be edited any more."""
        ...

    async def send_dm(self, discord_id: int, result: PublishResult) -> bool:
        """Send a DM; return False if the person does not accept DMs."""
        ...
