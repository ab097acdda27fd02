"""Sessions: the sessionmaker is injected, the context manager owns the pool."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

from db.errors import AlreadyRunning

# A filtered vector search continues until it has as many rows as requested. A client that stalls in
# a transaction does not block others for ever.
_SERVER_SETTINGS = {
    "hnsw.iterative_scan": "relaxed_order",
    "idle_in_transaction_session_timeout": "30s",
}

Sessions: TypeAlias = async_sessionmaker[AsyncSession]


@asynccontextmanager
async def connect(url: str, *, pool_size: int = 10) -> AsyncGenerator[Sessions]:
    """Open a pool; each use case then runs inside its own `async with sessions.begin()`."""
    engine = create_async_engine(
        url,
        pool_pre_ping=True,
        hide_parameters=True,  # messages of people must not be logged
        pool_size=pool_size,
        connect_args={"server_settings": _SERVER_SETTINGS},
    )
    try:
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()


@asynccontextmanager
async def listen(
    sessions: Sessions, channel: str, notified: asyncio.Event
) -> AsyncGenerator[Callable[[], bool]]:
    """Set `notified` on every NOTIFY of a channel; yield a check whether the connection is open.

    It uses a connection of its own. `notified` is also set when that is lost.
    """
    engine = sessions.kw["bind"]

    def on_event(*_: object) -> None:
        notified.set()

    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        try:
            driver.add_termination_listener(on_event)
            await driver.add_listener(channel, on_event)
            yield lambda: not driver.is_closed()
        finally:
            # A listening connection must not return to the pool.
            await connection.invalidate()


@asynccontextmanager
async def exclusive(url: str, name: str) -> AsyncGenerator[None]:
    """Hold an exclusive lock on a database by name, as long as the context is open.

    Raises:
        AlreadyRunning: Another process holds the lock.
    """
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        if not await connection.scalar(select(func.pg_try_advisory_lock(func.hashtext(name)))):
            raise AlreadyRunning
        yield
