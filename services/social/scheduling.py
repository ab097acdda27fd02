"""The jobs that see to posts. The row decides; the job says when to look at it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import SocialPost, SocialTarget, TargetKind
from services.clock import Clock
from services.jobs import BUFFER, DISCORD, enqueue

KIND = "social post"
LANES: Mapping[str, str] = {TargetKind.DISCORD: DISCORD, TargetKind.BUFFER: BUFFER}


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
        KIND,
        {"post": str(post.id), "revision": post.revision},
        due=clock.real_duration(due - clock.now()) if due else None,
        key=lock_key(post.id),
        lane=LANES[target.kind],
        replacing=True,
    )
