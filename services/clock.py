"""Clocks, injected so that tests, the playground and the simulation can use their own."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from typing_extensions import override


class Clock(Protocol):
    """The current time, and the real duration of spans of time."""

    def now(self) -> datetime:
        """Return the current time, with a time zone."""
        ...

    def real_duration(self, span: timedelta) -> timedelta:
        """Return how long a span of this clock's time takes in real time, at least 0."""
        ...


class SystemClock(Clock):
    """The system clock."""

    @override
    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)

    @override
    def real_duration(self, span: timedelta) -> timedelta:
        return max(span, timedelta(0))


class FastClock(Clock):
    """A clock that runs `speed` times as fast as real time, above 0, and can be set forward."""

    def __init__(self, speed: float, start: datetime | None = None) -> None:
        self._speed = speed
        self._start = start or datetime.now(UTC)
        self._started_at = time.perf_counter()

    @property
    def speed(self) -> float:
        """Return how many times as fast as real time it runs."""
        return self._speed

    def change(self, *, speed: float | None = None, forward: timedelta = timedelta(0)) -> None:
        """Run at another speed from now on, or set the clock forward."""
        self._start = self.now() + forward
        self._started_at = time.perf_counter()
        self._speed = self._speed if speed is None else speed

    @override
    def now(self) -> datetime:
        elapsed = (time.perf_counter() - self._started_at) * self._speed
        return self._start + timedelta(seconds=elapsed)

    @override
    def real_duration(self, span: timedelta) -> timedelta:
        return max(span / self._speed, timedelta(0))
