"""Read access to the old database, in one consistent snapshot."""

import base64
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    NullPool,
    Select,
    String,
    TableClause,
    Uuid,
    and_,
    column,
    func,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncScalarResult

from db.address import parse_address
from db.engine import create_engine, explain
from db.errors import AddressInvalid
from services.legacy import shapes
from services.legacy.errors import LegacyShapeUnknown, LegacyUnreachable
from services.legacy.shapes import LATER_COLUMNS, LATER_TABLES, REQUIRED, TABLES, Row
from services.texts import counted

_SCHEMA = {**TABLES, **LATER_TABLES}
# Large, and read on their own or not at all.
_NOT_SELECTED = ("avatar_data", "voice_reference_data", "embedding")
_BOOKKEEPING = frozenset(("_prisma_migrations",))

# The columns of a table, and whether a value in one is somebody's: it has no default.
Columns: TypeAlias = Mapping[str, bool]


class LegacyDatabase:
    """Rows of the old database as dictionaries, with the columns that exist."""

    def __init__(
        self, connection: AsyncConnection, schema: str, columns: Mapping[str, Columns]
    ) -> None:
        self._connection = connection
        self._schema = schema
        self._all_columns = columns
        self._names = {name: _table_name(name, columns) for name in _SCHEMA}
        self._columns = {name: columns.get(self._names[name], {}) for name in _SCHEMA}

    def absent(self) -> list[str]:
        """Return the tables and columns of the first shape that no later one stands in for."""
        return [
            lack
            for name, (needed, others) in TABLES.items()
            for lack in self._missing(name, f"{needed} {others}")
            if not shapes.is_replaced(lack, self._all_columns)
        ]

    def missing(self) -> tuple[str, ...]:
        """Return the required tables and columns that do not exist."""
        return tuple(lack for name in REQUIRED for lack in self._missing(name, TABLES[name][0]))

    async def rows(self, name: str) -> list[Row]:
        """Return the rows of a table in its first shape, oldest first.

        There are none where required columns are missing.
        """
        return await shapes.canonical_rows(name, self._read)

    async def lines(self) -> AsyncScalarResult[Row] | None:
        """Stream the conversations channel by channel, in chronological order."""
        name = "conversation_history"
        if self._missing(name, TABLES[name][0]):
            return None
        # A message and its answer may have the same timestamp.
        order = text("channel_id, created_at, role DESC, id")
        return await self._connection.stream_scalars(self._select(name).order_by(order))

    async def channel_guilds(self) -> dict[str, str]:
        """Return the server of each channel that has a conversation in a server."""
        name = "conversation_history"
        if not {"channel_id", "guild_id"} <= self._columns[name].keys():
            return {}
        channel_id, guild_id = _text_column("channel_id"), _text_column("guild_id")
        rows = await self._connection.execute(
            select(channel_id, func.max(guild_id).label("guild_id"))
            .select_from(self._table(self._names[name]))
            .where(guild_id.is_not(None))
            .group_by(channel_id)
        )
        return {row.channel_id: row.guild_id for row in rows}

    async def avatar_ids(self) -> list[UUID]:
        """Return the ids of personalities whose picture is in the database."""
        if "avatar_data" not in self._columns["personalities"]:
            return []
        rows = await self._connection.scalars(
            select(column("id", Uuid()))
            .select_from(self._table("personalities"))
            .where(func.octet_length(_text_column("avatar_data")) > 0)
        )
        return list(rows)

    async def avatar(self, personality_id: UUID) -> bytes:
        """Return a personality's picture; the first version with one kept it as Base64."""
        # Of the type that the column has.
        data: ColumnElement[Any] = literal_column("avatar_data")
        picture: Any = await self._connection.scalar(
            select(data)
            .select_from(self._table("personalities"))
            .where(column("id", Uuid()) == personality_id)
        )
        if isinstance(picture, str):
            # What is no Base64 is no picture either: the decoder of pictures says so.
            return base64.b64decode(picture.partition(",")[2] or picture)
        return bytes(picture or b"")

    async def unread(self) -> list[str]:
        """Return what is in the old database and is not read, each with its number of rows."""
        counts: list[str] = []
        for name in sorted(self._all_columns.keys() - set(self._names.values()) - _BOOKKEEPING):
            (rows,) = await self._count(name, [])
            if rows:
                counts.append(f"table {name}: {_counted(rows)}")
        for name, (needed, others) in _SCHEMA.items():
            read = {*f"{needed} {others} {LATER_COLUMNS.get(name, '')}".split()}
            read |= {"id", "created_at", "updated_at"}
            columns = [each for each, own in self._columns[name].items() if own]
            unread = sorted(each for each in columns if each not in read)
            if unread:
                _, *filled = await self._count(self._names[name], unread)
                counts += [
                    f"{self._names[name]}.{each}: in {_counted(rows)}"
                    for each, rows in zip(unread, filled, strict=True)
                    if rows
                ]
        return counts

    async def _read(self, name: str) -> list[Row]:
        if self._missing(name, _SCHEMA[name][0]):
            return []
        order = [text(each) for each in ("created_at", "id") if each in self._columns[name]]
        return list(await self._connection.scalars(self._select(name).order_by(*order)))

    async def _count(self, name: str, columns: list[str]) -> tuple[int, ...]:
        counts = [func.count(), *(func.count(_text_column(each)) for each in columns)]
        return tuple(
            (await self._connection.execute(select(*counts).select_from(self._table(name)))).one()
        )

    def _table(self, name: str) -> TableClause:
        return table(name, schema=self._schema)

    def _select(self, name: str) -> Select[Row]:
        row: ColumnElement[Any] = literal_column("to_jsonb(t)", JSONB())
        for large in _NOT_SELECTED:
            if large in self._columns[name]:
                row = row.op("-")(large)
        return select(row).select_from(self._table(self._names[name]).alias("t"))

    def _missing(self, name: str, columns: str) -> list[str]:
        existing = self._columns[name]
        if not existing:
            return [name]
        return [f"{name}.{each}" for each in columns.split() if each not in existing]


@asynccontextmanager
async def open_legacy(url: str) -> AsyncGenerator[LegacyDatabase]:
    """Open the old database read-only.

    Raises:
        LegacyShapeUnknown: It lacks required tables or columns.
        LegacyUnreachable: It cannot be opened.
    """
    try:
        address = parse_address(url)
        engine = create_engine(url, poolclass=NullPool)
    except AddressInvalid as error:
        raise LegacyUnreachable("?", str(error)) from error
    schema = address.schema or "public"
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        try:
            connection = await stack.enter_async_context(engine.connect())
        except (SQLAlchemyError, OSError) as error:
            raise LegacyUnreachable(address.shown, explain(url, error)) from error
        await connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        source = LegacyDatabase(connection, schema, await _load_columns(connection, schema))
        if missing := source.missing():
            raise LegacyShapeUnknown(missing)
        yield source


async def _load_columns(connection: AsyncConnection, schema: str) -> Mapping[str, Columns]:
    """Return the columns of every table, without `id` columns that are not UUIDs."""
    columns, tables = (
        table(name, *map(column, names.split()), schema="information_schema")
        for name, names in (
            (
                "columns",
                "table_schema table_name column_name udt_name is_nullable column_default",
            ),
            ("tables", "table_schema table_name table_type"),
        )
    )
    of_table = and_(
        columns.c.table_schema == tables.c.table_schema,
        columns.c.table_name == tables.c.table_name,
    )
    rows = await connection.execute(
        select(
            columns.c.table_name,
            columns.c.column_name,
            columns.c.udt_name,
            and_(columns.c.is_nullable == "YES", columns.c.column_default.is_(None)),
        )
        .join(tables, of_table)
        .where(columns.c.table_schema == schema, tables.c.table_type == "BASE TABLE")
    )
    found: dict[str, dict[str, bool]] = {}
    for name, each, kind, is_own in rows:
        if each != "id" or kind == "uuid":
            found.setdefault(name, {})[each] = is_own
    return found


def _counted(rows: int) -> str:
    return counted(rows, "row")


def _text_column(name: str) -> ColumnElement[str]:
    return column(name, String())


def _table_name(name: str, columns: Mapping[str, Columns]) -> str:
    """Return the name of a table of the old schema in this database."""
    return name if name in columns else shapes.RENAMED_TABLES.get(name, name)
