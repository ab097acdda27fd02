"""What posting needs from outside."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from services.social.types import Channel, Outgoing, Receipt, Told


class Publisher(Protocol):
    """Takes posts to where people see them.

    All methods raise `PublisherBusy` where nothing was done and may be later, and the
    `DomainError` that says why nothing ever will be: `ChannelGone`, `ChannelClosed`,
    `PostRefused`, `MediaUnreachable`.
    """

    @property
    def sees_all(self) -> bool:
        """Whether a post that `find` does not find is certainly not there."""
        ...

    async def check(self, outgoing: Outgoing) -> None:
        """See whether a post could go out."""
        ...

    async def publish(self, outgoing: Outgoing) -> Receipt:
        """Let a post go out, or into the queue, if there is one.

        Raises:
            OutcomeUnknown: It may be out, or not.
        """
        ...

    async def find(self, outgoing: Outgoing, since: datetime) -> Receipt | None:
        """Return the post as it is on the other side, if it went out since a time.

        Raises:
            OutcomeUnknown: There is something like it, and it may be something else.
        """
        ...


@runtime_checkable
class Queue(Publisher, Protocol):
    """A publisher with a queue of its own, so that posts are handed over before their time."""

    async def look(self, remote_id: str) -> Receipt | None:
        """Return how far a post is in the queue; None where it is not there any more."""
        ...

    async def change(self, remote_id: str, outgoing: Outgoing) -> Receipt | None:
        """Change a post in the queue; None where it is not there any more."""
        ...

    async def take_back(self, remote_id: str) -> None:
        """Take a post out of the queue; one that is not there any more is as good as out."""
        ...


class Channels(Protocol):
    """Knows the channels that a publisher reaches."""

    async def listed(self) -> Sequence[Channel]:
        """Return all channels.

        Raises:
            PublisherBusy: The other side is not answering.
            PublisherMissing: There is no key.
        """
        ...


class Messenger(Protocol):
    """Tells people what became of what they planned."""

    async def tell(self, discord_id: int, told: Told) -> bool:
        """Send somebody a DM; False when they take none."""
        ...
