"""Addresses of databases as hosters write them, and servers that cannot be used."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from aiohttp.test_utils import unused_port
from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from db import engine
from db.address import parse_address
from db.engine import check_server, create_engine
from db.errors import AddressInvalid, AlreadyRunning, DatabaseUnreachable
from db.retry import is_disconnect
from db.session import connect, exclusive, listen, search_vectors
from db.upgrade import upgrade
from tests.conftest import Databases
from tests.vendors.pooler import TransactionPooler


@pytest.mark.parametrize(
    ("address", "url", "arguments"),
    [
        # Heroku, Railway, Render
        ("postgres://u:p@h:5432/db", "u:p@h:5432/db", {}),
        ("postgresql+psycopg2://u:p@h/db", "u:p@h:5432/db", {}),
        # Neon
        (
            "postgresql://u:p@ep-x.aws.neon.tech/db?sslmode=require&channel_binding=require",
            "u:p@ep-x.aws.neon.tech:5432/db",
            {"ssl": "require"},
        ),
        (
            "postgres://u:p@h/db?sslmode=require&options=endpoint%3Dep-x",
            "u:p@h:5432/db",
            {"ssl": "require", "server_settings": {"options": "endpoint=ep-x"}},
        ),
        # Supabase
        ("postgresql://postgres.ref:p@h.supabase.com:5432/postgres?pgbouncer=true", None, {}),
        ("postgres://u:p@h:6543/db?workaround=supabase-pooler.vercel&supa=base", None, {}),
        # Prisma, node-postgres
        ("postgres://u:p@h/db?ssl=true", None, {"ssl": "require"}),
        ("postgres://u:p@h/db?ssl=no-verify&connection_limit=1", None, {"ssl": "require"}),
        ("postgres://u:p@h/db?sslmode=disable", None, {"ssl": "disable"}),
        ("postgres://u:p@h/db?sslmode=prefer", None, {"ssl": "prefer"}),
        ("postgres://u:p@h/db?connect_timeout=10", None, {"timeout": 10}),
        ("postgres://u:p@h/db?connect_timeout=0", None, {}),
        ("postgres://u:p@h/db?connect_timeout=1", None, {"timeout": 2}),
        (
            "postgres://u:p@h/db?application_name=x&options=-c%20statement_timeout%3D5s",
            None,
            {"server_settings": {"application_name": "x", "options": "-c statement_timeout=5s"}},
        ),
        (
            "postgres://u:p@a:1,b:2/db?target_session_attrs=read-write",
            "u:p@/db?host=a%3A1&host=b%3A2",
            {"target_session_attrs": "read-write"},
        ),
        ("postgres://u:p@a,b/db", "u:p@/db?host=a%3A5432&host=b%3A5432", {}),
        ("postgres://u:p@a,b:2/db?port=7", "u:p@/db?host=a%3A7&host=b%3A2", {}),
        ("postgres:///db?host=/run/pg&user=u", "u@/db?host=%2Frun%2Fpg&port=5432", {}),
        ("postgres://u:p@[::1]:5433/db", "u:p@[::1]:5433/db", {}),
        ("postgres:///db?host=h&port=1&user=u&password=p%40", "u:p%40@h:1/db", {}),
        ("postgres://u:p%23%40@h/db?keepalives=1&gssencmode=disable", "u:p%23%40@h:5432/db", {}),
        ("postgres://u:p@h?sslnegotiation=direct&sslmode=require", None,
         {"direct_tls": True, "ssl": "require"}),
    ],
)  # fmt: skip
def test_addresses_of_hosters_are_understood(
    address: str, url: str | None, arguments: dict[str, Any]
) -> None:
    parsed = parse_address(address)

    assert dict(parsed.arguments) == arguments
    if url is not None:
        shown = parsed.url.render_as_string(hide_password=False)
        assert shown == f"postgresql+asyncpg://{url}"
    create_engine(address)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("mysql://u:p@h/db", "must begin with postgresql://"),
        ("h:5432/db", "must begin with postgresql://"),
        ("postgres://u:p@h:port/db", "cannot be read"),
        ("postgres://u:p@h:99999/db", "is no port"),
        ("postgres://u:p@h/db?sslmod=require", "'sslmod' is not known"),
        ("postgres://u:p@h/db?sslmode=maybe", "sslmode: 'maybe'"),
        ("postgres://u:p@h/db?connect_timeout=soon", "connect_timeout"),
        ("postgres://u:p@h/db?sslmode=verify-ca&sslrootcert=/nowhere.crt", "certificates"),
        ("postgres://u:p@h/db?sslcert=/nowhere.crt", "certificates"),
    ],
)
def test_what_cannot_be_understood_is_named(address: str, words: str) -> None:
    with pytest.raises(AddressInvalid) as raised:
        parse_address(address)

    assert words in str(raised.value)
    assert ":p@" not in str(raised.value)


@pytest.mark.parametrize(
    ("query", "is_named"), [("sslmode=verify-full", True), ("sslmode=verify-ca", False)]
)
def test_certificates_are_checked_as_the_mode_says(query: str, *, is_named: bool) -> None:
    context = parse_address(f"postgres://u:p@h/db?{query}").arguments["ssl"]

    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, is_named)
    system = parse_address("postgres://u:p@h/db?sslrootcert=system").arguments["ssl"]
    assert system.check_hostname


def unix_folder(url: str) -> str:
    return str(make_url(url).query["host"])


def named(url: str) -> str:
    return str(make_url(url).database)


async def test_a_database_is_reached_with_parameters_of_libpq(database_url: str) -> None:
    address = f"postgres:///{named(database_url)}?user=postgres&host={unix_folder(database_url)}"
    options = "options=-c%20statement_timeout%3D7s&application_name=seven&schema=public"
    async with connect(f"{address}&sslmode=prefer&{options}") as sessions:
        async with sessions() as session:
            shown = [
                await session.scalar(text(f"SHOW {name}"))
                for name in ("statement_timeout", "application_name", "hnsw.iterative_scan",
                             "idle_in_transaction_session_timeout")
            ]  # fmt: skip
        async with sessions() as session:  # the same connection, after its transaction
            shown.append(await session.scalar(text("SHOW idle_in_transaction_session_timeout")))

    assert shown == ["7s", "seven", "relaxed_order", "30s", "30s"]


async def refusal(url: str) -> str:
    with pytest.raises(DatabaseUnreachable) as raised:
        await check_server(url)
    assert "\n" not in str(raised.value)
    assert ":p@" not in str(raised.value)
    return str(raised.value)


async def test_a_server_that_is_not_there_is_said_in_one_line() -> None:
    assert "nothing listens there" in await refusal(f"postgres://u:p@127.0.0.1:{unused_port()}/db")
    assert "no such host" in await refusal("postgres://u:p@nowhere.invalid/db")


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"S", b"\0" * 40])
async def test_a_server_that_is_no_postgresql_is_said_in_one_line(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(8)
            writer.write(answer)
            await asyncio.sleep(0.05)
        finally:
            writer.close()
            served.append(writer)

    served: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        for mode in ("prefer", "require"):
            assert await refusal(f"postgres://u:p@127.0.0.1:{port}/db?sslmode={mode}")
        await asyncio.sleep(0.1)
        await asyncio.gather(*(each.wait_closed() for each in served), return_exceptions=True)


@pytest.fixture
async def guest(database_url: str) -> AsyncGenerator[str]:
    """The address of a user without rights."""
    owner = create_engine(database_url, isolation_level="AUTOCOMMIT")
    name = f"guest_{named(database_url)}"
    async with owner.connect() as connection:
        await connection.execute(text(f"CREATE ROLE {name} LOGIN"))
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("DROP SCHEMA jobs CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    url = make_url(database_url).set(username=name)
    yield url.render_as_string(hide_password=False)
    async with owner.connect() as connection:
        await connection.execute(text(f"DROP OWNED BY {name}"))
        await connection.execute(text(f"DROP ROLE {name}"))
    await owner.dispose()


async def test_a_user_without_rights_reads_what_to_run(guest: str) -> None:
    with pytest.raises(DatabaseUnreachable) as raised:
        await asyncio.to_thread(upgrade, guest)

    assert "CREATE EXTENSION vector" in str(raised.value)


async def test_a_database_that_is_missing_or_read_only_is_said(
    database_url: str, databases: Databases
) -> None:
    missing = make_url(database_url).set(database="not_there").render_as_string(hide_password=False)
    assert "create it first" in await refusal(missing)
    owner = create_engine(database_url, isolation_level="AUTOCOMMIT")
    async with owner.connect() as connection:
        await connection.execute(
            text(f"ALTER DATABASE {named(database_url)} SET default_transaction_read_only = on")
        )
    await owner.dispose()

    assert "address of the primary server" in await refusal(database_url)


@pytest.mark.parametrize(
    ("version", "words"), [((99, 0), "is too old: install 0.8"), ((0, 5), None)]
)
async def test_an_old_pgvector_is_refused_before_anything_changes(
    monkeypatch: pytest.MonkeyPatch, database_url: str, version: tuple[int, int], words: str | None
) -> None:
    monkeypatch.setattr(engine, "MINIMUM_VECTOR", version)
    if words is None:
        await check_server(database_url)
    else:
        assert words in await refusal(database_url)


async def test_before_pgvector_0_8_searches_are_exact(
    monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setattr(engine, "ITERATIVE_VECTOR", (99, 0))
    monkeypatch.setattr("db.session.ITERATIVE_VECTOR", (99, 0))
    async with connect(database_url) as sessions, sessions() as session:
        await search_vectors(session)
        nearest = (
            "EXPLAIN SELECT id FROM memories ORDER BY embedding <=> CAST(:at AS vector) LIMIT 3"
        )
        plan = await session.scalars(text(nearest), {"at": str([1] * 256)})
        assert "hnsw" not in " ".join(plan)
        assert await session.scalar(text("SHOW enable_indexscan")) == "off"


async def pooled(url: str, pooler: TransactionPooler) -> str:
    return f"postgres://postgres@127.0.0.1:{pooler.port}/{named(url)}?sslmode=disable"


async def test_transaction_pooling_is_refused_before_anything_changes(
    database_url: str,
) -> None:
    socket = f"{unix_folder(database_url)}/.s.PGSQL.5432"
    async with TransactionPooler(socket).running() as pooler:
        url = await pooled(database_url, pooler)

        assert "in transaction mode" in await refusal(url)
        with pytest.raises(DatabaseUnreachable):
            await asyncio.to_thread(upgrade, url)
        with pytest.raises(DatabaseUnreachable):
            async with exclusive(url, "x"):
                pass


async def test_session_pooling_works_and_has_one_sole_process(database_url: str) -> None:
    socket = f"{unix_folder(database_url)}/.s.PGSQL.5432"
    async with TransactionPooler(socket, is_session_mode=True).running() as pooler:
        url = await pooled(database_url, pooler)
        await check_server(url)
        heard = asyncio.Event()
        async with connect(url) as sessions, listen(sessions, "jobs", heard):
            async with sessions.begin() as session:
                await session.execute(text("NOTIFY jobs"))
            async with asyncio.timeout(5):
                await heard.wait()
        async with exclusive(url, "x"):
            with pytest.raises(AlreadyRunning):
                async with exclusive(url, "x"):
                    pass


@pytest.mark.parametrize("code", ["57P01", "57P02", "57P03", "53300", "08006"])
async def test_a_server_that_stops_or_starts_is_an_outage(database_url: str, code: str) -> None:
    async with connect(database_url) as sessions, sessions() as session:
        with pytest.raises(SQLAlchemyError) as raised:
            await session.execute(
                text(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$")
            )

    assert is_disconnect(raised.value)


async def test_a_connection_that_was_idle_is_replaced_if_the_server_has_dropped_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.engine._IDLE_SECONDS", -1.0)
    async with connect(database_url) as sessions, connect(database_url) as others:
        async with sessions() as session:
            pid = await session.scalar(text("SELECT pg_backend_pid()"))
        async with others() as session:
            await session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

        async with sessions() as session:
            other = await session.scalar(text("SELECT pg_backend_pid()"))

    assert other != pid
