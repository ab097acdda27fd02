"""The lease under which a job runs, for whatever sends something to the outside.

A process that slept continues where it stopped, although another has taken its job over. So the
clock is looked at right before a request goes out.
"""

import time
from contextvars import ContextVar
from dataclasses import dataclass

# A lease counts as over a fifth early: clocks run at different speeds, and requests take time.
_USABLE_SHARE = 0.8


class LeaseLost(Exception):
    """The lease of the job is over, so that another process may have taken it."""


@dataclass
class Lease:
    """How long a job is ours. `has_sent` is set when something is about to be sent."""

    expires_at: float
    has_sent: bool = False

    def renew(self, asked_at: float, seconds: float) -> None:
        """Prolong the lease; `asked_at` is when its renewal was requested."""
        self.expires_at = asked_at + seconds * _USABLE_SHARE


_CURRENT: ContextVar[Lease | None] = ContextVar("lease", default=None)


def now() -> float:
    """Return seconds of a clock that goes on while the machine sleeps."""
    boot_clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_clock is None else time.clock_gettime(boot_clock)


def start_lease(seconds: float, asked_at: float) -> Lease:
    """Start the lease of the job that the current task runs, and of the tasks that it starts."""
    lease = Lease(expires_at=asked_at + seconds * _USABLE_SHARE)
    _CURRENT.set(lease)
    return lease


def current_lease() -> Lease | None:
    """Return the lease of the job that the current task runs, or None outside of jobs."""
    return _CURRENT.get()


def ensure_lease() -> None:
    """Check, right before something is sent, that the job is still ours.

    Raises:
        LeaseLost: It may not be any more.
    """
    lease = _CURRENT.get()
    if lease is None:
        return
    if now() >= lease.expires_at:
        raise LeaseLost
    lease.has_sent = True
