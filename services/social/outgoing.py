"""A post with everything it takes to let it go out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from db.models import Personality, PostStatus, SocialPost, SocialTarget
from services.social.captions import with_ai_mark
from services.social.ports import Publisher
from services.social.types import OutgoingPost, PostDetails
from services.types import speaker_of

# A queue wants a time that is not over when the request arrives.
_SOON, _LEAST = timedelta(minutes=2), timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A post, and what it takes to send it."""

    entry: PostDetails
    target: SocialTarget
    personality: Personality
    outgoing: OutgoingPost
    publisher: Publisher | None

    @property
    def post(self) -> SocialPost:
        """Return the post."""
        return self.entry.post

    @property
    def is_over(self) -> bool:
        """Whether its target or its personality is gone for good."""
        return self.target.removed_at is not None or self.personality.deleted_at is not None

    @property
    def is_wanted(self) -> bool:
        """Whether it is to go out, or to stay in the queue."""
        return not (self.is_over or self.post.cancelled_at or self.target.paused_at)


def to_outgoing(
    entry: PostDetails,
    target: SocialTarget,
    personality: Personality,
    now: datetime,
    others: frozenset[str] = frozenset(),
) -> OutgoingPost:
    """Return a post as it goes out now, or as it went out, where it may have.

    `others` are the ids of other posts of ours on the same channel.
    """
    post, photo = entry.post, entry.photo
    due = post.scheduled_at or now
    told = (post.fingerprint or {}).get("due_at") if post.status == PostStatus.SENDING else None
    return OutgoingPost(
        post_id=post.id,
        channel_id=target.remote_id,
        channel_name=target.name,
        service=target.service,
        guild_id=target.guild_id,
        caption=with_ai_mark(post.caption, is_made=photo.is_ai_generated),
        alt_text=photo.alt_text,
        first_comment=post.first_comment,
        storage_key=photo.storage_key,
        is_ai_generated=photo.is_ai_generated,
        due_at=datetime.fromisoformat(told) if told else _in_future(due, now),
        speaker=speaker_of(personality),
        age_restricted=personality.age_restricted,
        others=others,
    )


def _in_future(due: datetime, now: datetime) -> datetime:
    return due if due > now + _LEAST else now.replace(second=0, microsecond=0) + _SOON
