"""Sessions: the sessionmaker is the dependency, the context manager owns the pool."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

from db.errors import AlreadyRuns

# A filtered search for the nearest goes on until it has found as many as were asked for.
# Whoever stops in the middle of a transaction does not hold up the others for ever.
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
        hide_parameters=True,  # what people said is in no log
        pool_size=pool_size,
        connect_args={"server_settings": _SERVER_SETTINGS},
    )
    try:
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()


@asynccontextmanager
async def listen(
    sessions: Sessions, channel: str, heard: asyncio.Event
) -> AsyncGenerator[Callable[[], bool]]:
    """Set `heard` whenever the channel is notified; yield what tells whether anyone listens still.

    The connection is one of its own. When it is lost, `heard` is set too.
    """
    engine = sessions.kw["bind"]

    def wake(*_: object) -> None:
        heard.set()

    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        try:
            driver.add_termination_listener(wake)
            await driver.add_listener(channel, wake)
            yield lambda: not driver.is_closed()
        finally:
            # It listens, so it is of no use to anyone else.
            await connection.invalidate()


@asynccontextmanager
async def exclusive(url: str, name: str) -> AsyncGenerator[None]:
    """Be the only process that does this on a database, as long as the context is open.

    Raises:
        AlreadyRuns: Another process does.
    """
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        if not await connection.scalar(select(func.pg_try_advisory_lock(func.hashtext(name)))):
            raise AlreadyRuns
        yield
