"""How language models are asked, and who has chosen what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from db.models import LlmConfig
from db.session import Sessions
from services.errors import BotOwnerOnly
from services.llm import LanguageModels, Sampling
from services.llm_configs import queries
from services.llm_configs.errors import (
    ConfigNameTaken,
    ConfigNotFound,
    DefaultConfigInUse,
    OutOfRange,
)
from services.people import get_or_create_user, set_override
from services.personalities import PersonalityService
from services.texts import clean_name, clean_optional
from services.types import Actor

# The bounds that the table checks too: name, lowest, highest, whole numbers only.
PARAMETERS: Mapping[str, tuple[float, float, bool]] = {
    "temperature": (0, 2, False),
    "top_p": (0, 1, False),
    "top_k": (1, 1000, True),
    "frequency_penalty": (-2, 2, False),
    "presence_penalty": (-2, 2, False),
    "repetition_penalty": (0, 2, False),
    "max_tokens": (1, 32_000, True),
    "memory_score_threshold": (0, 1, False),
    "memory_limit": (0, 50, True),
}
SAMPLING = frozenset(vars(Sampling()))


@dataclass(frozen=True, kw_only=True)
class ConfigInput:
    """What someone says of a config, not yet checked. `parameters` are those of `PARAMETERS`."""

    name: str
    model: str
    description: str | None = None
    vision_model: str | None = None
    fallback_model: str | None = None
    parameters: Mapping[str, float | None] = field(default_factory=dict[str, float | None])

    def checked(self, models: LanguageModels) -> dict[str, Any]:
        """Return the columns of a config.

        Raises:
            ModelMisconfigured: A model is not `vendor/model` of a vendor that is set up.
            OutOfRange: A parameter is not within its bounds.
            TextEmpty, TextTooLong: A text is not as it may be.
        """
        names = {
            "model": self.model.strip(),
            "vision_model": (self.vision_model or "").strip() or None,
            "fallback_model": (self.fallback_model or "").strip() or None,
        }
        for model in filter(None, names.values()):
            models.resolve(model)
        return {
            "name": clean_name(self.name),
            "description": clean_optional(self.description, field="description", limit=200),
            **names,
            **{name: _within(name, self.parameters.get(name)) for name in PARAMETERS},
        }


@dataclass(frozen=True)
class SavedConfig:
    """A config, and which of its parameters its model's vendor does not know and we drop."""

    config: LlmConfig
    dropped: frozenset[str]


class LlmConfigService:
    """What users, owners of personalities and the bot's owner do with configs."""

    def __init__(
        self, sessions: Sessions, models: LanguageModels, personalities: PersonalityService
    ) -> None:
        self._sessions = sessions
        self._models = models
        self._personalities = personalities

    async def within_reach(self, actor: Actor) -> Sequence[LlmConfig]:
        """Return the global configs and the actor's own."""
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            return await queries.within_reach(session, user.id)

    async def names(self, discord_id: int, *, prefix: str, limit: int = 25) -> Sequence[str]:
        """Return names of configs a user can choose, for suggestions."""
        async with self._sessions() as session:
            return await queries.names(session, discord_id, prefix, limit)

    async def get(self, actor: Actor, name: str) -> LlmConfig:
        """Return a config that the actor can choose.

        Raises:
            ConfigNotFound: There is none of that name.
        """
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            config = await queries.find(session, user.id, name)
            if config is None:
                raise ConfigNotFound(name)
            return config

    async def create(
        self, actor: Actor, draft: ConfigInput, *, for_everyone: bool = False
    ) -> SavedConfig:
        """Make a config, the actor's own or, by the bot's owner, a global one.

        Raises:
            BotOwnerOnly: A global one is not the actor's to make.
            ConfigNameTaken: There is one of that name.
            ModelMisconfigured, OutOfRange, TextEmpty, TextTooLong: A field is not as it may be.
        """
        if for_everyone and not actor.is_bot_owner:
            raise BotOwnerOnly
        values = draft.checked(self._models)
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            config = await queries.insert_if_free(
                session, owner_id=None if for_everyone else user.id, **values
            )
            if config is None:
                raise ConfigNameTaken(draft.name)
            return self._saved(config)

    async def edit(self, actor: Actor, config_id: UUID, draft: ConfigInput) -> SavedConfig:
        """Change a config.

        Raises:
            BotOwnerOnly: It is global and the actor does not run the bot.
            ConfigNotFound: It is not the actor's, or gone.
            ConfigNameTaken: There is another one of that name.
            ModelMisconfigured, OutOfRange, TextEmpty, TextTooLong: A field is not as it may be.
        """
        values = draft.checked(self._models)
        try:
            async with self._sessions.begin() as session:
                user = await get_or_create_user(session, actor)
                config = await session.get(LlmConfig, config_id)
                if config is None:
                    raise ConfigNotFound(draft.name)
                _check_may_change(actor, user.id, config)
                for column, value in values.items():
                    setattr(config, column, value)
                return self._saved(config)
        except IntegrityError as error:
            raise ConfigNameTaken(draft.name) from error

    async def delete(self, actor: Actor, config: LlmConfig) -> None:
        """Delete a config; whoever had chosen it falls back to the next default.

        Raises:
            BotOwnerOnly: It is global and the actor does not run the bot.
            ConfigNotFound: It is not the actor's, or gone.
            DefaultConfigInUse: It is the global default.
        """
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            current = await session.get(LlmConfig, config.id, with_for_update=True)
            if current is None:
                raise ConfigNotFound(config.name)
            _check_may_change(actor, user.id, current)
            if current.is_default:
                raise DefaultConfigInUse(current.name)
            await session.delete(current)

    async def use(self, actor: Actor, config: LlmConfig, personality_id: UUID) -> None:
        """Let a personality speak to the actor with a config."""
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            await set_override(session, user.id, personality_id, llm_config_id=config.id)

    async def clear(self, actor: Actor, personality_id: UUID) -> None:
        """Let a personality speak to the actor with its default again."""
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            await set_override(session, user.id, personality_id, llm_config_id=None)

    async def set_personality_default(
        self, actor: Actor, personality_id: UUID, config: LlmConfig | None
    ) -> None:
        """Choose what a personality speaks with to whoever has chosen nothing; None clears.

        Raises:
            OwnersOnly: The personality is not the actor's.
        """
        await self._personalities.check_owner(actor, personality_id)
        async with self._sessions.begin() as session:
            if config is None:
                await queries.clear_personality_default(session, personality_id)
            else:
                await queries.set_personality_default(session, personality_id, config.id)

    async def set_global_default(self, actor: Actor, config: LlmConfig) -> None:
        """Choose what speaks where nobody has chosen anything.

        Raises:
            BotOwnerOnly: The actor does not run the bot.
            ConfigNotFound: The config is someone's own.
        """
        if not actor.is_bot_owner:
            raise BotOwnerOnly
        if config.owner_id is not None:
            raise ConfigNotFound(config.name)
        async with self._sessions.begin() as session:
            await queries.make_default(session, config.id)

    def _saved(self, config: LlmConfig) -> SavedConfig:
        given = frozenset(name for name in SAMPLING if getattr(config, name) is not None)
        return SavedConfig(config, self._models.unsupported(config.model, given))


def _check_may_change(actor: Actor, user_id: UUID, config: LlmConfig) -> None:
    if config.owner_id is None:
        if not actor.is_bot_owner:
            raise BotOwnerOnly
    elif config.owner_id != user_id:
        raise ConfigNotFound(config.name)


def _within(name: str, value: float | None) -> float | int | None:
    if value is None:
        return None
    low, high, whole = PARAMETERS[name]
    if not low <= value <= high or (whole and value != int(value)):
        raise OutOfRange(name, low, high)
    return int(value) if whole else value
