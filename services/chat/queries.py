"""Statements about conversations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Select, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.models import (
    ActivatedChannel,
    ConversationLine,
    LlmConfig,
    Memory,
    OptOut,
    Persona,
    Personality,
    PersonalityDefaultConfig,
    Role,
    SystemPrompt,
    User,
    UserDefaultPersona,
    UserPersonalityConfig,
)


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """What a personality speaks with to a user, and where each choice came from."""

    personality: Personality
    system_prompt: str
    config: LlmConfig | None
    config_source: str
    persona: Persona
    persona_source: str


async def resolve(session: AsyncSession, user_id: UUID, personality_id: UUID) -> Resolution | None:
    """Return personality, config and persona for a user, or None when the personality is gone.

    Config: the user's for this personality, else the personality's, else the global default.
    Persona: the user's for this personality, else the user's default.
    """
    chosen, fallback = UserPersonalityConfig, aliased(LlmConfig)
    row = (
        await session.execute(
            select(
                Personality,
                SystemPrompt.content,
                LlmConfig,
                Persona,
                chosen.llm_config_id,
                PersonalityDefaultConfig.llm_config_id,
                chosen.persona_id,
            )
            .select_from(Personality)
            .outerjoin(
                chosen,
                and_(chosen.personality_id == Personality.id, chosen.user_id == user_id),
            )
            .outerjoin(
                PersonalityDefaultConfig,
                PersonalityDefaultConfig.personality_id == Personality.id,
            )
            .outerjoin(fallback, fallback.is_default.is_(True))
            .outerjoin(
                LlmConfig,
                LlmConfig.id
                == func.coalesce(
                    chosen.llm_config_id, PersonalityDefaultConfig.llm_config_id, fallback.id
                ),
            )
            .join(UserDefaultPersona, UserDefaultPersona.user_id == user_id)
            .join(
                Persona,
                Persona.id == func.coalesce(chosen.persona_id, UserDefaultPersona.persona_id),
            )
            .outerjoin(
                SystemPrompt,
                or_(
                    SystemPrompt.id == Personality.system_prompt_id,
                    and_(Personality.system_prompt_id.is_(None), SystemPrompt.is_default),
                ),
            )
            .where(Personality.id == personality_id, Personality.deleted_at.is_(None))
        )
    ).first()
    if row is None:
        return None
    personality, system_prompt, config, persona, own_config, its_config, own_persona = row
    config_source = "the personality" if its_config else "the global default"
    return Resolution(
        personality=personality,
        system_prompt=system_prompt or "",
        config=config,
        config_source="you" if own_config else config_source,
        persona=persona,
        persona_source="you, for this personality" if own_persona else "your default",
    )


@dataclass(frozen=True, kw_only=True)
class Signs:
    """What a message may mean, as far as the database knows."""

    opted_out: frozenset[int]
    activated: Sequence[UUID]
    replied_to: UUID | None


async def signs(
    session: AsyncSession,
    *,
    people: Sequence[int],
    channel_ids: Sequence[int],
    reply_to: int | None,
) -> Signs:
    """Return who of these people has opted out, and who is activated or replied to; one query."""
    replied = (
        select(ConversationLine.personality_id)
        .where(
            ConversationLine.discord_message_ids.contains([reply_to or 0]),
            ConversationLine.role == Role.ASSISTANT,
        )
        .limit(1)
    )
    row = (
        await session.execute(
            select(
                select(func.array_agg(OptOut.discord_id))
                .where(OptOut.discord_id.in_(people))
                .scalar_subquery(),
                select(func.array_agg(ActivatedChannel.personality_id))
                .where(ActivatedChannel.channel_id.in_(channel_ids))
                .scalar_subquery(),
                replied.scalar_subquery(),
            )
        )
    ).one()
    return Signs(opted_out=frozenset(row[0] or ()), activated=row[1] or (), replied_to=row[2])


async def discreet(session: AsyncSession, people: Sequence[int]) -> dict[int, datetime]:
    """Return who of these was incognito, and until when; for ever where they still are."""
    rows = await session.execute(
        select(User.discord_id, User.incognito, User.incognito_ended_at).where(
            User.discord_id.in_(people),
            or_(User.incognito, User.incognito_ended_at.is_not(None)),
        )
    )
    never = datetime.max.replace(tzinfo=UTC)
    return {
        discord_id: never if still or ended is None else ended for discord_id, still, ended in rows
    }


async def last_speaker(session: AsyncSession, channel_id: int) -> UUID | None:
    """Return the personality that spoke last in a channel."""
    return await session.scalar(
        select(ConversationLine.personality_id)
        .join(Personality, Personality.id == ConversationLine.personality_id)
        .where(
            ConversationLine.channel_id == channel_id,
            ConversationLine.role == Role.ASSISTANT,
            ConversationLine.deleted_at.is_(None),
            Personality.deleted_at.is_(None),
        )
        .order_by(ConversationLine.position.desc())
        .limit(1)
    )


async def dm_personality(session: AsyncSession, discord_id: int) -> UUID | None:
    """Return whom a person has chosen for DMs."""
    return await session.scalar(
        select(User.dm_personality_id)
        .join(Personality, Personality.id == User.dm_personality_id)
        .where(User.discord_id == discord_id, Personality.deleted_at.is_(None))
    )


async def history(
    session: AsyncSession, channel_id: int, *, limit: int, before: int | None = None
) -> list[ConversationLine]:
    """Return the last lines of a channel, in order; `before` is a position."""
    statement = _living(channel_id).order_by(ConversationLine.position.desc()).limit(limit)
    if before is not None:
        statement = statement.where(ConversationLine.position < before)
    return list((await session.scalars(statement)).all())[::-1]


def _living(channel_id: int) -> Select[ConversationLine]:
    return select(ConversationLine).where(
        ConversationLine.channel_id == channel_id, ConversationLine.deleted_at.is_(None)
    )


async def last_message_id(session: AsyncSession, channel_id: int) -> int | None:
    """Return the newest message of a channel that is in the history, deleted or not."""
    ids = await session.scalar(
        select(ConversationLine.discord_message_ids)
        .where(ConversationLine.channel_id == channel_id)
        .order_by(ConversationLine.position.desc())
        .limit(1)
    )
    return max(ids, default=None) if ids else None


async def append(session: AsyncSession, channel_id: int, lines: Sequence[ConversationLine]) -> None:
    """Add lines at the end of a channel's history."""
    await session.execute(select(func.pg_advisory_xact_lock(channel_id)))
    last = await session.scalar(
        select(func.max(ConversationLine.position)).where(ConversationLine.channel_id == channel_id)
    )
    for position, line in enumerate(lines, start=(last or 0) + 1):
        line.position = position
        session.add(line)
        await session.flush()


async def answer_of(session: AsyncSession, message_id: int) -> UUID | None:
    """Return which answer a message is, or is a part of."""
    return await session.scalar(
        select(ConversationLine.id).where(
            ConversationLine.discord_message_ids.contains([message_id]),
            ConversationLine.role == Role.ASSISTANT,
            ConversationLine.deleted_at.is_(None),
        )
    )


async def answer(session: AsyncSession, line_id: UUID) -> ConversationLine | None:
    """Return an answer that has not been taken back."""
    return await session.scalar(
        select(ConversationLine).where(
            ConversationLine.id == line_id,
            ConversationLine.role == Role.ASSISTANT,
            ConversationLine.deleted_at.is_(None),
        )
    )


async def memory_of(session: AsyncSession, line_id: UUID) -> Memory | None:
    """Return what was remembered of an answer."""
    return await session.scalar(select(Memory).where(Memory.line_id == line_id))


async def hide(session: AsyncSession, line_ids: Sequence[UUID]) -> None:
    """Take lines out of the history, and what was remembered of them."""
    await session.execute(
        update(ConversationLine)
        .where(ConversationLine.id.in_(line_ids))
        .values(deleted_at=func.now())
    )
    await session.execute(delete(Memory).where(Memory.line_id.in_(line_ids)))


async def erase(session: AsyncSession, message_ids: Sequence[int]) -> None:
    """Delete what was said in messages that are gone from Discord, and what was remembered."""
    said = ConversationLine.discord_message_ids.overlap(list(message_ids))
    lines = select(ConversationLine.id).where(said)
    answers = select(ConversationLine.id).where(or_(said, ConversationLine.answers_id.in_(lines)))
    await session.execute(delete(Memory).where(Memory.line_id.in_(answers)))
    await session.execute(delete(ConversationLine).where(said))


async def reword(session: AsyncSession, message_id: int, content: str, tokens: int) -> None:
    """Follow the edit of a person's message."""
    await session.execute(
        update(ConversationLine)
        .where(
            ConversationLine.discord_message_ids == [message_id],
            ConversationLine.role == Role.USER,
        )
        .values(content=content, token_count=tokens)
    )


async def clear(
    session: AsyncSession, channel_id: int, user_id: UUID | None, personality_id: UUID | None
) -> int:
    """Take lines of a channel out of the history: one user's or all, of one personality or all."""
    conditions = [
        ConversationLine.channel_id == channel_id,
        ConversationLine.deleted_at.is_(None),
    ]
    if user_id is not None:
        conditions.append(ConversationLine.user_id == user_id)
    if personality_id is not None:
        conditions.append(ConversationLine.personality_id == personality_id)
    gone = await session.execute(
        update(ConversationLine)
        .where(*conditions)
        .values(deleted_at=func.now())
        .returning(ConversationLine.id)
    )
    return len(gone.all())


async def last_answer(
    session: AsyncSession, channel_id: int, user_id: UUID
) -> ConversationLine | None:
    """Return the last answer to a user in a channel."""
    return await session.scalar(
        _living(channel_id)
        .where(ConversationLine.user_id == user_id, ConversationLine.role == Role.ASSISTANT)
        .order_by(ConversationLine.position.desc())
        .limit(1)
    )
