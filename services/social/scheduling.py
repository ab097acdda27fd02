"""Jobs that deliver posts. The row of the post decides what a job does."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import SocialPost, SocialTarget
from services.clock import Clock
from services.jobs import Payload, enqueue
from services.social.publishers import PUBLISHERS


class DeliveryJob(Payload):
    """Send a revision of a post, or synchronise it with the publisher's queue."""

    kind: ClassVar[str] = "social post"

    post: UUID
    revision: int


def lock_key(post_id: UUID) -> str:
    """Return the lock key of a post's jobs, so that one runs at a time."""
    return f"social:{post_id}"


async def enqueue_delivery(
    session: AsyncSession,
    post: SocialPost,
    target: SocialTarget,
    clock: Clock,
    *,
    at: datetime | None = None,
) -> None:
    """Enqueue the delivery of a post: at `at`, or else at its time, or at once if there is a queue.

    It replaces pending deliveries of the same post.
    """
    publisher = PUBLISHERS[target.kind]
    due = at
    if due is None and not publisher.has_queue:
        due = post.scheduled_at
    await enqueue(
        session,
        DeliveryJob(post=post.id, revision=post.revision),
        due=clock.real_duration(due - clock.now()) if due else None,
        lock_key=lock_key(post.id),
        group=publisher.group,
        replacing=True,
    )
