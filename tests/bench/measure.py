"""Measured values and their targets."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """A value with its unit. An aim is written `≤ 50` or `≥ 0.75`."""

    name: str
    value: float
    unit: str
    aim: str | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the aim is reached, or None if there is none."""
        if self.aim is None:
            return None
        sign, number = self.aim.split()
        return self.value <= float(number) if sign == "≤" else self.value >= float(number)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
