"""Retrying calls to the outside: back-off with jitter, or what the other side asks for."""

import math
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)
from tenacity.wait import wait_base

from services.errors import TransientError

T = TypeVar("T")
# Nobody waits longer for a vendor, whatever it asks for.
MAX_RETRY_AFTER = 3600.0
_MAX_HEADER = 100
_DURATION = re.compile(
    r"\A(?:(?P<h>\d{1,9}(?:\.\d{1,9})?)h)?(?:(?P<m>\d{1,9}(?:\.\d{1,9})?)m(?!s))?"
    r"(?:(?P<s>\d{1,9}(?:\.\d{1,9})?)s)?(?:(?P<ms>\d{1,9}(?:\.\d{1,9})?)ms)?"
)
_UNIT_SECONDS = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}
BACKOFF: wait_base = wait_random_exponential(multiplier=0.5, max=8)


def parse_retry_after(value: object, *, now: datetime | None = None) -> float | None:
    """Return the seconds to wait of a `Retry-After`, between 0 and an hour, or None.

    It is a number of seconds, a date (RFC 9110), or a duration such as `7m12s` or `250ms`.
    """
    text = str(value).strip() if isinstance(value, str | int | float) else ""
    try:
        seconds = float(text)
    except ValueError:
        seconds = _duration(text[:_MAX_HEADER])
        if seconds is None:
            seconds = _until(text[:_MAX_HEADER], now or datetime.now(UTC))
    if seconds is None or math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def _duration(text: str) -> float | None:
    match = _DURATION.fullmatch(text.lower())
    if match is None or not text:
        return None
    parts = match.groupdict().items()
    return sum(float(number) * _UNIT_SECONDS[unit] for unit, number in parts if number)


def _until(text: str, now: datetime) -> float | None:
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()


async def with_retries(
    call: Callable[[], Awaitable[T]],
    *,
    on: type[TransientError] | tuple[type[TransientError], ...],
    attempts: int = 3,
    within: float = float("inf"),
    backoff: wait_base = BACKOFF,
) -> T:
    """Call up to `attempts` times while it raises `on`; the last error is raised.

    Between attempts the longer of `backoff` and the error's `retry_after` is waited, unless that
    would end after `within` seconds from the first attempt.
    """

    def delay(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        retry_after = error.retry_after if isinstance(error, TransientError) else None
        return max(retry_after or 0, backoff(state))

    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(on),
        stop=stop_after_attempt(attempts) | stop_before_delay(within),
        wait=delay,
        reraise=True,
    ):
        with attempt:
            return await call()
    raise AssertionError("AsyncRetrying ends by returning or raising")
