"""Sessions: the sessionmaker is injected, the context manager owns the pool."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none
from sqlalchemy import ColumnElement, String, cast, false, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.pool import NullPool

from db.engine import (
    DO_NOT_WAIT,
    ITERATIVE_VECTOR,
    PLAN_ANEW,
    check_connections,
    check_server,
    create_engine,
)
from db.errors import AlreadyRunning

log = logging.getLogger(__name__)

_RECONNECT_SECONDS = 1.0
# A connection that follows is asked for a sign of life so often, and believed for so long: also a
# process that has slept, or whose connection was cut silently, then asks anew.
_PING_SECONDS, _MAX_SILENCE_SECONDS = 5.0, 12.0
# Shorter beginnings of an id are rather a name.
_MIN_ID_LENGTH = 4
# How many connections are kept for single statements, and for searches; twice as many may be open.
_SINGLE_STATEMENTS, _SEARCHES = 5, 3

T = TypeVar("T")
Sessions: TypeAlias = async_sessionmaker[AsyncSession]


@asynccontextmanager
async def connect(url: str, *, pool_size: int = 10) -> AsyncGenerator[Sessions]:
    """Open a pool; each use case then runs inside its own `async with sessions.begin()`."""
    engine = create_engine(url, pool_size=pool_size)
    single = create_engine(
        url,
        settings=[DO_NOT_WAIT],
        isolation_level="AUTOCOMMIT",
        pool_size=_SINGLE_STATEMENTS,
        max_overflow=_SINGLE_STATEMENTS,
    )
    searches = create_engine(
        url,
        settings=[PLAN_ANEW],
        isolation_level="AUTOCOMMIT",
        pool_size=_SEARCHES,
        max_overflow=_SEARCHES,
    )
    engines = (engine, single, searches)
    for each in engines:
        check_connections(each)
    info = {"url": url, "single": single, "searches": searches}
    try:
        yield async_sessionmaker(engine, expire_on_commit=False, info=info)
    finally:
        for each in engines:
            await each.dispose()


def url_of(sessions: Sessions) -> str:
    """Return the URL with which `connect` has opened a pool, for a connection in another thread."""
    return sessions.kw["info"]["url"]


def process_cache(sessions: Sessions, name: str, make: Callable[[], T]) -> T:
    """Return what a process keeps in memory of a database under a name; it is made at first."""
    return sessions.kw["info"].setdefault(name, make())


def single_statements(sessions: Sessions) -> AsyncEngine:
    """Return the engine for single statements without a transaction around them.

    None waits for the disk: where the server itself crashes, the last half second may be lost.
    """
    return sessions.kw["info"]["single"]


def searches(sessions: Sessions) -> AsyncEngine:
    """Return the engine for single statements that are planned anew for their parameters."""
    return sessions.kw["info"]["searches"]


def reading(sessions: Sessions) -> AsyncSession:
    """Return a session without a transaction around its statements, which saves two round trips.

    Each sees what was committed when it began, as in a transaction of PostgreSQL's default level.
    What is written in it is committed statement by statement.
    """
    return AsyncSession(single_statements(sessions), expire_on_commit=False)


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


class Listener:
    """A connection that listens."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def is_open(self) -> bool:
        """Whether the connection is not known to be lost."""
        return not self._driver.is_closed()

    async def is_alive(self) -> bool:
        """Whether the server answers on it; a connection that does not is closed."""
        try:
            await self._driver.execute("SELECT 1", timeout=_PING_SECONDS)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._driver.terminate()
        return self.is_open()


@asynccontextmanager
async def listen(
    sessions: Sessions, channel: str, notified: asyncio.Event
) -> AsyncGenerator[Listener]:
    """Set `notified` on every NOTIFY of a channel; yield the connection that hears it.

    It is a connection of its own. `notified` is also set when that is lost.
    """
    engine = sessions.kw["bind"]

    def on_event(*_: object) -> None:
        notified.set()

    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        try:
            driver.add_termination_listener(on_event)
            await driver.add_listener(channel, on_event)
            yield Listener(driver)
        finally:
            # A listening connection must not return to the pool.
            await connection.invalidate()


class Follower:
    """Whether what was read from the database is still as it is there.

    That is known while a connection is told of every change, and has answered lately.
    """

    def __init__(self) -> None:
        self.notified = asyncio.Event()
        self._is_read = False
        self._answered_at = float("-inf")

    @property
    def is_fresh(self) -> bool:
        """Whether it was read since the last change, on a connection that is alive."""
        is_alive = time.monotonic() - self._answered_at < _MAX_SILENCE_SECONDS
        return self._is_read and is_alive and not self.notified.is_set()

    def begin(self) -> None:
        """Read anew from now on."""
        self._is_read = False
        self.notified.clear()

    def end(self) -> None:
        """Take what was read for what is there."""
        self._is_read = True
        self._answered_at = time.monotonic()

    def hear(self) -> None:
        """Take the connection for alive: it has answered."""
        self._answered_at = time.monotonic()


@asynccontextmanager
async def follow(
    sessions: Sessions,
    channel: str,
    read: Callable[[], Awaitable[None]],
    *,
    follower: Follower | None = None,
) -> AsyncGenerator[None]:
    """Call `read` now and after every NOTIFY of a channel while the context is open.

    While the database cannot be reached, it is tried again every second. Of a storm of
    notifications, those are one that come while it reads.
    """
    follower = follower or Follower()
    try:
        await read()
    except (OSError, DBAPIError) as error:
        log.warning("%s cannot be read: %s", channel, type(error).__name__)
    task = asyncio.create_task(_follow(sessions, channel, read, follower))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _follow(
    sessions: Sessions, channel: str, read: Callable[[], Awaitable[None]], follower: Follower
) -> None:
    while True:
        try:
            async with listen(sessions, channel, follower.notified) as listener:
                while listener.is_open():
                    follower.begin()
                    began = time.monotonic()
                    await read()
                    follower.end()
                    # What takes long to read is not read all the time.
                    await asyncio.sleep(time.monotonic() - began)
                    while not await _is_set(follower.notified) and await listener.is_alive():
                        follower.hear()
        except Exception as error:
            is_transient = isinstance(error, OSError | DBAPIError)
            level = logging.INFO if is_transient else logging.ERROR
            log.log(level, "%s is not followed now", channel, exc_info=error)
        follower.begin()
        await asyncio.sleep(_RECONNECT_SECONDS)


async def _is_set(event: asyncio.Event) -> bool:
    """Wait for an event for some seconds; return whether it is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), _PING_SECONDS)
    return event.is_set()


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
