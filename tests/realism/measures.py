"""How like people's a rhythm is: measures over what was done, each beside its reference.

Burstiness is Goh and Barabási's B = (σ - μ) / (σ + μ) of the gaps between acts (EPL 81, 2008).
The references are of two public archives, each person thinned to at most 4 acts an hour.
"""

import bisect
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from statistics import fmean, median

import numpy as np

from db.models import ActType
from services.engine.simulation import SimulatedAct
from services.engine.simulation.figures import (
    HOUR,
    MIN_ACTS,
    act_times,
    burstiness,
    quietest_share,
    share,
)
from tests.realism import forest

_SPOKEN = (ActType.POST, ActType.COMMENT, ActType.REPLY, ActType.IMAGE_POST)
_ANSWERS = (ActType.COMMENT, ActType.REPLY)
_RUN, _SOON, _LONG = 7 * 60, 10 * 60, 8 * HOUR
_LEAST, _MOST = 0.21, 0.69


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number, what people's is, and within which bounds it should be; `must` or only aimed at."""

    name: str
    value: float
    people: str
    low: float
    high: float
    must: bool

    @property
    def holds(self) -> bool:
        """Whether it is within its bounds."""
        return self.low <= self.value <= self.high


def measures(rehearsals: Sequence[Sequence[SimulatedAct]], *, days: int) -> list[Measure]:
    """Return every measure over the acts of several rehearsals of so many days.

    Where too little was done to tell, there are none.
    """
    people = [times for acts in rehearsals for times in act_times(acts) if len(times) >= MIN_ACTS]
    gaps = [[b - a for a, b in pairwise(times)] for times in people]
    bursts = [burstiness(each) for each in gaps]
    quiet = [quietest_share(times) for times in people]
    answers = [a for acts in rehearsals for a in acts if a.kind in _ANSWERS and a.answered_at]
    if not people or not answers:
        return []
    delays = [(a.at - a.answered_at).total_seconds() for a in answers if a.answered_at]
    depths = Counter(min(act.depth, 4) for act in answers)
    within = fmean(_LEAST <= each <= _MOST for each in bursts)
    active = [len({int(at // (24 * HOUR)) for at in times}) / days for times in people]
    words = sorted(len(a.text.split()) for acts in rehearsals for a in acts if a.kind in _SPOKEN)
    return [
        _must("burstiness, median", median(bursts), ".40-.43", 0.35, 0.50),
        _must("personalities with B in .21-.69", within, "1.00", 0.95, 1),
        _must("share in the quietest 8 h, median", median(quiet), ".03", 0, 0.06),
        _must("share in the quietest 8 h, 95 %", _percentile(quiet, 0.95), ".17", 0, 0.17),
        _must("days with an act, median", median(active), ".43-.47", 0.35, 0.60),
        _must("gaps under 10 min", median(share(gaps, lambda g: g < _SOON)), ".34", 0.24, 0.44),
        _must("gaps over 8 h", median(share(gaps, lambda g: g > _LONG)), ".23", 0.15, 0.35),
        _must("reply delays, distance (KS)", reply_distance(delays), "0", 0, 0.08),
        *(
            _must(
                f"replies of depth {depth}{'+' * (depth == 4)}",
                depths[depth] / max(len(answers), 1),
                f"{people_do:.2f}",
                people_do - 0.04,
                people_do + 0.04,
            )
            for depth, people_do in ((1, 0.64), (2, 0.20), (3, 0.08), (4, 0.07))
        ),
        _aim("Gini of acts", fmean(_gini(acts) for acts in rehearsals), ".665", 0.50, 0.75),
        *_told_apart(people, days),
        _aim("runs of one author", fmean(_runs(acts) for acts in rehearsals), ".054", 0.03, 0.08),
        *(
            _aim(
                f"words in a message, {share:.0%}",
                _percentile(words, share),
                str(number),
                number * 0.6,
                number * 1.4,
            )
            for share, number in ((0.05, 2), (0.25, 7), (0.5, 14), (0.75, 25), (0.95, 62))
        ),
        _aim("messages with a vote", fmean(_voted(acts) for acts in rehearsals), ".19", 0.10, 0.30),
    ]


def _told_apart(everyone: Sequence[Sequence[float]], days: int) -> list[Measure]:
    """Return how well a forest tells them from people, where enough was done to try."""
    busy = [times for times in everyone if len(times) >= forest.ENOUGH_ACTS]
    if len(busy) < forest.ENOUGH_PERSONALITIES:
        return []
    ours = np.array([forest.features(times, days, quietest_share(times)) for times in busy])
    area = forest.forest_accuracy(forest.people(), ours)
    return [_aim("told from people by a forest (AUC)", area, ".67-.76", 0, 0.80)]


def reply_distance(delays: Sequence[float]) -> float:
    """Return the Kolmogorov-Smirnov distance of delays, in seconds, to people's."""
    ordered, count = sorted(delays), len(delays)
    return max(
        (
            max(abs((n + 1) / count - _people_answer(d)), abs(n / count - _people_answer(d)))
            for n, d in enumerate(ordered)
        ),
        default=1.0,
    )


@cache
def _reply_delays() -> list[tuple[float, float]]:
    reference = json.loads((files("tests.realism") / "reference.json").read_text("utf-8"))
    return sorted(
        (value, float(percent) / 100) for percent, value in reference["reply_delay_s"].items()
    )


def _people_answer(delay: float) -> float:
    """Return the share of people's replies that come within a delay, log-linear in between."""
    known = _reply_delays()
    at = bisect.bisect_left(known, (delay, 0.0))
    if at == 0:
        return known[0][1] * delay / known[0][0]
    if at == len(known):
        return 1.0
    (below, low), (above, high) = known[at - 1], known[at]
    return low + (high - low) * math.log(delay / below) / math.log(above / below)


def _gini(acts: Sequence[SimulatedAct]) -> float:
    counts = sorted(len(times) for times in act_times(acts))
    total, size = sum(counts), len(counts)
    return sum((2 * rank - size - 1) * n for rank, n in enumerate(counts, 1)) / (size * total)


def _runs(acts: Sequence[SimulatedAct]) -> float:
    """Return the share of turns that are two or more messages by one author within 7 minutes."""
    said = sorted((a for a in acts if a.kind in _SPOKEN), key=lambda act: act.at)
    turns: list[int] = []
    for before, act in pairwise([None, *said]):
        if act is None:
            continue
        goes_on = (
            before is not None
            and before.personality_id == act.personality_id
            and (act.at - before.at).total_seconds() <= _RUN
        )
        if goes_on:
            turns[-1] += 1
        else:
            turns.append(1)
    return sum(length > 1 for length in turns) / max(len(turns), 1)


def _voted(acts: Sequence[SimulatedAct]) -> float:
    said = sum(act.kind in _SPOKEN for act in acts)
    return len({act.target for act in acts if act.kind == ActType.VOTE}) / max(said, 1)


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _must(name: str, value: float, people: str, low: float, high: float) -> Measure:
    return Measure(name=name, value=value, people=people, low=low, high=high, must=True)


def _aim(name: str, value: float, people: str, low: float, high: float) -> Measure:
    return Measure(name=name, value=value, people=people, low=low, high=high, must=False)
