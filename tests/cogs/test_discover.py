"""`/discover`: the catalogue of what is public, as people use it on Discord."""

import re

import pytest
from simcord.components import walk_components
from simcord.results import InteractionResult
from sqlalchemy import update

from db.models import Personality
from db.session import Sessions
from tests.cogs.concurrent import invent
from tests.cogs.conftest import House
from tests.cogs.forms import answer, content_of, embed, fields, shown, suggestions
from tests.cogs.test_publishing import publish_personality
from tests.services.publishing_support import judge


@pytest.fixture(autouse=True)
def assessing(house: House) -> None:
    house.openai.answer = judge()


async def test_what_is_public_is_found_looked_at_and_liked(at_work: House) -> None:
    await publish_personality(at_work)
    browsed = await at_work.bob.slash(at_work.lobby, "discover browse", tag="keeper")
    search_results = await at_work.bob.slash(at_work.lobby, "discover search", words="counts")
    nothing = await at_work.bob.slash(at_work.lobby, "discover search", words="qqq")
    viewed = await at_work.bob.slash(at_work.lobby, "discover view", personality="ada")
    liked = await at_work.bob.click(answer(viewed), label="Like")
    again = await at_work.alice.slash(at_work.lobby, "discover like", personality="Ada")
    tagged = await at_work.bob.slash(at_work.lobby, "discover browse", tag="*" * 300)
    unknown = await at_work.bob.slash(at_work.lobby, "discover view", personality="Zed")

    assert re.findall(r"^\*\*(\w+)\*\*$", shown(browsed), re.MULTILINE) == ["Ada", "Mirela"]
    assert "**Ada**\nCounts the ships that never came back\n-# keeper, gruff" in shown(
        search_results
    )
    assert "*Nothing yet.*" in shown(nothing)
    assert "*Nothing yet.*" in shown(tagged)
    assert embed(viewed).description == "Counts the ships that never came back"
    assert fields(viewed) == {
        "Tags": "keeper 90 % · gruff 70 %",
        "Rated": "for everyone",
        "Age": "adult (44)",
        "Gender": "female",
        "Meet them": "Say `@Ada hello`, or let them answer everything in a channel with "
        "`/channel activate`.",
    }
    assert embed(liked).footer.text == "♥ 1 · version 2"
    assert embed(again).footer.text == "♥ 2 · version 2"
    assert content_of(unknown) == "**Zed** is not public, or cannot be shown in this channel."


def buttons(result: InteractionResult, label: str) -> list[str]:
    """Return the ids of the buttons with a label, in their order."""
    components = walk_components(answer(result).components)
    return [each["custom_id"] for each in components if each.get("label") == label]


async def test_the_catalogue_has_pages_faces_filters_likes_and_first_words(
    at_work: House, sessions: Sessions
) -> None:
    await at_work.services.cast_faces.add()
    for number in range(4):
        await invent(at_work, at_work.alice, f"Extra {number}")
    async with sessions.begin() as session:
        await session.execute(
            update(Personality)
            .where(Personality.name.startswith("Extra"))
            .values(
                visibility="public",
                public_version=1,
                nsfw_rating="safe",
                gender="unknown",
                headline="x",
                public_name=Personality.name,
                published_at=Personality.created_at,
            )
        )
    who, lobby = at_work.bob, at_work.lobby
    page = await who.slash(lobby, "discover browse")
    first = shown(page)
    await who.click(answer(page), custom_id=buttons(page, "Next")[0])
    second = shown(page)
    await who.click(answer(page), custom_id=buttons(page, "Back")[0])
    await who.select(answer(page), ["keeper"])
    filtered = shown(page)
    await who.click(answer(page), custom_id=buttons(page, "0")[0])
    liked = buttons(page, "1")
    met = await who.click(answer(page), custom_id=buttons(page, "Talk")[0])

    components = list(walk_components(answer(page).components))
    assert "7 personalities · page 1 of 2" in first
    assert "page 2 of 2" in second
    assert len(re.findall(r"\*\*", first + second)) == 14
    assert "1 personality" in filtered
    assert "**Mirela**" in filtered
    assert len(liked) == 1
    assert len([each for each in components if each.get("media")]) == 1
    assert content_of(met).startswith("**Mirela** answers your direct messages now: <#")
    assert len(who.user.dm_channel.history()) == 0  # the cast of the tests has no first words


async def test_names_and_tags_are_suggested(at_work: House) -> None:
    names = await suggestions(at_work, at_work.bob, "discover view", "personality", "quill")
    tags = await suggestions(at_work, at_work.bob, "discover browse", "tag", "keep")

    assert (names, tags) == (["Professor Quill"], ["keeper"])
