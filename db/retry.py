"""Retries while the database is unavailable."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, InterfaceError
from tenacity import (
    AsyncRetrying,
    before_sleep_log,
    retry_if_exception,
    stop_after_delay,
    wait_exponential_jitter,
)

from db.engine import sqlstate

log = logging.getLogger(__name__)
T = TypeVar("T")
# Connection failures; the server is stopped, was stopped, is starting; it has no connection left.
_OUTAGES = ("08", "57P01", "57P02", "57P03", "53300")


def is_disconnect(error: BaseException) -> bool:
    """Whether an error is a failure of the connection, and not of the statement."""
    return isinstance(error, OSError) or (
        isinstance(error, DBAPIError)
        and (
            error.connection_invalidated
            or isinstance(error, InterfaceError)
            or (sqlstate(error) or "").startswith(_OUTAGES)
        )
    )


# How long what has been paid for waits for the database.
PAID_SECONDS = 300.0


async def retry_on_disconnect(work: Callable[[], Awaitable[T]], *, seconds: float = 30) -> T:
    """Run `work`, and retry for up to `seconds` while the database cannot be reached.

    `work` must open its own transaction, so that a broken one has no effect.
    """
    try:
        return await work()
    except (OSError, DBAPIError) as error:
        if not is_disconnect(error):
            raise
        log.warning("The database cannot be reached: %s", type(error).__name__)
    async for attempt in AsyncRetrying(
        retry=retry_if_exception(is_disconnect),
        stop=stop_after_delay(seconds),
        wait=wait_exponential_jitter(initial=0.1, max=2),
        before_sleep=before_sleep_log(log, logging.WARNING),
        reraise=True,
    ):
        with attempt:
            return await work()
    raise AssertionError("AsyncRetrying ends by returning or raising")
