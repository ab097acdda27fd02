"""Answers that are shown while they are written."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.discord.webhooks import STREAM_NAME
from db.models import ConversationLine, OpenAnswer
from db.session import Sessions
from services.embeddings import WordLlamaEmbedder
from services.llm import LanguageModels
from tests.cogs.concurrent import (
    HeldReply,
    answers,
    hold,
    invent,
    pass_debounce,
    post,
    restart,
    spoken,
)
from tests.cogs.conftest import House
from tests.cogs.forms import press, use_menu
from tests.cogs.test_automod import forbid
from tests.cogs.test_restart import unheard
from tests.vendors.openai import Reply

BEGINNING = (
    "The lamp turns slowly, as it does every night. Ships pass below, one after another, "
    "and nobody aboard looks up."
)
STORY = f"{BEGINNING} But one of them did, once: a boy with a red scarf, and he waved."
# More than is held back.
_SHOWN_WORDS = len(BEGINNING.split(" ")) + 1


def hold_after(house: House, text: str, words: int, *, cut_after: int | None = None) -> HeldReply:
    """Let the model write some words of its next answer and wait then, or break off later."""
    held = HeldReply()
    house.openai.replies.append(Reply(text, hold=held, hold_after=words, cut_after=cut_after))
    return held


async def until(condition: Callable[[], object]) -> None:
    """Wait until something has happened."""
    async with asyncio.timeout(8):
        while not condition():
            await asyncio.sleep(0.02)


async def begin(
    house: House, text: str = STORY, words: int = _SHOWN_WORDS, *, cut_after: int | None = None
) -> HeldReply:
    """Let Alice ask, and Mirela begin an answer that is seen; return what holds its rest."""
    held = hold_after(house, text, words, cut_after=cut_after)
    post(house, house.alice, house.lobby, "@Mirela tell me a story")
    await until(lambda: answers(house.lobby))
    return held


def labels(house: House) -> list[str | None]:
    """Return the buttons below the last message."""
    rows = house.lobby.history()[-1].components
    return [getattr(each, "label", None) for row in rows for each in getattr(row, "children", ())]


async def stored_answers(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        lines = select(ConversationLine.content).where(ConversationLine.role == "assistant")
        return [*await session.scalars(lines)]


async def test_the_first_words_are_seen_before_the_last_are_written(
    house: House, sessions: Sessions
) -> None:
    held = await begin(house)

    first = answers(house.lobby)[0]
    buttons = labels(house)
    held.set()
    await house.env.settle()

    assert STORY.startswith(first)
    assert 0 < len(first) < len(STORY)
    assert (spoken(house.lobby)[-1], buttons) == (("Mirela", STORY), ["✕"])
    assert (answers(house.lobby), labels(house)) == ([STORY], ["⋯"])
    assert await stored_answers(sessions) == [STORY]


async def test_in_a_dm_the_bot_edits_its_own_message(house: House) -> None:
    await house.alice.user.send_dm("@Mirela hello")
    dm = house.alice.user.dm_channel
    pass_debounce(house)
    held = hold_after(house, STORY, _SHOWN_WORDS)
    house.env.backend.create_message(dm.id, house.alice.id, "@Mirela tell me a story")

    await until(lambda: len(dm.history()) > 3)
    first = dm.history()[-1].content
    held.set()
    await house.env.settle()

    assert f"**Mirela:** {STORY}".startswith(first)
    assert dm.history()[-1].content == f"**Mirela:** {STORY}"


async def test_whoever_asked_stops_an_answer_and_what_is_there_stays(
    house: House, sessions: Sessions
) -> None:
    await begin(house)

    pressed = await house.alice.click(house.lobby.history()[-1], label="✕")
    await house.env.settle()

    assert pressed.response is not None
    assert pressed.response.content.startswith("Stopped.")
    (shown,) = answers(house.lobby)
    assert STORY.startswith(shown.removesuffix(" …"))
    assert labels(house) == ["⋯"]
    assert await stored_answers(sessions) == [shown]
    assert house.openai.abandoned.is_set()

    await house.alice.click(pressed.response.message, label="Delete")

    assert answers(house.lobby) == []


async def test_others_cannot_stop_an_answer(house: House) -> None:
    held = await begin(house)

    pressing = asyncio.ensure_future(house.bob.click(house.lobby.history()[-1], label="✕"))
    await asyncio.sleep(0.5)
    held.set()
    pressed = await pressing

    assert pressed.response is not None
    assert "Only the person who was answered" in pressed.response.content
    assert answers(house.lobby) == [STORY]


async def test_a_moderator_stops_an_answer_that_has_no_words_yet(
    house: House, sessions: Sessions
) -> None:
    held = hold_after(house, "I …", 0)
    post(house, house.alice, house.lobby, "@Mirela tell me a story")
    await until(lambda: answers(house.lobby))
    assert answers(house.lobby) == ["-# is thinking …"]

    await house.moderator.click(house.lobby.history()[-1], label="✕")
    await house.env.settle()

    assert answers(house.lobby) == []
    assert await stored_answers(sessions) == []
    assert not held.is_set()


async def test_an_answer_that_fails_after_its_beginning_leaves_an_excuse_only(house: House) -> None:
    held = await begin(house, cut_after=_SHOWN_WORDS + 1)
    house.openai.default = Reply(status=400)

    held.set()
    await house.env.settle()

    assert answers(house.lobby) == []
    assert "openai/gpt-6-luna" in house.lobby.history()[-1].content


async def test_an_answer_that_breaks_off_is_written_anew_in_its_place(house: House) -> None:
    held = await begin(house, cut_after=_SHOWN_WORDS + 1)
    house.openai.says("Another one, then: it is short.")

    held.set()
    await house.env.settle()

    assert answers(house.lobby) == ["Another one, then: it is short."]


async def test_reasoning_is_never_seen(house: House) -> None:
    held = await begin(house, f"<think>{BEGINNING} {BEGINNING}</think>{STORY}", 75)

    seen = answers(house.lobby)
    held.set()
    await house.env.settle()

    assert all(STORY.startswith(each) or each == "-# is thinking …" for each in seen)
    assert answers(house.lobby) == [STORY]


async def test_a_model_that_only_ends_its_reasoning_is_learnt(house: House) -> None:
    house.openai.says(f"alice greets me.</think>{STORY}")
    await house.alice.send(house.lobby, "@Mirela hello")
    pass_debounce(house)
    held = hold_after(house, f"{BEGINNING} {BEGINNING}</think>Aye, a story.", 39)
    post(house, house.alice, house.lobby, "@Mirela tell me a story")
    await until(lambda: len(answers(house.lobby)) == 2)

    seen = answers(house.lobby)[-1]
    held.set()
    await house.env.settle()

    assert (seen, answers(house.lobby)[-1]) == ("-# is thinking …", "Aye, a story.")


async def test_a_second_personality_that_was_interrupted_lets_the_first_not_answer_again(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    house.openai.says("I am first.")
    held = hold_after(house, STORY, _SHOWN_WORDS)
    post(house, house.alice, house.lobby, "@Mirela @Bex hello")
    await until(lambda: len(answers(house.lobby)) == 2)
    requests = len(house.openai.requests)

    await restart(house, sessions, models, embedder)
    held.set()
    await house.env.settle()

    assert answers(house.lobby) == ["I am first."]
    assert "restarted in the middle" in house.lobby.history()[-1].content
    assert len(house.openai.requests) == requests


async def test_a_beginning_goes_although_its_question_is_gone(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    held = await begin(house)
    question = next(each for each in house.lobby.history() if each.author.name == "alice")

    with unheard(house) as backend:
        backend.delete_message(house.lobby.id, question.id)
    await restart(house, sessions, models, embedder)
    held.set()
    await house.env.settle()

    assert answers(house.lobby) == []


async def test_a_webhook_that_is_deleted_in_the_middle_costs_no_answer(
    house: House, sessions: Sessions
) -> None:
    held = await begin(house)
    (live,) = [each for each in house.env.backend.webhooks.values() if each.name == STREAM_NAME]

    house.env.backend.delete_webhook(live.id)
    held.set()
    await house.env.settle()

    assert answers(house.lobby)[-1] == STORY
    assert await stored_answers(sessions) == [STORY]


async def test_what_a_rule_of_the_server_forbids_is_not_seen_either(house: House) -> None:
    await forbid(house, "scarf")
    held = hold_after(house, f"A red scarf. {BEGINNING} {BEGINNING}", 35)
    post(house, house.alice, house.lobby, "@Mirela tell me a story")
    await until(lambda: answers(house.lobby))
    seen = answers(house.lobby)
    house.openai.says("Something else, then.")

    held.set()
    await house.env.settle()

    assert seen == ["-# is thinking …"]
    assert answers(house.lobby) == ["Something else, then."]


@pytest.mark.parametrize("who", ["server", "maker", "user"])
async def test_whoever_does_not_want_it_sees_whole_answers(house: House, who: str) -> None:
    await invent(house, house.bob, "Zed")
    match who:
        case "server":
            await house.moderator.slash(house.lobby, "server settings", streaming=False)
        case "maker":
            await house.bob.slash(
                house.lobby, "personality settings", personality="Zed", streaming=False
            )
        case _:
            await press(house, house.alice, "Answers once whole", "settings")
    held = hold(house, STORY)
    post(house, house.alice, house.lobby, "@Zed tell me a story")
    await asyncio.wait_for(held.requested.wait(), 5)

    await asyncio.sleep(1.7)  # longer than the placeholder takes
    seen = answers(house.lobby)
    held.set()
    await house.env.settle()

    assert (seen, answers(house.lobby)) == ([], [STORY])


@pytest.mark.parametrize("is_stored", [True, False])
async def test_a_beginning_that_a_dead_process_has_left_goes_and_the_question_is_answered(
    house: House,
    sessions: Sessions,
    models: LanguageModels,
    embedder: WordLlamaEmbedder,
    *,
    is_stored: bool,
) -> None:
    held = await begin(house)
    ids: list[list[int]] = [[]]
    async with asyncio.timeout(5), sessions.begin() as session:
        while ids == [[]]:
            ids = [*await session.scalars(select(OpenAnswer.draft_message_ids))]
        if not is_stored:  # it died between sending and storing
            await session.execute(update(OpenAnswer).values(draft_message_ids=[]))

    house.openai.says("Where was I? The lamp.")
    await restart(house, sessions, models, embedder)
    held.set()
    await house.env.settle()

    assert answers(house.lobby) == ["Where was I? The lamp."]
    async with sessions() as session:
        assert (await session.scalars(select(OpenAnswer))).all() == []


async def test_a_beginning_of_long_ago_is_excused(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    held = await begin(house)
    async with sessions.begin() as session:
        long_ago = datetime.now(UTC) - timedelta(minutes=16)
        await session.execute(update(OpenAnswer).values(started_at=long_ago))

    await restart(house, sessions, models, embedder)
    held.set()
    await house.env.settle()

    assert answers(house.lobby) == []
    assert "restarted in the middle of my answer" in house.lobby.history()[-1].content


async def test_an_answer_that_was_streamed_is_changed_after_a_restart(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    held = await begin(house)
    held.set()
    await house.env.settle()
    await restart(house, sessions, models, embedder)
    house.openai.says("Another story, then.")

    await use_menu(house.alice, house.lobby, "Regenerate", house.lobby.history()[-1])
    another = answers(house.lobby)
    await use_menu(house.alice, house.lobby, "Delete", house.lobby.history()[-1])

    assert another == ["Another story, then."]
    assert answers(house.lobby) == []


async def test_a_message_that_is_added_in_one_breath_changes_what_is_shown(house: House) -> None:
    held = await begin(house)
    house.openai.says("A story of cats, then.")

    post(house, house.alice, house.lobby, "@Mirela one with cats")
    await until(lambda: len(house.openai.requests) == 2)
    held.set()
    await house.env.settle()

    assert answers(house.lobby) == ["A story of cats, then."]


async def test_one_answer_a_channel_is_shown_at_a_time(house: House) -> None:
    first = await begin(house)
    second = hold_after(house, f"Second. {STORY}", _SHOWN_WORDS + 1)
    pass_debounce(house)
    post(house, house.bob, house.lobby, "@Mirela and me?")
    await asyncio.wait_for(second.requested.wait(), 5)

    await asyncio.sleep(1)
    while_first = answers(house.lobby)
    first.set()
    await until(lambda: len(answers(house.lobby)) == 2)
    second.set()
    await house.env.settle()

    assert len(while_first) == 1
    assert answers(house.lobby) == [STORY, f"Second. {STORY}"]


@pytest.mark.parametrize(
    "text",
    [
        " ".join("abcde" * 2000),  # 10,000 letters, one at a time
        " ".join("<think>" + "no. " * 400 + "</think> Yes, I do."),
        " ".join(f"{BEGINNING} < think > {BEGINNING} [ THINK ]"),
        "⟦" * 3000 + " and. " + STORY,
        "```" + " a, b. " * 900,
    ],
    ids=["letters", "torn tags", "half tags", "marks", "fence"],
)
async def test_a_strange_stream_ends_as_an_answer_or_in_words(house: House, text: str) -> None:
    house.openai.replies.append(Reply(text))

    post(house, house.alice, house.lobby, "@Mirela go")
    async with asyncio.timeout(60):
        while labels(house) != ["⋯"] and not house.lobby.history()[-1].content.startswith("-# "):
            await asyncio.sleep(0.1)
    await house.env.settle()

    last = house.lobby.history()[-1]
    assert last.content.strip()
    assert len(answers(house.lobby)) <= 4
