"""Jobs that deliver posts. The row of the post decides what a job does."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import SocialPost, SocialTarget, TargetKind
from services.clock import Clock
from services.jobs import DISCORD, Payload, enqueue

BUFFER = "buffer"
_GROUPS: Mapping[str, str] = {TargetKind.DISCORD: DISCORD, TargetKind.BUFFER: BUFFER}


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
    """Enqueue the delivery of a post: on Discord at its time, at Buffer at once, or at `at`.

    It replaces pending deliveries of the same post.
    """
    due = at
    if due is None and target.kind == TargetKind.DISCORD:
        due = post.scheduled_at
    await enqueue(
        session,
        DeliveryJob(post=post.id, revision=post.revision),
        due=clock.real_duration(due - clock.now()) if due else None,
        lock_key=lock_key(post.id),
        group=_GROUPS[target.kind],
        replacing=True,
    )
