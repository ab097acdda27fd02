"""Nothing is lost or sent twice, whenever the process is killed."""

from db.models import Memory
from db.session import Sessions
from services.embeddings import WordLlamaEmbedder
from services.llm import LanguageModels
from tests.cogs.concurrent import answers, hold, pass_debounce, post, restart, until_written
from tests.cogs.conftest import House


async def test_a_message_that_was_being_answered_is_known_to_the_next_answer(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    await house.alice.send(house.lobby, "@Mirela hello")
    pass_debounce(house)
    held = hold(house, "Never said.")
    post(house, house.alice, house.lobby, "@Mirela my boat is the Heron")
    await held.requested.wait()

    await restart(house, sessions, models, embedder)
    held.set()
    house.openai.says("The Heron, you said.")
    await house.bob.send(house.lobby, "@Mirela which boat?")

    assert answers(house.lobby) == ["Aye.", "The Heron, you said."]
    assert house.openai.prompts[-1].count("alice: @Mirela my boat is the Heron") == 1
    assert house.openai.prompts[-1].count("alice: @Mirela hello") == 1


async def test_the_first_message_of_a_channel_is_not_lost_either(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    held = hold(house, "Never said.")
    post(house, house.alice, house.lobby, "@Mirela my boat is the Heron")
    await held.requested.wait()

    await restart(house, sessions, models, embedder)
    await house.bob.send(house.lobby, "@Mirela which boat?")

    assert answers(house.lobby) == ["Aye."]
    assert "alice: @Mirela my boat is the Heron" in house.openai.prompts[-1]


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
