"""Inserting and changing personalities, and which names they may have."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Personality, PersonalityVersion
from services.names import refuse_impersonation, slugify
from services.personalities import definition, queries
from services.personalities.errors import ChangedMeanwhile, PersonalityNameTaken


def refuse_impersonating_names(columns: Mapping[str, Any], members: Iterable[str]) -> None:
    """Reject names among columns that look like Discord's, like staff, or like a member's.

    Raises:
        NameImpersonates: One of them does.
    """
    member_names = list(members)
    for field in ("name", "display_name", "nickname"):
        if columns.get(field):
            refuse_impersonation(columns[field], member_names)


async def refuse_taken(
    session: AsyncSession, name: str, maker_id: UUID | None, except_id: UUID | None = None
) -> None:
    """Reject a name that another personality of a maker has, or one that came with the bot.

    Raises:
        PersonalityNameTaken: There is one.
    """
    await queries.lock_names(session)
    if await queries.is_taken(session, name, maker_id, except_id):
        raise PersonalityNameTaken(name)


async def insert(session: AsyncSession, owner_id: UUID, columns: dict[str, Any]) -> Personality:
    """Insert a personality of a maker, under a name that is free.

    Raises:
        PersonalityNameTaken: It is not.
    """
    await refuse_taken(session, columns["name"], owner_id)
    return await queries.add(session, owner_id, slug=slugify(columns["name"]), **columns)


async def merge(
    session: AsyncSession, personality: Personality, columns: dict[str, Any], *, base: int
) -> dict[str, Any]:
    """Return those of some columns that differ from an earlier version.

    Raises:
        ChangedMeanwhile: Another version has changed them, too.
    """
    version = await session.get(PersonalityVersion, (personality.id, base))
    earlier = definition.restored(version.definition) if version else {}
    changed = {column: value for column, value in columns.items() if earlier.get(column) != value}
    conflicts = [
        column
        for column, value in changed.items()
        if getattr(personality, column) not in (earlier.get(column), value)
    ]
    if conflicts:
        raise ChangedMeanwhile(
            personality.name,
            ", ".join(each.replace("_", " ") for each in conflicts),
            personality.version,
        )
    return changed
