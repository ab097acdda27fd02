"""Links to messages are opened with the rights of their sender, and of whoever reads along."""

from typing import Any

import discord
import pytest

from tests.cogs.concurrent import open_thread, restrict
from tests.cogs.conftest import House
from tests.cogs.test_memory import private_channel
from tests.cogs.test_privacy import opt_out

SECRET = "The canary sings at five."
NOT_SHOWN = "⟦links to something that cannot be read here⟧"


def link(house: House, channel: Any, message: Any = None, *, guild: Any = None) -> str:
    ids = [guild or house.guild.id, channel.id, *([message.id] if message else [])]
    return f"https://discord.com/channels/{'/'.join(map(str, ids))}"


async def ask(house: House, text: str) -> str:
    """Let Alice send links to Mirela, and return what the model is shown."""
    await house.alice.send(house.lobby, f"@Mirela look: {text}")
    return house.openai.prompts[-1]


async def test_a_linked_message_of_a_public_channel_is_read(house: House) -> None:
    news = house.guild.create_text_channel("news")
    said = await house.bob.send(news, f"{SECRET} <@{house.alice.id}>")

    for form in (
        link(house, news, said),
        link(house, news, said).replace("discord.com", "ptb.discord.com"),
        f"[here](<{link(house, news, said)}>)",
    ):
        shown = await ask(house, form)
        assert f"⟦links to a message of bob: {SECRET} @alice⟧" in shown


async def test_what_the_sender_may_not_read_is_not_read_for_them(house: House) -> None:
    staff = private_channel(house, "staff", house.moderator)
    said = await house.moderator.send(staff, SECRET)

    shown = await ask(house, link(house, staff, said))

    assert NOT_SHOWN in shown
    assert SECRET not in shown


async def test_whoever_is_kept_out_of_an_open_channel_does_not_read_it_by_a_link(
    house: House,
) -> None:
    hidden = discord.PermissionOverwrite(view_channel=False)
    party = house.guild.create_text_channel("party", overwrites={house.alice: hidden})
    said = await house.bob.send(party, SECRET)

    shown = await ask(house, link(house, party, said))

    assert NOT_SHOWN in shown
    assert SECRET not in shown


async def test_what_others_in_the_channel_may_not_read_is_not_told_them(house: House) -> None:
    den = private_channel(house, "den", house.alice)
    said = await house.alice.send(den, SECRET)

    shown = await ask(house, link(house, den, said))

    assert NOT_SHOWN in shown
    assert SECRET not in shown


async def test_a_public_thread_is_read_and_a_private_one_is_not(house: House) -> None:
    thread = open_thread(house, house.lobby)
    public = await house.bob.send(thread, "Everybody knows.")
    closed = house.env.backend.create_thread(
        house.lobby.id, "Closed", house.bob.id, type=discord.ChannelType.private_thread.value
    )
    secret = house.env.backend.create_message(closed.id, house.bob.id, SECRET)

    assert "Everybody knows." in await ask(house, link(house, thread, public))
    shown = await ask(house, link(house, closed, secret))
    assert NOT_SHOWN in shown
    assert SECRET not in shown


async def test_a_private_channel_reads_its_own_threads_and_other_channels_are_no_message(
    house: House,
) -> None:
    den = private_channel(house, "den", house.alice)
    thread = open_thread(house, den)
    said = await house.alice.send(thread, "Ours alone.")
    news = house.guild.create_text_channel("news")

    await house.alice.send(den, f"@Mirela look: {link(house, thread, said)} {link(house, news)}")

    shown = house.openai.prompts[-1]
    assert "⟦links to a message of alice: Ours alone.⟧" in shown
    assert NOT_SHOWN not in shown


async def test_what_is_for_adults_stays_there(house: House) -> None:
    red = house.guild.create_text_channel("red")
    restrict(house, red)
    said = await house.alice.send(red, SECRET)

    assert SECRET not in await ask(house, link(house, red, said))


@pytest.mark.parametrize(
    "where", ["other server", "gone", "nowhere", "direct", "category", "forum", "huge"]
)
async def test_what_is_not_there_or_elsewhere_is_named_in_the_same_words(
    house: House, where: str
) -> None:
    said = await house.bob.send(house.lobby, SECRET)
    links = {
        "other server": link(house, house.lobby, said, guild=123456789012345678),
        "gone": link(house, house.lobby, said)[:-3] + "000",
        "nowhere": f"https://discord.com/channels/{house.guild.id}/99999999999/1",
        "direct": f"https://discord.com/channels/@me/{house.lobby.id}/{said.id}",
        "category": link(house, house.guild.create_category("all")) + "/1",
        "forum": link(house, house.guild.create_forum_channel("plans")) + "/1",
        "huge": f"https://discord.com/channels/{house.guild.id}/{'9' * 20}/{'9' * 20}",
    }

    assert NOT_SHOWN in await ask(house, links[where])


async def test_words_of_those_who_have_opted_out_are_not_opened(house: House) -> None:
    news = house.guild.create_text_channel("news")
    said = await house.bob.send(news, SECRET)
    await opt_out(house, house.bob)

    shown = await ask(house, link(house, news, said))

    assert SECRET not in shown
    assert NOT_SHOWN in shown


async def test_fifteen_links_open_five(house: House) -> None:
    news = house.guild.create_text_channel("news")
    said = [await house.bob.send(news, f"Line {number}.") for number in range(15)]

    shown = await ask(house, " ".join(link(house, news, each) for each in said))

    assert shown.count("⟦links to a message of bob: Line") == 5
