"""Interfaces of publishers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from services.social.types import BufferChannel, OutgoingPost, Receipt


class Publisher(Protocol):
    """Publishes posts to Discord or a social network.

    All methods raise `PublisherBusy` if nothing was done and a retry may succeed, and another
    `DomainError` if no retry can: `TargetChannelGone`, `TargetChannelClosed`, `PostRefused`,
    `MediaUnreachable`.
    """

    @property
    def finds_everything(self) -> bool:
        """Whether a post that `find` does not find certainly does not exist."""
        ...

    async def check(self, outgoing: OutgoingPost) -> None:
        """Check that a post can be published, and raise an error if not."""
        ...

    async def publish(self, outgoing: OutgoingPost) -> Receipt:
        """Publish a post, or add it to the publisher's queue.

        Raises:
            DeliveryUnconfirmed: It is unknown whether the post was published.
        """
        ...

    async def find(self, outgoing: OutgoingPost, since: datetime) -> Receipt | None:
        """Return the receipt of a post that was published since a time, or None.

        Raises:
            DeliveryUnconfirmed: There is a similar post, which may be another one.
        """
        ...


@runtime_checkable
class QueueingPublisher(Publisher, Protocol):
    """A publisher with its own queue, which receives posts before they are due."""

    async def fetch(self, remote_id: str) -> Receipt | None:
        """Return the state of a queued post, or None if it no longer exists."""
        ...

    async def update(self, remote_id: str, outgoing: OutgoingPost) -> Receipt | None:
        """Change a queued post; return None if it no longer exists."""
        ...

    async def remove(self, remote_id: str) -> None:
        """Remove a post from the queue; do nothing if it no longer exists."""
        ...


class ChannelDirectory(Protocol):
    """Lists the channels of a publisher."""

    async def list_channels(self) -> Sequence[BufferChannel]:
        """Return all channels.

        Raises:
            PublisherBusy: The publisher does not answer.
            PublisherMissing: No API key is configured.
        """
        ...
