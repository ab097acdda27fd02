"""The jobs that see to posts. The row decides; the job says when to look at it."""

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
    """A post is to be sent, or looked at where it is, as it was in a revision."""

    kind: ClassVar[str] = "social post"

    post: UUID
    revision: int


def lock_key(post_id: UUID) -> str:
    """Return the key of a post's jobs: one at a time."""
    return f"social:{post_id}"


async def enqueue_delivery(
    session: AsyncSession,
    post: SocialPost,
    target: SocialTarget,
    clock: Clock,
    *,
    at: datetime | None = None,
) -> None:
    """Let a post be seen to: on Discord at its time, at Buffer at once, or at a time.

    Whatever waits to see to it by now is replaced by that.
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
