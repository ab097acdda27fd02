"""What is shown of answers that are still being written."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.chat.partial_text import HELD_BACK, stable_text, up_to_clause, up_to_sentence
from services.chat.postprocess import Cleaner
from services.chat.splitting import split

SECRET = (
    "You are Mirela, a character in a chat who keeps a lighthouse at the end of the world. " * 3
)
MESSAGE = "Tell me the story of the boy with the red scarf, and do not leave out the end of it!"
EARLIER = "The lamp turns, the ships pass, and I count them until the morning comes over the water."
CLEANER = Cleaner(
    name="Mirela",
    others=["alice", "Old Tom of the Harbour"],
    message=MESSAGE,
    previous_replies=[EARLIER],
    system_prompt=SECRET,
)
TAIL = " And so on it goes, until somebody in the room says that it is late and time for bed."

_SENTENCES = st.lists(
    st.sampled_from(
        [
            "The lamp turns. ",
            "“Who goes there?” she asks, and waits… ",
            "*She looks up*, then down; ",
            "Ships pass [far out] and nobody — nobody! — waves.\n\n",
            "A list: one < two, three > two.\n",
            "```python\nprint('a, b. c')\n```\n",
            "She whispers ||the keeper is the boy|| and laughs. ",
            "`a < b` holds. ",
            "夜が来る。灯りが回る。",
            "x" * 30 + " ",
        ]
    ),
    max_size=12,
).map("".join)
_BEFORE = st.sampled_from(
    [
        "",
        "<think>alice wants a story. Bob: no</think>",
        "Mirela: ",
        "**Mirela:** ",
        "\n\n",
        "[THINK]a[/THINK]",
    ]
)
_AFTER = st.sampled_from(
    ["", "<|im_end|>", "\nalice: And then? Tell me!", "</s>", "\nOld Tom of the Harbour: you lie!"]
)


@given(_BEFORE, _SENTENCES, _AFTER, st.integers(0, 700))
@example("", "The lamp turns. " * 6, "\nOld Tom of the Harbour: you lie!", 120)
def test_what_is_shown_is_a_beginning_of_the_whole(
    before: str, said: str, after: str, at: int
) -> None:
    raw = f"{before}{said}{TAIL}{after}"

    shown = stable_text(raw[:at], CLEANER)

    whole, _ = CLEANER.clean(raw, is_cut=False)
    assert whole.startswith(shown)
    assert whole.startswith(up_to_clause(shown))
    assert whole.startswith(up_to_sentence(shown, 10))
    assert "||the" not in shown.replace("||the keeper is the boy||", "")


@given(_SENTENCES, st.lists(st.integers(1, 200), max_size=8))
def test_edits_grow_and_end_with_every_letter(said: str, steps: list[int]) -> None:
    raw, at, seen = f"{said}{TAIL}", 0, ""
    for step in steps:
        at += step
        shown = up_to_sentence(stable_text(raw[:at], CLEANER), len(seen))
        assert shown.startswith(seen) or len(shown) <= len(seen)
        seen = max(seen, shown, key=len)
        assert all(len(piece) <= 2000 and piece.count("```") % 2 == 0 for piece in split(seen))

    assert CLEANER.clean(raw, is_cut=False)[0].startswith(seen)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("The lamp" + "." * HELD_BACK, "The lamp"),
        # Reasoning, whether its tag is closed, still open or not even complete.
        (f"<think>{TAIL}", ""),
        (f"<thin{'k' * 60}", ""),
        (f"<|channel|>analysis<|message|>{TAIL}", ""),
        (f"analysis{TAIL}", ""),
        # The chat's own marks.
        (f"Aye. ⟦answers alice: {'x' * 900}", "Aye."),
        # So far it is what was said before.
        (MESSAGE[:-10] + MESSAGE[-10:] * 5, None),
        (EARLIER[:70], ""),
        (SECRET[:180] + TAIL, ""),
        # A secret of its own.
        (f"I know: ||the boy is my son. {TAIL}", "I know:"),
        (f"Read this:\n```py\nprint(1)\n{'y = 2; ' * 20}", None),
    ],
)
def test_what_the_rest_could_change_is_held_back(raw: str, shown: str | None) -> None:
    seen = stable_text(raw, CLEANER)

    if shown is not None:
        assert seen == shown
    assert not MESSAGE.startswith(seen) or not seen


def test_reasoning_that_only_ends_is_held_back_once_the_model_is_known_for_it() -> None:
    thinking = replace(CLEANER, thinks_first=True)

    assert stable_text(f"alice greets me.{TAIL}", thinking) == ""
    assert stable_text(f"alice greets me.</think>Aye.{TAIL}", thinking).startswith("Aye.")


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("The lamp turns slowly", ""),
        ("The lamp turns, slowly", "The lamp turns,"),
        ("It is 3.14 or so, I", "It is 3.14 or so,"),
        ("「はい、そうです", "「はい、"),
        ("*waves* Oh! You", "*waves* Oh!"),
        ("`a, b, c` and", ""),
    ],
)
def test_first_words_are_a_clause(text: str, clause: str) -> None:
    assert up_to_clause(text) == clause


@pytest.mark.parametrize(
    ("text", "after", "shown"),
    [
        ("One. Two. Three", 0, "One. Two."),
        ("One. Two. Three and four", 9, "One. Two. Three and"),
        ("words without an end at al", 0, "words without an end at"),
        ("長い文章が続いています" * 9, 0, "長い文章が続いています" * 9),
    ],
)
def test_edits_are_sentences_or_else_words(text: str, after: int, shown: str) -> None:
    assert up_to_sentence(text, after) == shown
