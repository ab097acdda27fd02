"""First words: when they are said, and that they can be turned."""

import json
from typing import Any

from simcord.actors import MemberActor
from simcord.builders import ChannelHandle

from tests.cogs.conftest import House
from tests.cogs.forms import answer, content_of
from tests.cogs.test_cards import ZED, import_card

FIRST = "*ticks* Good day, {{user}}."
OTHERS = ["Second, {{char}} says.", "Third. " + "word " * 900]
CARD = {
    **ZED,
    "first_mes": FIRST,
    "alternate_greetings": OTHERS,
    "group_only_greetings": ["To all."],
}


async def bring(house: House, **changes: Any) -> None:
    """Import Zed with first words."""
    data = {"spec": "chara_card_v3", "spec_version": "3.0", "data": {**CARD, **changes}}
    await import_card(house, "zed.json", json.dumps(data).encode())


def spoken(channel: ChannelHandle) -> list[str]:
    """Return what was said through webhooks."""
    return [each.content for each in channel.history() if each.webhook_id]


def buttons(message: Any) -> dict[str, bool]:
    """Return the labels of a message's buttons, and whether each can be pressed."""
    return {each.label: not each.disabled for row in message.components for each in row.children}


async def turn(who: MemberActor, channel: ChannelHandle, label: str) -> Any:
    message = next(each for each in channel.history() if each.webhook_id)
    return await who.click(message, label=label)


async def test_the_first_words_come_before_the_first_answer_and_are_part_of_it(
    house: House,
) -> None:
    await bring(house)
    house.openai.says("Tock.", "Tick.")

    await house.alice.send(house.lobby, "@Zed hello")
    await house.alice.send(house.lobby, "@Zed again")

    assert spoken(house.lobby) == ["*ticks* Good day, alice.", "Tock.", "Tick."]
    first, second = (each["messages"] for each in house.openai.requests)
    assert (first[-2]["role"], first[-2]["content"]) == ("assistant", "*ticks* Good day, alice.")
    assert [each["content"] for each in second[1:-1]] == [
        *("*ticks* Good day, alice.", "alice: @Zed hello", "Tock."),
    ]


async def test_first_words_are_turned_like_pages_by_whom_they_were_said_to(house: House) -> None:
    await bring(house)
    await house.alice.send(house.lobby, "@Zed hello")
    labels = [buttons(next(e for e in house.lobby.history() if e.webhook_id))]

    await turn(house.alice, house.lobby, "▶")
    second = spoken(house.lobby)[0]
    await turn(house.alice, house.lobby, "▶")
    long = spoken(house.lobby)
    await house.alice.send(house.lobby, "@Zed and?")

    assert labels == [{"◀": False, "1/4": False, "▶": True, "⋯": True}]
    assert second == "Second, Zed says."
    assert "".join(long).count("word") == 900
    assert max(map(len, long)) <= 2000
    prompt = house.openai.requests[-1]["messages"]
    assert prompt[1]["content"].startswith("Third. word word")


async def test_others_do_not_turn_them(house: House) -> None:
    await bring(house)
    await house.alice.send(house.lobby, "@Zed hello")

    refused = await turn(house.bob, house.lobby, "▶")
    by_moderator = await turn(house.moderator, house.lobby, "▶")

    assert content_of(refused) == "Only the person who was answered, or a moderator, can do that."
    assert not by_moderator.followups
    assert spoken(house.lobby)[0] == "Second, Zed says."


async def test_they_are_said_again_where_a_conversation_begins_anew(house: House) -> None:
    await bring(house, alternate_greetings=[], group_only_greetings=[])
    await house.alice.send(house.lobby, "@Zed hello")
    message = next(each for each in house.lobby.history() if each.webhook_id)
    single = buttons(message)

    asked = await house.alice.slash(house.lobby, "history clear")
    await house.alice.click(answer(asked), label="Start over")
    await house.alice.send(house.lobby, "@Zed hello")

    assert single == {"⋯": True}
    assert spoken(house.lobby).count("*ticks* Good day, alice.") == 2


async def test_whoever_is_brought_or_activated_or_chosen_speaks_first(house: House) -> None:
    await bring(house)

    await house.alice.slash(house.lobby, "personality bring", personality="Zed")
    await house.moderator.slash(house.lobby, "channel activate", personality="Zed")
    den = house.guild.create_text_channel("den")
    await house.moderator.slash(den, "channel activate", personality="Zed")
    dm = house.alice.user.dm_channel
    await house.alice.user.slash("chat with", personality="Zed")

    assert spoken(house.lobby) == ["*ticks* Good day, alice."]
    assert spoken(den) == ["*ticks* Good day, moderator."]
    assert "**Zed:** *ticks* Good day, alice." in [each.content for each in dm.history()]
    assert house.openai.requests == []


async def test_nobody_is_greeted_where_no_answer_would_come(house: House) -> None:
    await bring(house)
    await house.alice.slash(house.lobby, "memory incognito")

    await house.alice.send(house.lobby, "@Zed hello")

    assert spoken(house.lobby) == ["Aye.\n-# Incognito: nothing of this is stored."]
