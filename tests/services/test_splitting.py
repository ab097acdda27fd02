"""Cutting answers into messages."""

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.chat.splitting import LIMIT, split

FENCES = re.compile(r"```+")
# A block's opening edge with the language that is repeated at a cut, its body, its closing edge.
BLOCKS = re.compile(r"```+(?:[\w+#.-]{1,20}[ \t\r]*$)?(.*?)(?:```+|\Z)", re.MULTILINE | re.DOTALL)

words = st.text(alphabet="abc äß漢字。🦊👨\u200d👩 .!?~`\t", max_size=60).filter(
    lambda t: "``" not in t
)
long_words = st.sampled_from(["x" * 2500, "漢" * 900, "🦊" * 2100, "word " * 700, "Yes. " * 300])
lines = st.one_of(
    words,
    long_words,
    st.sampled_from(
        ["```", "```py", "````md", "``` ", "```" + "i" * 300, "  ```", "a ```b``` c", ""]
    ),
)
breaks = st.sampled_from(["\n", "\n\n", "\r\n", " ", ""])
texts = st.lists(st.tuples(lines, breaks).map("".join), max_size=25).map("".join)
thorough = settings(deadline=None, derandomize=True, max_examples=80)


def substance(text: str) -> str:
    """Return all that must not be lost: everything but space and the edges of blocks."""
    return re.sub(r"\s", "", BLOCKS.sub(r"\1", text))


def is_balanced(text: str) -> bool:
    return len(FENCES.findall(text)) % 2 == 0


@thorough
@given(texts, st.sampled_from([100, 173, 500, LIMIT]))
@example("x" * 30_000, LIMIT)
@example("\r\n".join(["line"] * 5000), LIMIT)
@example("```py\n" + "    print('hi')\n" * 900 + "```", LIMIT)
def test_messages_are_short_and_say_something(text: str, limit: int) -> None:
    messages = split(text, limit)

    assert all(len(message) <= limit for message in messages)
    assert all(message.strip() for message in messages)
    assert all(message == message.strip() or "```" in message for message in messages)


@thorough
@given(texts, st.sampled_from([100, 500, LIMIT]))
def test_nothing_is_lost_but_space_at_the_cuts(text: str, limit: int) -> None:
    assert "".join(map(substance, split(text, limit))) == substance(text)


@thorough
@given(texts.filter(is_balanced), st.sampled_from([100, 500, LIMIT]))
def test_every_message_closes_the_blocks_it_opens(text: str, limit: int) -> None:
    assert all(is_balanced(message) for message in split(text, limit))


@thorough
@given(st.text(alphabet="ab .\n漢", max_size=300), st.integers(100, 200))
def test_without_blocks_the_messages_are_pieces_of_the_text(text: str, limit: int) -> None:
    rest = text

    for message in split(text, limit):
        before, match, rest = rest.partition(message)
        assert match
        assert not before.strip()

    assert not rest.strip()


@pytest.mark.parametrize("text", ["", " ", "\n\r\n\t", "\u3000 \u2028" * 4000])
def test_space_alone_is_no_message(text: str) -> None:
    assert split(text) == []


@pytest.mark.parametrize("length", [LIMIT - 4, LIMIT - 1, LIMIT])
def test_what_fits_stays_whole(length: int) -> None:
    text = ("word " * LIMIT)[: length - 1] + "!"

    assert split(text) == [text]


def test_a_text_is_cut_where_it_breathes() -> None:
    paragraphs = ["A sentence of some words. " * 30 for _ in range(5)]

    messages = split("\n\n".join(paragraphs))

    assert messages == [
        "\n\n".join(each.strip(" ") + " " for each in paragraphs[:2]).strip(),
        "\n\n".join(each.strip(" ") + " " for each in paragraphs[2:4]).strip(),
        paragraphs[4].strip(),
    ]


def test_a_block_of_code_that_begins_late_begins_the_next_message() -> None:
    prose, code = "Here it comes. " * 80, "```py\n" + "x = 1\n\n" * 150 + "```"

    assert split(f"{prose}\n{code}") == [prose.strip(), code]


def test_a_block_of_code_that_fits_is_not_cut_at_its_blank_lines() -> None:
    block = "```\n" + "a\n\n" * 100 + "```"

    messages = split(f"{'word ' * 300}{block} and {'more ' * 60}")

    assert len(messages) == 2
    assert block in messages[0]
    assert "```" not in messages[1]


def test_a_block_of_code_is_closed_and_opened_again_with_its_language_and_indentation() -> None:
    code = "```py\n" + "    spam()\n" * 400 + "```\nDone."

    first, second, third = split(code)

    assert first.endswith("    spam()\n```")
    assert second.startswith("```py\n    spam()\n")
    assert third.startswith("```py\n    spam()\n")
    assert third.endswith("```\nDone.")


def test_no_empty_block_is_left_where_a_block_ends_at_the_cut() -> None:
    code = "```\n" + "x" * 1980 + "\n```\nand " + "more " * 50

    first, second = split(code)

    assert first == "```\n" + "x" * 1980 + "\n```"
    assert second.startswith("and more")


def test_the_first_word_of_a_block_does_not_become_its_language() -> None:
    first, second = split("x" * 36 + "```abc " + "y" * 70 + "```", limit=100)

    assert first == "x" * 36 + "```abc " + "y" * 53 + "\n```"
    assert second == "```\n" + "y" * 17 + "```"


def test_a_block_that_is_never_closed_is_closed() -> None:
    assert split("Look:\n```py\nx = 1") == ["Look:\n```py\nx = 1\n```"]


def test_backticks_that_nothing_closes_are_just_backticks() -> None:
    assert split("Type ``` to begin") == ["Type ``` to begin"]
    assert "```\n" not in "".join(split("Type ``` to begin. " + "word " * 900))


def test_tildes_are_no_fence_on_discord() -> None:
    assert "~~~" not in "".join(split("~~~\n" + "word " * 900)[1:])


@pytest.mark.parametrize(
    "text",
    ["x" * 300_000, "`" * 300_000, "```\n" * 75_000, "a\n" * 150_000, "```" + "i" * 300_000],
    ids=["word", "backticks", "fences", "lines", "language"],
)
def test_a_wall_of_text_is_cut_in_no_time(text: str) -> None:
    started = time.process_time()

    messages = split(text)

    assert time.process_time() - started < 2
    assert all(0 < len(message) <= LIMIT for message in messages)
