"""Paged lists, confirmations, and who may press their buttons."""

from typing import Any

import discord
import pytest
from simcord.backend.errors import SetupError
from simcord.results import InteractionResult, ResponseMessage

from bot.discord.ui import ListPager
from tests.cogs.concurrent import invent
from tests.cogs.conftest import House
from tests.cogs.forms import (
    answer,
    buttons,
    content_of,
    embed,
    fill,
    lines,
    open_part,
)


async def crowd(house: House, count: int) -> InteractionResult:
    """List Alice's personalities and the three public ones, `count` in all."""
    for number in range(count - 3):
        await invent(house, house.alice, f"Ada {number:02}")
    return await house.alice.slash(house.lobby, "personality list")


def shown_to_all(house: House, result: InteractionResult) -> ResponseMessage:
    """Make an ephemeral answer visible to everyone."""
    message = answer(result)
    stored: Any = house.env.backend.get_message(house.lobby.id, message.id)
    stored.flags &= ~discord.MessageFlags(ephemeral=True).value
    return message


async def test_ten_lines_need_no_pages(house: House) -> None:
    listed = await crowd(house, 10)

    assert len(lines(listed)) == 10
    assert buttons(answer(listed)) == {}


async def test_a_long_list_is_turned_page_by_page(house: House) -> None:
    listed = await crowd(house, 22)
    seen = [(lines(listed), embed(listed).footer.text, buttons(answer(listed)))]

    for label in ("Next", "Next", "Back"):
        await house.alice.click(answer(listed), label=label)
        seen.append((lines(listed), embed(listed).footer.text, buttons(answer(listed))))

    pages = [f"**Ada {number:02}** · yours" for number in range(19)]
    pages += ["**Bex**", "**Mirela**", "**Professor Quill**"]
    hint = "Call one by name: @Name hello"
    middle = (pages[10:20], f"{hint} · Page 2 of 3", {"Back": True, "Next": True})
    assert seen == [
        (pages[:10], f"{hint} · Page 1 of 3", {"Back": False, "Next": True}),
        middle,
        (pages[20:], f"{hint} · Page 3 of 3", {"Back": True, "Next": False}),
        middle,
    ]
    with pytest.raises(SetupError, match="not visible"):
        await house.bob.click(answer(listed), label="Next")


async def test_buttons_are_for_whom_they_were_made(house: House) -> None:
    listed = shown_to_all(house, await crowd(house, 11))
    await fill(house, house.alice, "persona create", {"name": "Hero"})
    confirmation = shown_to_all(
        house, await open_part(house, house.alice, "persona view", "delete", persona="Hero")
    )

    turned = await house.bob.click(listed, label="Next")
    confirmed = await house.bob.click(confirmation, label="Delete")

    personas = await house.alice.slash(house.lobby, "persona list")
    assert content_of(turned) == content_of(confirmed) == "These buttons belong to someone else."
    assert str(listed.embeds[0].footer.text).endswith("Page 1 of 2")
    assert lines(personas) == ["**alice** · default", "**Hero**"]


async def test_buttons_rest_after_ten_minutes(house: House) -> None:
    listed = await crowd(house, 22)
    confirmation = await house.alice.slash(house.lobby, "privacy delete")
    await house.env.advance_time(500)
    await house.alice.click(answer(listed), label="Next")

    await house.env.advance_time(200)

    assert buttons(answer(listed)) == {"Back": True, "Next": True}
    assert buttons(answer(confirmation)) == {"Delete everything": False, "Cancel": False}


async def test_a_list_that_was_dismissed_rests_in_silence(house: House) -> None:
    listed = await crowd(house, 11)
    message = answer(listed)

    house.env.backend.delete_message(house.lobby.id, message.id)
    await house.env.advance_time(700)

    assert listed.response is None


async def test_lines_are_cut_where_discord_would_refuse_them() -> None:
    pages = ListPager(1, title="Long lines", lines=["*" * 500] * 11)

    page = await pages.rendered()

    assert len(page["embed"].description or "") == 4096
