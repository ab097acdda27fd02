"""When a personality is there: a rhythm like people's, drawn from what it is and which day it is.

Nothing here is kept. A personality's temper follows from its seed, a day from its seed and date, so
that any process gives the same answer at any time, and a day can be shown before it comes. The
constants are those of a model of presence sessions fitted to two public archives of people.
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

_MEDIAN_RATE, _RATE_SPREAD, _LEAST_RATE, _MOST_RATE = 4.0, 1.4, 0.25, 16.0
_SESSIONS, _ACTS_A_SESSION = 0.656, 1.8
_GAP, _GAP_SPREAD = 265.0, 1.5  # seconds between acts of a session
_DAY_SPREAD, _DAY_MEMORY, _DAYS_REMEMBERED, _WEEKEND = 1.6, 0.46, 12, 0.78
_PHASE_JITTER = 1.1  # hours, a day
_LEAK, _DUSK = 0.055, 0.35
_ACTIVE = timedelta(minutes=20)
_AWAKE, _NOTICES = 0.315, 0.517
_AT_ONCE, _AT_ONCE_SPREAD, _SOON, _SOON_SPREAD = 90.0, 0.9, 204.0, 1.2
_LOOK_AHEAD = 4  # days
# What somebody does who has nothing to answer.
_MIX = {kind: action.weight for kind, action in ACTIONS.items() if action.weight}
_STEPS = 48
_HOUR, _DAY = 3600.0, 86400.0


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When a personality is there with nothing to answer; `mix` weighs what it may do then."""

    at: datetime
    mix: tuple[tuple[ActType, float], ...]
    seed: str

    def chance(self) -> random.Random:
        """Return the same draws each time."""
        return random.Random(self.seed)  # noqa: S311 - a rhythm, not a secret


class Rhythm(ABC):
    """Decides when; what and whether at all is the planner's, within the caps."""

    alerted: ClassVar[tuple[ActType, ...]]

    @abstractmethod
    def moments(self, seed: str, since: datetime, until: datetime) -> Sequence[Moment]:
        """Return when a personality is there of itself, after `since` and until `until`."""

    @abstractmethod
    def notices(
        self,
        seed: str,
        at: datetime,
        kind: ActType,
        *,
        last_active: datetime | None,
        chance: random.Random,
    ) -> datetime | None:
        """Return when it acts on something that concerns it and happened `at`; None is never."""

    @abstractmethod
    def presence(self, seed: str, at: datetime) -> float:
        """Return how likely it is to be there, relative to its average of 1."""

    @abstractmethod
    def rate(self, seed: str) -> float:
        """Return about how many acts a day it does."""

    def mood(self, seed: str, at: datetime) -> float:  # noqa: ARG002 - most have none
        """Return how active a day is, relative to its average of 1."""
        return 1


@dataclass(frozen=True)
class _Temperament:
    """What stays the same about a personality's days. Hours are of UTC."""

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
        awake = 1 / (1 + math.exp(-(from_sleep - self.sleep / 2) / _DUSK))
        swing = math.cos(2 * math.pi * (hour - self.centre - self.peak) / 24)
        return (awake + (1 - awake) * self.leak) * math.exp(self.peakedness * swing)


@lru_cache(maxsize=20_000)
def _temperament(seed: str) -> _Temperament:
    chance = random.Random(f"{seed}:temper")  # noqa: S311
    rate = _MEDIAN_RATE * math.exp(chance.gauss(0, _RATE_SPREAD))
    drawn = _Temperament(
        rate=min(max(rate, _LEAST_RATE), _MOST_RATE),
        centre=chance.uniform(0, 24),
        sleep=chance.uniform(6.5, 9.5),
        peakedness=chance.uniform(0.1, 1.04),
        peak=chance.uniform(-3, 3),
        leak=_LEAK * chance.gammavariate(1, 1),
        norm=1,
    )
    steps = [drawn.weight(24 * step / _STEPS) for step in range(_STEPS)]
    return _Temperament(**{**vars(drawn), "norm": sum(steps) / _STEPS})


def _day_chance(seed: str, day: date) -> random.Random:
    return random.Random(f"{seed}:{day.isoformat()}")  # noqa: S311


@lru_cache(maxsize=100_000)
def _mood_and_phase(seed: str, day: date) -> tuple[float, float]:
    """Return how active a day is, 1 on average, and by how many hours it is shifted."""
    mood = 0.0
    for ago in range(_DAYS_REMEMBERED):
        mood += _DAY_MEMORY**ago * _day_chance(seed, day - timedelta(ago)).gauss(0, 1)
    mood *= math.sqrt(1 - _DAY_MEMORY**2)
    factor = math.exp(_DAY_SPREAD * mood - _DAY_SPREAD**2 / 2)
    weekend = _WEEKEND if day.weekday() >= 5 else 1  # noqa: PLR2004 - Saturday
    return factor * weekend, _day_chance(f"{seed}:phase", day).gauss(0, _PHASE_JITTER)


class Presence(Rhythm):
    """Sessions, nights, off-days, and answers that wait until somebody is back."""

    alerted: ClassVar = (ActType.COMMENT,)

    def __init__(self, pace: float = 1) -> None:
        self._pace = pace
        self._of_day = lru_cache(maxsize=20_000)(self._day)

    @override
    def moments(self, seed: str, since: datetime, until: datetime) -> Sequence[Moment]:
        # A session of yesterday may last until today.
        days = (until.date() - since.date()).days
        return [
            moment
            for ago in range(-1, days + 1)
            for moment in self._of_day(seed, since.date() + timedelta(ago))
            if since < moment.at <= until
        ]

    @override
    def notices(
        self,
        seed: str,
        at: datetime,
        kind: ActType,
        *,
        last_active: datetime | None,
        chance: random.Random,
    ) -> datetime | None:
        if last_active is not None and at - last_active < _ACTIVE:
            return at + _seconds(chance, _AT_ONCE, _AT_ONCE_SPREAD)
        if self.presence(seed, at) > _AWAKE and chance.random() < _NOTICES:
            return at + _seconds(chance, _SOON, _SOON_SPREAD)
        ahead = self.moments(seed, at, at + timedelta(_LOOK_AHEAD))
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
        """Return a day's moments: sessions by thinning a Poisson process, acts in each."""
        temper, chance = _temperament(seed), _day_chance(f"{seed}:sessions", day)
        mood, phase = _mood_and_phase(seed, day)
        mean = _SESSIONS * self.rate(seed) / _ACTS_A_SESSION * mood / _DAY
        most = max(temper.weight(24 * step / _STEPS) for step in range(_STEPS)) * 1.05
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        mix, found, at = tuple(_MIX.items()), list[Moment](), 0.0
        while (at := at + chance.expovariate(mean * most)) < _DAY:
            if chance.random() * most > temper.weight((at / _HOUR - phase) % 24):
                continue
            for offset in _session(chance):
                when = midnight + timedelta(seconds=at + offset)
                found.append(Moment(at=when, mix=mix, seed=f"{seed}:{when.isoformat()}"))
        return tuple(found)


class Uniform(Rhythm):
    """Delays drawn evenly from a window for each kind of act, by day and by night alike."""

    alerted: ClassVar = (ActType.COMMENT, ActType.VOTE)

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
    def notices(
        self,
        seed: str,
        at: datetime,
        kind: ActType,
        *,
        last_active: datetime | None,
        chance: random.Random,
    ) -> datetime | None:
        return at + timedelta(seconds=chance.uniform(*getattr(self._delays, ACTIONS[kind].delay)))

    @override
    def presence(self, seed: str, at: datetime) -> float:
        return 1

    @override
    def rate(self, seed: str) -> float:
        return _DAY / (sum(self._delays.post) / 2)

    def _day(self, seed: str, day: date) -> Iterator[Moment]:
        chance = _day_chance(f"{seed}:posts", day)
        at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        while True:
            at += timedelta(seconds=chance.uniform(*self._delays.post))
            if at.date() != day:
                return
            mix = ((ActType.POST, 1.0),)
            yield Moment(at=at, mix=mix, seed=f"{seed}:{at.isoformat()}")


def _session(chance: random.Random) -> Iterator[float]:
    """Yield the seconds from the start of a session at which it acts."""
    offset = 0.0
    while True:
        yield offset
        if chance.random() < 1 / _ACTS_A_SESSION:
            return
        offset += _seconds(chance, _GAP, _GAP_SPREAD).total_seconds()


def _seconds(chance: random.Random, median: float, spread: float) -> timedelta:
    return timedelta(seconds=chance.lognormvariate(math.log(median), spread))
