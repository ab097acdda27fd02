"""Queries on conversations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.models import (
    ChannelSettings,
    ConversationLine,
    LlmConfig,
    Memory,
    Persona,
    Personality,
    PersonalityDefaultConfig,
    PersonalityOwner,
    PersonalityVersion,
    Role,
    ServerPolicy,
    SystemPrompt,
    UserDefaultPersona,
    UserPersonalityConfig,
)
from services.access import (
    Situation,
    SituationTerms,
    Verdict,
    keeps_memories,
    named_terms,
    personality_verdict,
    situation_parameters,
    streams_answers,
)
from services.memory import drop_summaries
from services.personalities import apply_published_version

# More lines than are ever pending between two answers.
_MAX_RECENT_LINES = 100
_SCENE = (ChannelSettings.scene_place, ChannelSettings.scene_time, ChannelSettings.scene_tone)


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """A personality's config and persona for a user, and the source of each.

    `verdict` is why a person may not call it where they want to, `keeps_memories` whether what is
    said there may be remembered, `streams_answers` whether answers are shown as they are written,
    `server_zone` the time zone that the server has set, `scene` the place, time and tone of the
    channel's play, `forbidden_tools` what moderators forbid there. `existing` is what else exists
    of it, of what was asked for.
    """

    personality: Personality
    system_prompt: str
    config: LlmConfig | None
    config_source: str
    persona: Persona
    persona_source: str
    verdict: Verdict | None = None
    keeps_memories: bool = True
    streams_answers: bool = True
    server_zone: str | None = None
    scene: Sequence[str] = ()
    forbidden_tools: Sequence[str] = ()
    existing: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Existing:
    """Conditions on what else there may be of a personality, by names.

    They have the parameters `personality_id` and `situation_channel`.
    """

    exist: Mapping[str, ColumnElement[bool]]


@cache
def _resolution_statement(situation: SituationTerms | None, also: Existing | None) -> Any:
    """Return the statement of `resolve`, which is built once for a shape of a situation."""
    override, fallback = UserPersonalityConfig, aliased(LlmConfig)
    is_server = ServerPolicy.guild_id == (situation.guild if situation else None)
    channel_ids: Any = situation.channels if situation else array([], type_=BigInteger())
    return (
        select(
            Personality,
            SystemPrompt.content,
            LlmConfig,
            Persona,
            override.llm_config_id,
            PersonalityDefaultConfig.llm_config_id,
            override.persona_id,
            PersonalityVersion.definition,
            null() if situation is None else personality_verdict(situation),
            true() if situation is None else keeps_memories(situation),
            true() if situation is None else streams_answers(situation),
            select(ServerPolicy.time_zone).where(is_server).scalar_subquery(),
            select(ServerPolicy.forbidden_tools).where(is_server).scalar_subquery(),
            select(func.jsonb_build_array(*_SCENE))
            .where(ChannelSettings.channel_id == any_(channel_ids))
            .order_by(ChannelSettings.channel_id.desc())
            .limit(1)
            .scalar_subquery(),
            _names_of(also.exist if also else {}),
        )
        .select_from(Personality)
        .outerjoin(
            override,
            and_(
                override.personality_id == Personality.id, override.user_id == bindparam("user_id")
            ),
        )
        .outerjoin(
            PersonalityDefaultConfig,
            PersonalityDefaultConfig.personality_id == Personality.id,
        )
        .outerjoin(
            PersonalityOwner,
            and_(
                PersonalityOwner.personality_id == Personality.id,
                PersonalityOwner.user_id == bindparam("user_id"),
            ),
        )
        .outerjoin(
            PersonalityVersion,
            and_(
                PersonalityVersion.personality_id == Personality.id,
                PersonalityVersion.number == Personality.public_version,
                PersonalityVersion.number != Personality.version,
                PersonalityOwner.user_id.is_(None),
            ),
        )
        .outerjoin(fallback, fallback.is_default.is_(True))
        .outerjoin(
            LlmConfig,
            LlmConfig.id
            == func.coalesce(
                override.llm_config_id, PersonalityDefaultConfig.llm_config_id, fallback.id
            ),
        )
        .join(UserDefaultPersona, UserDefaultPersona.user_id == bindparam("user_id"))
        .join(
            Persona,
            Persona.id == func.coalesce(override.persona_id, UserDefaultPersona.persona_id),
        )
        .outerjoin(
            SystemPrompt,
            or_(
                SystemPrompt.id == Personality.system_prompt_id,
                and_(Personality.system_prompt_id.is_(None), SystemPrompt.is_default),
            ),
        )
        .where(Personality.id == bindparam("personality_id"), Personality.deleted_at.is_(None))
    )


async def resolve(
    session: AsyncSession,
    user_id: UUID,
    personality_id: UUID,
    *,
    situation: Situation | None = None,
    also: Existing | None = None,
) -> Resolution | None:
    """Return personality, config and persona for a user, or None if the personality was deleted.

    Config: the user's for this personality, else the personality's, else the global default.
    Persona: the user's for this personality, else the user's default. If a public personality was
    changed after publishing, users other than its owners get the published version. `also` are
    conditions on what else there may be.
    """
    statement = _resolution_statement(named_terms(situation) if situation else None, also)
    parameters = {
        **situation_parameters(situation or Situation()),
        "user_id": user_id,
        "personality_id": personality_id,
    }
    row: Any = (await session.execute(statement, parameters)).first()
    if row is None:
        return None
    (
        personality,
        system_prompt,
        config,
        persona,
        own_config,
        personality_config,
        own_persona,
        published,
        verdict,
        is_remembered,
        is_streamed,
        server_zone,
        forbidden_tools,
        scene,
        existing,
    ) = row
    if published:
        session.expunge(personality)
        apply_published_version(personality, published)
    config_source = "the personality" if personality_config else "the global default"
    return Resolution(
        personality=personality,
        system_prompt=system_prompt or "",
        config=config,
        config_source="you" if own_config else config_source,
        persona=persona,
        persona_source="you, for this personality" if own_persona else "your default",
        verdict=Verdict.parse(verdict),
        keeps_memories=is_remembered,
        streams_answers=is_streamed and personality.streams_answers,
        server_zone=server_zone,
        scene=scene or (),
        forbidden_tools=forbidden_tools or (),
        existing=frozenset(existing),
    )


def _names_of(conditions: Mapping[str, ColumnElement[bool]]) -> ColumnElement[Sequence[str]]:
    """Return the names of those conditions that hold."""
    names = [case((holds, name)) for name, holds in conditions.items()]
    if not names:
        return cast(literal("{}"), ARRAY(Text))
    return func.array_remove(cast(array(names), ARRAY(Text)), None)


async def history(
    session: AsyncSession, channel_id: int, *, limit: int, before: int | None = None
) -> list[ConversationLine]:
    """Return the last lines of a channel, in order; `before` is a position."""
    statement = _visible(channel_id).order_by(ConversationLine.position.desc()).limit(limit)
    if before is not None:
        statement = statement.where(ConversationLine.position < before)
    return list((await session.scalars(statement)).all())[::-1]


def _visible(channel_id: int) -> Select[ConversationLine]:
    return select(ConversationLine).where(
        ConversationLine.channel_id == channel_id, ConversationLine.deleted_at.is_(None)
    )


async def last_answered(
    session: AsyncSession, channel_id: int
) -> tuple[int | None, frozenset[int]]:
    """Return the id of the last answered message in a channel, and recent ids in its history.

    Answers keep the order of their triggers, so no older message is still unanswered.
    """
    statement = select(ConversationLine).where(ConversationLine.channel_id == channel_id)
    result = await session.scalars(
        statement.order_by(ConversationLine.position.desc()).limit(_MAX_RECENT_LINES)
    )
    lines = result.all()
    known = frozenset(id_ for line in lines for id_ in line.discord_message_ids)
    answered_id = next((line.answers_id for line in lines if line.answers_id), None)
    user_line = next(
        (line for line in lines if line.id == answered_id), lines[0] if lines else None
    )
    return max(user_line.discord_message_ids, default=None) if user_line else None, known


async def append(session: AsyncSession, channel_id: int, lines: Sequence[ConversationLine]) -> None:
    """Append lines to a channel's history."""
    last: int = (await session.execute(select(func.last_position(channel_id)))).scalar_one()
    for position, line in enumerate(lines, start=last + 1):
        line.position = position
        # With ids of their own, all are inserted by one statement.
        line.id = line.id or uuid4()
        session.add(line)
    await session.flush()


async def answer_of(session: AsyncSession, message_id: int) -> UUID | None:
    """Return the id of the answer that a message is, or is a part of."""
    return await session.scalar(
        select(ConversationLine.id).where(
            ConversationLine.discord_message_ids.contains([message_id]),
            ConversationLine.role == Role.ASSISTANT,
            ConversationLine.deleted_at.is_(None),
        )
    )


async def answer(session: AsyncSession, line_id: UUID) -> ConversationLine | None:
    """Return an answer that is not deleted."""
    return await session.scalar(
        select(ConversationLine).where(
            ConversationLine.id == line_id,
            ConversationLine.role == Role.ASSISTANT,
            ConversationLine.deleted_at.is_(None),
        )
    )


async def memory_of(session: AsyncSession, line_id: UUID) -> Memory | None:
    """Return the memory of an answer."""
    return await session.scalar(select(Memory).where(Memory.line_id == line_id))


async def memories(session: AsyncSession, memory_ids: Sequence[UUID]) -> dict[UUID, Memory]:
    """Return those of these memories that still exist."""
    found = await session.scalars(select(Memory).where(Memory.id.in_(memory_ids)))
    return {memory.id: memory for memory in found}


async def hide(session: AsyncSession, line_ids: Sequence[UUID]) -> None:
    """Soft-delete lines and delete their memories."""
    await session.execute(
        update(ConversationLine)
        .where(ConversationLine.id.in_(line_ids))
        .values(deleted_at=func.now())
    )
    await session.execute(delete(Memory).where(Memory.line_id.in_(line_ids)))


async def erase(session: AsyncSession, message_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Delete the lines of messages that were deleted on Discord, and their memories.

    Return the voice messages that spoke them, with their channels.
    """
    is_deleted = ConversationLine.discord_message_ids.overlap(list(message_ids))
    lines = select(ConversationLine.id).where(is_deleted)
    answers = select(ConversationLine.id).where(
        or_(is_deleted, ConversationLine.answers_id.in_(lines))
    )
    # Lock lines before memories, in the same order as `hide`, to avoid deadlocks.
    answer_ids = await session.scalars(answers.order_by(ConversationLine.id).with_for_update())
    await session.execute(delete(Memory).where(Memory.line_id.in_(answer_ids.all())))
    deleted = delete(ConversationLine).where(is_deleted)
    rows = await session.execute(
        deleted.returning(ConversationLine.channel_id, ConversationLine.voice_message_id)
    )
    return [(channel_id, voice_id) for channel_id, voice_id in rows if voice_id is not None]


async def line_of(session: AsyncSession, message_id: int) -> ConversationLine | None:
    """Return the line of a person's message, locked."""
    return await session.scalar(
        select(ConversationLine)
        .where(
            ConversationLine.discord_message_ids.contains([message_id]),
            ConversationLine.role == Role.USER,
        )
        .with_for_update()
    )


async def answers_to(session: AsyncSession, line_id: UUID) -> Sequence[ConversationLine]:
    """Return the answers to a line."""
    result = await session.scalars(
        select(ConversationLine).where(ConversationLine.answers_id == line_id)
    )
    return result.all()


async def pictures_of(session: AsyncSession, line_id: UUID) -> Sequence[ConversationLine]:
    """Return the pictures that follow an answer."""
    result = await session.scalars(
        select(ConversationLine).where(
            ConversationLine.answers_id == line_id, ConversationLine.is_picture
        )
    )
    return result.all()


async def clear(
    session: AsyncSession, channel_id: int, user_id: UUID | None, personality_id: UUID | None
) -> tuple[int, datetime | None]:
    """Soft-delete lines of a channel, optionally only of one user or one personality.

    Return how many there were, and when they were cleared.
    """
    conditions = [
        ConversationLine.channel_id == channel_id,
        ConversationLine.deleted_at.is_(None),
    ]
    if user_id is not None:
        conditions.append(ConversationLine.user_id == user_id)
    if personality_id is not None:
        conditions.append(ConversationLine.personality_id == personality_id)
    hidden = await session.execute(
        update(ConversationLine)
        .where(*conditions)
        .values(deleted_at=func.now())
        .returning(ConversationLine.deleted_at)
    )
    times = hidden.scalars().all()
    await drop_summaries(session, channel_id, user_id, personality_id)
    return len(times), max((each for each in times if each), default=None)


async def restore(
    session: AsyncSession, channel_id: int, at: datetime, user_id: UUID | None
) -> int:
    """Show the lines again that were cleared at a time, or only a user's; return how many."""
    conditions = [ConversationLine.channel_id == channel_id, ConversationLine.deleted_at == at]
    if user_id is not None:
        conditions.append(ConversationLine.user_id == user_id)
    shown = await session.execute(
        update(ConversationLine)
        .where(*conditions)
        .values(deleted_at=None)
        .returning(ConversationLine.id)
    )
    return len(shown.all())


async def last_answer(
    session: AsyncSession, channel_id: int, user_id: UUID
) -> ConversationLine | None:
    """Return the last answer to a user in a channel."""
    return await session.scalar(
        _visible(channel_id)
        .where(
            ConversationLine.user_id == user_id,
            ConversationLine.role == Role.ASSISTANT,
            ~ConversationLine.is_picture,
        )
        .order_by(ConversationLine.position.desc())
        .limit(1)
    )
