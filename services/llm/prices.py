"""Prices of models, in US dollars per million tokens."""

from dataclasses import dataclass

from services.llm.types import Usage


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens: uncached input, cached input, output."""

    fresh: float
    cached: float
    written: float


FREE = Price(0, 0, 0)

# Budgets assume a high price if the price of a model is unknown.
_EXPENSIVE = Price(10, 10, 30)


def maximum_cost(usage: Usage) -> float:
    """Return the assumed maximum cost of a call with an unknown price, in US dollars."""
    return cost(usage, _EXPENSIVE) or 0


def cost(usage: Usage, price: Price | None) -> float | None:
    """Return the cost of a call in US dollars, or None if it is unknown."""
    if usage.cost_usd is not None:
        return usage.cost_usd
    if price is None:
        return None
    fresh = usage.tokens_in - usage.tokens_cached
    dollars = (
        fresh * price.fresh + usage.tokens_cached * price.cached + usage.tokens_out * price.written
    )
    return round(dollars / 1_000_000, 6)
