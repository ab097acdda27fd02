"""Posted photos."""

from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

from db.models import ActionType, EngineAct, Photo, SocialPost, SocialTarget
from db.session import Sessions

_NUMBERS = count(1)


async def has_posted(
    sessions: Sessions, personality_id: UUID, caption: str, alt_text: str = "", **target: Any
) -> None:
    """Create a personality's posted photo, on a social network if no server is given."""
    number = next(_NUMBERS)
    now = datetime.now(UTC)
    kind = "discord" if target.get("guild_id") else "buffer"
    columns: dict[str, Any] = {"remote_id": str(number), "name": "#somewhere", **target}
    async with sessions.begin() as session:
        photo = Photo(
            personality_id=personality_id,
            storage_key=f"photos/{number}",
            thumbnail_key=f"photos/{number}-small",
            file_name="a.jpg",
            sha256=str(number),
            perceptual_hash="01" * 128,
            size=1,
            width=1,
            height=1,
            alt_text=alt_text,
        )
        where = SocialTarget(
            personality_id=personality_id,
            kind=kind,
            service="discord" if kind == "discord" else "instagram",
            time_zone="UTC",
            **columns,
        )
        session.add_all([photo, where])
        await session.flush()
        post = SocialPost(
            photo_id=photo.id,
            personality_id=personality_id,
            target_id=where.id,
            caption=caption,
            status="posted",
            scheduled_at=now,
            posted_at=now,
        )
        session.add(post)
        await session.flush()
        session.add(
            EngineAct(
                personality_id=personality_id,
                social_post_id=post.id,
                action_type=ActionType.SHARED,
                created_at=now,
            )
        )
