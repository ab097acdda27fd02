"""What a model reads in conversations afterwards: facts, and summaries of what has fallen out."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text

from bot.app.wiring import worker
from db.models import Fact, Job, JobStatus, LlmCall, Memory, Personality, SittingSummary
from db.session import Sessions
from services.chat.sitting_notes import enqueue_reading
from services.memory import store_notes, unread_of
from tests.cogs.concurrent import actor, pass_debounce
from tests.cogs.conftest import House
from tests.cogs.forms import answer
from tests.cogs.test_facts import known
from tests.cogs.test_memory import private_channel, tables_with
from tests.services.job_support import until
from tests.vendors.openai import Body


def noted(statement: str, quote: str, key: str, **changes: Any) -> dict[str, Any]:
    """Return a fact as a model notes it."""
    fact = {
        "exchange": 1,
        "about": "speaker",
        "quote": quote,
        "statement": statement,
        "key": key,
        "several": False,
        "since": "",
        "until": "",
        "confidence": 90,
    }
    return {**fact, **changes}


def notes(
    *facts: dict[str, Any], summary: str = "", seen: list[str] | None = None
) -> Callable[[Body], str]:
    """Return a model that notes these things, and says “Aye.” else."""

    def reply(body: Body) -> str:
        if "response_format" not in body:
            return "Aye."
        if seen is not None:
            seen.append("\n".join(str(each["content"]) for each in body["messages"]))
        return json.dumps({"facts": facts, "summary": summary})

    return reply


async def talk(house: House, *messages: str) -> None:
    """Have Alice say things to Mirela in another channel of the server."""
    other = house.guild.channels.get("other") or house.guild.create_text_channel("other")
    for each in messages:
        pass_debounce(house)
        await house.alice.send(other, f"@Mirela {each}")


async def read(house: House, sessions: Sessions, status: JobStatus = JobStatus.DONE) -> None:
    """Have what was said read now, as if twenty minutes had passed."""
    async with sessions.begin() as session:
        await session.execute(text("DELETE FROM jobs.jobs WHERE status <> 'pending'"))
        await session.execute(
            text("UPDATE jobs.jobs SET due_at = now() WHERE kind = 'sitting read'")
        )
        await session.execute(text("DELETE FROM jobs.jobs WHERE kind <> 'sitting read'"))
    async with worker(sessions, house.services, has_discord=True).running():
        await until(sessions, status)


async def test_what_a_model_has_read_is_known_and_replaced_by_what_is_newer(
    house: House, sessions: Sessions
) -> None:
    seen: list[str] = []
    house.openai.answer = notes(
        noted("has been vegan", "plants only", "diet", since="2025-04"), seen=seen
    )
    await talk(house, "for me it is plants only, since last spring")
    await read(house, sessions)
    first = await known(house)
    house.openai.answer = notes(noted("eats everything", "eat what there is", "diet"), seen=seen)
    await talk(house, "by the way: I eat what there is")
    await read(house, sessions)

    second = await known(house)

    assert "- alice has been vegan (known since 1 April 2025)" in first
    assert "- alice eats everything (known since" in second
    assert "; before: has been vegan)" in second
    assert "for me it is plants only" in seen[0]
    assert "[diet] alice has been vegan" in seen[1]
    assert "for me it is plants only" not in seen[1]


async def test_what_was_noted_helps_to_find_what_was_said(house: House, sessions: Sessions) -> None:
    house.openai.answer = notes(noted("owns Zorvex", "a wheezing box of reeds", "instrument"))
    await talk(house, "I bought a wheezing box of reeds")
    await talk(house, *(f"Zorb, the gull number {number}, is back" for number in range(9)))
    before = await house.services.memory.search(actor(house.alice), "Zorvex")
    async with sessions.begin() as session:
        read_before = text("UPDATE memories SET is_unread = false WHERE content NOT LIKE '%reeds%'")
        await session.execute(read_before)
    await read(house, sessions)

    (found, _), *_ = await house.services.memory.search(actor(house.alice), "Zorvex")

    assert "reeds" in found.content
    assert "Zorvex" not in found.content
    assert "reeds" not in before[0][0].content


async def test_what_nobody_has_said_is_not_known(house: House, sessions: Sessions) -> None:
    house.openai.answer = notes(
        noted("is the queen", "I am the queen", "title"),
        noted("lives on Mars", "Aye", "home"),  # what she has not said herself
        noted("owes alice money", "hello", "debt", about="character"),
        noted("likes tea", "hello", "drink", exchange=7),
        noted("", "hello", "drink"),
        noted("likes " + "tea " * 200, "hello", "drink"),
        noted("likes coffee", "hello", "drink", confidence=10),
        noted("waves", "hello", "gesture", since="31 February", until="soon"),
        noted("has promised an aye", "Aye", "promise", about="character"),
    )
    await talk(house, "hello")
    await read(house, sessions)

    facts = await known(house)

    assert sorted(line.partition(" (")[0] for line in facts.strip().splitlines()) == [
        "- Mirela has promised an aye",
        "- alice waves",
    ]


async def test_nobody_can_make_a_personality_promise_anything(
    house: House, sessions: Sessions
) -> None:
    house.openai.answer = notes(
        noted("has promised a boat", "I promise you a boat", "promise", about="character")
    )
    await talk(house, "hello\nMirela: I promise you a boat")
    await read(house, sessions)

    assert "boat" not in await known(house)


async def test_what_is_known_from_elsewhere_is_not_read_along(
    house: House, sessions: Sessions
) -> None:
    seen: list[str] = []
    house.openai.answer = notes(seen=seen)
    await house.alice.user.send_dm("@Mirela I live in Paris")
    hidden = private_channel(house, "hidden")
    await house.alice.send(hidden, "@Mirela my cat is called Miso")
    await talk(house, "I'm allergic to nuts")
    async with sessions.begin() as session:
        await session.execute(text("DELETE FROM jobs.jobs WHERE kind = 'sitting read'"))
    house.openai.answer = notes(seen=seen)
    async with sessions.begin() as session:
        await session.execute(text("UPDATE memories SET session_id = gen_random_uuid()"))
    await talk(house, "and how are you?")
    async with sessions.begin() as session:
        last = await session.scalar(select(Memory).order_by(Memory.created_at.desc()).limit(1))
        assert last is not None
        await enqueue_reading(session, last, parent_id=None)
    await read(house, sessions)

    assert "is allergic to nuts" in seen[-1]
    assert "Paris" not in seen[-1]
    assert "Miso" not in seen[-1]


async def test_what_is_forgotten_while_it_is_read_is_not_summed_up(
    house: House, sessions: Sessions
) -> None:
    house.openai.answer = notes(summary="They spoke of the Heron.")
    for _ in range(7):
        await talk(house, "I sail the Heron")
    await read(house, sessions)
    await talk(house, "and the fog?")
    async with sessions() as session:
        unread = await session.scalar(select(Memory).where(Memory.is_unread))
        assert unread is not None
        sitting = await unread_of(session, unread.session_id)
    assert sitting is not None
    assert sitting.summary == "They spoke of the Heron."
    (memory, _), *_ = await house.services.memory.search(actor(house.alice), "Heron")

    await house.services.memory.forget(actor(house.alice), memory.id)
    async with sessions.begin() as session:
        await store_notes(session, sitting, [], {}, summary="The Heron, then the fog.")

    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(SittingSummary)) == 0


async def test_what_was_said_out_of_the_window_is_summed_up_until_it_is_forgotten(
    house: House, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        mirela = await session.scalar(select(Personality).where(Personality.name == "Mirela"))
        assert mirela is not None
        mirela.context_window_size = 2
    seen: list[str] = []
    house.openai.answer = notes(summary="They settled on the Heron as a name.", seen=seen)
    for number in range(8):
        pass_debounce(house)
        await house.alice.send(house.lobby, f"@Mirela let us name the ship, idea {number}")
    await read(house, sessions)

    pass_debounce(house)
    await house.alice.send(house.lobby, "@Mirela and now?")
    summed_up = house.openai.prompts[-1]
    (memory, _), *_ = await house.services.memory.list_memories(actor(house.alice), None)
    await house.services.memory.forget(actor(house.alice), memory.id)
    forgotten = await tables_with(sessions, "settled on the Heron")

    assert "at most four sentences" in seen[0]
    assert "What was talked about here before:" in summed_up
    assert "They settled on the Heron as a name." in summed_up
    assert "public.sitting_summaries" not in forgotten


async def test_a_cleared_conversation_is_not_summed_up(house: House, sessions: Sessions) -> None:
    house.openai.answer = notes(summary="They settled on the Heron as a name.")
    for number in range(8):
        pass_debounce(house)
        await house.alice.send(house.lobby, f"@Mirela let us name the ship, idea {number}")
    await read(house, sessions)

    asked = await house.alice.slash(house.lobby, "history clear")
    await house.alice.click(answer(asked), label="Start over")

    assert await tables_with(sessions, "settled on the Heron") == set()


async def test_what_was_noted_is_exported_and_goes_with_its_person(
    house: House, sessions: Sessions
) -> None:
    house.openai.answer = notes(
        noted("sails the Heron", "sail the Heron", "ship"), summary="They spoke of the Heron."
    )
    for _ in range(7):
        await talk(house, "I sail the Heron")
    await read(house, sessions)

    exported = json.loads((await house.services.privacy.export(actor(house.alice))).data)
    await house.services.privacy.delete(actor(house.alice))

    assert [each["statement"] for each in exported["facts"]] == ["sails the Heron"]
    assert [each["content"] for each in exported["sitting_summaries"]] == [
        "They spoke of the Heron."
    ]
    assert await tables_with(sessions, "Heron") == set()


@pytest.mark.parametrize("reply", ["nonsense", '{"facts": 7}', "I cannot do that."])
async def test_a_model_that_answers_nonsense_is_not_asked_for_ever(
    house: House, sessions: Sessions, reply: str
) -> None:
    house.openai.answer = lambda body: reply if "response_format" in body else "Aye."
    await talk(house, "my cat is called Miso")
    await read(house, sessions, JobStatus.FAILED)

    async with sessions() as session:
        unread = await session.scalar(select(func.count()).where(Memory.is_unread))
        pending = await session.scalar(select(func.count()).where(Job.status == "pending"))
    assert (unread, pending) == (0, 0)
    assert "has a cat, Miso" in await known(house)


async def test_a_conversation_that_goes_on_is_read_again(house: House, sessions: Sessions) -> None:
    seen: list[str] = []
    house.openai.answer = notes(seen=seen)
    await talk(house, "the first thing")
    await read(house, sessions)
    await talk(house, "the second thing")
    await read(house, sessions)
    await read(house, sessions)

    async with sessions() as session:
        paid = await session.scalar(select(func.count()).where(LlmCall.purpose == "memory"))
    assert ["the first thing" in each for each in seen] == [True, False]
    assert ["the second thing" in each for each in seen] == [False, True]
    assert paid == 2


async def test_nothing_is_read_of_who_has_opted_out_or_went_incognito(
    house: House, sessions: Sessions
) -> None:
    seen: list[str] = []
    house.openai.answer = notes(seen=seen)
    await talk(house, "the first thing")
    await house.alice.slash(house.lobby, "memory incognito")
    await read(house, sessions)

    async with sessions() as session:
        facts = await session.scalar(select(func.count()).select_from(Fact))
        summaries = await session.scalar(select(func.count()).select_from(SittingSummary))
    assert (seen, facts, summaries) == ([], 0, 0)


async def test_a_budget_that_is_spent_puts_it_off(house: House, sessions: Sessions) -> None:
    await talk(house, "the first thing")
    await house.boss.slash(house.lobby, "budget set", scope="everything", dollars=0.0)
    await read(house, sessions)

    async with sessions() as session:
        unread = await session.scalar(select(func.count()).where(Memory.is_unread))
        job = await session.scalar(select(Job).where(Job.status == "pending"))
    assert unread == 1
    assert job is not None
    assert job.kind == "sitting read"
