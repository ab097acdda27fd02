"""Figures of a rhythm, over what a simulation did.

Burstiness is Goh and Barabási's B = (σ - μ) / (σ + μ) of the gaps between acts (EPL 81, 2008): 0
for a Poisson process, 1 at most.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from statistics import fmean, median, pstdev

from services.engine.actions import COMMENTS
from services.engine.simulation.act import SimulatedAct

# Of fewer acts of a personality than this, nothing can be told.
MIN_ACTS = 20
HOUR = 3600
_SOON, _LONG = 10 * 60, 8 * HOUR


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number, with its unit."""

    name: str
    value: float
    unit: str = ""


def figures(acts: Sequence[SimulatedAct], *, days: int) -> list[Figure]:
    """Return figures of a simulation of so many days; none where too little was done."""
    people = [times for times in act_times(acts) if len(times) >= MIN_ACTS]
    replies = [act for act in acts if act.kind in COMMENTS and act.answered_at]
    if not people or not replies:
        return []
    gaps = [[b - a for a, b in pairwise(times)] for times in people]
    active = [len({int(at // (24 * HOUR)) for at in times}) / days for times in people]
    delays = [(act.at - act.answered_at).total_seconds() for act in replies if act.answered_at]
    return [
        Figure(name="acts a day", value=median(len(times) / days for times in people)),
        Figure(name="days with an act", value=median(active)),
        Figure(name="burstiness", value=median(map(burstiness, gaps))),
        Figure(name="acts in the quietest 8 hours", value=median(map(quietest_share, people))),
        Figure(name="gaps under 10 minutes", value=median(share(gaps, lambda gap: gap < _SOON))),
        Figure(name="gaps over 8 hours", value=median(share(gaps, lambda gap: gap > _LONG))),
        Figure(name="delay of replies", value=median(delays) / 60, unit="minutes"),
    ]


def days_needed(acts: Sequence[SimulatedAct], *, days: int, personalities: int) -> int:
    """Return after about how many days all personalities have done enough to be measured.

    It is `days` if they have, and 0 if some have done nothing at all.
    """
    counts = [len(times) for times in act_times(acts)]
    if len(counts) < personalities:
        return 0
    return max(days, ceil(days * MIN_ACTS / min(counts)))


def act_times(acts: Sequence[SimulatedAct]) -> list[list[float]]:
    """Return when each personality acted, in seconds since the epoch, in order."""
    times: dict[object, list[float]] = {}
    for act in acts:
        times.setdefault(act.personality_id, []).append(act.at.timestamp())
    return [sorted(each) for each in times.values()]


def burstiness(gaps: Sequence[float]) -> float:
    """Return the burstiness of gaps, from -1 to 1."""
    mean, spread = fmean(gaps), pstdev(gaps)
    return (spread - mean) / (spread + mean)


def quietest_share(times: Sequence[float]) -> float:
    """Return the share of acts in the eight hours of the day with the fewest."""
    hours = Counter(int(at % (24 * HOUR) // HOUR) for at in times)
    return min(
        sum(hours[(first + hour) % 24] for hour in range(8)) / len(times) for first in range(24)
    )


def share(gaps: Sequence[Sequence[float]], fits: Callable[[float], bool]) -> list[float]:
    """Return for each personality the share of gaps that fit."""
    return [fmean(fits(gap) for gap in each) for each in gaps]
