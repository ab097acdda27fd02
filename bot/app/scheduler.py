"""The scheduler of engine ticks. APScheduler is untyped, so it is used only here."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import DBAPIError

from services.engine import EngineScheduler

log = logging.getLogger(__name__)


@asynccontextmanager
async def run_scheduler(engine: EngineScheduler, interval: timedelta) -> AsyncGenerator[None]:
    """Run engine ticks while the context is open: at once, and then at an interval."""
    from apscheduler.schedulers.asyncio import (  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs] - slow: it searches for plugins; it has no stubs
        AsyncIOScheduler,
    )

    async def tick() -> None:
        try:
            await engine.tick()
        except Exception as error:
            is_transient = isinstance(error, OSError | DBAPIError)
            level = logging.WARNING if is_transient else logging.ERROR
            log.log(level, "A tick of the engine failed", exc_info=error)

    scheduler: Any = AsyncIOScheduler()
    await tick()
    # Missed ticks are combined into one.
    scheduler.add_job(
        tick, "interval", seconds=interval.total_seconds(), coalesce=True, misfire_grace_time=None
    )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
