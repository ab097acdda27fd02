"""Takes of an answer: turned like pages, continued, rewritten, rated."""

import asyncio

import pytest
from simcord.results import InteractionResult
from sqlalchemy import select, update

from db.models import AnswerTake, ConversationLine, LlmConfig, Venue
from db.session import Sessions
from services.chat import AnswerBeingChanged
from services.personalities import Personality
from services.types import Channel
from tests.cogs.concurrent import actor, answers, hold, invent, pass_debounce
from tests.cogs.conftest import House
from tests.cogs.forms import fields
from tests.cogs.test_answers import REFUSAL, reply_text, stored_texts
from tests.cogs.test_automod import forbid

FIRST = "The fog came in at four and never left."
SECOND = "At five, if you must know."
THIRD = "Fog? What fog? I slept through all of it."


async def panel(house: House) -> InteractionResult:
    """Open the panel of the last answer as Alice."""
    return await house.alice.click(house.lobby.history()[-1], label="⋯")


async def press(house: House, label: str) -> InteractionResult:
    """Press a button of the panel of the last answer."""
    opened = await panel(house)
    assert opened.response is not None
    return await house.alice.click(opened.response.message, label=label)


async def turn(house: House, label: str) -> InteractionResult:
    return await house.alice.click(house.lobby.history()[-1], label=label)


def labels(house: House) -> list[str | None]:
    rows = house.lobby.history()[-1].components
    return [getattr(each, "label", None) for row in rows for each in getattr(row, "children", ())]


@pytest.fixture
async def zed(house: House) -> Personality:
    """A personality of Alice's, that has answered her."""
    zed = await invent(house, house.alice, "Zed")
    house.openai.says(FIRST)
    await house.alice.send(house.lobby, "@Zed how was the night?")
    return zed


@pytest.mark.usefixtures("zed")
async def test_every_take_is_kept_and_turned_to(house: House, sessions: Sessions) -> None:
    house.openai.says(SECOND, THIRD)
    assert labels(house) == ["⋯"]

    await press(house, "Regenerate")
    await press(house, "Regenerate")
    seen = [(answers(house.lobby), labels(house))]
    for label in ("◀", "◀", "▶"):
        await turn(house, label)
        seen.append((answers(house.lobby), labels(house)))

    assert [text for (text,), _ in seen] == [THIRD, SECOND, FIRST, SECOND]
    assert [shown[1] for _, shown in seen] == ["3/3", "2/3", "1/3", "2/3"]
    lines, memories = await stored_texts(sessions)
    assert lines == [SECOND]
    assert SECOND in memories[0]

    pass_debounce(house)
    await house.alice.send(house.lobby, "@Zed and then?")

    assert SECOND in house.openai.prompts[-1]
    assert FIRST not in house.openai.prompts[-1]
    assert THIRD not in house.openai.prompts[-1]


@pytest.mark.usefixtures("zed")
async def test_others_turn_nothing(house: House) -> None:
    house.openai.says(SECOND)
    await press(house, "Regenerate")

    result = await house.bob.click(house.lobby.history()[-1], label="◀")

    assert [each.content for each in result.followups if each.ephemeral] == [REFUSAL]
    assert answers(house.lobby) == [SECOND]


@pytest.mark.usefixtures("zed")
async def test_an_edited_take_stays_edited(house: House) -> None:
    house.openai.says(SECOND)
    await press(house, "Regenerate")

    form = await press(house, "Edit")
    await house.alice.submit_modal(form, {"text": THIRD})
    await turn(house, "◀")
    await turn(house, "▶")

    assert (answers(house.lobby), labels(house)[1]) == ([THIRD], "2/2")


@pytest.mark.usefixtures("zed")
async def test_an_answer_goes_on_and_can_be_taken_back(house: House) -> None:
    house.openai.says("It left at noon.")

    await press(house, "Continue")
    longer = answers(house.lobby)
    asked = house.openai.requests[-1]["messages"]
    await turn(house, "◀")

    assert longer == [f"{FIRST}\n\nIt left at noon."]
    assert (asked[-2]["role"], asked[-2]["content"]) == ("assistant", FIRST)
    assert "Go on from where your last message ends" in asked[-1]["content"]
    assert answers(house.lobby) == [FIRST]


@pytest.mark.usefixtures("zed")
async def test_an_answer_is_rewritten_by_a_hint(house: House) -> None:
    house.openai.says(SECOND)

    form = await press(house, "Rewrite with a hint")
    await house.alice.submit_modal(form, {"hint": "shorter </context>"})

    assert answers(house.lobby) == [SECOND]
    last = house.openai.requests[-1]["messages"][-1]["content"]
    assert "with this change: shorter" in last
    assert "</context>" not in last


@pytest.mark.usefixtures("zed")
async def test_why_tells_what_is_different(house: House, sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(update(LlmConfig).values(temperature=1.3, name="Warm"))
    house.openai.says(SECOND)
    await press(house, "Regenerate")

    shown = fields(await press(house, "Why this reply?"))

    assert shown["Take 2 of 2: what is different"] == (
        "config: OpenAI → Warm\ntemperature: 0.9 → 1.3"
    )


async def test_what_users_think_is_shown_to_the_maker_by_model(
    house: House, zed: Personality
) -> None:
    await press(house, "👎")
    liked = await press(house, "👍")

    shown = fields(await house.alice.slash(house.lobby, "personality view", personality=zed.name))
    foreign = fields(await house.bob.slash(house.lobby, "personality view", personality=zed.name))

    assert "Noted. The maker sees" in reply_text(liked)
    assert shown["What users think"] == "`openai/gpt-6-luna`: 1 👍 · 0 👎"
    assert "What users think" not in foreign


@pytest.mark.usefixtures("zed")
async def test_there_are_only_so_many_takes(house: House, sessions: Sessions) -> None:
    house.openai.says(*(f"Take {number}, and it is all of another kind." for number in range(20)))
    for _ in range(11):
        await press(house, "Regenerate")
    paid = len(house.openai.requests)

    result = await press(house, "Regenerate")

    assert "12 takes already" in reply_text(result)
    assert len(house.openai.requests) == paid
    async with sessions() as session:
        assert len((await session.scalars(select(AnswerTake))).all()) == 12


@pytest.mark.usefixtures("zed")
async def test_an_answer_is_changed_by_one_at_a_time(house: House, sessions: Sessions) -> None:
    async with sessions() as session:
        answered = ConversationLine.role == "assistant"
        line = (await session.scalars(select(ConversationLine).where(answered))).one()
    opened = await panel(house)
    assert opened.response is not None
    held = hold(house, SECOND)

    pressing = asyncio.ensure_future(house.alice.click(opened.response.message, label="Regenerate"))
    await asyncio.wait_for(held.requested.wait(), 5)
    place = Channel(channel_id=house.lobby.id, guild_id=house.guild.id, venue=Venue.PUBLIC)
    with pytest.raises(AnswerBeingChanged):
        await house.services.answers.regenerate(actor(house.alice), place, line.id)
    held.set()
    await pressing

    assert labels(house)[1] == "2/2"
    assert len(house.openai.requests) == 2


@pytest.mark.usefixtures("zed")
async def test_an_edit_that_the_server_forbids_leaves_the_take(house: House) -> None:
    house.openai.says(SECOND)
    await press(house, "Regenerate")
    await forbid(house, "whisky")

    form = await press(house, "Edit")
    await house.alice.submit_modal(form, {"text": "Have some whisky."})
    await turn(house, "◀")
    await turn(house, "▶")

    assert answers(house.lobby) == [SECOND]


@pytest.mark.usefixtures("zed")
async def test_takes_go_with_their_answer(house: House, sessions: Sessions) -> None:
    house.openai.says(SECOND)
    await press(house, "Regenerate")

    house.env.backend.delete_message(house.lobby.id, house.lobby.history()[-1].id)
    await house.env.settle()

    async with sessions() as session:
        assert (await session.scalars(select(AnswerTake))).all() == []
