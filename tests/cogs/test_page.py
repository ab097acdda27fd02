"""The page of a personality: everything in one message, behind buttons that outlive a restart."""

from typing import Any

from simcord.components import walk_components
from simcord.results import InteractionResult

from services.llm_configs import ConfigInput
from services.people import PersonaInput
from tests.cogs.concurrent import actor
from tests.cogs.conftest import House
from tests.cogs.forms import answer, content_of, embed, inputs, prefilled, submit
from tests.cogs.test_cards import import_card
from tests.cogs.test_lore import CARD


async def opened(house: House) -> InteractionResult:
    """Import Zed with lore and open its page."""
    await import_card(house, "zed.json", CARD.encode())
    return await house.alice.slash(house.lobby, "personality open", personality="Zed")


def shown(result: InteractionResult) -> list[dict[str, Any]]:
    return list(walk_components(answer(result).components))


async def press(house: House, result: InteractionResult, action: str) -> InteractionResult:
    (custom_id,) = (
        each["custom_id"]
        for each in shown(result)
        if str(each.get("custom_id", "")).startswith(f"personality:{action}:")
    )
    return await house.alice.click(answer(result), custom_id=custom_id)


async def test_a_page_shows_every_part_and_each_opens_what_is_there(house: House) -> None:
    page = await opened(house)

    texts = "\n".join(str(each.get("content", "")) for each in shown(page))
    assert all(
        f"**{part}**" in texts
        for part in (
            *("Who they are", "Definition", "Speech", "Instructions", "First messages"),
            *("Lore", "Model", "Pictures", "Settings", "Long texts", "Versions"),
        )
    )
    assert "Tock · 4 entries" in texts
    assert len(shown(page)) <= 40
    definition = prefilled(await press(house, page, "character"))
    assert definition["character_info"] == "Zed mends clocks."
    assert prefilled(await press(house, page, "conversation"))["scenario"] == "A shop at noon."
    assert "depth_note" in inputs(await press(house, page, "instructions"))
    assert "**Tock** · 4 entries" in content_of(await press(house, page, "lore"))
    assert "**1**" in str(embed(await press(house, page, "versions")).description)


async def test_first_messages_are_edited_and_one_too_long_for_a_form_stays_whole(
    house: House,
) -> None:
    page = await opened(house)
    form = await press(house, page, "greeting")
    await house.alice.submit_modal(
        form, {"greeting_0": "One.", "greeting_1": "Two.", "greeting_2": "Three."}
    )
    personality = await house.services.personalities.find_own(actor(house.alice), "Zed")

    assert personality.first_message == "One."
    assert personality.alternate_greetings == ["Two.", "Three."]


async def test_settings_are_ticked(house: House) -> None:
    page = await opened(house)
    form = await press(house, page, "settings")

    saved = await house.alice.submit_modal(
        form,
        {
            "flags": ["copy_allowed", "definition_shown"],
            "visibility": ["unlisted"],
            "window": "33",
        },
    )

    assert content_of(saved) == "Saved."
    personality = await house.services.personalities.find_own(actor(house.alice), "Zed")
    assert not personality.memory_enabled
    assert personality.copy_allowed
    assert personality.visibility == "unlisted"
    assert personality.context_window_size == 33


async def test_a_long_text_goes_out_as_a_file_and_comes_back(house: House) -> None:
    page = await opened(house)
    files = await press(house, page, "files")
    names = [each.filename for each in answer(files).attachments]

    form = await house.alice.click(answer(files), label="Upload a text")
    await house.alice.submit_modal(
        form, {"column": ["character_info"], "file": [("a.txt", b"word " * 5000)]}
    )
    broken = await house.alice.submit_modal(
        await house.alice.click(answer(files), label="Upload a text"),
        {"column": ["character_info"], "file": [("a.txt", b"\xff\xfe\xfd")]},
    )
    page = await house.alice.slash(house.lobby, "personality open", personality="Zed")
    definition = await press(house, page, "character")

    assert "character_info.txt" in names
    assert content_of(broken) == "**a.txt** is not plain text in UTF-8."
    assert "character_info" not in inputs(definition)  # a form would cut it
    assert "Who are they?" in str(definition.modal)


async def test_the_page_of_one_that_is_gone_says_so(house: House) -> None:
    page = await opened(house)
    zed = await house.services.personalities.find_own(actor(house.alice), "Zed")
    await house.services.personalities.delete(actor(house.alice), zed.id)

    pressed = await press(house, page, "identity")

    assert content_of(pressed) == "That personality was deleted."


async def push(house: House, result: InteractionResult, prefix: str) -> InteractionResult:
    """Press the button of a page whose id begins so."""
    (custom_id,) = (
        each["custom_id"]
        for each in shown(result)
        if str(each.get("custom_id", "")).startswith(prefix)
    )
    return await house.alice.click(answer(result), custom_id=custom_id)


def texts_of(result: InteractionResult) -> str:
    return "\n".join(str(each.get("content", "")) for each in shown(result))


async def test_the_model_and_the_pictures_of_a_personality_are_chosen_on_its_page(
    house: House,
) -> None:
    page = await opened(house)
    model = await press(house, page, "model")
    config_id = next(
        each["value"] for each in inputs(model)["config"]["options"] if each["label"] == "OpenAI"
    )
    await submit(house.alice, model, {"config": config_id, "prompt": "default"})
    pictures = await press(house, page, "pictures")
    await house.alice.submit_modal(
        pictures,
        {"style": ["ink"], "aspect": ["16:9"], "avoid": "hats,\n gulls", "shows_face": True},
    )

    again = texts_of(page)  # the page itself shows what holds now
    assert "**Model**\nconfig OpenAI · the default system prompt" in again
    assert "**Pictures**\nInk · 16:9 · like its face · without hats, gulls" in again


async def test_the_page_of_a_persona_edits_it_and_makes_it_the_default(house: House) -> None:
    await house.services.people.create(
        actor(house.alice), PersonaInput(name="Hero", content="Afraid of *gulls*.")
    )
    page = await house.alice.slash(house.lobby, "persona view", persona="Hero")
    edited = await push(house, page, "persona:edit:")
    await submit(house.alice, edited, {**prefilled(edited), "pronouns": "they/them"})
    await push(house, page, "persona:default:")

    again = texts_of(page)  # the page itself shows what holds now
    assert "Afraid of \\*gulls\\*." in again
    assert "they/them" in again
    assert "Wherever you have chosen no other" in again


async def test_the_page_of_a_config_edits_models_parameters_and_description(
    house: House,
) -> None:
    await house.services.configs.create(
        actor(house.alice), ConfigInput(name="Quick", model="openai/gpt-6-luna")
    )
    page = await house.alice.slash(house.lobby, "config view", config="Quick")
    described = await push(house, page, "config:description:")
    await submit(house.alice, described, {"description": "For short answers."})
    parameters = await push(house, page, "config:parameters:")
    await submit(
        house.alice, parameters, {**prefilled(parameters), "parameters": "temperature = 0.5"}
    )

    again = texts_of(page)  # the page itself shows what holds now
    assert "For short answers." in again
    assert "temperature = 0.5" in again
    assert "`openai/gpt-6-luna`" in again


async def test_the_page_of_a_lorebook_changes_it_and_finds_entries(house: House) -> None:
    await opened(house)
    page = await house.alice.slash(house.lobby, "lore view", book="Tock")
    used = await push(house, page, "lore:use:")
    bad = await submit(house.alice, used, {"scan_depth": "1000"})
    used = await push(house, page, "lore:use:")
    await house.alice.submit_modal(used, {"scan_depth": "7", "flags": ["used"]})
    added = await push(house, page, "lore:add:")
    await submit(house.alice, added, {"name": "Gull", "keys": "gull", "content": "It steals."})
    listed = await push(house, page, "lore:list:")
    find = await push(house, page, "lore:find:")
    nothing = await submit(house.alice, find, {"words": "zzz"})
    find = await push(house, page, "lore:find:")
    found = await submit(house.alice, find, {"words": "STEALS"})
    (menu,) = (each for each in shown(found) if "options" in each)
    entry = await house.alice.select(answer(found), [menu["options"][0]["value"]])

    assert content_of(bad) == "The scan depth is a whole number from 0 to 100."
    assert content_of(nothing) == "Nothing was found."
    assert prefilled(entry)["content"] == "It steals."
    assert "**Gull**" in str(embed(listed).description)
    again = texts_of(page)  # the page itself shows what holds now
    assert "used · scan depth 7" in again
    assert "5 entries" in again


async def test_many_first_messages_are_edited_in_parts(house: House) -> None:
    page = await opened(house)
    zed = await house.services.personalities.find_own(actor(house.alice), "Zed")
    others = [f"*tick {number}*" for number in range(1, 10)]
    await house.services.personalities.edit(
        actor(house.alice), zed.id, {"alternate_greetings": others}
    )

    parts = await press(house, page, "greeting")
    labels = [each["label"] for each in shown(parts) if "label" in each]
    form = await house.alice.click(answer(parts), label="6 to 10")
    saved = await house.alice.submit_modal(
        form, {**prefilled(form), "greeting_6": "", "greeting_9": "*tock*"}
    )
    changed = await house.services.personalities.find_own(actor(house.alice), "Zed")

    assert labels == ["1 to 5", "6 to 10", "11 to 15"]
    assert prefilled(form)["greeting_5"] == "*tick 5*"
    assert "Saved as version" in content_of(saved)
    assert list(changed.alternate_greetings) == [
        *(each for each in others[:-1] if each != "*tick 6*"),
        "*tock*",
    ]
