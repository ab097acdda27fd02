"""The engine's heartbeat. APScheduler has no types, so it stays in here."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import DBAPIError

from services.engine import EngineScheduler

log = logging.getLogger(__name__)


@asynccontextmanager
async def scheduled(loop: EngineScheduler, every: timedelta) -> AsyncGenerator[None]:
    """Let the engine tick while the context is open, at once and then `every` so often."""
    # It looks for its plugins when it is imported, which takes a while; it comes without types.
    from apscheduler.schedulers.asyncio import (  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]
        AsyncIOScheduler,
    )

    async def tick() -> None:
        try:
            await loop.tick()
        except Exception as error:
            is_passing = isinstance(error, OSError | DBAPIError)
            level = logging.WARNING if is_passing else logging.ERROR
            log.log(level, "A beat of the engine was lost", exc_info=error)

    scheduler: Any = AsyncIOScheduler()
    await tick()
    # Beats that were missed are made up for by one.
    scheduler.add_job(
        tick, "interval", seconds=every.total_seconds(), coalesce=True, misfire_grace_time=None
    )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
