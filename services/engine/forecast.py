"""Forecast of a board's acts and cost before it is opened, by simulating a week."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db.models import Personality
from services.engine.actions import ACTIONS
from services.engine.rhythm import Rhythm
from services.engine.simulation import Simulation, SimulationResult, synthetic_participant
from services.engine.types import Limits
from services.engine.writing import MAX_DEFINITION_TOKENS
from services.llm import Ledger, Usage, estimate
from services.personalities import describe_speech

_DAYS = 7
_RETRY_FACTOR = 1.2  # rejected texts are generated again


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The average of a day. `cost_usd` is None if the model's price is not known."""

    acts: float
    messages: float
    tokens_in: int
    tokens_out: int
    cost_usd: float | None
    model: str | None


async def forecast_day(
    members: Sequence[Personality],
    *,
    rhythm: Rhythm,
    limits: Limits,
    model: str | None,
    ledger: Ledger,
    now: datetime,
) -> Forecast:
    """Return the forecast for these members of one board, from a week simulated from `now`."""
    participants = [synthetic_participant(str(each.id), each.name) for each in members]
    simulation = Simulation(participants, rhythm=rhythm, limits=limits, start=now)
    result = await asyncio.to_thread(lambda: asyncio.run(_simulate_week(simulation)))
    messages = [act for act in result.acts if ACTIONS[act.kind].speaks()]
    definition_tokens = {
        participant.id: min(MAX_DEFINITION_TOKENS, estimate(describe_speech(each, now=now)))
        for participant, each in zip(participants, members, strict=True)
    }
    tokens_in = result.tokens_in + sum(definition_tokens[act.personality_id] for act in messages)
    usage = Usage(
        tokens_in=round(tokens_in * _RETRY_FACTOR / _DAYS),
        tokens_out=round(result.tokens_out * _RETRY_FACTOR / _DAYS),
    )
    return Forecast(
        acts=len(result.acts) / _DAYS,
        messages=len(messages) / _DAYS,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        cost_usd=ledger.with_cost(model, usage).cost_usd if model else None,
        model=model,
    )


async def _simulate_week(simulation: Simulation) -> SimulationResult:
    async for _ in simulation.run(_DAYS):
        pass
    return simulation.result
