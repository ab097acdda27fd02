"""Queries on users and their personas."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, delete, func, literal, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Persona, User, UserDefaultPersona, UserPersonalityConfig
from services.types import Actor


async def get_or_create_user(session: AsyncSession, actor: Actor) -> User:
    """Return the user; at first contact, create them with a first persona as the default.

    One statement inserts all three rows, so that no user is ever without a default persona.
    """
    user = await session.scalar(select(User).where(User.discord_id == actor.discord_id))
    if user is not None:
        user.username = actor.name
        user.account_id = user.account_id or actor.account_id
        user.locale = actor.locale or user.locale
        return user
    name = func.left(actor.name, 80)
    upserted = (
        insert(User)
        .values(
            discord_id=actor.discord_id,
            username=actor.name,
            account_id=actor.account_id,
            locale=actor.locale,
        )
        .on_conflict_do_update(index_elements=[User.discord_id], set_={"username": actor.name})
        .returning(User.id, literal_column("xmax = 0", Boolean).label("is_new"))
        .cte("upserted")
    )
    persona = (
        insert(Persona)
        .from_select(
            ["owner_id", "name", "preferred_name", "content"],
            select(upserted.c.id, name, name, literal("")).where(upserted.c.is_new),
        )
        .returning(Persona.id, Persona.owner_id)
        .cte("persona")
    )
    default = (
        insert(UserDefaultPersona)
        .from_select(["user_id", "persona_id"], select(persona.c.owner_id, persona.c.id))
        .cte("default_persona")
    )
    await session.execute(select(upserted.c.id).add_cte(default))
    return (await session.scalars(select(User).where(User.discord_id == actor.discord_id))).one()


async def find(session: AsyncSession, owner_id: UUID, name: str) -> Persona | None:
    """Return the owner's persona of that name, case-insensitive."""
    return await session.scalar(
        select(Persona).where(
            Persona.owner_id == owner_id, func.lower(Persona.name) == name.strip().lower()
        )
    )


async def of_owner(session: AsyncSession, owner_id: UUID) -> Sequence[Persona]:
    """Return the owner's personas, oldest first."""
    result = await session.scalars(
        select(Persona).where(Persona.owner_id == owner_id).order_by(Persona.created_at, Persona.id)
    )
    return result.all()


async def all_personas(session: AsyncSession) -> Sequence[tuple[Persona, str, int, bool]]:
    """Return all personas with their user's name and Discord id, and whether each is a default."""
    default = UserDefaultPersona.persona_id
    rows = await session.execute(
        select(Persona, User.username, User.discord_id, default.is_not(None))
        .join(User, User.id == Persona.owner_id)
        .outerjoin(UserDefaultPersona, default == Persona.id)
        .order_by(User.username, User.id, Persona.created_at, Persona.id)
    )
    return [
        (persona, user, discord_id, is_default) for persona, user, discord_id, is_default in rows
    ]


async def names(session: AsyncSession, discord_id: int, prefix: str, limit: int) -> Sequence[str]:
    """Return names of a user's personas that start with a prefix."""
    result = await session.scalars(
        select(Persona.name)
        .join(User, User.id == Persona.owner_id)
        .where(User.discord_id == discord_id, Persona.name.istartswith(prefix, autoescape=True))
        .order_by(func.lower(Persona.name))
        .limit(limit)
    )
    return result.all()


async def insert_if_free(session: AsyncSession, **values: Any) -> Persona | None:
    """Insert a persona; return None if its owner already has one of that name."""
    return await session.scalar(
        insert(Persona)
        # Not `now()`: the first persona may be created in the same transaction and must be older.
        .values(created_at=func.clock_timestamp(), **values)
        .on_conflict_do_nothing()
        .returning(Persona)
    )


async def default_of(session: AsyncSession, user_id: UUID) -> UUID | None:
    """Return the user's default persona."""
    return await session.scalar(
        select(UserDefaultPersona.persona_id).where(UserDefaultPersona.user_id == user_id)
    )


async def lock_default(session: AsyncSession, user_id: UUID) -> UUID | None:
    """Return the user's default persona and lock it until the transaction ends."""
    return await session.scalar(
        select(UserDefaultPersona.persona_id)
        .where(UserDefaultPersona.user_id == user_id)
        .with_for_update()
    )


async def set_default(session: AsyncSession, user_id: UUID, persona_id: UUID) -> None:
    """Make a persona the user's default."""
    await session.execute(
        update(UserDefaultPersona)
        .where(UserDefaultPersona.user_id == user_id)
        .values(persona_id=persona_id)
    )


async def set_override(
    session: AsyncSession, user_id: UUID, personality_id: UUID, **choices: UUID | None
) -> None:
    """Set a user's overrides for a personality: `persona_id`, `llm_config_id` or both."""
    await session.execute(
        insert(UserPersonalityConfig)
        .values(user_id=user_id, personality_id=personality_id, **choices)
        .on_conflict_do_update(
            index_elements=["user_id", "personality_id"], set_={**choices, "updated_at": func.now()}
        )
    )


async def remove(session: AsyncSession, persona_id: UUID) -> None:
    """Delete a persona."""
    await session.execute(delete(Persona).where(Persona.id == persona_id))
