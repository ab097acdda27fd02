"""Which personalities everyone may call in a server."""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Admission


async def admit(
    session: AsyncSession, guild_id: int, personality_id: UUID, *, by: int | None
) -> bool:
    """Let a personality into a server; return False if it was let in before."""
    admitted = await session.execute(
        insert(Admission)
        .values(guild_id=guild_id, personality_id=personality_id, admitted_by=by)
        .on_conflict_do_nothing()
        .returning(Admission.guild_id)
    )
    return admitted.first() is not None


async def dismiss(session: AsyncSession, guild_id: int, personality_id: UUID) -> bool:
    """Take back the admission of a personality; return False if there was none."""
    dismissed = await session.execute(
        delete(Admission)
        .where(Admission.guild_id == guild_id, Admission.personality_id == personality_id)
        .returning(Admission.guild_id)
    )
    return dismissed.first() is not None
