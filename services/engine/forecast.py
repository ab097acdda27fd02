"""What a board will do and cost, before it is opened: the engine rehearses a week of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db.models import Personality
from services.engine.actions import ACTIONS
from services.engine.rhythm import Rhythm
from services.engine.simulation import Simulation, SimulationResult, synthetic_participant
from services.engine.types import Limits
from services.engine.writing import DEFINITION
from services.llm import Ledger, Usage, estimate
from services.personalities import describe

_DAYS = 7
_TRIES = 1.2  # what is not fit to be said is written again


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a day brings on average. `cost_usd` is None where nobody knows the model's price."""

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
    """Return the forecast for these personalities on one board, by a week from `now`."""
    seats = [synthetic_participant(str(each.id), each.name) for each in members]
    rehearsal = Simulation(seats, rhythm=rhythm, limits=limits, begins=now)
    company = await asyncio.to_thread(lambda: asyncio.run(_week(rehearsal)))
    said = [act for act in company.acts if ACTIONS[act.kind].speaks()]
    defined = {
        seated.id: min(DEFINITION, estimate("\n\n".join(describe(each))))
        for seated, each in zip(seats, members, strict=True)
    }
    read = company.tokens_in + sum(defined[act.personality_id] for act in said)
    usage = Usage(
        tokens_in=round(read * _TRIES / _DAYS),
        tokens_out=round(company.tokens_out * _TRIES / _DAYS),
    )
    return Forecast(
        acts=len(company.acts) / _DAYS,
        messages=len(said) / _DAYS,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        cost_usd=ledger.with_cost(model, usage).cost_usd if model else None,
        model=model,
    )


async def _week(rehearsal: Simulation) -> SimulationResult:
    async for _ in rehearsal.run(_DAYS):
        pass
    return rehearsal.company
