"""Where faces are shown from, if our storage has no public address."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class HostedFace:
    """A face at an address that Discord shows."""

    url: str
    emoji_id: int


class FaceHost(Protocol):
    """Shows small pictures at addresses of Discord: emoji of the application."""

    async def publish(self, name: str, picture: bytes) -> HostedFace:
        """Publish a PNG of at most 128 pixels a side.

        Raises:
            FaceHostFull: One has to be removed first.
            NoFaceHost: It cannot be published.
        """
        ...

    async def list_all(self) -> Sequence[int]:
        """Return the ids of faces that were published more than an hour ago, by any process.

        Raises:
            NoFaceHost: They cannot be listed.
        """
        ...

    async def remove(self, emoji_id: int) -> None:
        """Remove a face; one that is gone is ignored."""
        ...
