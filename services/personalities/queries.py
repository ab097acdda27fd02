"""Queries on personalities."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, exists, func, or_, select, union_all, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    ActivatedChannel,
    Personality,
    PersonalityAlias,
    PersonalityCard,
    PersonalityOwner,
    PersonalityVersion,
    SystemPrompt,
    User,
    Visibility,
)
from services.personalities import definition


def owned_by(discord_id: int) -> Any:
    """Return the condition that this person owns a personality."""
    return exists(
        select(PersonalityOwner.personality_id)
        .join(User, User.id == PersonalityOwner.user_id)
        .where(PersonalityOwner.personality_id == Personality.id, User.discord_id == discord_id)
    )


def addressable_by(discord_id: int, channel_id: int | None) -> Any:
    """Return the condition that this person may address a personality in this channel."""
    activated_here = exists(
        select(ActivatedChannel.id).where(
            ActivatedChannel.personality_id == Personality.id,
            ActivatedChannel.channel_id == channel_id,
        )
    )
    return or_(Personality.visibility != Visibility.PRIVATE, owned_by(discord_id), activated_here)


async def find(session: AsyncSession, name: str, *conditions: Any) -> Personality | None:
    """Return the personality with this name, alias or slug that is not deleted."""
    lowered = name.strip().lower()
    by_alias = select(PersonalityAlias.personality_id).where(
        func.lower(PersonalityAlias.alias) == lowered
    )
    return await session.scalar(
        select(Personality)
        .where(
            Personality.deleted_at.is_(None),
            or_(
                func.lower(Personality.name) == lowered,
                Personality.slug == lowered,
                Personality.id.in_(by_alias),
            ),
            *conditions,
        )
        .limit(1)
    )


async def is_taken(session: AsyncSession, name: str, except_id: UUID | None = None) -> bool:
    """Whether another personality that is not deleted has this name."""
    existing = await find(session, name)
    return existing is not None and existing.id != except_id


async def lock_names(session: AsyncSession) -> None:
    """Serialize the assignment of names: names and aliases share one namespace in two tables."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext("personality names"))))


async def names(
    session: AsyncSession, discord_id: int, channel_id: int | None, query: str, limit: int
) -> Sequence[str]:
    """Return names that a person may address and that contain `query`.

    Names that start with it come first, then the person's own.
    """
    is_own = owned_by(discord_id)
    result = await session.scalars(
        select(Personality.name)
        .where(
            Personality.deleted_at.is_(None),
            Personality.name.icontains(query, autoescape=True),
            addressable_by(discord_id, channel_id),
        )
        .order_by(
            Personality.name.istartswith(query, autoescape=True).desc(),
            is_own.desc(),
            func.lower(Personality.name),
        )
        .limit(limit)
    )
    return result.all()


async def list_personalities(
    session: AsyncSession, discord_id: int, *, age_restricted: bool
) -> Sequence[tuple[Personality, bool]]:
    """Return the person's personalities and those visible to everyone, with whether each is own.

    Age-restricted personalities of others are included only if `age_restricted` is set.
    """
    own = owned_by(discord_id)
    visible = Personality.visibility != Visibility.PRIVATE
    if not age_restricted:
        visible = and_(visible, ~Personality.age_restricted)
    rows = await session.execute(
        select(Personality, own)
        .where(Personality.deleted_at.is_(None), or_(visible, own))
        .order_by(own.desc(), func.lower(Personality.name))
    )
    return [(personality, is_own) for personality, is_own in rows]


async def add(session: AsyncSession, owner_id: UUID | None, **columns: Any) -> Personality:
    """Insert a personality with its first version and, if it has one, its owner."""
    personality = Personality(**columns)
    session.add(personality)
    await session.flush()
    await session.refresh(personality)
    if owner_id is not None:
        session.add(PersonalityOwner(personality_id=personality.id, user_id=owner_id))
    add_version(session, personality)
    return personality


def add_version(session: AsyncSession, personality: Personality) -> None:
    """Store the current definition under the personality's version number."""
    session.add(
        PersonalityVersion(
            personality_id=personality.id,
            number=personality.version,
            definition=definition.snapshot(personality),
        )
    )


async def published_definition(
    session: AsyncSession, personality: Personality
) -> dict[str, Any] | None:
    """Return the public definition of a personality, if it is published."""
    return await session.scalar(
        select(PersonalityVersion.definition).where(
            PersonalityVersion.personality_id == personality.id,
            PersonalityVersion.number == personality.public_version,
        )
    )


async def is_owner(session: AsyncSession, personality_id: UUID, discord_id: int) -> bool:
    """Whether a person owns a personality."""
    owned_id = await session.scalar(
        select(Personality.id).where(Personality.id == personality_id, owned_by(discord_id))
    )
    return owned_id is not None


async def owner_ids(session: AsyncSession, personality_id: UUID) -> frozenset[int]:
    """Return the Discord ids of the owners of a personality."""
    return frozenset(each.discord_id for each in await owners(session, personality_id))


async def owners(session: AsyncSession, personality_id: UUID) -> Sequence[User]:
    """Return the owners of a personality, the first one first."""
    result = await session.scalars(
        select(User)
        .join(PersonalityOwner, PersonalityOwner.user_id == User.id)
        .where(PersonalityOwner.personality_id == personality_id)
        .order_by(PersonalityOwner.created_at, User.id)
    )
    return result.all()


async def system_prompt_of(session: AsyncSession, personality: Personality) -> SystemPrompt | None:
    """Return the system prompt that is selected for a personality."""
    return await session.scalar(
        select(SystemPrompt).where(SystemPrompt.id == personality.system_prompt_id)
    )


async def add_owner(session: AsyncSession, personality_id: UUID, user_id: UUID) -> None:
    """Add a user as an owner."""
    await session.execute(
        insert(PersonalityOwner)
        .values(personality_id=personality_id, user_id=user_id)
        .on_conflict_do_nothing()
    )


async def remove_owner(session: AsyncSession, personality_id: UUID, user_id: UUID) -> None:
    """Remove a user from the owners."""
    await session.execute(
        delete(PersonalityOwner).where(
            PersonalityOwner.personality_id == personality_id, PersonalityOwner.user_id == user_id
        )
    )


async def aliases(session: AsyncSession, personality_id: UUID) -> Sequence[str]:
    """Return the other names of a personality."""
    result = await session.scalars(
        select(PersonalityAlias.alias)
        .where(PersonalityAlias.personality_id == personality_id)
        .order_by(func.lower(PersonalityAlias.alias))
    )
    return result.all()


async def remove_alias(session: AsyncSession, personality_id: UUID, alias: str) -> bool:
    """Remove an alias of a personality; return False if it has no such alias."""
    removed = await session.execute(
        delete(PersonalityAlias)
        .where(
            PersonalityAlias.personality_id == personality_id,
            func.lower(PersonalityAlias.alias) == alias.strip().lower(),
        )
        .returning(PersonalityAlias.id)
    )
    return removed.first() is not None


async def soft_delete(session: AsyncSession, personality_id: UUID) -> None:
    """Soft-delete a personality; it loses its activated channels and its aliases."""
    await session.execute(
        update(Personality).where(Personality.id == personality_id).values(deleted_at=func.now())
    )
    for table in (ActivatedChannel, PersonalityAlias):
        await session.execute(delete(table).where(table.personality_id == personality_id))


async def set_card(
    session: AsyncSession, personality_id: UUID, document: str, image: bytes | None
) -> None:
    """Store the card that a personality was imported from."""
    card = insert(PersonalityCard).values(
        personality_id=personality_id, document=document, image=image
    )
    changed = {"document": card.excluded.document, "image": card.excluded.image}
    await session.execute(
        card.on_conflict_do_update(index_elements=["personality_id"], set_=changed)
    )


async def resolve_names(
    session: AsyncSession, words: Sequence[str], discord_id: int, channel_id: int
) -> dict[str, UUID]:
    """Map lower-case names to the personalities that the person may address in the channel."""
    by_name = select(func.lower(Personality.name).label("word"), Personality.id).where(
        func.lower(Personality.name).in_(words)
    )
    by_alias = select(
        func.lower(PersonalityAlias.alias).label("word"), PersonalityAlias.personality_id
    ).where(func.lower(PersonalityAlias.alias).in_(words))
    matches = union_all(by_name, by_alias).subquery()
    rows = await session.execute(
        select(matches.c.word, Personality.id)
        .join(Personality, Personality.id == matches.c.id)
        .where(Personality.deleted_at.is_(None), addressable_by(discord_id, channel_id))
    )
    return {row.word: row.id for row in rows}


async def referenced_keys(session: AsyncSession, keys: Sequence[str]) -> frozenset[str]:
    """Return those of some storage keys that are an avatar in any version of a personality."""
    url = PersonalityVersion.definition["avatar_url"].astext
    urls = (await session.scalars(select(url).where(url.like("%/avatars/%")))).all()
    return frozenset(key for key in keys if any(key in (each or "") for each in urls))
