"""Retrying calls to the outside: back-off with jitter, or what the other side asks for."""

from collections.abc import Awaitable, Callable
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
BACKOFF: wait_base = wait_random_exponential(multiplier=0.5, max=8)


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
