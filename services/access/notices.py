"""What people are told at most once in a while."""

from datetime import timedelta

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import SentNotice


async def is_notice_due(
    session: AsyncSession, discord_id: int, reason: str, *, every: timedelta
) -> bool:
    """Whether a person was not told this within `every`; from now on they were."""
    notice = insert(SentNotice).values(discord_id=discord_id, reason=reason)
    sent = await session.execute(
        notice.on_conflict_do_update(
            index_elements=["discord_id", "reason"],
            set_={"sent_at": func.now()},
            where=SentNotice.sent_at < func.now() - every,
        ).returning(SentNotice.discord_id)
    )
    return sent.first() is not None
