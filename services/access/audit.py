"""The audit log: who allowed, blocked, admitted something or changed a budget."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Admission, AuditEntry, Block, SentNotice, Spending
from db.session import Sessions
from services.errors import BotOwnerOnly
from services.types import Actor

AUDIT_DAYS = 180
_NOTICE_DAYS, _ENDED_BLOCK_DAYS, _SPENDING_DAYS = 7, 30, 3
_MAX_ENTRIES = 500


def log_action(
    session: AsyncSession, actor: Actor, action: str, subject: str, *, guild_id: int | None = None
) -> None:
    """Enter what somebody did into the audit log."""
    session.add(
        AuditEntry(actor_id=actor.discord_id, guild_id=guild_id, action=action, subject=subject)
    )


async def sweep(session: AsyncSession) -> None:
    """Delete what is kept for a while only: the audit log, notices, ended blocks and spending."""
    for table, column, days in (
        (AuditEntry, AuditEntry.created_at, AUDIT_DAYS),
        (SentNotice, SentNotice.sent_at, _NOTICE_DAYS),
        (Block, Block.ends_at, _ENDED_BLOCK_DAYS),
        (Spending, Spending.hour, _SPENDING_DAYS),
    ):
        await session.execute(delete(table).where(column < func.now() - timedelta(days=days)))


async def forget_actor(session: AsyncSession, discord_id: int) -> None:
    """Forget what a person did; what they blocked or admitted stays, without saying by whom.

    Blocks of them stay, too: deleting one's data is no way around a block.
    """
    for table, column in ((Block, Block.created_by), (Admission, Admission.admitted_by)):
        await session.execute(update(table).where(column == discord_id).values({column.key: None}))
    await session.execute(delete(AuditEntry).where(AuditEntry.actor_id == discord_id))
    await session.execute(delete(SentNotice).where(SentNotice.discord_id == discord_id))


class AuditService:
    """Shows the audit log to the operator."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def list_entries(
        self, actor: Actor, *, guild_id: int | None = None
    ) -> Sequence[AuditEntry]:
        """Return the newest entries, of one server if it is given.

        Raises:
            BotOwnerOnly: The actor is not the bot owner.
        """
        if not actor.is_bot_owner:
            raise BotOwnerOnly
        statement = select(AuditEntry).order_by(AuditEntry.created_at.desc()).limit(_MAX_ENTRIES)
        if guild_id is not None:
            statement = statement.where(AuditEntry.guild_id == guild_id)
        async with self._sessions() as session:
            return (await session.scalars(statement)).all()
