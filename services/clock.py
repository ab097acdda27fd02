"""Time, handed in so that tests, the playground and the simulation can have their own."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from typing_extensions import override


class Clock(Protocol):
    """What time it is, and how long a span of it really takes."""

    def now(self) -> datetime:
        """Return the present, with a time zone."""
        ...

    def span(self, span: timedelta) -> timedelta:
        """Return how long a span of this clock's time takes in real time, at least 0."""
        ...


class SystemClock(Clock):
    """The clock of this machine."""

    @override
    def now(self) -> datetime:
        """Return the present in UTC."""
        return datetime.now(UTC)

    @override
    def span(self, span: timedelta) -> timedelta:
        return max(span, timedelta(0))


class FastClock(Clock):
    """A clock that runs so many times as fast as real time, from a moment on."""

    def __init__(self, speed: float, begins: datetime | None = None) -> None:
        self._speed = speed
        self._begins = begins or datetime.now(UTC)
        self._started = time.perf_counter()

    @override
    def now(self) -> datetime:
        passed = (time.perf_counter() - self._started) * self._speed
        return self._begins + timedelta(seconds=passed)

    @override
    def span(self, span: timedelta) -> timedelta:
        return max(span / self._speed, timedelta(0))
