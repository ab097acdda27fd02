"""Prices of models, in US dollars per million tokens."""

from services.llm.types import Price, Usage

FREE = Price(0, 0, 0)

# Assumed where the price of a model is unknown.
EXPENSIVE = Price(10, 10, 30)


def maximum_cost(usage: Usage) -> float:
    """Return the assumed maximum cost of a call with an unknown price, in US dollars."""
    return cost(usage, EXPENSIVE) or 0


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
