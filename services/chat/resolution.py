"""A personality for a user: its config and persona, and whether it may be called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.models import (
    ChannelSettings,
    LlmConfig,
    Persona,
    Personality,
    PersonalityDefaultConfig,
    PersonalityOwner,
    PersonalityVersion,
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
from services.personalities import apply_published_version

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
