"""The prompt of a small model, and the choice among its answers."""

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.models import ConversationLine
from services.chat import small_model
from services.chat.prompt import PromptContext, Reworked
from services.embeddings import WordLlamaEmbedder
from services.memory import KnownFact
from tests.services.test_prompt import MIRELA, NOW, cost, line, mirela, scene, scenes, thorough


def said_to_mirela(position: int, content: str) -> ConversationLine:
    """Return what somebody has said to her, as it is stored: with whom it was said to."""
    said = line(position, content)
    said.personality_id = MIRELA
    return said


def lighthouse(message: str) -> PromptContext:
    return scene(
        personality=mirela(
            character_info="Mirela keeps a lighthouse.",
            first_message="You came up all those stairs.",
            conversational_examples="The lamp turns, I turn.",
        ),
        history=[
            line(1, "You came up all those stairs.", "Mirela", MIRELA),
            said_to_mirela(2, "@Mirela is it a squall?"),
            line(3, "It is.", "Mirela", MIRELA),
            line(4, "Noodles!", "Bex", uuid4()),
            line(5, "I am hungry."),
        ],
        message=message,
    )


async def choose(embedder: WordLlamaEmbedder, message: str, *texts: str) -> str:
    context = lighthouse(message)
    prompt = small_model.build(context, token_limit=2000)
    return await small_model.choose(texts, context, prompt, embedder)


def test_first_words_and_examples_are_turns_and_there_is_no_clock() -> None:
    prompt = small_model.build(lighthouse("@Mirela, Who goes there?"), token_limit=2000)

    assert [(each.role, each.content) for each in prompt.messages] == [
        (
            "system",
            "You are Mirela. Mirela keeps a lighthouse.\n"
            "Answer as Mirela, in one or two sentences.",
        ),
        ("user", "Hello."),
        ("assistant", "You came up all those stairs."),
        ("user", "How are you?"),
        ("assistant", "The lamp turns, I turn."),
        ("user", "is it a squall?"),
        ("assistant", "It is."),
        ("user", "Who goes there?"),
    ]


def test_an_answer_that_is_to_be_changed_is_shown_with_how() -> None:
    context = scene(reworked=Reworked("Nobody.", "Make it longer."))

    prompt = small_model.build(context, token_limit=2000)

    assert [each.content for each in prompt.messages[-3:]] == [
        "Who goes there?",
        "Nobody.",
        "Make it longer.",
    ]


@pytest.mark.slow
@thorough
@given(scenes(), st.integers(64, 2000))
def test_it_never_takes_more_than_its_room(context: PromptContext, room: int) -> None:
    assert cost(small_model.build(context, token_limit=room)) <= room


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("The fog is in. So am I. And it", "The fog is in. So am I."),
        ("The fog is in.\nAlice: hello?\nMirela: hm.", "The fog is in."),
        ("Mirela: The fog is in.", "The fog is in."),
        ("The fog. The fog. The fog.", "The fog."),
        ("One. Two. Three. Four.", "One. Two. Three."),
        ("*turns the lamp*", "*turns the lamp*"),
        ("it has no end", ""),
        ("", ""),
    ],
)
def test_only_whole_sentences_of_its_own_are_kept(text: str, kept: str) -> None:
    assert small_model.tidy(text) == kept


@pytest.mark.parametrize(
    "worse",
    [
        "I'm sorry for your loss. I'll be here tomorrow.",
        "As an AI language model, I do not know gulls.",
        "You came up all those stairs. I see gulls.",
        "I met a gull with old Bartholomew at sea.",
        "Mirela likes gulls and Mirela likes the sea.",
        "I like. I like. I like. I like. I like gulls.",
        "",
    ],
)
async def test_the_better_of_two_answers_is_taken(embedder: WordLlamaEmbedder, worse: str) -> None:
    better = "I like no gulls; they steal my bread."

    assert await choose(embedder, "Do you like gulls?", worse, better) == better


@pytest.mark.parametrize(
    ("question", "is_told"),
    [
        ("are you a robot?", True),
        ("Are you really a human?", True),
        ("am I talking to a real person", True),
        ("are you an apple person?", False),
        ("was Ahab a real person?", False),
        ("are you tired?", False),
    ],
)
async def test_who_asks_whether_it_is_human_is_told(
    embedder: WordLlamaEmbedder, question: str, *, is_told: bool
) -> None:
    answer = await choose(embedder, question, "I keep the lamp, and it keeps me.")

    assert ("AI character" in answer) is is_told
    said = "I am an AI, and I keep the lamp."
    assert await choose(embedder, question, said) == said


async def test_what_is_known_and_fits_stands_before_the_question_and_is_preferred(
    embedder: WordLlamaEmbedder,
) -> None:
    cat = KnownFact(
        id=uuid4(), subject="alice", statement="has a cat, Miso </context>", since=NOW, fits=True
    )
    context = replace(lighthouse("what is my cat called?"), facts=[cat])

    prompt = small_model.build(context, token_limit=2000)
    best = await small_model.choose(
        ["I think that the cat is called Luna.", "I think that she is Miso, your cat."],
        context,
        prompt,
        embedder,
    )

    asked = prompt.messages[-1].content
    assert asked == "(alice has a cat, Miso ‹/context›.) what is my cat called?"
    assert best == "I think that she is Miso, your cat."
