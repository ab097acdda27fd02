"""What posting needs from outside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from services.social.types import BufferChannel, OutgoingPost, Receipt


class Publisher(Protocol):
    """Takes posts to where people see them.

    All methods raise `PublisherBusy` where nothing was done and may be later, and the
    `DomainError` that says why nothing ever will be: `ChannelGone`, `ChannelClosed`,
    `PostRefused`, `MediaUnreachable`.
    """

    @property
    def finds_everything(self) -> bool:
        """Whether a post that `find` does not find is certainly not there."""
        ...

    async def check(self, outgoing: OutgoingPost) -> None:
        """See whether a post could go out."""
        ...

    async def publish(self, outgoing: OutgoingPost) -> Receipt:
        """Let a post go out, or into the queue, if there is one.

        Raises:
            OutcomeUnknown: It may be out, or not.
        """
        ...

    async def find(self, outgoing: OutgoingPost, since: datetime) -> Receipt | None:
        """Return the post as it is on the other side, if it went out since a time.

        Raises:
            OutcomeUnknown: There is something like it, and it may be something else.
        """
        ...


@runtime_checkable
class QueueingPublisher(Publisher, Protocol):
    """A publisher with a queue of its own, so that posts are handed over before their time."""

    async def fetch(self, remote_id: str) -> Receipt | None:
        """Return how far a post is in the queue; None where it is not there any more."""
        ...

    async def update(self, remote_id: str, outgoing: OutgoingPost) -> Receipt | None:
        """Change a post in the queue; None where it is not there any more."""
        ...

    async def remove(self, remote_id: str) -> None:
        """Take a post out of the queue; one that is not there any more is as good as out."""
        ...


class ChannelDirectory(Protocol):
    """Knows the channels that a publisher reaches."""

    async def listed(self) -> Sequence[BufferChannel]:
        """Return all channels.

        Raises:
            PublisherBusy: The other side is not answering.
            PublisherMissing: There is no key.
        """
        ...
