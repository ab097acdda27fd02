"""Labels of numbers and days in plots."""

import math
from collections.abc import Sequence
from datetime import date

_LEAST_USD = 0.0001
_SMALL = (0.1, 0.01)  # amounts below which there is a further digit
_MAX_DAY_TICKS = 7


def money(usd: float) -> str:
    """Return an amount with its cents, and with hundredths of them where it is small."""
    if 0 < usd < _LEAST_USD:
        return f"less than ${_LEAST_USD}"
    digits = sum(0 < usd < size for size in _SMALL)
    return f"${usd:,.{2 + digits}f}"


def compact(number: float) -> str:
    """Return a whole number, of which thousands and millions are shortened to k and M."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if number >= 10 * size:
            return f"{number / size:,.0f}{unit}"
    return f"{number:,.0f}"


def day_ticks(days: Sequence[date]) -> dict[int, str]:
    """Return labels for some of the bars of successive days, by their index."""
    step = math.ceil(len(days) / _MAX_DAY_TICKS)
    return {index: f"{days[index]:%-d %b}" for index in range(0, len(days), step)}
