"""Sessions: the sessionmaker is injected, the context manager owns the pool."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, String, cast, false, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.pool import NullPool

from db.engine import ITERATIVE_VECTOR, check_server, create_engine
from db.errors import AlreadyRunning

log = logging.getLogger(__name__)

_RECONNECT_SECONDS = 1.0
# Shorter beginnings of an id are rather a name.
_MIN_ID_LENGTH = 4
# How many connections are kept for single statements.
_SINGLE_STATEMENTS = 2

Sessions: TypeAlias = async_sessionmaker[AsyncSession]


@asynccontextmanager
async def connect(url: str, *, pool_size: int = 10) -> AsyncGenerator[Sessions]:
    """Open a pool; each use case then runs inside its own `async with sessions.begin()`."""
    engine = create_engine(url, pool_pre_ping=True, pool_size=pool_size)
    # Its callers try again after a disconnection, so that no connection is tested before.
    single = create_engine(url, isolation_level="AUTOCOMMIT", pool_size=_SINGLE_STATEMENTS)
    info = {"url": url, "single": single}
    try:
        yield async_sessionmaker(engine, expire_on_commit=False, info=info)
    finally:
        await engine.dispose()
        await single.dispose()


def url_of(sessions: Sessions) -> str:
    """Return the URL with which `connect` has opened a pool, for a connection in another thread."""
    return sessions.kw["info"]["url"]


def single_statements(sessions: Sessions) -> AsyncEngine:
    """Return the engine for single statements without a transaction around them."""
    return sessions.kw["info"]["single"]


async def search_vectors(session: AsyncSession) -> None:
    """Prepare a transaction for a filtered search of the nearest vectors.

    The scan of the index then goes on until enough rows pass the filters, in exact order. With
    pgvector before 0.8 no connection uses the index.
    """
    await session.execute(
        text(
            "SELECT CASE WHEN string_to_array(extversion, '.')::int[] >= :iterative "
            "THEN set_config('hnsw.iterative_scan', 'strict_order', true) END "
            "FROM pg_extension WHERE extname = 'vector'"
        ),
        {"iterative": list(ITERATIVE_VECTOR)},
    )


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
async def follow(
    sessions: Sessions, channel: str, read: Callable[[], Awaitable[None]]
) -> AsyncGenerator[None]:
    """Call `read` now and after every NOTIFY of a channel while the context is open.

    While the database cannot be reached, it is tried again every second.
    """
    try:
        await read()
    except (OSError, DBAPIError) as error:
        log.warning("%s cannot be read: %s", channel, type(error).__name__)
    task = asyncio.create_task(_follow(sessions, channel, read))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _follow(sessions: Sessions, channel: str, read: Callable[[], Awaitable[None]]) -> None:
    notified = asyncio.Event()
    while True:
        try:
            async with listen(sessions, channel, notified) as is_open:
                while is_open():
                    notified.clear()
                    await read()
                    await notified.wait()
        except (OSError, DBAPIError) as error:
            log.info("%s is not followed now: %s", channel, type(error).__name__)
        await asyncio.sleep(_RECONNECT_SECONDS)


@asynccontextmanager
async def exclusive(url: str, name: str) -> AsyncGenerator[None]:
    """Hold an exclusive lock on a database by name, as long as the context is open.

    Raises:
        AlreadyRunning: Another process holds the lock.
        DatabaseUnreachable: The database cannot be used.
    """
    await check_server(url)
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        if not await connection.scalar(select(func.pg_try_advisory_lock(func.hashtext(name)))):
            raise AlreadyRunning
        yield


def id_begins(column: ColumnElement[UUID] | InstrumentedAttribute[UUID], typed: str) -> Any:
    """Return the condition that an id begins with what somebody typed, if that is long enough."""
    beginning = typed.strip().lower()
    if len(beginning) < _MIN_ID_LENGTH:
        return false()
    return cast(column, String).startswith(beginning, autoescape=True)
