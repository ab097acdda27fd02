"""Quotas: how much of each kind a user may own. What is above one stays, and is not added to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    Character,
    LlmConfig,
    Lorebook,
    LoreEntry,
    Memory,
    Persona,
    Personality,
    PersonalityAlias,
    Photo,
)
from services.access.errors import Owned, QuotaReached
from services.types import Actor


@dataclass(frozen=True, kw_only=True)
class Quotas:
    """How much a user may own; aliases are counted for each personality."""

    personalities: int = 50
    personas: int = 20
    configs: int = 20
    aliases: int = 10
    memories: int = 20_000
    photos: int = 2_000
    photo_bytes: int = 2_000_000_000
    characters: int = 20
    lore_entries: int = 20_000

    def of(self, kind: Owned) -> int:
        """Return the quota of a kind."""
        return int(getattr(self, kind.name.lower()))


def _photos_of(owner_id: UUID, what: Any) -> Select[Any]:
    return (
        select(what)
        .select_from(Photo)
        .join(Personality, Personality.id == Photo.personality_id)
        .where(Personality.maker_id == owner_id, Personality.deleted_at.is_(None))
    )


# What there is of each kind: of a user, or of a personality for aliases.
_COUNTS: Mapping[Owned, Callable[[UUID], Select[Any]]] = {
    Owned.PERSONALITIES: lambda owner_id: select(func.count()).where(
        Personality.maker_id == owner_id, Personality.deleted_at.is_(None)
    ),
    Owned.PERSONAS: lambda owner_id: select(func.count()).where(Persona.owner_id == owner_id),
    Owned.CONFIGS: lambda owner_id: select(func.count()).where(LlmConfig.owner_id == owner_id),
    Owned.ALIASES: lambda owner_id: select(func.count()).where(
        PersonalityAlias.personality_id == owner_id
    ),
    Owned.MEMORIES: lambda owner_id: select(func.count()).where(Memory.user_id == owner_id),
    Owned.PHOTOS: lambda owner_id: _photos_of(owner_id, func.count()),
    Owned.PHOTO_BYTES: lambda owner_id: _photos_of(
        owner_id, func.coalesce(func.sum(Photo.size), 0)
    ),
    Owned.LORE_ENTRIES: lambda owner_id: (
        select(func.count())
        .select_from(LoreEntry)
        .join(Lorebook, Lorebook.id == LoreEntry.lorebook_id)
        .where(Lorebook.maker_id == owner_id)
    ),
    Owned.CHARACTERS: lambda owner_id: select(func.count()).where(Character.user_id == owner_id),
}


async def check_quota(
    session: AsyncSession,
    quotas: Quotas,
    kind: Owned,
    owner_id: UUID,
    *,
    actor: Actor | None = None,
    adding: int = 1,
) -> None:
    """Check that something may be added; others add for this owner when the transaction is over.

    The bot owner has no quotas.

    Raises:
        QuotaReached: The owner has as much of this kind as they may.
    """
    if actor is not None and actor.is_bot_owner:
        return
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"quota:{owner_id}"))))
    count = await session.scalar(_COUNTS[kind](owner_id))
    if (count or 0) + adding > quotas.of(kind):
        raise QuotaReached(kind, quotas.of(kind))
