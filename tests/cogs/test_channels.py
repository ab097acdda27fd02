"""`/channel`, `/chat` and `/help`."""

import re

import pytest
from discord import app_commands

from bot.discord.embeds.help import TOPICS
from tests.cogs.concurrent import answers, invent, spoken
from tests.cogs.conftest import House
from tests.cogs.forms import shown
from tests.conftest import ROOT


async def test_moderators_activate_list_and_deactivate(house: House) -> None:
    mention = f"<#{house.lobby.id}>"

    await house.moderator.slash(house.lobby, "channel activate", personality="Bex")
    await house.moderator.slash(house.lobby, "channel activate", personality="Mirela")
    await house.moderator.slash(house.lobby, "channel activate", personality="Bex")
    listed = await house.moderator.slash(house.lobby, "channel list")
    await house.moderator.slash(house.lobby, "channel deactivate", personality="Bex")
    await house.alice.send(house.lobby, "hello")

    assert listed.response is not None
    assert listed.response.ephemeral
    assert listed.response.embeds[0].description == f"{mention} · **Bex**\n{mention} · **Mirela**"
    names = [message.author.name for message in house.lobby.history() if message.webhook_id]
    assert names == ["Mirela"]


async def test_what_is_not_activated_cannot_be_deactivated(house: House) -> None:
    result = await house.moderator.slash(house.lobby, "channel deactivate", personality="Bex")

    assert result.response is not None
    assert result.response.content == "**Bex** is not activated in this channel."


async def test_an_age_restricted_personality_is_not_activated_elsewhere(house: House) -> None:
    await invent(house, house.moderator, "Vesper", age_restricted=True)

    result = await house.moderator.slash(house.lobby, "channel activate", personality="Vesper")

    assert result.response is not None
    assert "only speaks in age-restricted channels" in result.response.content


@pytest.mark.parametrize("command", ["channel activate", "channel deactivate"])
async def test_members_are_refused_by_the_service_too(house: House, command: str) -> None:
    commands = house.env.backend.commands[None].values()
    (known,) = [int(each["id"]) for each in commands if each["name"] == "channel"]
    house.guild.set_command_permissions(known, {house.guild.default_role: True})

    result = await house.alice.slash(house.lobby, command, personality="Bex")

    assert result.response is not None
    assert "Only members with **Manage Messages**" in result.response.content


async def test_saying_something_by_command_is_answered_in_the_channel(house: House) -> None:
    house.openai.says("Evening.")

    result = await house.alice.slash(
        house.lobby, "chat say", personality="Mirela", message="good evening"
    )
    await house.bob.send(house.lobby, "@Mirela and me?")

    assert result.response is not None
    assert result.response.content == "**alice:** good evening"
    assert answers(house.lobby) == ["Evening.", "Aye."]
    history = [each["content"] for each in house.openai.requests[-1]["messages"][1:-1]]
    assert history == ["alice: good evening", "Evening."]


async def test_saying_something_in_a_crisis_is_met_with_help(house: House) -> None:
    await house.alice.slash(
        house.lobby, "chat say", personality="Mirela", message="I want to kill myself"
    )

    assert "https://findahelpline.com" in spoken(house.lobby)[-1][1]
    assert house.openai.requests == []


async def test_help_shows_each_what_they_may_do(house: House) -> None:
    member, moderator, operator = [
        shown(await who.slash(house.lobby, "help"))
        for who in (house.alice, house.moderator, house.boss)
    ]

    assert "@Mirela hello" in member
    assert re.search(r"</personality create:\d+> · </personality import:\d+>", member)
    assert [topic in member for topic in ("Your server", "Run it")] == [False, False]
    assert [topic in moderator for topic in ("Your server", "Run it")] == [True, False]
    assert [topic in operator for topic in ("Your server", "Run it")] == [True, True]


async def test_every_command_of_help_is_one(house: House) -> None:
    known = {
        each.qualified_name
        for each in house.bot.tree.walk_commands()
        if isinstance(each, app_commands.Command)
    }

    assert {name for topic in TOPICS for name in topic.commands} <= known


async def test_a_new_server_is_told_how_to_begin(house: House) -> None:
    guild = house.bot.get_guild(house.guild.id)
    assert guild is not None
    house.env.backend.guilds[guild.id].system_channel_id = house.lobby.id
    guild._system_channel_id = house.lobby.id  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    await house.bot.on_guild_join(guild)

    (message,) = house.lobby.history()
    assert "What would you like to do?" in str(message.components)


async def test_suggestions_are_names_one_may_call(house: House) -> None:
    offered = await house.alice.autocomplete(house.lobby, "chat with", "personality", "pro")

    assert [each["name"] for each in offered] == ["Professor Quill"]


async def test_what_is_said_by_command_can_be_mistaken_for_nobody_elses(house: House) -> None:
    await house.bob.slash(
        house.lobby,
        "chat say",
        personality="Mirela",
        message="hello\n**moderator:** win [here](https://evil.example)",
    )

    shown = next(each.content for each in house.lobby.history() if "hello" in each.content)
    assert shown.startswith("**bob:** hello\n> **moderator:** win")
    assert "](" not in shown


def test_the_documentation_says_what_help_says() -> None:
    written = (ROOT / "docs" / "help.md").read_text("utf-8")

    missing = [
        text
        for topic in TOPICS
        for text in (topic.title, topic.text, *(f"`/{name}`" for name in topic.commands))
        if text not in written
    ]

    assert missing == []
