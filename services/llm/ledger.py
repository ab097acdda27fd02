"""The ledger of model calls: tokens, cost and duration."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from db.models import CallOutcome, LlmCall
from db.retry import PAID_SECONDS, retry_on_disconnect
from db.session import Sessions
from services.errors import BotOwnerOnly
from services.llm import prices
from services.llm.prices import Price
from services.llm.types import Caller, Usage
from services.types import Actor

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class UsageSummary:
    """Totals of calls by model and purpose. `cost_usd` covers only calls with a known price."""

    model: str
    purpose: str
    calls: int
    failed: int
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    cost_usd: float


class Ledger:
    """Prices calls and stores them in `llm_calls`, one row per request to a vendor."""

    def __init__(self, sessions: Sessions, model_prices: Mapping[str, Price]) -> None:
        self._sessions = sessions
        self._prices = model_prices

    def with_cost(self, model: str, usage: Usage) -> Usage:
        """Return usage with its cost, if the price is known."""
        price = prices.FREE if model.startswith("local/") else self._prices.get(model)
        return replace(usage, cost_usd=prices.cost(usage, price))

    async def record(
        self, model: str, caller: Caller, outcome: CallOutcome, usage: Usage, seconds: float
    ) -> None:
        """Store a call, whatever its outcome."""
        log.info(
            "Model %s was called for %s: %s",
            model,
            caller.purpose,
            outcome,
            extra={
                "duration_ms": seconds * 1000,
                "tokens_in": usage.tokens_in,
                "tokens_out": usage.tokens_out,
                "personality_id": caller.personality_id,
                "guild_id": caller.guild_id,
            },
        )
        row = LlmCall(
            purpose=caller.purpose,
            model=model,
            outcome=outcome,
            tokens_in=usage.tokens_in,
            tokens_cached=usage.tokens_cached,
            tokens_out=usage.tokens_out,
            cost_usd=usage.cost_usd,
            duration_ms=round(seconds * 1000),
            user_id=caller.user_id,
            personality_id=caller.personality_id,
            guild_id=caller.guild_id,
        )

        async def write() -> None:
            async with self._sessions.begin() as session:
                # The answer waits for this; losing the last rows in a crash is acceptable.
                await session.execute(text("SET LOCAL synchronous_commit = off"))
                session.add(row)

        try:
            await retry_on_disconnect(write, seconds=PAID_SECONDS)
        except IntegrityError:
            # The user or personality was deleted meanwhile; the usage is still valid.
            row.user_id = row.personality_id = None
            await retry_on_disconnect(write, seconds=PAID_SECONDS)

    async def summary(self, actor: Actor, *, days: int) -> Sequence[UsageSummary]:
        """Return the usage of the last `days` days, the most expensive first.

        Raises:
            BotOwnerOnly: The actor is not the bot owner.
        """
        if not actor.is_bot_owner:
            raise BotOwnerOnly
        cost = func.coalesce(func.sum(LlmCall.cost_usd), 0)
        async with self._sessions() as session:
            rows = await session.execute(
                select(
                    LlmCall.model,
                    LlmCall.purpose,
                    func.count().label("calls"),
                    func.count().filter(LlmCall.outcome != CallOutcome.OK).label("failed"),
                    func.sum(LlmCall.tokens_in).label("tokens_in"),
                    func.sum(LlmCall.tokens_cached).label("tokens_cached"),
                    func.sum(LlmCall.tokens_out).label("tokens_out"),
                    cost.label("cost_usd"),
                )
                .where(LlmCall.created_at > func.now() - timedelta(days=days))
                .group_by(LlmCall.model, LlmCall.purpose)
                .order_by(cost.desc(), func.count().desc())
            )
            return [UsageSummary(**row) for row in rows.mappings()]
