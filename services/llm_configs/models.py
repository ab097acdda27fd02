"""Which models users may choose in configs of their own, with which limits, at which price."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import LlmConfig, ModelRule
from db.session import Sessions, follow
from services.access import Payer, log_action
from services.errors import BotOwnerOnly
from services.llm import (
    MODEL_RULES,
    LanguageModels,
    Ledger,
    ListedModel,
    ModelCatalog,
    ModelMisconfigured,
    Price,
)
from services.llm_configs.errors import ModelLimitOutOfRange, ModelNotAllowed, ModelUnpriced
from services.people import get_or_create_user
from services.types import Actor

# The longest answers of users' own configs, in tokens, where no rule says otherwise.
MAX_USER_TOKENS = 4096
LIMITS: Mapping[str, tuple[int, int]] = {
    "max_tokens": (1, 32_000),
    "memory_limit": (0, 50),
    "window": (2, 200),
}


@dataclass(frozen=True, kw_only=True)
class ModelLimits:
    """The limits of a model: tokens of an answer, memories and lines of a prompt."""

    max_tokens: int = MAX_USER_TOKENS
    memory_limit: int | None = None
    window: int | None = None


@dataclass(frozen=True, kw_only=True)
class OfferedModel:
    """A model that users may choose, as they are shown it. `price` is None if it is unknown."""

    name: str
    price: Price | None
    limits: ModelLimits
    context_tokens: int
    sees: bool
    is_assumed: bool = False


class ModelPolicy:
    """The models that users may choose: those of global configs and those that were allowed.

    Names are compared with the defaults of their vendors filled in.
    """

    def __init__(
        self,
        rules: Sequence[ModelRule],
        global_models: Sequence[str],
        resolve: Callable[[str], str],
    ) -> None:
        self._resolve = resolve
        self._rules = {self._name(each.model): each for each in rules}
        self._global = {self._name(each) for each in global_models}

    def _name(self, model: str) -> str:
        try:
            return self._resolve(model)
        except ModelMisconfigured:
            return model  # of a vendor that is not configured any more

    @property
    def allowed(self) -> list[str]:
        """Return the models that users may choose, by name."""
        ruled = {name for name, rule in self._rules.items() if rule.is_allowed}
        return sorted(name for name in ruled | self._global if self.allows(name))

    def allows(self, model: str) -> bool:
        """Whether users may choose a model."""
        name = self._name(model)
        rule = self._rules.get(name)
        return rule.is_allowed if rule is not None else name in self._global

    def limits(self, model: str) -> ModelLimits:
        """Return the limits of a model."""
        rule = self._rules.get(self._name(model))
        if rule is None:
            return ModelLimits()
        return ModelLimits(
            max_tokens=rule.max_tokens or MAX_USER_TOKENS,
            memory_limit=rule.memory_limit,
            window=rule.window,
        )


async def load_policy(session: AsyncSession, resolve: Callable[[str], str]) -> ModelPolicy:
    """Return the current policy."""
    rules = (await session.scalars(select(ModelRule))).all()
    columns = (LlmConfig.model, LlmConfig.vision_model, LlmConfig.fallback_model)
    rows = await session.execute(select(*columns).where(LlmConfig.owner_id.is_(None)))
    return ModelPolicy(rules, [model for row in rows for model in row if model], resolve)


@dataclass(frozen=True, kw_only=True)
class UsableConfig:
    """A config as it may be used: within the limits of its model, or the global default.

    `refused_model` is the model that users may not choose any more, `window` the most lines of a
    conversation that the model may be shown, `keyed` the models that only an own key may pay for.
    """

    config: LlmConfig | None
    refused_model: str | None = None
    window: int | None = None
    keyed: frozenset[str] = frozenset()


async def restrict(
    session: AsyncSession,
    config: LlmConfig | None,
    models: LanguageModels,
    payers: Sequence[Payer] = (),
) -> UsableConfig:
    """Return a config as it may be used, where `payers` may pay for it with keys of their own.

    Global configs are the operator's own. What somebody's key pays for is nobody else's to refuse;
    others get the default without a word.
    """
    if config is None or config.owner_id is None:
        return UsableConfig(config=config)
    policy = await load_policy(session, models.resolve)
    owner_id = config.owner_id

    def is_own(model: str) -> bool:
        """Whether the config's owner pays for a model; others never pay for what they chose."""
        key = models.own_key(model, payers)
        return key is not None and key.payer.id == owner_id

    if not is_own(config.model) and not policy.allows(config.model):
        default = await session.scalar(select(LlmConfig).where(LlmConfig.is_default))
        is_of_own_key = models.own_key(config.model, [Payer.user(owner_id)]) is not None
        return UsableConfig(config=default, refused_model=None if is_of_own_key else config.model)
    session.expunge(config)
    for column in ("vision_model", "fallback_model"):
        model: str | None = getattr(config, column)
        if model is not None and not is_own(model) and not policy.allows(model):
            setattr(config, column, None)
    names = [each for each in (config.model, config.vision_model, config.fallback_model) if each]
    limits = [policy.limits(each) for each in names if not is_own(each)]
    highest = LIMITS["max_tokens"][1]
    if config.max_tokens is not None:
        config.max_tokens = min(config.max_tokens, *(each.max_tokens for each in limits), highest)
    memories = [each.memory_limit for each in limits if each.memory_limit is not None]
    if memories and config.memory_limit is not None:
        config.memory_limit = min(config.memory_limit, *memories)
    return UsableConfig(
        config=config,
        window=min((each.window for each in limits if each.window is not None), default=None),
        keyed=frozenset(models.resolve(each, payers) for each in names if not policy.allows(each)),
    )


def check_allowed(
    policy: ModelPolicy, names: Sequence[str], models: LanguageModels, payers: Sequence[Payer]
) -> None:
    """Check that users may choose some models, or have keys for them.

    Raises:
        ModelNotAllowed: They may not choose one.
    """
    for model in names:
        if models.own_key(model, payers) is None and not policy.allows(model):
            raise ModelNotAllowed(model, tuple(policy.allowed))


class ModelService:
    """The operator's rules about models, and what users are offered."""

    def __init__(self, sessions: Sessions, models: LanguageModels, catalog: ModelCatalog) -> None:
        self._sessions = sessions
        self._models = models
        self._catalog = catalog

    async def allow(
        self,
        actor: Actor,
        model: str,
        *,
        price: Price | None = None,
        **limits: int | None,
    ) -> OfferedModel:
        """Let users choose a model; limits that are not given stay.

        Raises:
            BotOwnerOnly: The actor is not the bot owner.
            ModelLimitOutOfRange: A limit is not within its bounds.
            ModelMisconfigured: It is not `vendor/model` of a configured vendor.
            ModelUnpriced: Nobody knows its price.
        """
        _require_operator(actor)
        name = self._models.resolve(model.strip())
        for limit, value in limits.items():
            low, high = LIMITS[limit]
            if value is not None and not low <= value <= high:
                raise ModelLimitOutOfRange(limit, low, high)
        listed = await self._catalog.details(name)
        known = self._models.ledger.price(name)
        source = "the operator" if price else "the vendor's list"
        listed_price = price or (None if known is not None else listed.price)
        if listed_price is None and known is None:
            raise ModelUnpriced(name)
        values: dict[str, Any] = {
            "is_allowed": True,
            **{limit: value for limit, value in limits.items() if value is not None},
        }
        if listed_price is not None:
            values |= {
                "price_fresh": listed_price.fresh,
                "price_cached": listed_price.cached,
                "price_written": listed_price.written,
                "price_source": source,
            }
        async with self._sessions.begin() as session:
            await _save(session, actor, name, values)
            log_action(session, actor, "allowed model", name)
            self._models.ledger.set_rule_prices(await rule_prices(session))
            policy = await load_policy(session, self._models.resolve)
        return self._offer(name, policy, listed)

    async def deny(self, actor: Actor, model: str) -> str:
        """Let users choose a model no longer, also if a global config uses it; return its name.

        Raises:
            BotOwnerOnly: The actor is not the bot owner.
            ModelMisconfigured: It is not `vendor/model` of a configured vendor.
        """
        _require_operator(actor)
        name = self._models.resolve(model.strip())
        async with self._sessions.begin() as session:
            await _save(session, actor, name, {"is_allowed": False})
            log_action(session, actor, "denied model", name)
        return name

    async def list_rules(self, actor: Actor) -> Sequence[ModelRule]:
        """Return the rules, by model.

        Raises:
            BotOwnerOnly: The actor is not the bot owner.
        """
        _require_operator(actor)
        async with self._sessions() as session:
            return (await session.scalars(select(ModelRule).order_by(ModelRule.model))).all()

    async def offered(self) -> Sequence[OfferedModel]:
        """Return the models that users may choose, by name."""
        async with self._sessions() as session:
            policy = await load_policy(session, self._models.resolve)
        return [
            self._offer(name, policy, await self._catalog.details(name))
            for name in policy.allowed
            if name.partition("/")[0] in self._models.vendors
        ]

    async def own_vendors(self, actor: Actor) -> frozenset[str]:
        """Return the vendors of which the actor has a key, so that all models may be chosen."""
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
        return self._models.own_vendors([Payer.user(user.id)])

    def _offer(self, name: str, policy: ModelPolicy, listed: ListedModel) -> OfferedModel:
        price = self._models.ledger.price(name)
        return OfferedModel(
            name=name,
            price=price or self._models.ledger.assumed_price(name),
            is_assumed=price is None,
            limits=policy.limits(name),
            context_tokens=listed.context_tokens or self._models.context_tokens(name),
            sees=bool(listed.sees),
        )


async def rule_prices(session: AsyncSession) -> dict[str, Price]:
    """Return the prices that came with the operator's rules."""
    rows = await session.scalars(select(ModelRule).where(ModelRule.price_fresh.is_not(None)))
    return {
        each.model: Price(
            each.price_fresh or 0.0, each.price_cached or 0.0, each.price_written or 0.0
        )
        for each in rows
    }


async def _save(session: AsyncSession, actor: Actor, name: str, values: Mapping[str, Any]) -> None:
    """Store a rule, and tell the other processes."""
    changes = {**values, "set_by": actor.discord_id, "updated_at": func.now()}
    await session.execute(
        insert(ModelRule)
        .values(model=name, **changes)
        .on_conflict_do_update(index_elements=["model"], set_=changes)
    )
    await session.execute(select(func.pg_notify(MODEL_RULES, "")))


def _require_operator(actor: Actor) -> None:
    if not actor.is_bot_owner:
        raise BotOwnerOnly


@asynccontextmanager
async def follow_rules(sessions: Sessions, ledger: Ledger) -> AsyncGenerator[None]:
    """Keep the prices of the operator's rules up to date while the context is open."""

    async def read_prices() -> None:
        async with sessions() as session:
            ledger.set_rule_prices(await rule_prices(session))

    async with follow(sessions, MODEL_RULES, read_prices):
        yield
