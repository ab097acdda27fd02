"""Lorebooks through the simulated Discord: made, imported, tested, used and taken along."""

import json
from typing import Any

from simcord.actors import MemberActor
from simcord.results import InteractionResult

from tests.cogs.conftest import House
from tests.cogs.forms import (
    answer,
    content_of,
    embed,
    fields,
    fill,
    lines,
    open_part,
    prefilled,
    submit,
)
from tests.cogs.test_cards import ZED, export_card, import_card
from tests.cogs.test_memory import answer_option

DRAGON: dict[str, Any] = {
    "keys": ["dragon"], "secondary_keys": ["cave"], "selective": True,
    "content": "The dragon Vhar sleeps on a hoard of clocks.", "comment": "Vhar",
    "insertion_order": 10, "enabled": True, "extensions": {},
}  # fmt: skip
HOARD: dict[str, Any] = {
    "keys": ["hoard"], "content": "The hoard ticks.", "insertion_order": 20, "enabled": True,
    "extensions": {},
}  # fmt: skip
TOWN: dict[str, Any] = {
    "keys": [], "content": "{{char}} lives in Tock.", "constant": True, "comment": "Town",
    "insertion_order": 5, "enabled": True, "extensions": {}, "odd": [1.50],
}  # fmt: skip
DEEP: dict[str, Any] = {
    "keys": ["/rain(ing)?/i"], "content": "@@depth 1\n@@role assistant\n[It rains.]",
    "insertion_order": 30, "enabled": True, "extensions": {},
}  # fmt: skip
BOOK: dict[str, Any] = {"name": "Tock", "extensions": {}, "entries": [DRAGON, HOARD, TOWN, DEEP]}
CARD = json.dumps(
    {"spec": "chara_card_v2", "spec_version": "2.0", "data": {**ZED, "character_book": BOOK}}
)


def world_info(*entries: dict[str, Any]) -> bytes:
    """Return a file of SillyTavern."""
    return json.dumps(
        {"entries": {str(n): {"uid": n, **each} for n, each in enumerate(entries)}}
    ).encode()


async def bring(
    house: House,
    who: MemberActor,
    scope: str,
    *entries: dict[str, Any],
    data: bytes = b"",
    **options: Any,
) -> InteractionResult:
    """Import a book for a scope."""
    file = (f"{scope}.json", data or world_info(*entries))
    return await who.slash(house.lobby, "lore import", file=file, scope=scope, **options)


def messages(house: House) -> list[tuple[str, str]]:
    """Return role and text of the last prompt's messages."""
    return [(each["role"], each["content"]) for each in house.openai.requests[-1]["messages"]]


async def test_lore_of_a_card_is_known_when_it_is_spoken_of(house: House) -> None:
    imported = await import_card(house, "zed.json", CARD.encode())

    await house.alice.send(house.lobby, "@Zed what of the dragon?")
    without = messages(house)
    await house.alice.send(house.lobby, "@Zed the DRAGON in its cave, when it is raining")

    assert len(answer(imported).embeds) == 1
    assert "Zed lives in Tock." in without[0][1]
    assert "Vhar" not in str(without)
    first, *history, rain, block, last = messages(house)
    assert first == without[0]  # the cached beginning
    assert history[1] == ("user", "alice: @Zed what of the dragon?")
    assert rain == ("assistant", "[It rains.]")
    assert block == (
        "system",
        "[What Zed knows of what is talked about]\n\n"
        "The dragon Vhar sleeps on a hoard of clocks.\n\nThe hoard ticks.",
    )
    assert last[1].endswith("alice: @Zed the DRAGON in its cave, when it is raining")
    _, exported = await export_card(house)
    assert exported == CARD.encode()


async def test_why_names_the_lore_that_was_used(house: House) -> None:
    await import_card(house, "zed.json", CARD.encode())
    await house.alice.send(house.lobby, "@Zed the dragon of the cave")

    message = house.lobby.history()[-1]
    why = await house.alice.context_menu(house.lobby, "Why this reply?", message)

    assert fields(why)["Lore used"] == (
        "- **Town** of Tock: always, 7 tokens\n"
        "- **Vhar** of Tock: “dragon”, 15 tokens\n"
        "- **hoard** of Tock: “hoard”, 6 tokens"
    )


async def test_lore_that_was_used_is_corrected_and_forgotten_in_place(house: House) -> None:
    await import_card(house, "zed.json", CARD.encode())
    await house.alice.send(house.lobby, "@Zed the dragon of the cave")
    message = house.lobby.history()[-1]
    why = await house.alice.context_menu(house.lobby, "Why this reply?", message)
    of_bob = await house.bob.context_menu(house.lobby, "Why this reply?", message)

    shown = await house.alice.select(answer(why), [answer_option(why, "Vhar")])
    form = await house.alice.click(answer(shown), label="Correct")
    await submit(house.alice, form, {"keys": "dragon", "content": "The dragon Vhar is awake."})
    await house.alice.send(house.lobby, "@Zed the dragon of the cave")
    corrected = str(messages(house))
    await house.alice.click(answer(shown), label="Forget")
    await house.alice.send(house.lobby, "@Zed the dragon of the cave")

    assert "The dragon Vhar is awake." in corrected
    assert "hoard of clocks" not in corrected
    assert "The dragon Vhar is awake." not in messages(house)[-2][1]
    assert answer(of_bob).components == []


async def test_a_changed_book_changes_the_card_and_the_next_answer(house: House) -> None:
    await import_card(house, "zed.json", CARD.encode())
    await house.alice.send(house.lobby, "@Zed hello")

    await fill(
        house, house.alice, "lore edit",
        {"keys": "hello, hi\n/good (day|night)/", "content": "They greet with bells."},
        book="Tock",
    )  # fmt: skip
    await house.alice.send(house.lobby, "@Zed good night")

    assert "They greet with bells." in messages(house)[-2][1]
    _, exported = await export_card(house)
    data = json.loads(exported)["data"]
    assert json.loads(exported)["spec"] == "chara_card_v3"
    assert data["character_book"]["entries"][:4] == BOOK["entries"]
    assert data["character_book"]["entries"][4]["keys"] == ["hello", "hi", "/good (day|night)/"]
    listed = await house.alice.slash(house.lobby, "lore list")
    assert lines(listed) == ["**Tock** · Zed · 5 entries"]


async def test_each_scope_has_its_books_and_its_makers(house: House) -> None:
    def entry(word: str) -> dict[str, Any]:
        return {"key": ["sea"], "content": f"{word} knows the sea.", "order": 1}

    await import_card(house, "zed.json", json.dumps(ZED).encode())
    await house.alice.slash(house.lobby, "persona create")
    await bring(house, house.boss, "everywhere", entry("The world"))
    await bring(house, house.boss, "server", entry("This server"))
    await bring(house, house.boss, "channel", entry("This channel"))
    await bring(house, house.alice, "personality", entry("Zed"), personality="Zed")
    await bring(house, house.alice, "persona", entry("The persona"), persona="alice")

    await house.alice.send(house.lobby, "@Zed the sea")
    here = str(messages(house))
    context = messages(house)[-1][1]
    den = house.guild.create_text_channel("den")
    await house.bob.send(den, "@Mirela the sea")
    elsewhere = str(messages(house))

    assert all(
        f"{who} knows" in here for who in ("The world", "This server", "This channel", "Zed")
    )
    assert "The persona knows the sea." in context
    assert "The world knows" in elsewhere
    assert "This server knows" in elsewhere
    assert not any(f"{who} knows" in elsewhere for who in ("Zed", "This channel", "The persona"))
    refused = {
        scope: content_of(
            await bring(house, house.bob, scope, entry("x"), personality=personality)
            if personality
            else await bring(house, house.bob, scope, entry("x"))
        )
        for scope, personality in {
            **dict.fromkeys(("everywhere", "server", "channel", "persona"), ""),
            "personality": "Zed",
        }.items()
    }
    assert refused == {
        "everywhere": "Only whoever runs this bot makes a lorebook for everywhere.",
        "server": "Only moderators of a server give it a lorebook, and only there.",
        "channel": "Only moderators give a channel a lorebook.",
        "persona": "Choose one of your own personas for the lorebook.",
        "personality": "There is no personality called **Zed** that you can talk to here.",
    }


async def test_timed_effects_count_messages_and_not_second_tries(house: House) -> None:
    sticky = {"key": ["bell"], "content": "A bell rings.", "sticky": 3}
    once = {"key": ["gong"], "content": "A gong sounds.", "cooldown": 5}
    late = {"key": ["moon"], "content": "The moon rises.", "delay": 6}
    await bring(house, house.boss, "server", sticky, once, late)

    seen: list[list[str]] = []
    for text in ("bell gong moon", "hm", "gong", "hm", "gong moon"):
        await house.alice.send(house.lobby, f"@Mirela {text}")
        prompt = str(messages(house))
        seen.append([w for w in ("bell rings", "gong sounds", "moon rises") if w in prompt])

    assert seen == [
        ["bell rings", "gong sounds"],
        ["bell rings"],
        [],
        [],
        ["gong sounds", "moon rises"],
    ]


async def test_a_test_says_what_would_be_known_and_why(house: House) -> None:
    long = {"key": ["sea"], "content": "word " * 6000, "comment": "Too long"}
    slow = {"key": ["/(a|aa)+$/"], "content": "Never.", "comment": "Slow"}
    never = {"key": "", "content": "x", "comment": "Keyless"}
    found = {"key": ["gull"], "content": "Gulls scream at the sea.", "comment": "Gulls"}
    imported = await bring(house, house.boss, "server", long, slow, never, found)

    tested = await house.boss.slash(
        house.lobby, "lore test", text=f"a gull! {'a' * 4000}b", personality="Mirela"
    )

    assert content_of(imported) == (
        "**server** is there, with 4 entries.\n- **Keyless** has no keys and is never used"
    )
    shown = fields(tested)
    assert shown["Used"] == "- **Gulls** of server: “gull”, 9 tokens"
    assert shown["Left out"] == "- **Too long**: longer than a third of the budget"
    assert shown["Too slow, and off until changed"] == "`/(a|aa)+$/`"
    assert embed(tested).footer.text == "1 entry · 9 tokens"


async def test_world_info_comes_back_as_it_went(house: House) -> None:
    entry = {
        "key": ["fog", "mist"], "keysecondary": ["ship"], "content": "Fog.", "comment": "Fog",
        "constant": False, "selective": True, "selectiveLogic": 2, "order": 77, "position": 4,
        "disable": False, "probability": 60, "useProbability": True, "depth": 2, "role": 1,
        "group": "weather", "groupWeight": 20, "sticky": 2, "scanDepth": 5, "caseSensitive": True,
        "unheard": {"x": 1},
    }  # fmt: skip
    await bring(house, house.boss, "server", entry)

    exported = await house.boss.slash(house.lobby, "lore export", book="server")

    (file,) = answer(exported).attachments
    (out,) = json.loads(await file.read())["entries"].values()
    assert {name: out[name] for name in entry if name != "unheard"} == {
        name: value for name, value in entry.items() if name != "unheard"
    }
    assert out["extensions"]["unheard"] == {"x": 1}


async def test_what_is_no_book_is_refused_in_words(house: House) -> None:
    refused = {
        data: content_of(await bring(house, house.boss, "server", data=data))
        for data in (
            b"x",
            b"[1]",
            b"{}",
            json.dumps({"entries": [{}] * 5001}).encode(),
            json.dumps(
                {"entries": [{"keys": ["a"], "content": "x"}], "pad": "x" * 8_000_000}
            ).encode(),
        )
    }

    no_book = "That file is not a lorebook I can read: "
    assert list(refused.values()) == [
        f"{no_book}no JSON.",
        "**server** is there, with 0 entries.",
        f"{no_book}JSON without entries of a lorebook.",
        *["A lorebook has 8 MB and 5,000 entries at most. Split it into several."] * 2,
    ]


async def test_a_book_is_configured_and_deleted_by_whoever_may(house: House) -> None:
    await bring(house, house.boss, "server", {"key": ["sea"], "content": "Salt."})
    stranger = await house.bob.slash(house.lobby, "lore view", book="server")

    use = await open_part(house, house.boss, "lore view", "use", book="server")
    off = await house.boss.submit_modal(use, {"flags": []})
    await house.alice.send(house.lobby, "@Mirela the sea")
    silent = str(messages(house))
    view = await open_part(house, house.boss, "lore view", "list", book="server")
    asked = await house.boss.slash(house.lobby, "lore delete", book="server", entry="#1")
    await house.boss.click(answer(asked), label="Delete")
    again = await house.boss.slash(house.lobby, "lore view", book="server", entry="#1")

    assert content_of(stranger).startswith("There is no lorebook called **server**")
    assert content_of(off) == "**server** is switched off."
    assert "Salt." not in silent
    assert lines(view) == ["`#1` **sea**"]
    assert content_of(again).startswith("The lorebook has no entry called **\\#1**.")


async def test_an_authors_note_stands_at_its_depth_until_it_is_empty(house: House) -> None:
    await house.alice.send(house.lobby, "@Mirela one")
    await fill(house, house.boss, "lore note", {"text": "[{{char}} is tired.]", "depth": "2"})

    await house.alice.send(house.lobby, "@Mirela two")
    noted = [text for _, text in messages(house)]
    opened = await house.boss.slash(house.lobby, "lore note")
    await fill(house, house.boss, "lore note", {"text": "", "depth": "2"})
    await house.alice.send(house.lobby, "@Mirela three")

    assert noted[-3] == "[Mirela is tired.]"
    assert prefilled(opened)["text"] == "[{{char}} is tired.]"
    assert "tired" not in str(messages(house))


async def test_an_authors_note_leaves_a_book_of_that_name_alone(house: House) -> None:
    book = {"name": "Author's note", "entries": [{"keys": ["sea"], "content": "Salt."}]}
    await bring(house, house.boss, "channel", data=json.dumps(book).encode())

    opened = await house.boss.slash(house.lobby, "lore note")
    await fill(house, house.boss, "lore note", {"text": "Be brief.", "depth": "2"})
    await fill(house, house.boss, "lore note", {"text": "", "depth": "2"})
    view = await open_part(house, house.boss, "lore view", "list", book="Author's note")

    assert not prefilled(opened).get("text")
    assert lines(view) == ["`#1` **sea**"]


async def test_lore_of_a_first_message_is_known_where_it_was_said(house: House) -> None:
    entries = [{**TOWN, "content": f"@@is_greeting {n}\nSecret {n}."} for n in (0, 1)]
    data = {**ZED, "first_mes": "Good day.", "character_book": {"entries": entries}}
    card = {"spec": "chara_card_v3", "spec_version": "3.0", "data": data}
    await import_card(house, "zed.json", json.dumps(card).encode())

    await house.alice.send(house.lobby, "@Zed hello")
    first = str(messages(house))
    await house.alice.send(house.lobby, "@Zed again")

    for prompt in (first, str(messages(house))):
        assert "Secret 0." in prompt
        assert "Secret 1." not in prompt


async def test_lore_of_what_is_public_was_assessed_and_stays(house: House) -> None:
    entry = {"key": ["sea"], "content": "Salt."}

    refused = await bring(house, house.boss, "personality", entry, personality="Mirela")

    assert content_of(refused).startswith(
        "The published version of **Mirela** cannot change until `/publish unpublish`."
    )
