"""Time, handed in so that tests and the simulation can have their own."""

from datetime import UTC, datetime
from typing import Protocol

from typing_extensions import override


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime:
        """Return the present, with a time zone."""
        ...


class SystemClock(Clock):
    """The clock of this machine."""

    @override
    def now(self) -> datetime:
        """Return the present in UTC."""
        return datetime.now(UTC)
