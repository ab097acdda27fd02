"""`/channel`, `/chat` and `/help`."""

import pytest

from tests.cogs.concurrent import answers, invent, spoken
from tests.cogs.conftest import House


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


async def test_help_tells_how_to_begin(house: House) -> None:
    result = await house.alice.slash(house.lobby, "help")

    assert result.response is not None
    assert result.response.ephemeral
    assert "@Mirela hello" in str(result.response.embeds[0].description)


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
