"""What a million tokens cost, in US dollars."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.llm.types import Usage


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens: read fresh, read from the vendor's cache, written."""

    fresh: float
    cached: float
    written: float


FREE = Price(0, 0, 0)

# The vendors' price pages, read 2026-11-21. `MODEL_PRICES` adds to it and wins over it.
PRICES: Mapping[str, Price] = {
    "openai/gpt-6-luna": Price(0.10, 0.01, 0.50),
}


# Where nobody knows a price, budgets reckon with a dear one.
_DEAR = Price(10, 10, 30)


def dear_cost(usage: Usage) -> float:
    """Return what a call may have cost at most, in US dollars, where its price is unknown."""
    return cost(usage, _DEAR) or 0


def cost(usage: Usage, price: Price | None) -> float | None:
    """Return what a call cost in US dollars, or None where nobody knows."""
    if usage.cost_usd is not None:
        return usage.cost_usd
    if price is None:
        return None
    fresh = usage.tokens_in - usage.tokens_cached
    dollars = (
        fresh * price.fresh + usage.tokens_cached * price.cached + usage.tokens_out * price.written
    )
    return round(dollars / 1_000_000, 6)
