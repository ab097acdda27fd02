"""Versions of personalities: listed, compared, restored, named, and not overwritten unseen."""

from typing import Any

from simcord.actors import MemberActor
from simcord.results import InteractionResult

from tests.cogs.conftest import House
from tests.cogs.forms import answer, content_of, embed, fields, fill
from tests.cogs.test_personalities import zed


async def edit(house: House, who: MemberActor, **texts: str) -> InteractionResult:
    return await fill(house, who, "personality edit", texts, personality="Zed", section="character")


async def versions(house: House) -> InteractionResult:
    return await house.alice.slash(house.lobby, "personality versions", personality="Zed")


async def choose(house: House, listed: InteractionResult, number: int) -> Any:
    return await house.alice.select(answer(listed), [str(number)], custom_id="version")


async def test_versions_say_when_by_whom_and_what_changed(house: House) -> None:
    await zed(house, character_info="Zed mends old clocks by the sea.")
    await edit(house, house.alice, character_info="Zed mends new clocks by the sea.")

    listed = await versions(house)
    lines = (embed(listed).description or "").split("\n")
    chosen = await choose(house, listed, 2)

    assert [line.split(" · ")[0] for line in lines] == ["**2**", "**1**"]
    assert lines[0].endswith("· alice · who are they? · now")
    shown = chosen.response.embeds[0]
    assert [(each.name, each.value) for each in shown.fields] == [
        ("Who are they?", "Zed mends ~~old~~ **new** clocks by the sea.")
    ]


async def test_one_goes_back_to_a_version_and_its_name_stays(house: House) -> None:
    await zed(house, character_info="Old.")
    await edit(house, house.alice, character_info="New.")
    listed = await versions(house)
    await choose(house, listed, 1)

    restored = await house.alice.click(answer(listed), label="Restore")

    assert restored.response is not None
    assert restored.response.content == "Version 3 has the texts of version 1."
    view = await house.alice.slash(house.lobby, "personality view", personality="Zed")
    assert embed(view).description == "Old."


async def test_a_version_has_a_name(house: House) -> None:
    await zed(house, character_info="Old.")
    listed = await versions(house)
    await choose(house, listed, 1)

    form = await house.alice.click(answer(listed), label="Name it")
    named = await house.alice.submit_modal(form, {"label": "The *first* one"})

    assert content_of(named) == "Version 1 is named."
    assert "*The \\*first\\* one*" in (embed(await versions(house)).description or "")


async def test_two_who_edit_at_once_do_not_overwrite_each_other_unseen(house: House) -> None:
    await zed(house, character_info="Old.", personality_tone="Soft.")
    slow = await house.alice.slash(
        house.lobby, "personality edit", personality="Zed", section="character"
    )
    await edit(house, house.boss, character_info="By the boss.", personality_tone="Soft.")

    other = {"character_info": "Old.", "personality_tone": "Loud."}
    merged = await house.alice.submit_modal(slow, other)
    both = await house.alice.slash(house.lobby, "personality view", personality="Zed")
    late = await house.alice.slash(
        house.lobby, "personality edit", personality="Zed", section="character"
    )
    await edit(house, house.boss, character_info="Again.", personality_tone="Loud.")
    mine = {"character_info": "By me.", "personality_tone": "Loud."}
    conflict = await house.alice.submit_modal(late, mine)
    reopened = await house.alice.click(answer(conflict), label="Change what I wrote")
    insisted = await house.alice.submit_modal(reopened, mine)

    assert content_of(merged) == "Saved as version 3."
    assert embed(both).description == "By the boss."
    assert fields(both)["Tone"] == "Loud."
    assert content_of(conflict) == (
        "Somebody else has changed **Zed** since you opened this, and the same of it: character "
        "info. Version 4 has theirs. Send yours again to replace it."
    )
    assert content_of(insisted) == "Saved as version 5."
