"""Statements about personalities."""

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
    """Return the condition that a personality is this person's."""
    return exists(
        select(PersonalityOwner.personality_id)
        .join(User, User.id == PersonalityOwner.user_id)
        .where(PersonalityOwner.personality_id == Personality.id, User.discord_id == discord_id)
    )


def callable_by(discord_id: int, channel_id: int | None) -> Any:
    """Return the condition that this person may call a personality by name in this channel."""
    activated_here = exists(
        select(ActivatedChannel.id).where(
            ActivatedChannel.personality_id == Personality.id,
            ActivatedChannel.channel_id == channel_id,
        )
    )
    return or_(Personality.visibility != Visibility.PRIVATE, owned_by(discord_id), activated_here)


async def find(session: AsyncSession, name: str, *conditions: Any) -> Personality | None:
    """Return the living personality that answers to a name, an alias or a slug."""
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
    """Whether another living personality answers to a name."""
    found = await find(session, name)
    return found is not None and found.id != except_id


async def lock_names(session: AsyncSession) -> None:
    """Let one transaction at a time give names: names and aliases are one space, two tables."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext("personality names"))))


async def names(
    session: AsyncSession, discord_id: int, channel_id: int | None, typed: str, limit: int
) -> Sequence[str]:
    """Return names that a person may call and that hold what is typed.

    First those that begin with it, and among them the person's own.
    """
    mine = owned_by(discord_id)
    found = await session.scalars(
        select(Personality.name)
        .where(
            Personality.deleted_at.is_(None),
            Personality.name.icontains(typed, autoescape=True),
            callable_by(discord_id, channel_id),
        )
        .order_by(
            Personality.name.istartswith(typed, autoescape=True).desc(),
            mine.desc(),
            func.lower(Personality.name),
        )
        .limit(limit)
    )
    return found.all()


async def listed(
    session: AsyncSession, discord_id: int, *, age_restricted: bool
) -> Sequence[tuple[Personality, bool]]:
    """Return the person's personalities and those everyone sees, with whether each is theirs.

    Of others', those that are age-restricted only where such a place asks.
    """
    mine = owned_by(discord_id)
    seen = Personality.visibility != Visibility.PRIVATE
    if not age_restricted:
        seen = and_(seen, ~Personality.age_restricted)
    rows = await session.execute(
        select(Personality, mine)
        .where(Personality.deleted_at.is_(None), or_(seen, mine))
        .order_by(mine.desc(), func.lower(Personality.name))
    )
    return [(personality, is_mine) for personality, is_mine in rows]


async def add(session: AsyncSession, owner_id: UUID | None, **columns: Any) -> Personality:
    """Insert a personality with its first version and, where it has one, its owner."""
    personality = Personality(**columns)
    session.add(personality)
    await session.flush()
    await session.refresh(personality)
    if owner_id is not None:
        session.add(PersonalityOwner(personality_id=personality.id, user_id=owner_id))
    add_version(session, personality)
    return personality


def add_version(session: AsyncSession, personality: Personality) -> None:
    """Keep the definition as it is now under the personality's version number."""
    session.add(
        PersonalityVersion(
            personality_id=personality.id,
            number=personality.version,
            definition=definition.snapshot(personality),
        )
    )


async def published(session: AsyncSession, personality: Personality) -> dict[str, Any] | None:
    """Return the version of a personality that is public, if one is."""
    return await session.scalar(
        select(PersonalityVersion.definition).where(
            PersonalityVersion.personality_id == personality.id,
            PersonalityVersion.number == personality.public_version,
        )
    )


async def is_owner(session: AsyncSession, personality_id: UUID, discord_id: int) -> bool:
    """Whether a personality is a person's."""
    found = await session.scalar(
        select(Personality.id).where(Personality.id == personality_id, owned_by(discord_id))
    )
    return found is not None


async def owners(session: AsyncSession, personality_id: UUID) -> Sequence[User]:
    """Return whose a personality is, the first owner first."""
    found = await session.scalars(
        select(User)
        .join(PersonalityOwner, PersonalityOwner.user_id == User.id)
        .where(PersonalityOwner.personality_id == personality_id)
        .order_by(PersonalityOwner.created_at, User.id)
    )
    return found.all()


async def own_prompt(session: AsyncSession, personality: Personality) -> SystemPrompt | None:
    """Return the system prompt that was chosen for a personality."""
    return await session.scalar(
        select(SystemPrompt).where(SystemPrompt.id == personality.system_prompt_id)
    )


async def add_owner(session: AsyncSession, personality_id: UUID, user_id: UUID) -> None:
    """Make a user an owner."""
    await session.execute(
        insert(PersonalityOwner)
        .values(personality_id=personality_id, user_id=user_id)
        .on_conflict_do_nothing()
    )


async def remove_owner(session: AsyncSession, personality_id: UUID, user_id: UUID) -> None:
    """Make a user an owner no longer."""
    await session.execute(
        delete(PersonalityOwner).where(
            PersonalityOwner.personality_id == personality_id, PersonalityOwner.user_id == user_id
        )
    )


async def aliases(session: AsyncSession, personality_id: UUID) -> Sequence[str]:
    """Return the other names of a personality."""
    found = await session.scalars(
        select(PersonalityAlias.alias)
        .where(PersonalityAlias.personality_id == personality_id)
        .order_by(func.lower(PersonalityAlias.alias))
    )
    return found.all()


async def remove_alias(session: AsyncSession, personality_id: UUID, alias: str) -> bool:
    """Take a name away from a personality; False when it had no such alias."""
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
    """Mark a personality as deleted; it leaves its channels and gives its names back."""
    await session.execute(
        update(Personality).where(Personality.id == personality_id).values(deleted_at=func.now())
    )
    for table in (ActivatedChannel, PersonalityAlias):
        await session.execute(delete(table).where(table.personality_id == personality_id))


async def set_card(
    session: AsyncSession, personality_id: UUID, document: str, image: bytes | None
) -> None:
    """Keep the card a personality was imported from."""
    await session.execute(
        insert(PersonalityCard)
        .values(personality_id=personality_id, document=document, image=image)
        .on_conflict_do_update(
            index_elements=["personality_id"], set_={"document": document, "image": image}
        )
    )


async def resolve_names(
    session: AsyncSession, words: Sequence[str], discord_id: int, channel_id: int
) -> dict[str, UUID]:
    """Return which of these lower-case names belong to whom, among those the person may call."""
    by_name = select(func.lower(Personality.name).label("word"), Personality.id).where(
        func.lower(Personality.name).in_(words)
    )
    by_alias = select(
        func.lower(PersonalityAlias.alias).label("word"), PersonalityAlias.personality_id
    ).where(func.lower(PersonalityAlias.alias).in_(words))
    either = union_all(by_name, by_alias).subquery()
    rows = await session.execute(
        select(either.c.word, Personality.id)
        .join(Personality, Personality.id == either.c.id)
        .where(Personality.deleted_at.is_(None), callable_by(discord_id, channel_id))
    )
    return {row.word: row.id for row in rows}
