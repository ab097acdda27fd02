"""Nothing is lost or sent twice, whenever the process is killed."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import select, update

from db.models import ConversationLine, Memory, OpenAnswer
from db.session import Sessions
from services.embeddings import WordLlamaEmbedder
from services.llm import LanguageModels
from tests.cogs.concurrent import answers, hold, pass_debounce, post, restart, until_written
from tests.cogs.conftest import House


@contextmanager
def unheard(house: House) -> Generator[Any]:
    """Let something happen on Discord of which the bot hears nothing, as if it were down."""
    backend: Any = house.env.backend
    with patch.object(backend, "emit"):
        yield backend


async def test_a_message_that_was_being_answered_is_answered_after_the_restart(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    await house.alice.send(house.lobby, "@Mirela hello")
    pass_debounce(house)
    held = hold(house, "Never said.")
    post(house, house.alice, house.lobby, "@Mirela my boat is the Heron")
    await held.requested.wait()

    house.openai.says("A fine boat, the Heron.")
    await restart(house, sessions, models, embedder)
    held.set()
    await house.env.settle()
    house.openai.says("The Heron, you said.")
    await house.bob.send(house.lobby, "@Mirela which boat?")

    assert answers(house.lobby) == ["Aye.", "A fine boat, the Heron.", "The Heron, you said."]
    assert house.openai.prompts[-1].count("alice: @Mirela my boat is the Heron") == 1
    assert house.openai.prompts[-1].count("alice: @Mirela hello") == 1


async def test_the_first_message_of_a_channel_is_not_lost_either(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    held = hold(house, "Never said.")
    post(house, house.alice, house.lobby, "@Mirela my boat is the Heron")
    await held.requested.wait()

    await restart(house, sessions, models, embedder)
    await house.env.settle()

    assert answers(house.lobby) == ["Aye."]
    assert "alice: @Mirela my boat is the Heron" in house.openai.prompts[-1]


async def test_what_is_asked_before_it_has_caught_up_is_answered_once(
    house: House, sessions: Sessions
) -> None:
    held = hold(house, "A fine boat.")
    post(house, house.alice, house.lobby, "@Mirela my boat is the Heron")
    await held.requested.wait()
    await until_written(sessions, OpenAnswer)

    await house.services.chat.catch_up(lambda _: True)
    held.set()
    await house.env.settle()

    assert answers(house.lobby) == ["A fine boat."]
    assert house.openai.prompts[-1].count("my boat is the Heron") == 1


@pytest.mark.parametrize("change", ["deleted", "answered", "old"])
async def test_what_needs_no_answer_any_more_is_not_answered(
    house: House,
    sessions: Sessions,
    models: LanguageModels,
    embedder: WordLlamaEmbedder,
    change: str,
) -> None:
    held = hold(house, "Never said.")
    message_id = post(house, house.alice, house.lobby, "@Mirela my boat is the Heron")
    await held.requested.wait()
    await until_written(sessions, OpenAnswer)
    if change == "answered":
        held.set()
        await house.env.settle()
    async with sessions.begin() as session:
        left = len((await session.scalars(select(OpenAnswer))).all())
        await session.execute(
            update(OpenAnswer).values(started_at=datetime.now(UTC) - timedelta(minutes=16))
            if change == "old"
            else select(1)
        )

    if change == "deleted":
        with unheard(house) as backend:
            backend.delete_message(house.lobby.id, message_id)
    await restart(house, sessions, models, embedder)
    await house.env.settle()

    assert answers(house.lobby) == (["Never said."] if change == "answered" else [])
    assert left == (0 if change == "answered" else 1)
    async with sessions() as session:
        assert (await session.scalars(select(OpenAnswer))).all() == []


@pytest.mark.parametrize("is_used_first", [True, False])
async def test_what_was_deleted_or_edited_meanwhile_is_followed(
    house: House,
    sessions: Sessions,
    models: LanguageModels,
    embedder: WordLlamaEmbedder,
    *,
    is_used_first: bool,
) -> None:
    gone = await house.alice.send(house.lobby, "@Mirela my code is 1234")
    pass_debounce(house)
    wrong = await house.alice.send(house.lobby, "@Mirela my cat is Tom")
    pass_debounce(house)
    await house.alice.send(house.lobby, "@Mirela my boat is the Heron")

    with unheard(house) as backend:
        backend.delete_message(house.lobby.id, gone.id)
        backend.edit_message(house.lobby.id, wrong.id, {"content": "@Mirela my cat is Rex"})
    await restart(house, sessions, models, embedder)
    if not is_used_first:
        await house.env.settle()
        async with sessions() as session:
            lines = [*await session.scalars(select(ConversationLine.content))]
            memories = [*await session.scalars(select(Memory.content))]
        assert not any("1234" in each for each in [*lines, *memories])
        assert any("Rex" in each for each in lines)
        assert any("Rex" in each for each in memories)
    await house.bob.send(house.lobby, "@Mirela what do you know?")

    prompt = house.openai.prompts[-1]
    assert "1234" not in prompt
    assert "Tom" not in prompt
    assert "my cat is Rex" in prompt
    assert "Heron" in prompt


async def test_a_message_older_than_the_last_answer_is_not_lost(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    quick, slow = hold(house, "Hello yourself."), hold(house, "Never said.")
    post(house, house.bob, house.lobby, "@Mirela hello")
    await quick.requested.wait()
    post(house, house.alice, house.lobby, "@Mirela my boat is the Heron")
    await slow.requested.wait()
    quick.set()
    await until_written(sessions, Memory)

    await restart(house, sessions, models, embedder)
    await house.bob.send(house.lobby, "@Mirela which boat?")

    assert house.openai.prompts[-1].count("alice: @Mirela my boat is the Heron") == 1
    assert house.openai.prompts[-1].count("bob: @Mirela hello") == 1


async def test_the_next_prompt_begins_with_the_same_history(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    await house.alice.send(house.lobby, "@Mirela one")
    await house.alice.send(house.lobby, "@Mirela two")
    await restart(house, sessions, models, embedder)

    await house.alice.send(house.lobby, "@Mirela three")

    before, after = (each["messages"] for each in house.openai.requests[-2:])
    assert after[: len(before) - 1] == before[:-1]
