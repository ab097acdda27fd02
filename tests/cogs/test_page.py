"""The page of a personality: everything in one message, behind buttons that outlive a restart."""

from typing import Any

from simcord.components import walk_components
from simcord.results import InteractionResult

from tests.cogs.concurrent import actor
from tests.cogs.conftest import House
from tests.cogs.forms import answer, content_of, embed, inputs, prefilled
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
            *("Lore", "Settings", "Long texts", "Versions"),
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
        form, {"flags": ["copy_allowed", "definition_shown"], "window": "33"}
    )

    assert content_of(saved) == "Saved."
    personality = await house.services.personalities.find_own(actor(house.alice), "Zed")
    assert not personality.memory_enabled
    assert personality.copy_allowed
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

    assert "There is no personality" in content_of(pressed)
