"""The interfaces that characters need from outside."""

from typing import Any, Protocol

from services.characters.types import Progress


class ProgressNotifier(Protocol):
    """Shows the progress of pictures in the reply to the command that ordered them."""

    async def show(self, reply: dict[str, Any], progress: Progress) -> None:
        """Update a reply; one that can no longer be edited is ignored.

        Raises:
            ProgressNotDelivered: A retry may succeed.
        """
        ...
