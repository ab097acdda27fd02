"""The photos that a personality has posted lately, where it may speak of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ActionType, EngineAct, Photo, SocialPost, SocialTarget

_MOST = 3


@dataclass(frozen=True, kw_only=True)
class SharedPhoto:
    """A photo that was posted: when, where, what was said to it, and what it shows."""

    at: datetime
    where: str
    caption: str
    alt_text: str


async def recently_shared(
    session: AsyncSession, personality_id: UUID, *, guild_id: int | None, channel_id: int
) -> Sequence[SharedPhoto]:
    """Return what a personality has posted lately that may be known in a channel, in order.

    What went to a network is known everywhere; what went to a channel of Discord's in its server,
    and if not everyone there sees that channel, in it alone.
    """
    rows = await session.execute(
        select(EngineAct.created_at, SocialTarget, SocialPost.caption, Photo.alt_text)
        .join(SocialPost, SocialPost.id == EngineAct.social_post_id)
        .join(Photo, Photo.id == SocialPost.photo_id)
        .join(SocialTarget, SocialTarget.id == SocialPost.target_id)
        .where(
            EngineAct.personality_id == personality_id,
            EngineAct.action_type == ActionType.SHARED,
            or_(
                SocialTarget.guild_id.is_(None),
                and_(
                    SocialTarget.guild_id == guild_id,
                    or_(SocialTarget.is_public, SocialTarget.remote_id == str(channel_id)),
                ),
            ),
        )
        .order_by(EngineAct.created_at.desc())
        .limit(_MOST)
    )
    found = [
        SharedPhoto(at=at, where=_where(target), caption=caption, alt_text=alt_text)
        for at, target, caption, alt_text in rows
    ]
    return found[::-1]


def _where(target: SocialTarget) -> str:
    return target.name if target.guild_id else target.service.capitalize()
