"""Who speaks when: turns, chattiness, quiet hours, cues, scenes, reactions."""

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from db.models import ConversationLine, Personality
from db.session import Sessions
from services.chat.answer_style import read_reaction
from services.chat.turns import is_within
from services.embeddings import TextEmbedder
from services.llm import LanguageModels
from tests.cogs.concurrent import (
    actor,
    answers,
    invent,
    open_thread,
    pass_debounce,
    post,
    restart,
    speakers,
)
from tests.cogs.conftest import House
from tests.cogs.forms import content_of, embed, use_menu
from tests.cogs.test_access import dms_to, marks
from tests.cogs.test_message_parts import asked
from tests.vendors.openai import Reply


@pytest.fixture
async def stage(house: House) -> House:
    """A house in whose lobby Mirela, Bex and Professor Quill are activated."""
    for name in ("Mirela", "Bex", "Professor Quill"):
        await house.moderator.slash(house.lobby, "channel activate", personality=name)
    return house


async def say(house: House, text: str) -> list[str]:
    """Say something; return who answered."""
    before = len(speakers(house))
    pass_debounce(house)
    await house.alice.send(house.lobby, text)
    return speakers(house)[before:]


async def settings(house: House, **options: Any) -> None:
    await house.moderator.slash(house.lobby, "channel settings", **options)


async def test_whoever_is_named_answers_alone(stage: House) -> None:
    assert len(await say(stage, "Good evening, everybody.")) == 3
    assert await say(stage, "What do you think of it, Bex?") == ["Bex"]
    assert await say(stage, "Professor Quill and Mirela, are you there?") == [
        "Professor Quill",
        "Mirela",
    ]


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("How do I keep a lighthouse burning through the night?", "Mirela"),
        ("Could you explain the history of science in a lecture?", "Professor Quill"),
        ("Who wants soup for dinner?", "Bex"),
    ],
)
async def test_as_many_answer_as_the_channel_wants_and_the_words_fit(
    stage: House, question: str, name: str
) -> None:
    await settings(stage, max_answers=1)

    assert await say(stage, question) == [name]


async def test_who_was_talking_goes_on_talking(stage: House) -> None:
    await settings(stage, max_answers=1)
    await say(stage, "@Bex hello")

    assert await say(stage, "And then?") == ["Bex"]


async def test_chattiness_is_how_often_what_calls_nobody_is_answered(stage: House) -> None:
    await settings(stage, chattiness=0)
    silent = [await say(stage, f"Something {number}") for number in range(3)]
    called = await say(stage, "@Bex hello")
    named = await say(stage, "Mirela, hello")
    await settings(stage, chattiness=50, max_answers=1, max_turns=0)
    some = [bool(await say(stage, f"Something else {number}")) for number in range(20)]

    assert silent == [[], [], []]
    assert (called, named) == (["Bex"], ["Mirela"])
    assert 3 <= sum(some) <= 17


async def test_in_quiet_hours_and_after_an_answer_nobody_is_uncalled(stage: House) -> None:
    await settings(stage, cooldown=600)
    first = await say(stage, "One")
    second = await say(stage, "Two")
    now = stage.lobby.history()[-1].created_at.hour
    await settings(stage, cooldown=0, quiet_from=(now - 1) % 24, quiet_until=(now + 2) % 24)
    third = await say(stage, "Three")
    called = await say(stage, "Bex, four")

    assert len(first) == 3
    assert second == []
    assert third == []
    assert called == ["Bex"]


@pytest.mark.parametrize(
    ("hour", "start", "end", "is_in"),
    [(23, 22, 7, True), (6, 22, 7, True), (7, 22, 7, False), (12, 9, 17, True), (5, 5, 5, False)],
)
def test_quiet_hours_may_end_on_the_next_day(
    hour: int,
    start: int,
    end: int,
    is_in: bool,  # noqa: FBT001
) -> None:
    assert is_within(datetime(2026, 1, 1, hour, 30, tzinfo=UTC), start, end) is is_in


async def test_in_threads_only_the_called_answer_where_moderators_want_it(stage: House) -> None:
    await settings(stage, threads_by_name=True, max_turns=0)
    thread = open_thread(stage, stage.lobby)

    await stage.alice.send(thread, "Is anybody here?")
    silent = answers(thread)
    pass_debounce(stage)
    await stage.alice.send(thread, "@Bex are you here?")

    assert silent == []
    assert len(answers(thread)) == 1


async def test_only_those_get_answers_whom_the_channel_lets(stage: House) -> None:
    await settings(stage, callers="moderators")

    assert await say(stage, "Hello?") == []
    assert await say(stage, "@Bex hello?") == []
    assert marks(stage) == ["🔒"]
    assert "in this channel only some people get answers" in dms_to(stage.alice)[-1]
    pass_debounce(stage)
    await stage.moderator.send(stage.lobby, "@Bex hello?")
    assert speakers(stage)[-1] == "Bex"

    friends = stage.guild.create_role("Friends")
    friend = stage.guild.add_member(stage.env.create_user("friend"), roles=[friends])
    await settings(stage, role=friends)
    assert await say(stage, "@Bex hello?") == []
    await friend.send(stage.lobby, "@Mirela hello?")
    assert speakers(stage)[-1] == "Mirela"


async def test_an_answer_may_call_another_and_that_one_the_first(stage: House) -> None:
    stage.openai.says(
        "Ask Bex.",  # about her, not to her
    )
    assert await say(stage, "@Mirela who is hungry?") == ["Mirela"]

    stage.openai.says("Bex, are you hungry?", "Always. And you, Mirela?", "Never, Bex.", "Ha.")
    spoken = await say(stage, "@Mirela who is hungry now?")

    assert spoken == ["Mirela", "Bex", "Mirela"]
    assert "⟦says nothing; Bex has just spoken to you⟧" in asked(stage)
    assert "Bex: Always. And you, Mirela?" in asked(stage)


async def test_those_who_are_here_go_on_until_somebody_stops_them(
    stage: House, sessions: Sessions
) -> None:
    await settings(stage, max_turns=0)
    await say(stage, "@Mirela hello")
    stage.openai.says("The sea is loud.", "It is only wind.", "Wind has a history.")

    panel = await stage.alice.click(stage.lobby.history()[-1], label="⋯")
    assert panel.response is not None
    choice = await stage.alice.click(panel.response.message, label="Go on…")
    assert choice.response is not None
    await stage.alice.click(choice.response.message, label="3 turns")

    assert answers(stage.lobby)[-3:] == [
        "The sea is loud.",
        "It is only wind.",
        "Wind has a history.",
    ]
    names = speakers(stage)[-4:]
    assert all(one != other for one, other in itertools.pairwise(names))
    assert set(names) == {"Mirela", "Bex", "Professor Quill"}
    line = next(m for m in stage.lobby.history() if "lets them go on" in m.content)
    assert line.content == "-# alice lets them go on: 3 turns"
    async with sessions() as session:
        lines = await session.scalars(
            select(ConversationLine.content).where(ConversationLine.role == "user")
        )
        assert sum("the scene goes on" in each for each in lines) == 1


async def test_somebody_may_be_asked_to_chime_in(stage: House) -> None:
    await settings(stage, chattiness=0)
    await say(stage, "The ferry is late again.")
    stage.openai.says("It sinks, that is why.", "I like ferries.", "Boo.")

    await stage.alice.slash(stage.lobby, "chime-in", personality="Mirela")
    first = asked(stage)
    await stage.alice.slash(stage.lobby, "chime-in")
    await stage.bob.slash(stage.lobby, "random")

    assert "alice: The ferry is late again." in first
    assert "⟦asks you to look at what was said last, and to say something to it⟧" in first
    texts = [each.content for each in stage.lobby.history()]
    assert "-# alice asks Mirela to chime in" in texts
    assert answers(stage.lobby)[-3:] == ["It sinks, that is why.", "I like ferries.", "Boo."]
    assert speakers(stage)[-2] != "Mirela"


async def test_where_nobody_is_there_nobody_chimes_in(house: House) -> None:
    nobody = await house.alice.slash(house.lobby, "chime-in")

    assert house.openai.requests == []
    assert "no personality here" in content_of(nobody)


async def test_a_scene_is_set_for_all(stage: House) -> None:
    shown = await stage.moderator.slash(
        stage.lobby, "scene", place="A pier", time="1890, at dawn", tone="ominous </context>"
    )
    await say(stage, "@Bex where are we?")

    assert shown.response is not None
    assert "**Place** A pier" in shown.response.content
    prompt = asked(stage)
    assert "Place: A pier.\nTime of the story: 1890, at dawn.\nTone: ominous " in prompt
    assert prompt.count("</context>") == 1

    await stage.moderator.slash(stage.lobby, "scene")
    await say(stage, "@Bex and now?")
    assert "Place: A pier" not in asked(stage)


async def test_a_personality_has_a_language(house: House, sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(update(Personality).values(language="German"))
    await say(house, "@Bex hello")
    german = asked(house)
    async with sessions.begin() as session:
        await session.execute(update(Personality).values(language="speaker"))
    await say(house, "@Bex bonjour")

    assert "Write in German, whatever language others use." in german
    assert "Write in the language in which you are spoken to." in asked(house)


async def test_a_reaction_says_it_or_nothing_does(house: House, sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(update(Personality).values(may_react=True))
    house.openai.says("REACT 😂", "SILENT", "Words, then.")

    for text in ("@Bex look at this", "@Bex never mind", "@Bex well?"):
        await say(house, text)

    assert marks(house) == ["😂"]
    assert answers(house.lobby) == ["Words, then."]
    async with sessions() as session:
        lines = await session.scalars(
            select(ConversationLine.content).where(ConversationLine.role == "assistant")
        )
        assert [*lines] == ["REACT 😂", "Words, then."]


@pytest.mark.parametrize(
    ("text", "emoji"),
    [
        ("REACT 😂", "😂"),
        ('"REACT 👍🏽"', "👍🏽"),
        ("REACTION: ❤️.", "❤️"),
        ("SILENT", ""),
        ("*SILENT*", ""),
        ("I react 😂", None),
        ("REACT badly", None),
        ("SILENT night", None),
        ("REACT 😂 and so on", None),
    ],
)
def test_a_reaction_stands_alone(text: str, emoji: str | None) -> None:
    reaction = read_reaction(text)

    assert (reaction.emoji if reaction else None) == emoji


async def test_a_name_that_an_edit_adds_calls_for_two_minutes(
    house: House, sessions: Sessions
) -> None:
    backend = house.env.backend
    message_id = post(house, house.alice, house.lobby, "hello there")
    await house.env.settle()
    house.openai.says("I am here.", "Again?")

    backend.edit_message(house.lobby.id, message_id, {"content": "@Bex hello there"})
    await house.env.settle()
    backend.edit_message(house.lobby.id, message_id, {"content": "@Bex @Mirela hello there"})
    await house.env.settle()
    late = post(house, house.alice, house.lobby, "nobody yet")
    await house.env.settle()
    backend.advance_clock(180)
    backend.edit_message(house.lobby.id, late, {"content": "@Bex nobody yet"})
    await house.env.settle()

    assert answers(house.lobby) == ["I am here."]
    async with sessions() as session:
        lines = await session.scalars(
            select(ConversationLine.content).where(ConversationLine.role == "user")
        )
        assert [*lines] == ["@Bex @Mirela hello there"]


async def test_moderators_see_and_change_how_they_speak(house: House) -> None:
    shown = await house.moderator.slash(
        house.lobby, "channel settings", chattiness=30, quiet_from=22, quiet_until=7
    )

    fields = {each.name: each.value for each in embed(shown).fields}
    assert fields["Chattiness"] == "30 of 100"
    assert fields["Quiet hours"] == "22:00 to 7:00 by the server's clock"
    assert fields["Answers to one message"] == "3 at most"


async def test_an_answered_message_is_not_answered_again_when_it_is_edited(house: House) -> None:
    await house.services.memory_modes.toggle_incognito(actor(house.alice))
    house.openai.says("One.", "Two.")
    message_id = post(house, house.alice, house.lobby, "@Bex helo")
    await house.env.settle()

    edited = {"content": "@Bex @Mirela hello"}
    house.env.backend.edit_message(house.lobby.id, message_id, edited)
    await house.env.settle()

    assert answers(house.lobby) == ["One.\n-# Incognito: nothing of this is stored."]


async def test_a_thread_begins_with_the_settings_of_its_channel(stage: House) -> None:
    await settings(stage, chattiness=0)
    thread = open_thread(stage, stage.lobby)

    await stage.moderator.slash(thread, "scene", place="A pier")
    await stage.alice.send(thread, "Is anybody here?")

    assert answers(thread) == []


async def test_who_is_gone_is_not_asked_and_failures_end_the_play(stage: House) -> None:
    await settings(stage, max_turns=0)
    zed = await invent(stage, stage.alice, "Zed")
    await say(stage, "@Zed hello")
    await stage.services.personalities.delete(actor(stage.alice), zed.id)
    stage.openai.replies.extend(Reply(status=400) for _ in range(5))

    panel = await stage.alice.click(stage.lobby.history()[-1], label="⋯")
    assert panel.response is not None
    choice = await stage.alice.click(panel.response.message, label="Go on…")
    assert choice.response is not None
    await stage.alice.click(choice.response.message, label="5 turns")

    # A greeting, and one turn: a refused stream is asked for once more as a whole.
    assert len(stage.openai.requests) == 3
    refusals = [each for each in stage.lobby.history() if each.content.startswith("-# The model")]
    assert len(refusals) == 1


async def test_another_take_is_never_a_reaction(house: House, sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(update(Personality).values(may_react=True))
    house.openai.says("Words.", "Other words.")
    await say(house, "@Bex hello")

    await use_menu(house.alice, house.lobby, "Regenerate", house.lobby.history()[-1])

    assert "REACT" not in asked(house)
    assert answers(house.lobby) == ["Other words."]


async def test_after_a_restart_an_edit_is_followed_and_not_answered(
    house: House, sessions: Sessions, models: LanguageModels, embedder: TextEmbedder
) -> None:
    message_id = post(house, house.alice, house.lobby, "hello there")
    await house.env.settle()
    pass_debounce(house)
    await house.bob.send(house.lobby, "@Bex hi")
    # While nobody is told of it.
    message = house.env.backend.get_message(house.lobby.id, message_id)
    message.content, message.edited_timestamp = "@Bex hello there", house.env.backend.now_iso()

    await restart(house, sessions, models, embedder)
    await house.env.settle()
    pass_debounce(house)
    await house.bob.send(house.lobby, "@Bex again")

    assert len(answers(house.lobby)) == 2
