"""`/system-prompt`, for the owner of the bot."""

from services.seeds import SYSTEM_PROMPT
from tests.cogs.concurrent import invent
from tests.cogs.conftest import House
from tests.cogs.forms import (
    answer,
    content_of,
    embed,
    fields,
    fill,
    inputs,
    lines,
    pings,
    prefilled,
    press,
    suggestions,
)

VERSE = {"name": "Verse", "content": "Speak in verse.\nNever rhyme."}


async def test_a_prompt_is_written_listed_and_put_before_everybody(house: House) -> None:
    created = await fill(house, house.boss, "system-prompt create", VERSE)
    chosen = await house.boss.slash(house.lobby, "system-prompt default", prompt="verse")

    listed = await house.boss.slash(house.lobby, "system-prompt list")
    await house.alice.send(house.lobby, "@Mirela hello")
    assert content_of(created) == "Saved **Verse**."
    assert content_of(chosen) == "**Verse** is the default."
    assert lines(listed) == ["**Default**", "**Verse** · default"]
    assert "Speak in verse. Never rhyme." in str(embed(listed).description)
    assert VERSE["content"] in house.openai.prompts[0]
    assert SYSTEM_PROMPT not in house.openai.prompts[0]


async def test_the_form_of_an_edit_holds_what_is_there(house: House) -> None:
    longest = {"name": "x" * 80, "content": "y" * 4000}
    await fill(house, house.boss, "system-prompt create", longest)

    opened = await house.boss.slash(house.lobby, "system-prompt edit", prompt=longest["name"])
    edited = await house.boss.submit_modal(opened, VERSE)

    listed = await house.boss.slash(house.lobby, "system-prompt list")
    assert prefilled(opened) == longest
    assert {name: field["max_length"] for name, field in inputs(opened).items()} == {
        "name": 80,
        "content": 4000,
    }
    assert content_of(edited) == "Saved **Verse**."
    assert lines(listed) == ["**Default** · default", "**Verse**"]


async def test_what_cannot_be_saved_is_refused_in_words(house: House) -> None:
    await fill(house, house.boss, "system-prompt create", VERSE)
    refusals = [
        ({"name": "DEFAULT"}, "There is already a system prompt called **DEFAULT**."),
        ({"name": "\u200b "}, "The name is empty or has no visible text."),
        ({"name": "\u0958" * 80}, "The name is too long: the limit is 80 characters."),
        ({"content": " \n "}, "The prompt is empty or has no visible text."),
    ]

    for values, refusal in refusals:
        new = {**VERSE, "name": "New", **values}
        created = await fill(house, house.boss, "system-prompt create", new)
        edited = await fill(house, house.boss, "system-prompt edit", values, prompt="Verse")
        assert [content_of(created), content_of(edited)] == [refusal, refusal]
    listed = await house.boss.slash(house.lobby, "system-prompt list")
    assert lines(listed) == ["**Default** · default", "**Verse**"]


async def test_a_name_in_markdown_is_shown_plainly_and_pings_nobody(house: House) -> None:
    names = {"*@here*": r"\*@here\*", "🦊": "🦊", "שלום": "שלום"}

    replies = [
        content_of(await fill(house, house.boss, "system-prompt create", {**VERSE, "name": name}))
        for name in names
    ]

    assert replies == [f"Saved **{shown}**." for shown in names.values()]
    assert pings(house) == []


async def test_what_is_not_there_is_not_found(house: House) -> None:
    for command in ("edit", "default", "delete"):
        result = await house.boss.slash(house.lobby, f"system-prompt {command}", prompt="x" * 4000)
        assert content_of(result) == f"There is no system prompt called **{'x' * 200}**."


async def test_prompts_are_suggested_by_how_they_begin(house: House) -> None:
    await fill(house, house.boss, "system-prompt create", VERSE)

    suggested = {
        typed: await suggestions(house, house.boss, "system-prompt edit", "prompt", typed)
        for typed in ("", "VER", "erse", "%")
    }

    assert suggested == {"": ["Default", "Verse"], "VER": ["Verse"], "erse": [], "%": []}


async def test_a_personality_with_a_prompt_of_its_own_shows_it_and_speaks_by_it(
    house: House,
) -> None:
    await fill(house, house.boss, "system-prompt create", VERSE)
    await invent(house, house.alice, "Zed")

    result = await house.alice.slash(
        house.lobby, "personality settings", personality="Zed", system_prompt="verse"
    )
    await house.alice.send(house.lobby, "@Zed hello")

    assert fields(result)["System prompt"] == "Verse"
    assert VERSE["content"] in house.openai.prompts[0]
    assert SYSTEM_PROMPT not in house.openai.prompts[0]


async def test_a_deleted_prompt_leaves_its_personalities_to_the_default(house: House) -> None:
    await fill(house, house.boss, "system-prompt create", VERSE)
    await invent(house, house.alice, "Zed")
    await house.alice.slash(
        house.lobby, "personality settings", personality="Zed", system_prompt="Verse"
    )

    cancelled = await press(house, house.boss, "Cancel", "system-prompt delete", prompt="Verse")
    await house.alice.send(house.lobby, "@Zed hello")
    confirmation = await house.boss.slash(house.lobby, "system-prompt delete", prompt="Verse")
    deleted = await press(house, house.boss, "Delete", "system-prompt delete", prompt="Verse")
    again = await house.boss.click(answer(confirmation), label="Delete")
    await house.bob.send(house.lobby, "@Zed hello")

    assert content_of(cancelled) == "Nothing was changed."
    assert content_of(deleted) == "**Verse** is gone."
    assert content_of(again) == "There is no system prompt called **Verse**."
    assert VERSE["content"] in house.openai.prompts[0]
    assert SYSTEM_PROMPT in house.openai.prompts[1]


async def test_the_default_is_not_deleted_even_if_it_became_so_meanwhile(house: House) -> None:
    await fill(house, house.boss, "system-prompt create", VERSE)
    confirmation = await house.boss.slash(house.lobby, "system-prompt delete", prompt="Verse")
    await house.boss.slash(house.lobby, "system-prompt default", prompt="Verse")

    refused = await house.boss.click(answer(confirmation), label="Delete")

    listed = await house.boss.slash(house.lobby, "system-prompt list")
    assert (
        content_of(refused)
        == "**Verse** is the default system prompt. Make another one the default first."
    )
    assert lines(listed) == ["**Default**", "**Verse** · default"]
