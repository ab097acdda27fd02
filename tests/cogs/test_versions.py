"""Versions of personalities, and copies: nothing that was made is overwritten or lost."""

import json
from typing import Any

from simcord.actors import MemberActor
from simcord.results import InteractionResult
from sqlalchemy import func, select, update

from db.models import Personality, PersonalityCard, Visibility
from db.session import Sessions
from tests.cogs.conftest import House
from tests.cogs.forms import (
    answer,
    content_of,
    embed,
    fields,
    fill,
    open_part,
)
from tests.cogs.test_cards import import_card
from tests.cogs.test_lore import CARD
from tests.cogs.test_personalities import zed


async def edit(house: House, who: MemberActor, **texts: str) -> InteractionResult:
    return await fill(house, who, "personality open", texts, personality="Zed", part="character")


async def versions(house: House) -> InteractionResult:
    return await open_part(house, house.alice, "personality open", "versions", personality="Zed")


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
    slow = await open_part(house, house.alice, "personality open", "character", personality="Zed")
    await edit(house, house.boss, character_info="By the boss.", personality_tone="Soft.")

    other = {"character_info": "Old.", "personality_tone": "Loud."}
    merged = await house.alice.submit_modal(slow, other)
    both = await house.alice.slash(house.lobby, "personality view", personality="Zed")
    late = await open_part(house, house.alice, "personality open", "character", personality="Zed")
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


async def test_a_copy_has_the_texts_and_the_lore_and_says_where_it_is_from(house: House) -> None:
    await import_card(house, "zed.json", CARD.encode())

    copied = await house.alice.slash(house.lobby, "personality copy", personality="Zed")
    again = await house.alice.slash(house.lobby, "personality copy", personality="Zed")
    await house.alice.send(house.lobby, "@Zed copy what of the dragon in its cave?")

    assert embed(copied).description == "Zed mends clocks."
    assert content_of(again) == "Another personality already uses the name or alias **Zed copy**."
    assert "The dragon Vhar sleeps" in str(house.openai.requests[-1]["messages"])
    view = await house.alice.slash(house.lobby, "personality view", personality="Zed copy")
    assert "copy of Zed by alice" in str(embed(view).footer.text)
    exported = await house.alice.slash(
        house.lobby, "personality export", personality="Zed copy", kind="json"
    )
    (file,) = answer(exported).attachments
    data = json.loads(await file.read())["data"]
    assert data["extensions"]["troupe"]["origin"] == "Zed by alice"
    assert data["character_book"] == json.loads(CARD)["data"]["character_book"]


async def test_others_copy_what_is_public_if_its_maker_allows_it(house: House) -> None:
    refused = await house.alice.slash(house.lobby, "personality copy", personality="Mirela")
    await house.boss.slash(house.lobby, "personality settings", personality="Mirela", copying=True)

    copied = await house.alice.slash(
        house.lobby, "personality copy", personality="Mirela", name="Mira"
    )

    assert content_of(refused).startswith("**Mirela** cannot be copied")
    assert content_of(copied).startswith("Meet **Mira**")


async def test_a_copy_of_anothers_has_nothing_that_was_removed(
    house: House, sessions: Sessions
) -> None:
    await import_card(house, "zed.json", CARD.replace("Zed mends clocks.", "My secret.").encode())
    await edit(house, house.alice, character_info="Zed mends clocks.")
    async with sessions.begin() as session:
        public = {
            "visibility": Visibility.PUBLIC, "copy_allowed": True, "public_version": 2,
            "nsfw_rating": "safe", "gender": "none", "headline": "Clocks.", "public_name": "Zed",
            "published_at": func.now(),
        }  # fmt: skip
        await session.execute(update(Personality).where(Personality.name == "Zed").values(public))

    await house.boss.slash(house.lobby, "personality copy", personality="Zed", name="Zed II")
    async with sessions() as session:
        documents = await session.scalars(
            select(PersonalityCard.document)
            .join(Personality, Personality.id == PersonalityCard.personality_id)
            .order_by(Personality.created_at)
        )

    original, copied = documents
    assert "My secret." in original
    assert "My secret." not in copied
    assert "The dragon Vhar sleeps" in copied
