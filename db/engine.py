"""Engines: the one place that opens connections, and says in words why one cannot be used."""

import asyncio
import json
import socket
import ssl
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from db.address import parse_address
from db.base import storable
from db.errors import AddressInvalid, DatabaseUnreachable

# Settings are made after a connection, since poolers refuse them as parameters of the start-up.
# A client that stalls in a transaction does not block others for ever.
_IDLE = "SET idle_in_transaction_session_timeout = '30s'"
# A filtered vector search continues until it has as many rows as requested. Before 0.8 pgvector
# cannot do that, so its index is not used: it has no bitmap scans, which all other indexes have.
_ITERATIVE, _EXACT = "SET hnsw.iterative_scan = relaxed_order", "SET enable_indexscan = off"
# Compiling a plan takes longer than any statement of ours takes.
_NO_COMPILING = "SET jit = off"
# Each statement is planned for its parameters: how many rows fulfil a condition differs between
# them by orders of magnitude.
PLAN_ANEW = "SET plan_cache_mode = force_custom_plan"
# Only where the server itself crashes, what was committed in the last half second is lost.
DO_NOT_WAIT = "SET synchronous_commit = off"
_VERSION = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
MINIMUM_VECTOR, ITERATIVE_VECTOR = (0, 7), (0, 8)
_PROBES = 3
# A connection that was not used for so long is tested: something between may have dropped it.
_IDLE_SECONDS, _USED_AT = 30.0, "used_at"
_START_SECONDS, _START_PAUSE = 60, 1.0

_POOLER = (
    "the pooler before this database is in transaction mode, in which it cannot be used: connect "
    "directly, or use session mode"
)
_RIGHTS = (
    "the user lacks a right: as a superuser run CREATE EXTENSION vector in this database, and "
    "GRANT CREATE ON DATABASE and ON SCHEMA public to the user"
)
# What SQLSTATEs mean for whoever runs the bot, and what they can do.
_REMEDIES: Mapping[str, str] = {
    "28P01": "the password is wrong",
    "28000": "the server does not let this user in from here: look at its pg_hba.conf, or whether "
    "the address needs sslmode=require",
    "3D000": "there is no such database: create it first",
    "53300": "the server has no connection left: raise its max_connections, or lower the bot's",
    "42501": _RIGHTS,
    "3F000": _RIGHTS,
    # A prepared statement that is not there, or there already: it is on another backend.
    "26000": _POOLER,
    "42P05": _POOLER,
    "25006": "the database is read-only: use the address of the primary server",
    "57P03": "the server is starting up, or shutting down: try again in a minute",
    "0A000": "the server does not support what is needed: install pgvector 0.8 on it",
    "58P01": "pgvector is not installed on the server: install its package, version 0.8",
    "42704": "the extension vector is in a schema that is not on the search_path of this user",
    "53100": "the disk of the server is full",
    "55000": "the server is not ready for it: look at its log",
}

# The first that fits.
_FAILURES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (socket.gaierror, "there is no such host: {where}"),
    (ConnectionRefusedError, "nothing listens there: {where}"),
    (
        ssl.SSLCertVerificationError,
        "its certificate is not trusted: set sslrootcert, or sslmode=require",
    ),
    (ssl.SSLError, "it does not encrypt as the address demands: look at sslmode"),
    (TimeoutError, "it does not answer: {where}"),
    (
        (ConnectionError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError),
        "it does not answer as PostgreSQL does: {where}",
    ),
)


def check_connections(engine: AsyncEngine) -> None:
    """Take only connections that are alive from the pool, without asking the server each time.

    One that was closed, as by a restart of the server, is replaced by another; one that was not
    used for a while is tested. Who uses one that is lost in just that moment tries again, by
    `retry_on_disconnect`.
    """

    def check(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
        now = time.monotonic()
        used_at: float = record.info.get(_USED_AT, now)
        if connection.driver_connection.is_closed():
            raise DisconnectionError
        if now - used_at > _IDLE_SECONDS:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error

    def note(_: object, record: ConnectionPoolEntry) -> None:
        record.info[_USED_AT] = time.monotonic()

    event.listen(engine.sync_engine, "checkout", check)
    event.listen(engine.sync_engine, "checkin", note)


def create_engine(url: str, *, settings: Sequence[str] = (), **options: Any) -> AsyncEngine:
    """Return an engine for an address as libpq and hosters write it.

    `settings` are statements that each connection begins with.

    Raises:
        AddressInvalid: The address cannot be read.
    """
    address = parse_address(url)
    engine = create_async_engine(
        address.url,
        hide_parameters=True,  # messages of people must not be logged
        connect_args=dict(address.arguments),
        json_serializer=_to_json,
        **options,
    )

    def prepare(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute(_IDLE)
        cursor.execute(_VERSION)
        row = cursor.fetchone()
        is_old = row is not None and parse_version(row[0]) < ITERATIVE_VECTOR
        cursor.execute(_EXACT if is_old else _ITERATIVE)
        cursor.execute(_NO_COMPILING)
        for each in settings:
            cursor.execute(each)
        if address.schema and address.schema != "public":
            quoted = address.schema.replace('"', '""')
            cursor.execute(f'SET search_path = "{quoted}", public')
        cursor.close()
        connection.commit()

    event.listen(engine.sync_engine, "connect", prepare)
    return engine


async def check_server(url: str) -> None:
    """Check that a database can be used, before anything in it is changed.

    It waits up to a minute for a server that is starting.

    Raises:
        DatabaseUnreachable: It cannot be reached, or is not fit; the message says what to do.
    """
    async with explained(url):
        await _check(url)


@asynccontextmanager
async def explained(url: str) -> AsyncGenerator[None]:
    """Raise errors of the server and of the connection as one line that says what to do.

    Raises:
        DatabaseUnreachable: There was such an error.
    """
    try:
        yield
    except (
        OSError,
        SQLAlchemyError,
        TimeoutError,
        asyncpg.InterfaceError,
        asyncpg.PostgresError,
    ) as error:
        raise DatabaseUnreachable(explain(url, error)) from error


def explain(url: str, error: BaseException) -> str:
    """Return in one line why a database cannot be used, and what to do."""
    cause = getattr(error, "orig", None) or error
    cause = cause.__cause__ or cause if isinstance(error, DBAPIError) else cause
    reason = next(iter(str(cause).splitlines()), "") or type(cause).__name__
    if remedy := _REMEDIES.get(sqlstate(error) or ""):
        return f"{reason} ({remedy})"
    if remedy := _connection_remedy(url, cause, reason):
        return f"{reason} ({remedy})"
    return reason


def _connection_remedy(url: str, cause: BaseException, reason: str) -> str | None:
    if "startup parameter" in reason:
        return "a pooler refuses the parameter: remove it from the address"
    try:
        where = parse_address(url).shown
    except AddressInvalid:
        where = "the address"
    return next(
        (todo.format(where=where) for kinds, todo in _FAILURES if isinstance(cause, kinds)), None
    )


def _to_json(value: object) -> str:
    return json.dumps(storable(value))


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE of a driver's error, or None."""
    original = getattr(error, "orig", None) or error
    return getattr(original, "sqlstate", None)


async def _check(url: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    try:
        async with asyncio.timeout(_START_SECONDS):
            while True:
                try:
                    async with engine.connect() as connection:
                        await _check_vector(connection)
                    break
                except DBAPIError as error:
                    if sqlstate(error) != "57P03":
                        raise
                    await asyncio.sleep(_START_PAUSE)
        await _check_sessions(engine)
    finally:
        await engine.dispose()


async def _check_vector(connection: AsyncConnection) -> None:
    """Check that pgvector is there, and new enough for its index."""
    if await connection.scalar(text("SHOW transaction_read_only")) == "on":
        raise DatabaseUnreachable(f"the database is read-only ({_REMEDIES['25006']})")
    version = await connection.scalar(
        text(
            "SELECT coalesce(installed_version, default_version) FROM pg_available_extensions "
            "WHERE name = 'vector'"
        )
    )
    if version is None:
        raise DatabaseUnreachable("pgvector is not installed on the server: install version 0.8")
    if parse_version(version) < MINIMUM_VECTOR:
        raise DatabaseUnreachable(
            f"pgvector {version} is too old: install 0.8, then run ALTER EXTENSION vector UPDATE"
        )


def parse_version(version: str) -> tuple[int, ...]:
    """Return a version as numbers; parts that are none count as 0."""
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))


async def _check_sessions(engine: AsyncEngine) -> None:
    """Check that a connection is a session: that no pooler gives its backend to others.

    In transaction mode a backend serves one client after the other, so that locks, LISTEN and
    prepared statements of a session are lost, and two sole processes could run.
    """
    async with engine.connect() as first:
        for _ in range(_PROBES):
            before = await _backend(first)
            async with engine.connect() as second:
                other = await _backend(second, keep=True)
                after = await _backend(first)
            if other == before or before != after:
                raise DatabaseUnreachable(_POOLER)


async def _backend(connection: AsyncConnection, *, keep: bool = False) -> int:
    """Return the process of the server behind a connection; `keep` leaves the transaction open."""
    # The simple protocol, in which nothing is prepared: a pooler may lose what is.
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute("BEGIN")
    pid = driver.get_server_pid()
    rows = await driver.fetch("SELECT pg_backend_pid() AS pid")
    if not keep:
        await driver.execute("COMMIT")
    return int(rows[0]["pid"] if rows else pid)
