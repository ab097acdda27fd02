"""`/persona`: who users are to the personalities."""

import pytest

from tests.cogs.conftest import House
from tests.cogs.forms import (
    answer,
    buttons,
    content_of,
    embed,
    fill,
    inputs,
    lines,
    open_part,
    pings,
    prefilled,
    press,
    shown,
    suggestions,
    use_persona,
)
from tests.cogs.test_lists import shown_to_all

CAPTAIN = {
    "name": "Captain Bly",
    "preferred_name": "Bly",
    "pronouns": "they/them",
    "content": "Lost a ship at Cape Sorrow.",
    "description": "for sea stories",
}


async def test_a_persona_is_created_listed_and_viewed(house: House) -> None:
    created = await fill(house, house.alice, "persona create", CAPTAIN)

    listed = await house.alice.slash(house.lobby, "persona list")
    viewed = await house.alice.slash(house.lobby, "persona view", persona="captain bly")
    assert shown(created).startswith("## Captain Bly")
    assert lines(listed) == ["**alice** · default", "**Captain Bly**"]
    assert "for sea stories" in str(embed(listed).description)
    assert shown(viewed).startswith(
        "## Captain Bly\nLost a ship at Cape Sorrow.\n-# for sea stories"
    )
    assert "called Bly · they/them" in shown(viewed)


async def test_the_form_of_an_edit_holds_what_is_there_and_changes_only_what_was_typed(
    house: House,
) -> None:
    await fill(house, house.alice, "persona create", CAPTAIN)

    opened = await open_part(house, house.alice, "persona view", "edit", persona="Captain Bly")
    await house.alice.submit_modal(opened, {**CAPTAIN, "name": "CAPTAIN BLY", "pronouns": ""})

    viewed = await house.alice.slash(house.lobby, "persona view", persona="Captain Bly")
    assert prefilled(opened) == CAPTAIN
    assert shown(viewed).startswith("## CAPTAIN BLY")
    assert "**Who you are**\ncalled Bly\n" in shown(viewed)


async def test_no_text_is_longer_than_what_the_form_of_an_edit_takes(house: House) -> None:
    opened = await house.alice.slash(house.lobby, "persona create")
    longest = {name: "x" * field["max_length"] for name, field in inputs(opened).items()}
    await house.alice.submit_modal(opened, longest)

    edited = await open_part(house, house.alice, "persona view", "edit", persona=longest["name"])
    viewed = await house.alice.slash(house.lobby, "persona view", persona=longest["name"])

    assert prefilled(edited) == longest
    assert "x" * 590 in shown(viewed)


async def test_a_name_that_cannot_be_had_is_refused(house: House) -> None:
    unseen = "The name is empty or has no visible text."
    refusals = {
        "ALICE": "You already have a persona called **ALICE**.",
        "\u200b\u2060\u200d": unseen,
        "   ": unseen,
        "\u0301\u0301": unseen,
        "\u0958" * 80: "The name is too long: the limit is 80 characters.",
    }
    await fill(house, house.alice, "persona create", {"name": "Hero"})

    created = {
        name: content_of(await fill(house, house.alice, "persona create", {"name": name}))
        for name in refusals
    }
    edited = {
        name: content_of(
            await fill(
                house, house.alice, "persona view", {"name": name}, part="edit", persona="Hero"
            )
        )
        for name in refusals
    }

    listed = await house.alice.slash(house.lobby, "persona list")
    assert created == edited == refusals
    assert lines(listed) == ["**alice** · default", "**Hero**"]


async def test_any_name_is_shown_plainly_and_pings_nobody(house: House) -> None:
    names = {
        "🦊👩\u200d🚀": "🦊👩\u200d🚀",
        "שלום": "שלום",
        "@everyone": "@everyone",
        "**bold** [x](https://x.example)": r"\*\*bold\*\* \[x](https://x.example)",
        "# x `y` ||z||": r"\# x \`y\` \|\|z\|\|",
        "%_": r"%\_",
        "a\u200bb\u202ec": "abc",
    }
    for name in names:
        await fill(house, house.alice, "persona create", {"name": name})

    suggested = await suggestions(house, house.alice, "persona view", "persona", "")
    chosen = [
        await open_part(house, house.alice, "persona view", "default", persona=name)
        for name in suggested
    ]
    listed = await house.alice.slash(house.lobby, "persona list")

    assert [each.removesuffix(" · default") for each in lines(listed)] == [
        f"**{plain}**" for plain in ["alice", *names.values()]
    ]
    assert {shown(each).split("\n")[0] for each in chosen} == {
        f"## {plain}" for plain in ["alice", *names.values()]
    }
    assert not any(answer(each).message.mention_everyone for each in chosen)
    assert pings(house) == []


async def test_a_name_as_long_as_an_option_may_be_is_not_found_in_few_words(house: House) -> None:
    viewed = await house.alice.slash(house.lobby, "persona view", persona="x" * 4000)

    assert content_of(viewed) == f"You have no persona called **{'x' * 200}**."


async def test_what_is_not_ones_own_is_not_found(house: House) -> None:
    await fill(house, house.alice, "persona create", CAPTAIN)
    await house.bob.slash(house.lobby, "persona list")

    viewed = await house.bob.slash(house.lobby, "persona view", persona="Captain Bly")
    suggested = await suggestions(house, house.bob, "persona view", "persona", "")

    assert content_of(viewed) == "You have no persona called **Captain Bly**."
    assert suggested == ["bob"]


async def test_what_is_not_ones_own_is_refused_by_its_buttons(house: House) -> None:
    await fill(house, house.alice, "persona create", CAPTAIN)
    page = shown_to_all(
        house, await house.alice.slash(house.lobby, "persona view", persona="Captain Bly")
    )

    for label in ("Edit", "Use everywhere", "Delete"):
        pressed = await house.bob.click(page, label=label)
        assert "persona" in content_of(pressed)
    listed = await house.alice.slash(house.lobby, "persona list")
    assert lines(listed) == ["**alice** · default", "**Captain Bly**"]


async def test_own_personas_are_suggested_by_how_they_begin(house: House) -> None:
    for name in ("Hero", "Heron", "100%"):
        await fill(house, house.alice, "persona create", {"name": name})

    suggested = {
        typed: await suggestions(house, house.alice, "persona view", "persona", typed)
        for typed in ("", "he", "HERON", "%", "_", "ero")
    }

    assert suggested == {
        "": ["100%", "alice", "Hero", "Heron"],
        "he": ["Hero", "Heron"],
        "HERON": ["Heron"],
        "%": [],
        "_": [],
        "ero": [],
    }


async def test_whom_a_personality_speaks_to_is_chosen_and_cleared(house: House) -> None:
    await fill(house, house.alice, "persona create", CAPTAIN)
    at_first = await house.alice.slash(house.lobby, "settings", personality="Mirela")
    used = await use_persona(house, house.alice, "Captain Bly", "Mirela")
    await house.alice.send(house.lobby, "@Mirela who am I?")
    as_captain = house.openai.prompts[-1]
    cleared = await use_persona(house, house.alice, "Your default", "Mirela")
    await house.alice.send(house.lobby, "@Mirela and now?")

    assert "**You are**: alice · *chosen by your default*" in shown(at_first)
    assert "**You are**: Captain Bly · *chosen by you, for this personality*" in shown(used)
    assert "**You are**: alice · *chosen by your default*" in shown(cleared)
    assert "Lost a ship at Cape Sorrow." in as_captain
    assert "Lost a ship at Cape Sorrow." not in house.openai.prompts[-1]


async def test_the_default_persona_is_who_one_is_and_what_view_shows(house: House) -> None:
    await fill(house, house.alice, "persona create", CAPTAIN)
    await open_part(house, house.alice, "persona view", "default", persona="Captain Bly")

    viewed = await house.alice.slash(house.lobby, "persona view")
    await house.alice.send(house.lobby, "@Mirela who am I?")

    assert shown(viewed).startswith("## Captain Bly")
    assert "Lost a ship at Cape Sorrow." in house.openai.prompts[-1]
    assert "for sea stories" not in house.openai.prompts[-1]


async def test_a_deleted_default_persona_is_followed_by_the_oldest(house: House) -> None:
    await fill(house, house.alice, "persona create", {"name": "Hero"})
    await fill(house, house.alice, "persona create", {"name": "Heron"})
    await use_persona(house, house.alice, "Heron", "Mirela")

    first = await press(
        house, house.alice, "Delete", "persona view", part="delete", persona="alice"
    )
    await press(house, house.alice, "Delete", "persona view", part="delete", persona="Heron")

    listed = await house.alice.slash(house.lobby, "persona list")
    to_mirela = await house.alice.slash(house.lobby, "settings", personality="Mirela")
    assert content_of(first) == "**alice** is gone."
    assert buttons(answer(first)) == {}
    assert lines(listed) == ["**Hero** · default"]
    assert "**You are**: Hero" in shown(to_mirela)


async def test_the_last_persona_stays_until_there_is_another(house: House) -> None:
    confirmation = await open_part(house, house.alice, "persona view", "delete", persona="alice")
    refused = await house.alice.click(answer(confirmation), label="Delete")
    await fill(house, house.alice, "persona create", {"name": "Hero"})

    await house.alice.click(answer(confirmation), label="Delete")

    listed = await house.alice.slash(house.lobby, "persona list")
    assert content_of(refused) == "**alice** is your only persona. Create another one first."
    assert lines(listed) == ["**Hero** · default"]


async def test_cancelling_changes_nothing(house: House) -> None:
    await fill(house, house.alice, "persona create", {"name": "Hero"})

    cancelled = await press(
        house, house.alice, "Cancel", "persona view", part="delete", persona="Hero"
    )

    listed = await house.alice.slash(house.lobby, "persona list")
    assert content_of(cancelled) == "Nothing was changed."
    assert buttons(answer(cancelled)) == {}
    assert lines(listed) == ["**alice** · default", "**Hero**"]


async def test_personas_are_for_direct_messages_too(house: House) -> None:
    await house.alice.send_dm("hello")

    opened = await house.alice.user.slash("persona create")
    created = await house.alice.user.submit_modal(opened, CAPTAIN)

    listed = await house.alice.user.slash("persona list")
    assert shown(created).startswith("## Captain Bly")
    assert lines(listed) == ["**alice** · default", "**Captain Bly**"]


@pytest.mark.parametrize("odd", ["\x00", "\ud83d", "\x1b"])
async def test_characters_that_cannot_be_stored_cost_nothing(house: House, odd: str) -> None:
    created = await house.alice.slash(
        house.lobby, "personality alias add", personality=f"Mir{odd}ela", alias=f"Miri{odd}am"
    )
    searched = await house.alice.slash(house.lobby, "memory search", words=f"x{odd}y")
    await house.alice.send(house.lobby, f"@Mirela hel{odd}lo")
    await house.alice.send(house.lobby, f"@Mirela hello ag{odd}ain")
    found = await suggestions(house, house.alice, "persona view", "persona", f"al{odd}")

    assert content_of(created) == "Only the owners of **Mirela** can do that."
    assert found == ["alice"]
    assert "went wrong" not in str(searched.response)
    assert len(house.openai.requests) == 2
    assert "hello again" in house.openai.prompts[-1]
