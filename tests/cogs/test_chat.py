"""Conversations, as people have them."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from typing_extensions import override

from db.models import ConversationLine, LlmCall, Memory
from db.session import Sessions
from services.embeddings import TextEmbedder, WordLlamaEmbedder
from services.llm import LanguageModels
from tests.cogs.concurrent import (
    actor,
    answers,
    hold,
    invent,
    pass_debounce,
    post,
    restart,
    spoken,
    until_written,
)
from tests.cogs.conftest import House
from tests.cogs.forms import content_of
from tests.services.photo_files import photo

PNG = photo(1, "PNG")


async def test_a_personality_answers_to_its_name(house: House) -> None:
    house.openai.says("The fog came in at four.")

    await house.alice.send(house.lobby, "@Mirela how was the night?")

    assert spoken(house.lobby)[-1] == ("Mirela", "The fog came in at four.")
    assert "alice: @Mirela how was the night?" in house.openai.prompts[0]


async def test_the_prompt_is_rules_then_history_in_roles_then_what_changes(house: House) -> None:
    house.openai.says("It never does.", "Noodles help.")
    await house.alice.send(house.lobby, "@Mirela does it clear up?")
    await house.bob.send(house.lobby, "I just came in")
    await house.alice.send(house.lobby, "@Bex what helps?")

    await house.alice.send(house.lobby, "@Mirela and now?")

    system, *history, last = house.openai.requests[-1]["messages"]
    assert system["role"] == "system"
    assert "You are Mirela" in system["content"]
    assert "lighthouse at Cape Sorrow" in system["content"]
    assert [(each["role"], each["content"]) for each in history] == [
        ("user", "alice: @Mirela does it clear up?"),
        ("assistant", "It never does."),
        ("user", "bob: I just came in"),
        ("user", "alice: @Bex what helps?"),
        ("user", "Bex: Noodles help."),
    ]
    assert last["role"] == "user"
    assert last["content"].startswith("<context>\nIt is ")
    assert last["content"].endswith("</context>\nalice: @Mirela and now?")


async def test_each_prompt_begins_with_the_whole_of_the_one_before(house: House) -> None:
    await house.alice.send(house.lobby, "@Mirela one")
    await house.alice.send(house.lobby, "@Mirela two")

    await house.alice.send(house.lobby, "@Mirela three")

    before, after = (each["messages"] for each in house.openai.requests[-2:])
    assert after[: len(before) - 1] == before[:-1]


async def test_what_was_said_before_the_bot_came_is_read_once(house: House) -> None:
    post(house, house.bob, house.lobby, "the boat is late")
    await house.alice.send(house.lobby, "@Mirela why?")

    await house.alice.send(house.lobby, "@Mirela are you sure?")

    assert house.openai.prompts[0].count("bob: the boat is late") == 1
    assert house.openai.prompts[1].count("bob: the boat is late") == 1


async def test_history_survives_a_restart(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    house.openai.says("Ask the gulls.")
    await house.alice.send(house.lobby, "@Mirela where is the boat?")
    await restart(house, sessions, models, embedder)
    post(house, house.bob, house.lobby, "I saw it at nine")

    await house.alice.send(house.lobby, "@Mirela which gulls?")

    history = [each["content"] for each in house.openai.requests[-1]["messages"][1:-1]]
    assert history == [
        "alice: @Mirela where is the boat?",
        "Ask the gulls.",
        "bob: I saw it at nine",
    ]


async def test_an_edited_message_is_followed_in_history_and_memory(
    house: House, sessions: Sessions
) -> None:
    message = await house.alice.send(house.lobby, "@Mirela my cat is Tom")
    aside = await house.bob.send(house.lobby, "mine is Kit")

    await house.alice.edit(message, "@Mirela my cat is Rex")
    await house.bob.edit(aside, "mine is Max")
    await house.alice.send(house.lobby, "@Mirela which cats are there?")

    async with sessions() as session:
        memories = [*await session.scalars(select(Memory.content))]
    assert not any("Tom" in each for each in memories)
    assert "my cat is Rex" in house.openai.prompts[-1]
    assert "mine is Max" in house.openai.prompts[-1]
    assert not any(gone in house.openai.prompts[-1] for gone in ("Tom", "Kit"))


async def test_a_deleted_message_is_erased_everywhere(house: House, sessions: Sessions) -> None:
    message = await house.alice.send(house.lobby, "@Mirela the code is 4711")
    aside = await house.bob.send(house.lobby, "mine is 0815")

    await house.alice.delete(message)
    await house.moderator.delete(aside)
    await house.alice.send(house.lobby, "@Mirela hello")

    async with sessions() as session:
        lines = [*await session.scalars(select(ConversationLine.content))]
        memories = [*await session.scalars(select(Memory.content))]
    everything = "\n".join([*lines, *memories, *house.openai.prompts[1:]])
    assert "4711" not in everything
    assert "0815" not in everything


async def test_a_message_taken_back_while_it_is_thought_about_gets_no_answer(
    house: House, sessions: Sessions
) -> None:
    held = hold(house, "Your code is 4711.")
    message_id = post(house, house.alice, house.lobby, "@Mirela the code is 4711")
    await held.requested.wait()

    house.env.backend.delete_message(house.lobby.id, message_id)
    await house.env.settle()

    async with sessions() as session:
        lines = [*await session.scalars(select(ConversationLine.content))]
    assert answers(house.lobby) == []
    assert lines == []


async def test_an_edit_of_one_message_of_a_breath_is_followed(
    house: House, sessions: Sessions
) -> None:
    held = hold(house, "Aye, I see.")
    first = post(house, house.alice, house.lobby, "@Mirela my cat is Tom")
    await held.requested.wait()
    house.openai.says("Two of them.")
    second = post(house, house.alice, house.lobby, "and my dog is Max")
    await house.env.settle()

    backend = house.env.backend
    backend.edit_message(house.lobby.id, first, {"content": "@Mirela my cat is Rex"})
    await house.env.settle()
    backend.edit_message(house.lobby.id, second, {"content": "and my dog is Sam"})
    await house.env.settle()

    async with sessions() as session:
        (line,) = await session.scalars(
            select(ConversationLine).where(ConversationLine.role == "user")
        )
        (memory,) = await session.scalars(select(Memory))
    assert line.content == "@Mirela my cat is Rex\nand my dog is Sam"
    assert "Rex" in memory.content
    assert "Sam" in memory.content
    assert "Tom" not in memory.content


async def test_a_message_edited_while_it_is_thought_about_is_answered_as_it_is(
    house: House,
) -> None:
    held = hold(house, "Tom, then.")
    message_id = post(house, house.alice, house.lobby, "@Mirela my cat is Tom")
    await held.requested.wait()

    house.openai.says("Rex, then.")
    house.env.backend.edit_message(house.lobby.id, message_id, {"content": "@Mirela it is Rex"})
    await house.env.settle()

    assert answers(house.lobby) == ["Rex, then."]


async def test_pictures_are_seen_files_are_read_and_the_rest_is_named(house: House) -> None:
    files = [
        ("p.png", PNG),
        ("notes.txt", b"the tide turns at six"),
        ("fake.png", b"no picture"),
        ("ship.bin", b"\x00\xff"),
    ]

    house.openai.says("A grey square.")
    await house.alice.send(house.lobby, "@Mirela look", attachments=files)

    looked, answered = house.openai.requests
    pictures = [part["image_url"]["url"] for part in looked["messages"][0]["content"][1:]]
    words = answered["messages"][-1]["content"]
    assert [url.partition(",")[0] for url in pictures] == ["data:image/jpeg;base64"]
    assert "⟦p.png shows: A grey square.⟧" in words
    assert "⟦file notes.txt⟧\nthe tide turns at six\n⟦end of notes.txt⟧" in words
    assert "⟦attached: fake.png⟧" in words
    assert "⟦attached: ship.bin⟧" in words


async def test_answers_to_a_person_appear_in_the_order_of_their_triggers(
    house: House, sessions: Sessions
) -> None:
    slow = hold(house, "Slow and first.")
    house.openai.says("Quick and second.")
    post(house, house.alice, house.lobby, "@Mirela one")
    await slow.requested.wait()
    pass_debounce(house)
    post(house, house.alice, house.lobby, "@Bex two")
    await until_written(sessions, LlmCall)  # the second answer is there, and must wait

    slow.set()
    await house.env.settle()

    assert answers(house.lobby) == ["Slow and first.", "Quick and second."]


async def test_nobody_waits_for_the_answers_to_others(house: House) -> None:
    slow = hold(house, "Slow and first.")
    house.openai.says("Quick and second.")
    post(house, house.alice, house.lobby, "@Mirela one")
    await slow.requested.wait()
    post(house, house.bob, house.lobby, "@Bex two")
    async with asyncio.timeout(5):
        while not answers(house.lobby):
            await asyncio.sleep(0.01)

    slow.set()
    await house.env.settle()

    assert answers(house.lobby) == ["Quick and second.", "Slow and first."]


async def test_answers_that_are_stored_at_once_are_each_stored_once(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    storing, may_go_on = asyncio.Event(), asyncio.Event()

    class SlowEmbedder(TextEmbedder):
        @override
        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            if any(text.endswith("Mirela: Slow to store.") for text in texts):
                storing.set()
                await may_go_on.wait()
            return await embedder.embed(texts)

    await restart(house, sessions, models, SlowEmbedder())
    house.openai.says("Slow to store.", "Quick.")
    post(house, house.alice, house.lobby, "@Mirela one")
    await storing.wait()
    post(house, house.bob, house.lobby, "@Bex two")
    async with asyncio.timeout(5):
        while "Quick." not in answers(house.lobby):
            await asyncio.sleep(0.01)

    may_go_on.set()
    await house.env.settle()

    async with sessions() as session:
        lines = await session.scalars(
            select(ConversationLine.content).order_by(ConversationLine.position)
        )
        memories = await session.scalars(select(Memory.content).order_by(Memory.created_at))
    assert lines.all() == ["@Mirela one", "Slow to store.", "@Bex two", "Quick."]
    assert len(memories.all()) == 2


async def test_what_is_said_in_one_breath_is_answered_once(house: House) -> None:
    held = hold(house, "What wait?")
    post(house, house.alice, house.lobby, "@Mirela wait")
    await held.requested.wait()

    house.openai.says("Wait, and listen.")
    post(house, house.alice, house.lobby, "I mean: listen")
    await house.env.settle()

    assert answers(house.lobby) == ["Wait, and listen."]
    assert "alice: @Mirela wait\nI mean: listen" in house.openai.prompts[-1]


async def test_a_new_breath_is_answered_again(house: House) -> None:
    await house.alice.send(house.lobby, "@Mirela one")
    pass_debounce(house)

    await house.alice.send(house.lobby, "@Mirela two")

    assert len(answers(house.lobby)) == 2


async def test_no_more_is_read_than_the_window(house: House) -> None:
    personality = await invent(house, house.alice, "Goldfish", context_window_size=2)

    for number in range(8):
        await house.alice.send(house.lobby, f"@{personality.name} word{number}")

    history = [each["content"] for each in house.openai.requests[-1]["messages"][1:-1]]
    assert 2 <= len(history) <= 4
    assert history[-2:] == ["alice: @Goldfish word6", "Aye."]


async def clock(house: House) -> str:
    """Return what Mirela is told of the time."""
    pass_debounce(house)
    await house.alice.send(house.lobby, "@Mirela what time is it?")
    return house.openai.requests[-1]["messages"][-1]["content"].splitlines()[1]


async def test_the_clock_of_a_prompt_is_the_speakers_and_in_a_server_its_own(house: House) -> None:
    unknown = await clock(house)
    await house.alice.slash(house.lobby, "timezone", zone="Asia/Tokyo")
    own = await clock(house)
    await house.moderator.slash(house.lobby, "server settings", time_zone="Europe/Vienna")
    both = await clock(house)
    await house.alice.slash(house.lobby, "timezone", zone="Europe/Berlin")
    same = await clock(house)

    assert unknown.endswith(" UTC.")
    assert re.search(r"\d\d:\d\d Asia/Tokyo, (at|in|early|around) ", own)
    assert re.search(r"Europe/Vienna, [a-z ]+; for alice it is [A-Z][a-z]+day, \d\d:\d\d, ", both)
    assert "for alice" not in same


async def test_a_clock_is_guessed_by_the_language_of_discord(house: House) -> None:
    alice = replace(actor(house.alice), locale="ja")  # as a command of hers would say

    assert await house.services.people.time_zone(alice) == ("Asia/Tokyo", False)
    assert "Asia/Tokyo" in await clock(house)
    shown = await house.alice.slash(house.lobby, "timezone")
    assert content_of(shown).startswith("Your time zone is not known.")  # American by now
