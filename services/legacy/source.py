"""Read access to the old database, in one consistent snapshot."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    NullPool,
    Select,
    column,
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
from services.legacy.errors import LegacyShapeUnknown, LegacyUnreachable

Row: TypeAlias = dict[str, Any]

_REQUIRED = ("users", "personas", "personalities", "llm_configs")
# The columns of each table: required ones, and those that older versions may lack.
_SCHEMA: Mapping[str, tuple[str, str]] = {
    "users": ("id discord_id", "username global_persona_id"),
    "personas": (
        "id",
        "name description content preferred_name pronouns owner_id is_global",
    ),
    "personalities": (
        "id name",
        "display_name slug avatar_url system_prompt_id llm_config_id character_info "
        "personality_traits personality_tone personality_age personality_likes "
        "personality_dislikes conversational_goals conversational_examples custom_fields "
        "voice_enabled voice_settings image_enabled image_settings memory_enabled "
        "context_window_size",
    ),
    "llm_configs": (
        "id model",
        "name description vision_model temperature top_p top_k frequency_penalty "
        "presence_penalty repetition_penalty max_tokens memory_score_threshold memory_limit",
    ),
    "system_prompts": ("id name", "description content is_default"),
    "personality_owners": ("personality_id user_id", "role"),
    "user_personality_settings": ("id user_id personality_id", "persona_id llm_config_id"),
    "activated_channels": ("id channel_id personality_id", "guild_id created_by"),
    "conversation_history": (
        "id channel_id personality_id user_id role content created_at",
        "guild_id persona_id token_count discord_message_id deleted_at",
    ),
}
_RENAMED = {"user_personality_settings": "user_personality_configs"}


class LegacyDatabase:
    """Rows of the old database as dictionaries, with the columns that exist."""

    def __init__(
        self, connection: AsyncConnection, schema: str, columns: Mapping[str, frozenset[str]]
    ) -> None:
        self._connection = connection
        self._schema = schema
        self._columns = {
            name: columns.get(_table_name(name, columns), frozenset()) for name in _SCHEMA
        }
        self._names = {name: _table_name(name, columns) for name in _SCHEMA}

    def absent(self) -> list[str]:
        """Return the tables and columns of the old schema that do not exist."""
        return [
            lack
            for name, (needed, others) in _SCHEMA.items()
            for lack in self._missing(name, f"{needed} {others}")
        ]

    def missing(self) -> tuple[str, ...]:
        """Return the required tables and columns that do not exist."""
        return tuple(lack for name in _REQUIRED for lack in self._missing(name, _SCHEMA[name][0]))

    async def rows(self, name: str) -> list[Row]:
        """Return the rows of a table, oldest first; empty if required columns are missing."""
        if self._missing(name, _SCHEMA[name][0]):
            return []
        order = [text(each) for each in ("created_at", "id") if each in self._columns[name]]
        return list(await self._connection.scalars(self._select(name).order_by(*order)))

    async def lines(self) -> AsyncScalarResult[Row] | None:
        """Stream the conversations channel by channel, in chronological order."""
        name = "conversation_history"
        if self._missing(name, _SCHEMA[name][0]):
            return None
        # A message and its answer may have the same timestamp.
        order = text("channel_id, created_at, role DESC, id")
        return await self._connection.stream_scalars(self._select(name).order_by(order))

    def _select(self, name: str) -> Select[Row]:
        row: ColumnElement[Row] = literal_column("to_jsonb(t)", JSONB())
        return select(row).select_from(table(self._names[name], schema=self._schema).alias("t"))

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


async def _load_columns(connection: AsyncConnection, schema: str) -> dict[str, frozenset[str]]:
    """Return the columns of every table, without `id` columns that are not UUIDs."""
    columns = table(
        "columns",
        column("table_schema"),
        column("table_name"),
        column("column_name"),
        column("udt_name"),
        schema="information_schema",
    )
    rows = await connection.execute(
        select(columns.c.table_name, columns.c.column_name, columns.c.udt_name).where(
            columns.c.table_schema == schema
        )
    )
    tables: dict[str, set[str]] = {}
    for name, each, kind in rows:
        if each != "id" or kind == "uuid":
            tables.setdefault(name, set()).add(each)
    return {name: frozenset(each) for name, each in tables.items()}


def _table_name(name: str, columns: Mapping[str, frozenset[str]]) -> str:
    """Return the name of a table of the old schema in this database."""
    return name if name in columns else _RENAMED.get(name, name)
