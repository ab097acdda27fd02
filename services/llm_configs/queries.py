"""Queries on LLM configs."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import LlmConfig, PersonalityDefaultConfig, User


async def available(session: AsyncSession, owner_id: UUID) -> Sequence[LlmConfig]:
    """Return the global configs and the user's own, global ones first."""
    result = await session.scalars(
        select(LlmConfig)
        .where(or_(LlmConfig.owner_id.is_(None), LlmConfig.owner_id == owner_id))
        .order_by(LlmConfig.owner_id.is_not(None), func.lower(LlmConfig.name))
    )
    return result.all()


async def find(session: AsyncSession, owner_id: UUID | None, name: str) -> LlmConfig | None:
    """Return a config by name; a user's own hides a global one of the same name."""
    return await session.scalar(
        select(LlmConfig)
        .where(
            or_(LlmConfig.owner_id.is_(None), LlmConfig.owner_id == owner_id),
            func.lower(LlmConfig.name) == name.strip().lower(),
        )
        .order_by(LlmConfig.owner_id.is_(None))
        .limit(1)
    )


async def names(session: AsyncSession, discord_id: int, prefix: str, limit: int) -> Sequence[str]:
    """Return names of global configs and of a user's own that start with a prefix."""
    user_id = select(User.id).where(User.discord_id == discord_id).scalar_subquery()
    result = await session.scalars(
        select(LlmConfig.name)
        .where(
            or_(LlmConfig.owner_id.is_(None), LlmConfig.owner_id == user_id),
            LlmConfig.name.istartswith(prefix, autoescape=True),
        )
        .group_by(LlmConfig.name)
        .order_by(func.lower(LlmConfig.name))
        .limit(limit)
    )
    return result.all()


async def insert_if_free(session: AsyncSession, **values: Any) -> LlmConfig | None:
    """Insert a config; return None if the name is taken."""
    return await session.scalar(
        insert(LlmConfig).values(**values).on_conflict_do_nothing().returning(LlmConfig)
    )


async def make_default(session: AsyncSession, config_id: UUID) -> None:
    """Make a global config the default, in place of the current one."""
    await session.execute(update(LlmConfig).where(LlmConfig.is_default).values(is_default=False))
    await session.execute(
        update(LlmConfig).where(LlmConfig.id == config_id).values(is_default=True)
    )


async def has_default(session: AsyncSession) -> bool:
    """Whether there is a global default."""
    return await session.scalar(select(LlmConfig.id).where(LlmConfig.is_default)) is not None


async def set_personality_default(
    session: AsyncSession, personality_id: UUID, config_id: UUID
) -> None:
    """Make a config the default of a personality."""
    await session.execute(
        insert(PersonalityDefaultConfig)
        .values(personality_id=personality_id, llm_config_id=config_id)
        .on_conflict_do_update(
            index_elements=["personality_id"],
            set_={"llm_config_id": config_id, "updated_at": func.now()},
        )
    )


async def clear_personality_default(session: AsyncSession, personality_id: UUID) -> None:
    """Let a personality use the global default."""
    await session.execute(
        delete(PersonalityDefaultConfig).where(
            PersonalityDefaultConfig.personality_id == personality_id
        )
    )


async def vision_model(session: AsyncSession) -> str | None:
    """Return the vision model of the default config, or else of any other global one."""
    return await session.scalar(
        select(LlmConfig.vision_model)
        .where(LlmConfig.owner_id.is_(None), LlmConfig.vision_model.is_not(None))
        .order_by(LlmConfig.is_default.desc(), LlmConfig.name)
        .limit(1)
    )
