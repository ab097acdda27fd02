"""`/personality`: create, change, share and delete."""

from dataclasses import replace
from typing import Any

import pytest
from simcord.backend.errors import SetupError
from simcord.results import InteractionResult, ResponseMessage

from services.access import Situation
from services.personalities import Personality
from tests.cogs.concurrent import actor, answers, bring, invent
from tests.cogs.conftest import House
from tests.cogs.forms import (
    MEET,
    answer,
    content_of,
    embed,
    fields,
    fill,
    inputs,
    lines,
    open_part,
    pings,
    prefilled,
    press,
    suggestions,
)

ZED = {
    "name": "Zed",
    "character_info": "Zed mends clocks.",
    "personality_traits": "Patient.",
    "personality_tone": "Slow.",
}
CAST = ["**Bex**", "**Mirela**", "**Professor Quill**"]
UNKNOWN = "There is no personality called **Zed** that you can talk to here."
NOT_YOURS = "Only the owners of **Zed** can do that."


async def zed(house: House, **texts: str) -> Personality:
    """Create a personality of Alice's."""
    created = await house.services.personalities.create(actor(house.alice), {**ZED, **texts})
    await bring(house, house.alice, created)
    return created


async def test_a_personality_is_created_listed_viewed_and_called(house: House) -> None:
    created = await fill(house, house.alice, "personality create", ZED)
    brought = await house.alice.slash(house.lobby, "personality bring", personality="zed")

    alices = await house.alice.slash(house.lobby, "personality list")
    bobs = await house.bob.slash(house.lobby, "personality list")
    hidden = await house.bob.slash(house.lobby, "personality view", personality="zed")
    await house.alice.slash(
        house.lobby, "personality settings", personality="Zed", definition="shown"
    )
    viewed = await house.bob.slash(house.lobby, "personality view", personality="zed")
    await house.bob.send(house.lobby, "@Zed what time is it?")
    assert content_of(created) == MEET.format("Zed")
    assert brought.response is not None
    assert brought.response.content == (
        f"{house.alice.mention} brought **Zed**: call them with `@Zed`. Moderators can send them "
        "away with `/server personalities`."
    )
    assert lines(alices) == ["**Zed** · yours", *CAST]
    assert lines(bobs) == CAST
    assert embed(hidden).description == "*Their maker keeps to themselves who they are.*"
    assert fields(hidden) == {"Owners": house.alice.mention}
    assert embed(viewed).description == "Zed mends clocks."
    assert fields(viewed) == {
        "Character": "Patient.",
        "Tone": "Slow.",
        "Owners": house.alice.mention,
    }
    assert embed(viewed).footer.text == (
        "unlisted · version 1 · reads 20 messages back · remembers · definition shown"
    )
    assert answers(house.lobby) == ["Aye."]


async def test_each_section_of_an_edit_holds_what_is_there_and_each_change_is_a_version(
    house: House,
) -> None:
    await zed(house)
    changes = {
        "identity": {"display_name": "Old Zed", "avatar_url": "https://x.example/z.png"},
        "character": {"personality_likes": "Oil."},
        "conversation": {"first_message": "*ticks*"},
    }

    replies: list[str] = []
    form_values: dict[str, str] = {}
    for section, change in [*changes.items(), ("identity", dict[str, str]())]:
        edited = await fill(
            house, house.alice, "personality open", change, part=section, personality="Zed"
        )
        replies.append(content_of(edited))
        form_values |= prefilled(
            await open_part(house, house.alice, "personality open", section, personality="Zed")
        )

    viewed = await house.alice.slash(house.lobby, "personality view", personality="Zed")
    assert replies == [f"Saved as version {number}." for number in (2, 3, 4, 4)]
    assert form_values == {
        **ZED,
        **changes["identity"],
        **changes["character"],
        "first_message": "*ticks*",
    }
    assert embed(viewed).title == "Old Zed"
    assert embed(viewed).thumbnail.url == "https://x.example/z.png"
    assert fields(viewed)["First message"] == "*ticks*"


async def test_a_text_longer_than_a_form_is_left_alone_by_its_form(house: House) -> None:
    story = "It was a dark and stormy night. " * 200
    await zed(house, character_info=story)

    opened = await open_part(house, house.alice, "personality open", "character", personality="Zed")
    edited = await house.alice.submit_modal(opened, {"personality_tone": "Quick."})

    personality = await house.services.personalities.find(
        "Zed", Situation(account_ids={house.alice.id})
    )
    assert "Who are they?: longer than a form holds." in str(opened.modal)
    assert "character_info" not in inputs(opened)
    assert content_of(edited) == "Saved as version 2."
    assert (personality.character_info, personality.personality_tone) == (story.strip(), "Quick.")


async def test_a_name_that_cannot_be_had_is_refused(house: House) -> None:
    await zed(house)
    unseen = "The name is empty or has no visible text."
    impersonation = "could be mistaken for Discord, for staff or for a member of this server."
    refusals = {
        "MIRELA": "Another personality already uses the name or alias **MIRELA**.",
        "\u200b\u200b": unseen,
        "Moderator": impersonation,
        "D1sc0rd": impersonation,
        "b0b": impersonation,
        "\u0958" * 80: "The name is too long: the limit is 80 characters.",
    }

    for name, refusal in refusals.items():
        created = await fill(house, house.alice, "personality create", {"name": name})
        edited = await fill(
            house, house.alice, "personality open", {"name": name},
            personality="Zed", part="identity",
        )  # fmt: skip

        assert refusal in content_of(created)
        assert refusal in content_of(edited)
    listed = await house.alice.slash(house.lobby, "personality list")
    assert lines(listed) == ["**Zed** · yours", *CAST]


async def test_any_other_name_is_shown_plainly_and_pings_nobody(house: House) -> None:
    names = {
        "🦊": "🦊",
        "שלום": "שלום",
        "*Star*": r"\*Star\*",
        "@everyone look": "@everyone look",
        f"<@{house.bob.id}>": f"<@{house.bob.id}>",
    }

    replies = [
        content_of(await fill(house, house.alice, "personality create", {"name": n})) for n in names
    ]

    chosen = await house.alice.slash(house.lobby, "chat with", personality="*star*")
    assert replies == [MEET.format(shown) for shown in names.values()]
    assert content_of(chosen) == r"**\*Star\*** answers your DMs from now on."
    assert pings(house) == []


async def test_an_avatar_must_be_an_address(house: House) -> None:
    await zed(house)

    edited = await fill(
        house, house.alice, "personality open", {"avatar_url": "http://x.example/z.png"},
        personality="Zed", part="identity",
    )  # fmt: skip

    assert content_of(edited) == "The avatar must be an https:// address."


async def test_settings_change_only_what_is_given(house: House) -> None:
    async def footer(**options: Any) -> str | None:
        result = await house.alice.slash(
            house.lobby, "personality settings", personality="Zed", **options
        )
        return embed(result).footer.text

    await zed(house)

    assert await footer() == "unlisted · version 1 · reads 20 messages back · remembers"
    assert await footer(visibility="private", memory=False) == (
        "private · version 1 · reads 20 messages back · remembers nothing"
    )
    assert await footer(age_restricted=True, context=2) == (
        "private · version 1 · reads 2 messages back · remembers nothing · age-restricted"
    )
    with pytest.raises(SetupError, match="must be ≥ 2"):
        await footer(context=1)


async def test_a_private_personality_exists_for_its_owners_only(house: House) -> None:
    await zed(house)
    await house.alice.slash(
        house.lobby, "personality settings", personality="Zed", visibility="private"
    )

    viewed = await house.bob.slash(house.lobby, "personality view", personality="Zed")
    await house.bob.send(house.lobby, "@Zed hello")
    suggested = await suggestions(house, house.bob, "personality view", "personality", "")
    alices = await suggestions(house, house.alice, "personality view", "personality", "z")

    assert content_of(viewed) == UNKNOWN
    assert answers(house.lobby) == []
    assert suggested == ["Bex", "Mirela", "Professor Quill"]
    assert alices == ["Zed"]


async def test_aliases_are_added_called_and_removed(house: House) -> None:
    await zed(house)

    added = await house.alice.slash(
        house.lobby, "personality alias add", personality="Zed", alias="Clock  Man"
    )
    viewed = await house.bob.slash(house.lobby, "personality view", personality="clock man")
    await house.bob.send(house.lobby, "@clock man hello")
    removed = await house.alice.slash(
        house.lobby, "personality alias remove", personality="Zed", alias="CLOCK MAN"
    )

    gone = await house.bob.slash(house.lobby, "personality view", personality="Clock Man")
    assert content_of(added) == "**Zed** answers to **Clock Man** too."
    assert fields(viewed)["Also answers to"] == "Clock Man"
    assert answers(house.lobby) == ["Aye."]
    assert content_of(removed) == "Nobody answers to that any more."
    assert "There is no personality called **Clock Man**" in content_of(gone)


async def test_an_alias_that_cannot_be_had_or_is_not_there_is_refused(house: House) -> None:
    await zed(house)
    refusals = {
        "mirela": "Another personality already uses the name or alias **mirela**.",
        "\u200b": "The alias is empty or has no visible text.",
        "x" * 4000: "The alias is too long: the limit is 80 characters.",
        "Staff": "could be mistaken for Discord, for staff",
    }

    for alias, refusal in refusals.items():
        result = await house.alice.slash(
            house.lobby, "personality alias add", personality="Zed", alias=alias
        )
        assert refusal in content_of(result)
    removed = await house.alice.slash(
        house.lobby, "personality alias remove", personality="Zed", alias="Bex"
    )
    assert content_of(removed).startswith("There is no personality called **Bex**")


async def test_many_aliases_and_owners_can_still_be_looked_at(house: House) -> None:
    personality = await zed(house)
    operator = replace(actor(house.boss), is_bot_owner=True)
    for number in range(20):
        await house.services.personalities.add_alias(
            operator, personality.id, f"{number} {'*' * 70}"
        )

    viewed = await house.alice.slash(house.lobby, "personality view", personality="Zed")

    assert len(fields(viewed)["Also answers to"] or "") == 1024


def shown(asked: InteractionResult) -> ResponseMessage:
    """Return what a command shows to everybody."""
    assert asked.response is not None
    assert not asked.response.ephemeral
    return asked.response


async def test_a_shared_personality_is_its_owners_to_change(house: House) -> None:
    await zed(house)
    options = {"personality": "Zed", "user": house.bob}

    asked = await house.alice.slash(house.lobby, "personality owners add", **options)
    before = await house.alice.slash(house.lobby, "personality view", personality="Zed")
    added = await house.bob.click(shown(asked), label="Accept")
    viewed = await house.alice.slash(house.lobby, "personality view", personality="Zed")
    opened = await open_part(house, house.bob, "personality open", "identity", personality="Zed")
    removed = await house.alice.slash(house.lobby, "personality owners remove", **options)
    refused = await house.bob.submit_modal(opened, {"name": "Bobs"})
    last = await house.alice.slash(
        house.lobby, "personality owners remove", personality="Zed", user=house.alice
    )

    assert fields(before)["Owners"] == house.alice.mention
    assert shown(added).content == f"{house.bob.mention} may change **Zed** now."
    assert fields(viewed)["Owners"] == f"{house.alice.mention}, {house.bob.mention}"
    assert content_of(removed) == f"{house.bob.mention} may no longer change **Zed**."
    assert content_of(refused) == NOT_YOURS
    assert content_of(last) == "**Zed** needs at least one owner. Add another owner first."
    assert [house.bob.mention in each for each in pings(house)] == [True]


async def test_nobody_accepts_for_others_and_the_maker_stays(house: House) -> None:
    await zed(house)
    asked = await house.alice.slash(
        house.lobby, "personality owners add", personality="Zed", user=house.bob
    )
    await house.alice.click(shown(asked), label="Accept")
    viewed = await house.alice.slash(house.lobby, "personality view", personality="Zed")
    assert fields(viewed)["Owners"] == house.alice.mention
    await house.bob.click(shown(asked), label="Accept")

    removed = await house.bob.slash(
        house.lobby, "personality owners remove", personality="Zed", user=house.alice
    )

    assert content_of(removed) == "Only the maker of **Zed** can stop being its owner."


async def test_an_alias_is_checked_like_a_name(house: House) -> None:
    await zed(house)
    for alias in ("bob", "B0b", "Moderator", "clyde"):
        refused = await house.alice.slash(
            house.lobby, "personality alias add", personality="Zed", alias=alias
        )
        assert "could be mistaken" in content_of(refused), alias


async def test_a_name_of_a_member_is_not_spoken_under_in_their_server(house: House) -> None:
    personality = await zed(house)
    await house.services.personalities.edit(
        actor(house.alice), personality.id, {"display_name": "b o b"}
    )

    await house.alice.send(house.lobby, "@Zed hello")

    assert answers(house.lobby) == []
    assert "could be mistaken" in house.lobby.history()[-1].content
    assert house.openai.requests == []


async def test_a_personality_may_be_called_like_its_owner(house: House) -> None:
    personality = await zed(house)
    await house.services.personalities.edit(
        actor(house.alice), personality.id, {"display_name": "Alice"}
    )

    await house.alice.send(house.lobby, "@Zed hello")

    assert answers(house.lobby) == ["Aye."]


async def test_who_is_no_owner_any_more_deletes_nothing_by_an_old_question(house: House) -> None:
    personality = await zed(house)
    asked = await house.boss.slash(house.lobby, "personality delete", personality="Zed")
    house.bot.owner_ids = set()

    refused = await house.boss.click(answer(asked), label="Delete")

    assert content_of(refused) == NOT_YOURS
    assert await house.services.personalities.find("Zed", Situation(account_ids={house.alice.id}))
    assert personality.name == "Zed"


async def test_a_deleted_personality_is_gone_and_its_name_is_free(house: House) -> None:
    await zed(house)
    cancelled = await press(house, house.alice, "Cancel", "personality delete", personality="Zed")
    confirmation = await house.alice.slash(house.lobby, "personality delete", personality="Zed")

    deleted = await press(house, house.alice, "Delete", "personality delete", personality="Zed")
    again = await house.alice.click(answer(confirmation), label="Delete")

    viewed = await house.alice.slash(house.lobby, "personality view", personality="Zed")
    personality = await invent(house, house.bob, "Zed")
    assert content_of(cancelled) == "Nothing was changed."
    assert content_of(deleted) == "**Zed** is gone."
    assert content_of(again) == "That personality was deleted."
    assert content_of(viewed) == UNKNOWN
    assert personality.name == "Zed"
