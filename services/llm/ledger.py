"""The ledger of model calls: tokens, cost and duration."""

import logging
import time
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, insert
from sqlalchemy.exc import IntegrityError

from db.models import CallOutcome, LlmCall
from db.retry import PAID_SECONDS, retry_on_disconnect
from db.session import Sessions, single_statements
from services.access import SETTLEMENT, BudgetPolicy, Budgets, Caller
from services.errors import DomainError
from services.llm import prices
from services.llm.errors import (
    ContextTooLong,
    MalformedAnswer,
    ModelError,
    ModelMisconfigured,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
)
from services.llm.ports import OwnKey
from services.llm.types import Price, Usage

log = logging.getLogger(__name__)

# US dollars a million tokens that are embedded: more than any vendor asks.
_EMBEDDING_PRICE = 0.2
_BYTES_A_TOKEN = 3
# The channel of NOTIFY on which processes hear that the operator has changed a rule.
MODEL_RULES = "model_rules"

_OUTCOMES: Mapping[type[ModelError], CallOutcome] = {
    ModelUnavailable: CallOutcome.UNAVAILABLE,
    ModelRateLimited: CallOutcome.RATE_LIMITED,
    ModelRefused: CallOutcome.REFUSED,
    ModelMisconfigured: CallOutcome.MISCONFIGURED,
    ContextTooLong: CallOutcome.TOO_LONG,
    MalformedAnswer: CallOutcome.MALFORMED,
}


_INSERT = insert(cast("Table", LlmCall.__table__)).values(
    {
        name: bindparam(f"call_{name}")
        for name in (
            *("purpose", "model", "outcome", "tokens_in", "tokens_cached", "tokens_out"),
            *("cost_usd", "duration_ms", "user_id", "personality_id", "guild_id", "key_id"),
            "audio_seconds",
        )
    }
)
_INSERT_AND_SETTLE = _INSERT.add_cte(SETTLEMENT)


def _outcome_of(error: ModelError) -> CallOutcome:
    outcomes = (_OUTCOMES[kind] for kind in type(error).__mro__ if kind in _OUTCOMES)
    return next(outcomes, CallOutcome.UNAVAILABLE)


@dataclass(kw_only=True)
class OpenCall:
    """A call that is being made: what is known of it so far. Without a result it was cancelled.

    `audio_seconds` is the length of the recording that it hears.
    """

    outcome: CallOutcome = CallOutcome.CANCELLED
    usage: Usage | None = None
    audio_seconds: float | None = None


class Ledger:
    """Prices calls, reserves for them, and stores each request to a vendor in `llm_calls`.

    Calls of `free_vendors` cost nothing.
    """

    def __init__(
        self,
        sessions: Sessions,
        model_prices: Mapping[str, Price],
        budgets: BudgetPolicy | None = None,
        *,
        free_vendors: Collection[str] = ("local",),
    ) -> None:
        self._sessions = sessions
        self._prices = model_prices
        self._budgets = budgets or Budgets(sessions)
        self._free_vendors = frozenset(free_vendors)
        self._rule_prices: dict[str, Price] = {}

    def price(self, model: str) -> Price | None:
        """Return the price of a model, `vendor/model`, or None if it is unknown."""
        if model.partition("/")[0] in self._free_vendors:
            return prices.FREE
        return self._rule_prices.get(model) or self._prices.get(model)

    def assumed_price(self, model: str) -> Price:
        """Return the price of a model, or the one that is assumed where nobody knows it."""
        return self.price(model) or prices.EXPENSIVE

    def set_rule_prices(self, rule_prices: Mapping[str, Price]) -> None:
        """Use the prices of the operator's rules, which come before those of the settings."""
        self._rule_prices = dict(rule_prices)

    def is_free(self, model: str) -> bool:
        """Whether calls of a model cost nothing."""
        return self.price(model) == prices.FREE

    def with_cost(self, model: str, usage: Usage) -> Usage:
        """Return usage with its cost, if the price is known."""
        return replace(usage, cost_usd=prices.cost(usage, self.price(model)))

    def usage_of_embedding(self, model: str, texts: Sequence[str]) -> Usage:
        """Return the tokens of texts that are embedded, at a high price where nobody knows it."""
        tokens = sum(len(text.encode()) for text in texts) // _BYTES_A_TOKEN + len(texts)
        if self.price(model) is None:
            return Usage(tokens_in=tokens, cost_usd=tokens * _EMBEDDING_PRICE / 1_000_000)
        return Usage(tokens_in=tokens)

    def cost_at_most(self, model: str, usage: Usage) -> float:
        """Return the cost of usage in US dollars; a high price is assumed for an unknown one."""
        cost = self.with_cost(model, usage).cost_usd
        return prices.maximum_cost(usage) if cost is None else cost

    @asynccontextmanager
    async def call(
        self,
        model: str,
        caller: Caller,
        *,
        at_most: Usage,
        expected: Usage,
        own_key: OwnKey | None = None,
    ) -> AsyncGenerator[OpenCall]:
        """Reserve for a request to a vendor, and store it with its outcome and cost.

        On a key that was brought, nothing is reserved, or of its own budget. Where nobody knows
        whether it is charged, what it can cost at most stays reserved.

        Raises:
            BudgetSpent: A budget leaves no room for it.
        """
        bound, reservation = self.cost_at_most(model, at_most), None
        if own_key is None:
            reservation = await self._budgets.reserve(
                caller, bound_usd=bound, expected_usd=self.cost_at_most(model, expected)
            )
        elif own_key.budget_usd is not None:
            reservation = await self._budgets.reserve_on_key(
                own_key.id, bound_usd=bound, budget_usd=own_key.budget_usd
            )
        started, call = time.perf_counter(), OpenCall()
        is_charged = True
        try:
            yield call
        except ModelError as error:
            call.outcome = _outcome_of(error)
            call.usage = self.with_cost(model, error.usage) if error.usage else None
            is_unknown = isinstance(error, ModelUnavailable) and not error.is_uncharged
            is_charged = is_unknown and not isinstance(error, ModelOverloaded)
            raise
        except DomainError:  # the key that was brought is not accepted
            call.outcome, is_charged = CallOutcome.MISCONFIGURED, False
            raise
        finally:
            seconds = time.perf_counter() - started
            settlement: dict[str, object] | None = None
            if reservation is not None:
                if call.usage is not None:
                    settlement = reservation.settled_at(self.cost_at_most(model, call.usage))
                elif not is_charged:
                    settlement = reservation.settled_at(0)
            key_id = own_key.id if own_key else None
            await self._record(model, caller, call, seconds, settlement, key_id=key_id)

    async def _record(
        self,
        model: str,
        caller: Caller,
        call: OpenCall,
        seconds: float,
        settlement: Mapping[str, object] | None,
        *,
        key_id: UUID | None,
    ) -> None:
        """Store a call, whatever its outcome, and settle what was reserved for it."""
        usage = call.usage or Usage()
        log.info(
            "Model %s was called for %s: %s",
            model,
            caller.purpose,
            call.outcome,
            extra={
                "duration_ms": seconds * 1000,
                "tokens_in": usage.tokens_in,
                "tokens_out": usage.tokens_out,
                "personality_id": caller.personality_id,
                "guild_id": caller.guild_id,
            },
        )
        values: dict[str, Any] = {
            "purpose": caller.purpose,
            "model": model,
            "outcome": call.outcome,
            "tokens_in": usage.tokens_in,
            "tokens_cached": usage.tokens_cached,
            "tokens_out": usage.tokens_out,
            "cost_usd": usage.cost_usd,
            "duration_ms": round(seconds * 1000),
            "user_id": caller.user_id,
            "personality_id": caller.personality_id,
            "guild_id": caller.guild_id,
            "key_id": key_id,
            "audio_seconds": call.audio_seconds,
        }

        async def write() -> None:
            row = {f"call_{name}": value for name, value in values.items()}
            async with single_statements(self._sessions).connect() as connection:
                if settlement is None:
                    await connection.execute(_INSERT, row)
                else:
                    await connection.execute(_INSERT_AND_SETTLE, {**row, **settlement})

        try:
            await retry_on_disconnect(write, seconds=PAID_SECONDS)
        except IntegrityError:
            # The user or personality was deleted meanwhile; the usage is still valid.
            values |= {"user_id": None, "personality_id": None}
            await retry_on_disconnect(write, seconds=PAID_SECONDS)
