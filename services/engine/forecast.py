"""What a board will do and cost, before it is opened."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.llm import Ledger, Usage

# Shares of a personality's acts that are written, measured over 20 simulated companies of 12,
# and what one act reads and writes: definition, board and thread; a few dozen words.
SPOKEN = 0.6
TOKENS_READ, TOKENS_WRITTEN = 900, 45
TRIES = 1.2


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a day brings on average. `cost_usd` is None where nobody knows the model's price."""

    acts: float
    messages: float
    tokens_in: int
    tokens_out: int
    cost_usd: float | None
    model: str | None


def of(rates: Sequence[float], *, model: str | None, ledger: Ledger) -> Forecast:
    """Return the forecast for personalities with these acts a day, all on one board."""
    acts = sum(rates)
    messages = acts * SPOKEN
    usage = Usage(
        tokens_in=round(messages * TRIES * TOKENS_READ),
        tokens_out=round(messages * TRIES * TOKENS_WRITTEN),
    )
    return Forecast(
        acts=acts,
        messages=messages,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        cost_usd=ledger.priced(model, usage).cost_usd if model else None,
        model=model,
    )
