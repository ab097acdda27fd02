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
    """A clock that runs `speed` times as fast as real time."""

    def __init__(self, speed: float, start: datetime | None = None) -> None:
        self._speed = speed
        self._start = start or datetime.now(UTC)
        self._started_at = time.perf_counter()

    @override
    def now(self) -> datetime:
        elapsed = (time.perf_counter() - self._started_at) * self._speed
        return self._start + timedelta(seconds=elapsed)

    @override
    def real_duration(self, span: timedelta) -> timedelta:
        return max(span / self._speed, timedelta(0))
