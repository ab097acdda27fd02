"""When a personality is present: random, but determined by its seed and the date.

Nothing here is stored. The temperament follows from the seed, a day from the seed and the date, so
that all processes agree at any time, and a day can be shown in advance. The constants are those of
a model of presence sessions, fitted to two public archives of people.
"""

import math
import random
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import ClassVar

from typing_extensions import override

from services.engine.actions import ACTIONS
from services.engine.types import ActType, Delays

_MEDIAN_RATE, _RATE_SPREAD, _MIN_RATE, _MAX_RATE = 4.0, 1.4, 0.25, 16.0
_SESSION_FACTOR, _ACTS_PER_SESSION = 0.656, 1.8
_GAP, _GAP_SPREAD = 265.0, 1.5  # seconds between acts of a session
_DAY_SPREAD, _DAY_MEMORY, _DAYS_REMEMBERED, _WEEKEND = 1.6, 0.46, 12, 0.78
_PHASE_JITTER = 1.1  # hours per day
_MEAN_LEAK, _SLEEP_EDGE_HOURS = 0.055, 0.35
_ACTIVE_WINDOW = timedelta(minutes=20)
_MIN_PRESENCE, _NOTICE_PROBABILITY = 0.315, 0.517
_ACTIVE_DELAY, _ACTIVE_DELAY_SPREAD, _NOTICE_DELAY, _NOTICE_DELAY_SPREAD = 90.0, 0.9, 204.0, 1.2
_LOOK_AHEAD_DAYS = 4
# The weights of acts at a moment, when there is nothing to react to.
_MOMENT_WEIGHTS = {kind: action.weight for kind, action in ACTIONS.items() if action.weight}
_STEPS_PER_DAY = 48
_HOUR, _DAY = 3600.0, 86400.0


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A moment at which a personality is present by itself; `weights` are those of its acts."""

    at: datetime
    weights: tuple[tuple[ActType, float], ...]
    seed: str

    def rng(self) -> random.Random:
        """Return a generator that gives the same numbers each time."""
        return random.Random(self.seed)  # noqa: S311 - no secret


class Rhythm(ABC):
    """Decides when personalities act; the planner decides what they do, within the caps.

    `alert_kinds` are the acts with which they may react to a new post.
    """

    alert_kinds: ClassVar[tuple[ActType, ...]]

    @abstractmethod
    def moments(self, seed: str, since: datetime, until: datetime) -> Sequence[Moment]:
        """Return the moments of a personality after `since` and until `until`."""

    @abstractmethod
    def reaction_time(
        self,
        seed: str,
        at: datetime,
        kind: ActType,
        *,
        last_active: datetime | None,
        rng: random.Random,
    ) -> datetime | None:
        """Return when it reacts to something that happened `at`; None means never."""

    @abstractmethod
    def presence(self, seed: str, at: datetime) -> float:
        """Return how likely it is to be present, relative to its average of 1."""

    @abstractmethod
    def rate(self, seed: str) -> float:
        """Return its approximate number of acts per day."""

    def mood(self, seed: str, at: datetime) -> float:  # noqa: ARG002 - most rhythms have none
        """Return how active a day is, relative to its average of 1."""
        return 1


@dataclass(frozen=True)
class _Temperament:
    """What is the same on all days of a personality. Hours are in UTC."""

    rate: float
    centre: float
    sleep: float
    peakedness: float
    peak: float
    leak: float
    norm: float

    def weight(self, hour: float) -> float:
        """Return the circadian weight of an hour, 1 on average."""
        return self._raw(hour) / self.norm

    def _raw(self, hour: float) -> float:
        from_waking = (hour - self.centre + 12) % 24 - 12
        from_sleep = 12 - abs(from_waking)
        awake = 1 / (1 + math.exp(-(from_sleep - self.sleep / 2) / _SLEEP_EDGE_HOURS))
        swing = math.cos(2 * math.pi * (hour - self.centre - self.peak) / 24)
        return (awake + (1 - awake) * self.leak) * math.exp(self.peakedness * swing)


@lru_cache(maxsize=20_000)
def _temperament(seed: str) -> _Temperament:
    rng = random.Random(f"{seed}:temper")  # noqa: S311
    rate = _MEDIAN_RATE * math.exp(rng.gauss(0, _RATE_SPREAD))
    temperament = _Temperament(
        rate=min(max(rate, _MIN_RATE), _MAX_RATE),
        centre=rng.uniform(0, 24),
        sleep=rng.uniform(6.5, 9.5),
        peakedness=rng.uniform(0.1, 1.04),
        peak=rng.uniform(-3, 3),
        leak=_MEAN_LEAK * rng.gammavariate(1, 1),
        norm=1,
    )
    steps = [temperament.weight(24 * step / _STEPS_PER_DAY) for step in range(_STEPS_PER_DAY)]
    return _Temperament(**{**vars(temperament), "norm": sum(steps) / _STEPS_PER_DAY})


def _day_rng(seed: str, day: date) -> random.Random:
    return random.Random(f"{seed}:{day.isoformat()}")  # noqa: S311


@lru_cache(maxsize=100_000)
def _mood_and_phase(seed: str, day: date) -> tuple[float, float]:
    """Return how active a day is, 1 on average, and by how many hours it is shifted."""
    mood = 0.0
    for ago in range(_DAYS_REMEMBERED):
        mood += _DAY_MEMORY**ago * _day_rng(seed, day - timedelta(ago)).gauss(0, 1)
    mood *= math.sqrt(1 - _DAY_MEMORY**2)
    factor = math.exp(_DAY_SPREAD * mood - _DAY_SPREAD**2 / 2)
    weekend = _WEEKEND if day.weekday() >= 5 else 1  # noqa: PLR2004 - Saturday
    return factor * weekend, _day_rng(f"{seed}:phase", day).gauss(0, _PHASE_JITTER)


class Presence(Rhythm):
    """Sessions, nights and inactive days; reactions wait for the next session."""

    alert_kinds: ClassVar = (ActType.COMMENT,)

    def __init__(self, pace: float = 1) -> None:
        self._pace = pace
        self._cached_day = lru_cache(maxsize=20_000)(self._day)

    @override
    def moments(self, seed: str, since: datetime, until: datetime) -> Sequence[Moment]:
        # A session of the previous day may last past midnight.
        days = (until.date() - since.date()).days
        return [
            moment
            for ago in range(-1, days + 1)
            for moment in self._cached_day(seed, since.date() + timedelta(ago))
            if since < moment.at <= until
        ]

    @override
    def reaction_time(
        self,
        seed: str,
        at: datetime,
        kind: ActType,
        *,
        last_active: datetime | None,
        rng: random.Random,
    ) -> datetime | None:
        if last_active is not None and at - last_active < _ACTIVE_WINDOW:
            return at + _lognormal_delay(rng, _ACTIVE_DELAY, _ACTIVE_DELAY_SPREAD)
        if self.presence(seed, at) > _MIN_PRESENCE and rng.random() < _NOTICE_PROBABILITY:
            return at + _lognormal_delay(rng, _NOTICE_DELAY, _NOTICE_DELAY_SPREAD)
        ahead = self.moments(seed, at, at + timedelta(_LOOK_AHEAD_DAYS))
        return min((moment.at for moment in ahead), default=None)

    @override
    def presence(self, seed: str, at: datetime) -> float:
        _, phase = _mood_and_phase(seed, at.date())
        return _temperament(seed).weight((at.hour + at.minute / 60 - phase) % 24)

    @override
    def rate(self, seed: str) -> float:
        return _temperament(seed).rate * self._pace

    @override
    def mood(self, seed: str, at: datetime) -> float:
        return _mood_and_phase(seed, at.date())[0]

    def _day(self, seed: str, day: date) -> tuple[Moment, ...]:
        """Return a day's moments: sessions by thinning a Poisson process, with acts in each."""
        temperament, rng = _temperament(seed), _day_rng(f"{seed}:sessions", day)
        mood, phase = _mood_and_phase(seed, day)
        mean = _SESSION_FACTOR * self.rate(seed) / _ACTS_PER_SESSION * mood / _DAY
        max_weight = (
            max(temperament.weight(24 * step / _STEPS_PER_DAY) for step in range(_STEPS_PER_DAY))
            * 1.05
        )
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        weights, moments, at = tuple(_MOMENT_WEIGHTS.items()), list[Moment](), 0.0
        while (at := at + rng.expovariate(mean * max_weight)) < _DAY:
            if rng.random() * max_weight > temperament.weight((at / _HOUR - phase) % 24):
                continue
            for offset in _session_offsets(rng):
                moment_at = midnight + timedelta(seconds=at + offset)
                moments.append(
                    Moment(at=moment_at, weights=weights, seed=f"{seed}:{moment_at.isoformat()}")
                )
        return tuple(moments)


class Uniform(Rhythm):
    """Delays drawn uniformly from a window per kind of act, at all hours."""

    alert_kinds: ClassVar = (ActType.COMMENT, ActType.VOTE)

    def __init__(self, delays: Delays) -> None:
        self._delays = delays

    @override
    def moments(self, seed: str, since: datetime, until: datetime) -> Sequence[Moment]:
        days = (until.date() - since.date()).days
        return [
            moment
            for ahead in range(days + 1)
            for moment in self._day(seed, since.date() + timedelta(ahead))
            if since < moment.at <= until
        ]

    @override
    def reaction_time(
        self,
        seed: str,
        at: datetime,
        kind: ActType,
        *,
        last_active: datetime | None,
        rng: random.Random,
    ) -> datetime | None:
        return at + timedelta(seconds=rng.uniform(*getattr(self._delays, ACTIONS[kind].delay)))

    @override
    def presence(self, seed: str, at: datetime) -> float:
        return 1

    @override
    def rate(self, seed: str) -> float:
        return _DAY / (sum(self._delays.post) / 2)

    def _day(self, seed: str, day: date) -> Iterator[Moment]:
        rng = _day_rng(f"{seed}:posts", day)
        at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        while True:
            at += timedelta(seconds=rng.uniform(*self._delays.post))
            if at.date() != day:
                return
            weights = ((ActType.POST, 1.0),)
            yield Moment(at=at, weights=weights, seed=f"{seed}:{at.isoformat()}")


def _session_offsets(rng: random.Random) -> Iterator[float]:
    """Yield the seconds from the start of a session at which acts happen."""
    offset = 0.0
    while True:
        yield offset
        if rng.random() < 1 / _ACTS_PER_SESSION:
            return
        offset += _lognormal_delay(rng, _GAP, _GAP_SPREAD).total_seconds()


def _lognormal_delay(rng: random.Random, median: float, spread: float) -> timedelta:
    return timedelta(seconds=rng.lognormvariate(math.log(median), spread))
