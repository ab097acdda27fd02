"""The registry of publishers of photos.

A publisher is an entry here, a name in `TargetKind`, an adapter (`bot/discord/photos.py`,
`services/buffer`) and a line in `bot/app/wiring.py` that builds it. When its posts are sent, the
concurrency group of its jobs and what people read about its queue derive from the entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from db.models import SocialPost, TargetKind
from services.jobs import DISCORD


@dataclass(frozen=True, kw_only=True)
class PublisherKind:
    """A publisher.

    `group` is the concurrency group of its jobs; `concurrency` is how many of them run at once,
    over all processes, or None for the limit that the group has already. One with a queue receives
    posts before they are due.
    """

    name: TargetKind
    label: str
    group: str
    concurrency: int | None = None
    has_queue: bool = False

    def set_remote_id(self, post: SocialPost, remote_id: str) -> None:
        """Save the id that the publisher gave to a post."""
        if self.has_queue:
            post.buffer_post_id = remote_id
        else:
            post.discord_message_id = int(remote_id)


_REGISTERED = (
    PublisherKind(name=TargetKind.DISCORD, label="Discord", group=DISCORD),
    # Buffer allows only two or three concurrent calls.
    PublisherKind(
        name=TargetKind.BUFFER, label="Buffer", group="buffer", concurrency=2, has_queue=True
    ),
)

PUBLISHERS: Mapping[str, PublisherKind] = {each.name: each for each in _REGISTERED}
BUFFER = PUBLISHERS[TargetKind.BUFFER]
