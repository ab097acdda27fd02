"""Statements about targets and the times of their weeks."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, String, cast, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Personality, SocialSlot, SocialTarget, TargetKind
from services.personalities import owned_by
from services.social.times import Slot
from services.types import Actor


async def targets(session: AsyncSession, personality_id: UUID) -> Sequence[SocialTarget]:
    """Return where a personality posts, in the order it began to."""
    found = await session.scalars(
        select(SocialTarget)
        .where(SocialTarget.personality_id == personality_id, SocialTarget.removed_at.is_(None))
        .order_by(SocialTarget.created_at)
    )
    return found.all()


async def targets_like(
    session: AsyncSession, actor: Actor, typed: str, limit: int = 25
) -> Sequence[tuple[SocialTarget, str]]:
    """Return the actor's targets whose name holds what is typed, with whose they are."""
    rows = await session.execute(
        _with_names(actor)
        .where(
            or_(
                SocialTarget.name.icontains(typed, autoescape=True),
                SocialTarget.service.icontains(typed, autoescape=True),
                Personality.name.icontains(typed, autoescape=True),
                cast(SocialTarget.id, String) == typed.lower(),
            )
        )
        .order_by(Personality.name, SocialTarget.created_at)
        .limit(limit)
    )
    return [(target, name) for target, name in rows]


async def targets_called(
    session: AsyncSession, actor: Actor, name: str, personality_id: UUID | None
) -> Sequence[SocialTarget]:
    """Return the actor's targets of this name or id, of one personality or of all."""
    wanted = name.strip().lstrip("#").lower()
    statement = _with_names(actor).where(
        or_(
            func.lower(SocialTarget.name) == wanted,
            func.ltrim(func.lower(SocialTarget.name), "#") == wanted,
            func.lower(func.concat(SocialTarget.service, " · ", SocialTarget.name)) == wanted,
            cast(SocialTarget.id, String) == wanted,
        )
    )
    if personality_id is not None:
        statement = statement.where(SocialTarget.personality_id == personality_id)
    rows = await session.execute(statement)
    return [target for target, _ in rows]


def _with_names(actor: Actor) -> Select[SocialTarget, str]:
    statement = (
        select(SocialTarget, Personality.name)
        .join(Personality, Personality.id == SocialTarget.personality_id)
        .where(SocialTarget.removed_at.is_(None), Personality.deleted_at.is_(None))
    )
    return statement if actor.is_bot_owner else statement.where(owned_by(actor.discord_id))


async def targets_on(session: AsyncSession, channel_id: int) -> Sequence[SocialTarget]:
    """Return the targets on a channel of Discord's; others who change them wait."""
    found = await session.scalars(
        select(SocialTarget)
        .where(
            SocialTarget.kind == TargetKind.DISCORD,
            SocialTarget.remote_id == str(channel_id),
            SocialTarget.removed_at.is_(None),
        )
        .order_by(SocialTarget.id)
        .with_for_update()
    )
    return found.all()


async def add_target(session: AsyncSession, **columns: Any) -> SocialTarget | None:
    """Insert a target; None when the personality posts there already."""
    return await session.scalar(
        insert(SocialTarget).values(**columns).on_conflict_do_nothing().returning(SocialTarget)
    )


async def slots(session: AsyncSession, target_id: UUID) -> list[Slot]:
    """Return the times of a target's week, in order."""
    found = await session.scalars(select(SocialSlot).where(SocialSlot.target_id == target_id))
    return sorted(Slot(each.weekday, each.minute) for each in found)


async def set_slots(session: AsyncSession, target_id: UUID, wanted: Collection[Slot]) -> None:
    """Let a target's week be this one from now on."""
    await session.execute(delete(SocialSlot).where(SocialSlot.target_id == target_id))
    session.add_all(
        SocialSlot(target_id=target_id, weekday=each.weekday, minute=each.minute) for each in wanted
    )
