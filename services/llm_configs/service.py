"""Management of LLM configs and of their selection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import REASONING_EFFORTS, LlmConfig
from db.session import Sessions
from services.access import Owned, Payer, Quotas, check_quota
from services.errors import BotOwnerOnly
from services.llm import LanguageModels, ModelCatalog, ModelChoice, Sampling
from services.llm_configs import queries
from services.llm_configs.errors import (
    ConfigNameTaken,
    ConfigNotFound,
    DefaultConfigInUse,
    EffortUnknown,
    ModelUnpriced,
    NoModelAllowed,
    OutOfRange,
)
from services.llm_configs.models import check_allowed, load_policy
from services.people import get_or_create_user, set_override
from services.personalities import PersonalityService
from services.texts import clean_name, clean_text
from services.types import Actor

# Bounds, as in the constraints of the table: name, minimum, maximum, integers only.
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
DESCRIPTION_LENGTH: Final = 500
_MAX_MODELS = 25
SAMPLING = frozenset(vars(Sampling()))


@dataclass(frozen=True, kw_only=True)
class ConfigInput:
    """Input for a config, not validated yet. `parameters` has the keys of `PARAMETERS`."""

    name: str
    model: str
    vision_model: str | None = None
    fallback_model: str | None = None
    reasoning_effort: str | None = None
    parameters: Mapping[str, float | None] = field(default_factory=dict[str, float | None])

    def validate(self, models: LanguageModels, payers: Sequence[Payer] = ()) -> dict[str, Any]:
        """Return the columns of a config, whose models `payers` may have keys for.

        Raises:
            EffortUnknown: There is no such reasoning effort.
            ModelMisconfigured: A model is not `vendor/model` of a configured vendor.
            OutOfRange: A parameter is not within its bounds.
            TextEmpty, TextTooLong: A text is not valid.
        """
        names = {
            "model": self.model.strip(),
            "vision_model": (self.vision_model or "").strip() or None,
            "fallback_model": (self.fallback_model or "").strip() or None,
        }
        for model in filter(None, names.values()):
            models.resolve(model, payers)
        effort = (self.reasoning_effort or "").strip().lower() or None
        if effort is not None and effort not in REASONING_EFFORTS:
            raise EffortUnknown(effort, REASONING_EFFORTS)
        return {
            "name": clean_name(self.name),
            "reasoning_effort": effort,
            **names,
            **{name: _validate_parameter(name, self.parameters.get(name)) for name in PARAMETERS},
        }


@dataclass(frozen=True)
class SavedConfig:
    """A config, and its parameters that the vendor of its model does not support."""

    config: LlmConfig
    unsupported: frozenset[str]


class LlmConfigService:
    """Manages configs and their selection by users, owners of personalities and the bot owner."""

    def __init__(
        self,
        sessions: Sessions,
        models: LanguageModels,
        catalog: ModelCatalog,
        personalities: PersonalityService,
        quotas: Quotas | None = None,
    ) -> None:
        self._sessions = sessions
        self._quotas = quotas or Quotas()
        self._models = models
        self._catalog = catalog
        self._personalities = personalities

    async def available(self, actor: Actor) -> Sequence[LlmConfig]:
        """Return the global configs and the actor's own."""
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            return await queries.available(session, user.id)

    async def names(self, discord_id: int, *, prefix: str, limit: int = 25) -> Sequence[str]:
        """Return names of configs a user can select, for autocomplete."""
        async with self._sessions() as session:
            return await queries.names(session, discord_id, prefix, limit)

    async def get(self, actor: Actor, name: str) -> LlmConfig:
        """Return a config that the actor can select.

        Raises:
            ConfigNotFound: There is none of that name.
        """
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            config = await queries.find(session, user.id, name)
            if config is None:
                raise ConfigNotFound(name)
            return config

    async def search_models(self, actor: Actor, typed: str = "") -> Sequence[ModelChoice]:
        """Return up to 25 models that the actor may choose and whose name contains a text.

        Raises:
            ModelMisconfigured: No vendor is configured.
            NoModelAllowed: The actor may choose none.
        """
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            policy = await load_policy(session, self._models.resolve)
        own = self._models.own_vendors([Payer.user(user.id)])
        if not self._models.vendors and not own:
            self._models.resolve("")
        if actor.is_bot_owner:
            return await self._catalog.search(typed)
        if not policy.allowed and not own:
            raise NoModelAllowed
        defaults = [each for each in self._catalog.defaults() if policy.allows(each.name)]
        keyed = sorted(own - {each.name.partition("/")[0] for each in defaults})
        choices = [
            *defaults,
            *(ModelChoice(name, name) for name in policy.allowed),
            *(ModelChoice(f"{name}/default", f"{name}/default (your key)") for name in keyed),
        ]
        wanted = typed.strip().lower()
        found = [each for each in choices if wanted in each.label.lower()]
        vendor, _, rest = typed.strip().partition("/")
        if rest and vendor in own and not found:
            found = [ModelChoice(typed.strip(), f"{typed.strip()} (your key)")]
        return found[:_MAX_MODELS]

    async def create(
        self, actor: Actor, config_input: ConfigInput, *, for_everyone: bool = False
    ) -> SavedConfig:
        """Create a config: the actor's own or, as the bot owner, a global one.

        Raises:
            BotOwnerOnly: Only the bot owner may create global configs.
            ConfigNameTaken: One of that name already exists.
            ModelMisconfigured, OutOfRange, TextEmpty, TextTooLong: A field is not valid.
            ModelNotAllowed, ModelUnpriced: A model may not be chosen.
        """
        if for_everyone and not actor.is_bot_owner:
            raise BotOwnerOnly
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            payers = [] if for_everyone else [Payer.user(user.id)]
            values = config_input.validate(self._models, payers)
            await self._check_models(session, values, payers, is_global=for_everyone)
            if not for_everyone:
                await check_quota(session, self._quotas, Owned.CONFIGS, user.id, actor=actor)
            config = await queries.insert_if_free(
                session, owner_id=None if for_everyone else user.id, **values
            )
            if config is None:
                raise ConfigNameTaken(config_input.name)
            return self._to_saved_config(config)

    async def edit(self, actor: Actor, config_id: UUID, config_input: ConfigInput) -> SavedConfig:
        """Edit a config.

        Raises:
            BotOwnerOnly: It is global and the actor is not the bot owner.
            ConfigNotFound: It is not the actor's, or was deleted.
            ConfigNameTaken: Another one of that name exists.
            ModelMisconfigured, OutOfRange, TextEmpty, TextTooLong: A field is not valid.
        """
        try:
            async with self._sessions.begin() as session:
                user = await get_or_create_user(session, actor)
                config = await session.get(LlmConfig, config_id)
                if config is None:
                    raise ConfigNotFound(config_input.name)
                _check_may_change(actor, user.id, config)
                payers = [Payer.user(user.id)] if config.owner_id else []
                values = config_input.validate(self._models, payers)
                is_global = config.owner_id is None
                await self._check_models(session, values, payers, is_global=is_global)
                for column, value in values.items():
                    setattr(config, column, value)
                return self._to_saved_config(config)
        except IntegrityError as error:
            raise ConfigNameTaken(config_input.name) from error

    async def get_changeable(self, actor: Actor, config_id: UUID) -> LlmConfig:
        """Return a config that the actor may change.

        Raises:
            BotOwnerOnly: It is global and the actor is not the bot owner.
            ConfigNotFound: It is not the actor's, or was deleted.
        """
        async with self._sessions.begin() as session:
            return await _get_changeable(session, actor, config_id)

    async def describe(self, actor: Actor, config_id: UUID, description: str) -> LlmConfig:
        """Change what is said of a config.

        Raises:
            BotOwnerOnly, ConfigNotFound: As for `get_changeable`.
            TextTooLong: The description is too long.
        """
        text = clean_text(description, field="description", limit=DESCRIPTION_LENGTH)
        async with self._sessions.begin() as session:
            config = await _get_changeable(session, actor, config_id)
            config.description = text or None
            return config

    async def delete(self, actor: Actor, config: LlmConfig) -> None:
        """Delete a config; whoever had selected it falls back to the next default.

        Raises:
            BotOwnerOnly: It is global and the actor is not the bot owner.
            ConfigNotFound: It is not the actor's, or was deleted.
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

    async def set_for_personality(
        self, actor: Actor, config: LlmConfig, personality_id: UUID
    ) -> None:
        """Use a config for a personality's answers to the actor."""
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            await set_override(session, user.id, personality_id, llm_config_id=config.id)

    async def clear_for_personality(self, actor: Actor, personality_id: UUID) -> None:
        """Use the default for a personality's answers to the actor again."""
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            await set_override(session, user.id, personality_id, llm_config_id=None)

    async def set_personality_default(
        self, actor: Actor, personality_id: UUID, config: LlmConfig | None
    ) -> None:
        """Set the default config of a personality; None clears it.

        Raises:
            OwnersOnly: The actor is not an owner of the personality.
        """
        await self._personalities.check_owner(actor, personality_id)
        async with self._sessions.begin() as session:
            if config is None:
                await queries.clear_personality_default(session, personality_id)
            else:
                await queries.set_personality_default(session, personality_id, config.id)

    async def set_global_default(self, actor: Actor, config: LlmConfig) -> None:
        """Set the global default config.

        Raises:
            BotOwnerOnly: The actor is not the bot owner.
            ConfigNotFound: The config is not global.
        """
        if not actor.is_bot_owner:
            raise BotOwnerOnly
        if config.owner_id is not None:
            raise ConfigNotFound(config.name)
        async with self._sessions.begin() as session:
            await queries.make_default(session, config.id)

    async def _check_models(
        self,
        session: AsyncSession,
        values: Mapping[str, Any],
        payers: Sequence[Payer],
        *,
        is_global: bool,
    ) -> None:
        """Check that the models of a config may be chosen, and what they cost is known.

        Raises:
            ModelNotAllowed: Users may not choose a model.
            ModelUnpriced: Nobody knows the price of a model, and no setting names it.
        """
        columns = ("model", "vision_model", "fallback_model")
        models: list[str] = [values[each] for each in columns if values[each]]
        if not is_global:
            policy = await load_policy(session, self._models.resolve)
            check_allowed(policy, models, self._models, payers)
            return
        for model in models:
            is_of_settings = model.endswith("/default") or model in self._models.defaults
            if not is_of_settings and self._models.ledger.price(model) is None:
                raise ModelUnpriced(model)

    def _to_saved_config(self, config: LlmConfig) -> SavedConfig:
        parameters = frozenset(name for name in SAMPLING if getattr(config, name) is not None)
        return SavedConfig(config, self._models.unsupported(config.model, parameters))


async def _get_changeable(session: AsyncSession, actor: Actor, config_id: UUID) -> LlmConfig:
    user = await get_or_create_user(session, actor)
    config = await session.get(LlmConfig, config_id)
    if config is None:
        raise ConfigNotFound("this config")
    _check_may_change(actor, user.id, config)
    return config


def _check_may_change(actor: Actor, user_id: UUID, config: LlmConfig) -> None:
    if config.owner_id is None:
        if not actor.is_bot_owner:
            raise BotOwnerOnly
    elif config.owner_id != user_id:
        raise ConfigNotFound(config.name)


def _validate_parameter(name: str, value: float | None) -> float | int | None:
    if value is None:
        return None
    low, high, is_integer = PARAMETERS[name]
    if not low <= value <= high or (is_integer and value != int(value)):
        raise OutOfRange(name, low, high)
    return int(value) if is_integer else value
