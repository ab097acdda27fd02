"""What characters need from outside."""

from typing import Any, Protocol

from services.characters.types import Progress


class Watcher(Protocol):
    """Shows whoever asked how far their pictures are, while that can be reached."""

    async def show(self, address: dict[str, Any], progress: Progress) -> None:
        """Change the answer that somebody was given; what cannot be reached stays as it is.

        Raises:
            NotShown: Another try may reach it.
        """
        ...
