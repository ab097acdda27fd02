"""What calls nobody: it costs no statement, and nothing that listens to it is missed."""

import asyncio
import random
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from simcord.backend import serializers
from sqlalchemy import event, text

from db.session import Sessions, connect, searches, single_statements
from services.access import Situation
from services.chat import ChannelService, Listening
from services.personalities import PersonalityService
from services.privacy import PrivacyService
from services.types import Channel, Venue
from tests.cogs.concurrent import actor, speakers
from tests.cogs.conftest import House


@pytest.fixture(autouse=True)
async def listening(house: House) -> AsyncGenerator[None]:
    """Follow what listens, which other tests do without: a change is heard of a moment later."""
    async with house.services.listening.running():
        yield


@contextmanager
def statements(sessions: Sessions) -> Generator[list[str]]:
    """Collect what is sent to the database, but for signs of life."""
    sent: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        sent.append(statement)

    engines = [
        each.sync_engine
        for each in (sessions.kw["bind"], single_statements(sessions), searches(sessions))
    ]
    for each in engines:
        event.listen(each, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        for each in engines:
            event.remove(each, "before_cursor_execute", note)


async def follow(house: House) -> None:
    """Wait until the bot knows what listens."""
    async with asyncio.timeout(20):
        await asyncio.sleep(0.05)
        while not house.services.listening.is_fresh:
            await asyncio.sleep(0.01)


async def test_a_message_that_calls_nobody_costs_no_statement(
    house: House, sessions: Sessions
) -> None:
    await house.alice.send(house.lobby, "@Mirela hello")
    await follow(house)

    with statements(sessions) as sent:
        await house.bob.send(house.lobby, "what a night, 5 @ 3 euros, me@example.com")
        await house.bob.send(house.lobby, "@nobody knows it", reply_to=house.lobby.history()[-1])

    assert sent == []


async def test_the_preview_of_a_link_costs_no_statement_where_nobody_has_spoken(
    house: House, sessions: Sessions
) -> None:
    await follow(house)
    said = await house.bob.send(house.lobby, "https://example.com/ferries")
    backend = house.env.backend
    stored = backend.get_message(house.lobby.id, said.id)
    stored.embeds = [{"type": "link", "title": "Ferries"}]
    payload = serializers.message_payload(backend, stored)

    with statements(sessions) as sent:
        backend.emit("MESSAGE_UPDATE", {**payload, "edited_timestamp": None})
        await house.env.settle()

    assert sent == []


async def test_what_was_overheard_is_known_to_the_next_answer(house: House) -> None:
    await house.alice.send(house.lobby, "@Mirela hello")
    await follow(house)
    first = await house.bob.send(house.lobby, "the ferry is late")
    second = await house.bob.send(house.lobby, "the bridge is closed")
    await house.bob.send(house.lobby, "the tunnel is open")
    await house.bob.edit(first, "the ferry sank")
    await house.bob.delete(second)

    await house.alice.send(house.lobby, "@Mirela what has happened?")

    prompt = house.openai.prompts[-1]
    assert "the ferry sank" in prompt
    assert "the tunnel is open" in prompt
    assert "the ferry is late" not in prompt
    assert "bridge" not in prompt


@pytest.mark.parametrize("of_role", [False, True])
async def test_who_is_blocked_or_has_opted_out_is_not_overheard(
    house: House, sessions: Sessions, *, of_role: bool
) -> None:
    role = house.guild.create_role("Loud")
    carol = house.guild.add_member(house.env.create_user("carol"), roles=[role])
    await house.alice.send(house.lobby, "@Mirela hello")
    await house.services.privacy.opt_out(actor(house.bob))
    async with sessions.begin() as session:
        target = ("role", role.id) if of_role else ("user", carol.id)
        await session.execute(
            text(
                "INSERT INTO blocks (level, guild_id, target, target_id) "
                "VALUES ('server', :guild_id, :target, :id)"
            ),
            {"guild_id": house.guild.id, "target": target[0], "id": target[1]},
        )
    await follow(house)
    await house.bob.send(house.lobby, "my secret is blue")
    await carol.send(house.lobby, "my opinion is crimson")
    await house.moderator.send(house.lobby, "the sea is green")

    await house.alice.send(house.lobby, "@Mirela and?")

    prompt = house.openai.prompts[-1]
    assert "green" in prompt
    assert "blue" not in prompt
    assert "crimson" not in prompt


async def test_what_another_process_or_a_hand_changes_is_followed(
    house: House, sessions: Sessions
) -> None:
    await follow(house)
    async with sessions.begin() as session:
        await session.execute(
            text(
                "INSERT INTO personality_aliases (personality_id, alias) "
                "SELECT id, 'Lotte' FROM personalities WHERE slug = 'bex'"
            )
        )
        await session.execute(
            text(
                "INSERT INTO activated_channels (channel_id, guild_id, personality_id) "
                "SELECT :channel_id, :guild_id, id FROM personalities WHERE slug = 'mirela'"
            ),
            {"channel_id": house.lobby.id, "guild_id": house.guild.id},
        )
    await follow(house)
    other = house.guild.create_text_channel("other")

    await house.alice.send(other, "@Lotte are you there?")
    await house.alice.send(house.lobby, "nobody in particular")

    assert [each.author.name for each in other.history() if each.author.bot] == ["Bex"]
    assert speakers(house) == ["Mirela"]


async def test_a_lost_connection_and_a_storm_of_notifications_miss_no_call(
    house: House, sessions: Sessions
) -> None:
    await follow(house)
    for number in range(4):
        async with sessions.begin() as session:
            if number % 2:
                await session.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
                    )
                )
            else:
                await session.execute(
                    text("SELECT pg_notify('listening', n::text) FROM generate_series(1, 5000) n")
                )

        await house.alice.send(house.lobby, f"@Mirela hello for the {number}th time")

    assert speakers(house) == ["Mirela"] * 4
    await follow(house)


async def test_hundreds_of_thousands_of_names_are_known(
    house: House, sessions: Sessions, database_url: str
) -> None:
    async with sessions.begin() as session:
        await session.execute(
            text(
                "INSERT INTO personality_aliases (personality_id, alias) "
                "SELECT p.id, 'Äther ' || n FROM personalities p, generate_series(1, 200000) n "
                "WHERE p.slug = 'mirela'"
            )
        )
    async with connect(database_url) as others:
        listening = Listening(others)
        await listening.read()

        assert listening.names_somebody("hello @Äther 199999, how are you?")
        assert not listening.names_somebody("hello @Äther 200001b")
    await follow(house)

    await house.alice.send(house.lobby, "@Äther 150000 hello")

    assert speakers(house) == ["Mirela"]


async def test_random_changes_in_two_processes_miss_no_call_and_keep_no_word(
    house: House, sessions: Sessions, database_url: str
) -> None:
    """Boards, activations, names and opt-outs change in another process between messages."""
    generator = random.Random(18)
    channels = [house.guild.create_text_channel(f"place-{number}") for number in range(3)]
    bex = await house.services.personalities.find("Bex", Situation(account_ids={1}))
    maker = replace(actor(house.boss), is_bot_owner=True)
    activated: set[int] = set()
    names, opted_out, secrets = {"bex"}, set[int](), list[str]()
    people = {each.id: each for each in (house.alice, house.bob)}
    async with connect(database_url) as others:
        places, privacy = ChannelService(others), PrivacyService(others)
        personalities = PersonalityService(others)
        for number in range(40):
            channel, person = generator.choice(channels), generator.choice([*people.values()])
            here = Channel(channel_id=channel.id, guild_id=house.guild.id, venue=Venue.PUBLIC)
            match generator.randrange(7):
                case 0:
                    change = places.deactivate if channel.id in activated else places.activate
                    await change(actor(house.moderator, moderates=True), here, bex)
                    activated ^= {channel.id}
                case 1:
                    alias = f"Lamp {number}"
                    await personalities.add_alias(maker, bex.id, alias)
                    names.add(alias.lower())
                case 2 if len(names) > 1:
                    alias = generator.choice(sorted(names - {"bex"}))
                    await personalities.remove_alias(maker, bex.id, alias)
                    names.remove(alias)
                case 3:
                    change = privacy.opt_in if person.id in opted_out else privacy.opt_out
                    await change(actor(person))
                    opted_out ^= {person.id}
                case 4:
                    async with others.begin() as session:
                        await session.execute(
                            text(
                                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                                "datname = current_database() AND pid <> pg_backend_pid() "
                                "AND query LIKE 'LISTEN%'"
                            )
                        )
                case _:
                    pass
            await asyncio.sleep(0.05)
            word, before = f"word{number:04}", len(house.openai.requests)
            name = generator.choice(["", "", *sorted(names), "Nobody"])
            await person.send(channel, f"@{name} {word}" if name else word)
            is_called = bool(name) and name != "Nobody"
            answers = is_called or channel.id in activated
            if person.id in opted_out:
                secrets.append(word)
                answers = False
            assert (len(house.openai.requests) > before) == answers, (number, name, channel.name)
        async with others() as session:
            kept = (await session.scalars(text("SELECT content FROM conversation_history"))).all()

    assert not [word for word in secrets if any(word in each for each in kept)]
    assert not [word for word in secrets if any(word in each for each in house.openai.prompts)]
