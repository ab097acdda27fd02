"""`/settings`: what holds here, whence, and how it is changed."""

from typing import Any

from simcord.components import walk_components
from simcord.results import InteractionResult

from tests.cogs.conftest import House
from tests.cogs.forms import answer, fill, shown


def choice(result: InteractionResult, placeholder: str) -> dict[str, Any]:
    """Return the select with a placeholder."""
    return next(
        dict(each)
        for each in walk_components(answer(result).components)
        if each.get("placeholder") == placeholder
    )


async def choose(house: House, result: InteractionResult, placeholder: str, label: str) -> None:
    """Choose an option of a select."""
    select = choice(result, placeholder)
    value = next(each["value"] for each in select["options"] if each["label"] == label)
    await house.alice.select(answer(result), [value], custom_id=select["custom_id"])


async def test_it_is_about_who_answers_here(house: House) -> None:
    nobody = await house.alice.slash(house.lobby, "settings")
    await house.alice.send(house.lobby, "@Bex one")

    bex = await house.alice.slash(house.lobby, "settings")
    mirela = await house.alice.slash(house.lobby, "settings", personality="Mirela")

    assert "How you are answered here" in shown(nobody)
    assert "How Bex answers you here" in shown(bex)
    assert "How Mirela answers you here" in shown(mirela)
    assert "**Memory**: what you say is remembered · *the default*" in shown(bex)


async def test_persona_and_model_are_chosen_on_it(house: House) -> None:
    alone = await house.alice.slash(house.lobby, "settings", personality="Bex")
    await fill(house, house.alice, "persona create", {"name": "Wren"})
    await fill(house, house.alice, "config create", {"name": "Quick"}, model="openai/gpt-6-luna")
    page = await house.alice.slash(house.lobby, "settings", personality="Bex")

    await choose(house, page, "Be somebody else to it", "Wren")
    as_wren = shown(page)
    await choose(house, page, "Another model", "OpenAI")
    with_openai = shown(page)
    await choose(house, page, "Be somebody else to it", "Your default")
    await choose(house, page, "About Bex", "Mirela")

    assert "`/persona create` makes somebody else to be." in shown(alone)
    assert "`/models` shows what else there is" in shown(alone)
    assert "**You are**: Wren · *chosen by you, for this personality*" in as_wren
    assert "**Model**: OpenAI · *chosen by you*" in with_openai
    assert "How Mirela answers you here" in shown(page)


async def test_who_decided_is_said(house: House) -> None:
    page = await house.alice.slash(house.lobby, "settings", personality="Bex")

    await house.alice.click(answer(page), label="Go incognito")
    await house.alice.click(answer(page), label="Answers once whole")
    mine = shown(page)
    await house.alice.click(answer(page), label="Let it remember")
    await house.moderator.slash(house.lobby, "server settings", memories=False)
    theirs = await house.alice.slash(house.lobby, "settings", personality="Bex")

    assert "**Memory**: nothing that you say is stored · *you*" in mine
    assert "**Answers**: shown once they are whole · *you*" in mine
    assert "remembered · *the moderators here*" in shown(theirs)


async def test_a_conversation_begins_anew_and_is_taken_back(house: House) -> None:
    await house.alice.send(house.lobby, "@Bex one")
    page = await house.alice.slash(house.lobby, "settings")

    begun = await house.alice.click(answer(page), label="Begin anew")
    (told,) = begun.followups
    said = told.content
    back = await house.alice.click(told, label="Take back")

    assert "2 lines are no longer read" in said
    assert back.response is not None
    assert back.response.content == "Taken back: 2 lines are read again."
