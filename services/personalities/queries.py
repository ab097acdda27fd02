"""Queries on personalities."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    and_,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.models import (
    ActivatedChannel,
    ConversationLine,
    LlmConfig,
    Personality,
    PersonalityAlias,
    PersonalityDefaultConfig,
    PersonalityOwner,
    PersonalityVersion,
    SystemPrompt,
    User,
    Visibility,
)
from services.access import (
    Situation,
    came_with_bot,
    is_in_scope,
    is_own,
    scope_rank,
)
from services.personalities import definition
from services.types import Actor


def owned_by(discord_id: int) -> Any:
    """Return the condition that this person owns a personality."""
    return is_own({discord_id})


def _has_name(names: Sequence[str]) -> Any:
    """Return the condition that a personality has one of these names or aliases, in lower case."""
    by_alias = select(PersonalityAlias.personality_id).where(
        func.lower(PersonalityAlias.alias).in_(names)
    )
    return or_(func.lower(Personality.name).in_(names), Personality.id.in_(by_alias))


async def find(
    session: AsyncSession, name: str, *conditions: Any, order: Sequence[Any] = ()
) -> Personality | None:
    """Return the personality with this name, alias or slug that is not deleted."""
    lowered = name.strip().lower()
    return await session.scalar(
        select(Personality)
        .where(
            Personality.deleted_at.is_(None),
            or_(Personality.slug == lowered, _has_name([lowered])),
            *conditions,
        )
        .order_by((Personality.slug == lowered).desc(), *order, Personality.created_at)
        .limit(1)
    )


async def find_in_scope(
    session: AsyncSession, name: str, situation: Situation
) -> Personality | None:
    """Return the personality that a name means here: let in, one's own, else another."""
    last_spoken = (
        select(func.max(ConversationLine.position))
        .where(
            ConversationLine.personality_id == Personality.id,
            ConversationLine.channel_id == (situation.channel_ids or [0])[0],
        )
        .scalar_subquery()
    )
    order = scope_rank(situation), last_spoken.desc().nulls_last()
    return await find(session, name, is_in_scope(situation), order=order)


async def is_taken(
    session: AsyncSession, name: str, maker_id: UUID | None, except_id: UUID | None = None
) -> bool:
    """Whether another personality of a maker has this name or alias, or one that came with the bot.

    Those everyone can call everywhere, so that nobody could call another by that name.
    """
    existing = await session.scalar(
        select(Personality.id)
        .where(
            Personality.deleted_at.is_(None),
            or_(Personality.maker_id == maker_id, came_with_bot()),
            Personality.id.is_distinct_from(except_id),
            _has_name([name.strip().lower()]),
        )
        .limit(1)
    )
    return existing is not None


async def lock_names(session: AsyncSession) -> None:
    """Serialize the assignment of names: names and aliases share one namespace in two tables."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext("personality names"))))


async def names(
    session: AsyncSession, situation: Situation, query: str, limit: int
) -> Sequence[tuple[str, str, str | None]]:
    """Return name, slug and maker of personalities that may be called here, by a part of a name.

    Names that start with it come first, then the person's own. The maker is given of those whose
    name another one has, too.
    """
    is_ambiguous = func.count().over(partition_by=func.lower(Personality.name)) > 1
    rows = await session.execute(
        select(Personality.name, Personality.slug, User.username, is_ambiguous)
        .outerjoin(User, User.id == Personality.maker_id)
        .where(
            Personality.deleted_at.is_(None),
            Personality.name.icontains(query, autoescape=True),
            is_in_scope(situation),
        )
        .order_by(
            Personality.name.istartswith(query, autoescape=True).desc(),
            is_own(situation.account_ids).desc(),
            func.lower(Personality.name),
        )
        .limit(limit)
    )
    return [
        (name, slug, (maker or "?") if ambiguous else None) for name, slug, maker, ambiguous in rows
    ]


async def own_names(session: AsyncSession, actor: Actor, query: str, limit: int) -> Sequence[str]:
    """Return names of an actor's personalities that contain `query`.

    Those without a maker, which came with the bot, are its owner's.
    """
    own = owned_by(actor.discord_id)
    if actor.is_bot_owner:
        own = or_(own, Personality.maker_id.is_(None))
    name = Personality.name
    result = await session.scalars(
        select(name)
        .where(own, Personality.deleted_at.is_(None), name.icontains(query, autoescape=True))
        .order_by(name.istartswith(query, autoescape=True).desc(), func.lower(name))
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
    personality.maker_id = owner_id
    session.add(personality)
    await session.flush()
    await session.refresh(personality)
    if owner_id is not None:
        session.add(PersonalityOwner(personality_id=personality.id, user_id=owner_id))
    add_version(session, personality, editor_id=owner_id)
    return personality


def add_version(
    session: AsyncSession, personality: Personality, *, editor_id: UUID | None = None
) -> None:
    """Store the current definition under the personality's version number."""
    session.add(
        PersonalityVersion(
            personality_id=personality.id,
            number=personality.version,
            definition=definition.snapshot(personality),
            editor_id=editor_id,
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


async def default_config_of(session: AsyncSession, personality_id: UUID) -> LlmConfig | None:
    """Return the config that a personality has for everybody who has not chosen another."""
    return await session.scalar(
        select(LlmConfig)
        .join(PersonalityDefaultConfig, PersonalityDefaultConfig.llm_config_id == LlmConfig.id)
        .where(PersonalityDefaultConfig.personality_id == personality_id)
    )


async def system_prompt_of(session: AsyncSession, personality: Personality) -> SystemPrompt | None:
    """Return the system prompt that is selected for a personality."""
    return await session.scalar(
        select(SystemPrompt).where(SystemPrompt.id == personality.system_prompt_id)
    )


async def pass_on(session: AsyncSession, personality_ids: Sequence[UUID]) -> None:
    """Make the first owner the maker of personalities whose maker is none of their owners.

    Where they have another personality of that name, it stays without one.
    """
    owner, other = PersonalityOwner, aliased(Personality)
    first_owner = (
        select(owner.user_id)
        .where(owner.personality_id == Personality.id)
        .order_by(owner.created_at, owner.user_id)
        .limit(1)
        .correlate(Personality)
        .scalar_subquery()
    )
    has_maker = exists().where(
        owner.personality_id == Personality.id, owner.user_id == Personality.maker_id
    )
    has_namesake = exists().where(
        other.maker_id == first_owner,
        other.id != Personality.id,
        other.deleted_at.is_(None),
        func.lower(other.name) == func.lower(Personality.name),
    )
    for personality_id in personality_ids:
        await session.execute(
            update(Personality)
            .where(Personality.id == personality_id, ~has_maker)
            .values(maker_id=case((has_namesake, None), else_=first_owner))
            .execution_options(synchronize_session=False)
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


async def referenced_keys(session: AsyncSession, keys: Sequence[str]) -> frozenset[str]:
    """Return those of some storage keys that are an avatar in any version of a personality."""
    url = PersonalityVersion.definition["avatar_url"].astext
    urls = (await session.scalars(select(url).where(url.like("%/avatars/%")))).all()
    return frozenset(key for key in keys if any(key in (each or "") for each in urls))
