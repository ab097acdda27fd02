"""The photos that a personality has posted recently and may mention in a channel."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ActionType, EngineAct, Photo, SocialPost, SocialTarget
from services.personalities import SharedPhoto

_MAX_PHOTOS = 3


async def recently_shared(
    session: AsyncSession, personality_id: UUID, *, guild_id: int | None, channel_id: int
) -> Sequence[SharedPhoto]:
    """Return the photos of a personality that may be mentioned in a channel, oldest first.

    Posts on social networks may be mentioned everywhere, posts in a public Discord channel only in
    the same server, and posts in a private channel only in that channel.
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
        .limit(_MAX_PHOTOS)
    )
    photos = [
        SharedPhoto(posted_at=at, location=_location(target), caption=caption, alt_text=alt_text)
        for at, target, caption, alt_text in rows
    ]
    return photos[::-1]


def has_shared(personality_id: Any) -> ColumnElement[bool]:
    """Return whether a personality has posted any photo."""
    return exists().where(
        EngineAct.personality_id == personality_id, EngineAct.action_type == ActionType.SHARED
    )


def _location(target: SocialTarget) -> str:
    return target.name if target.guild_id else target.service.capitalize()
