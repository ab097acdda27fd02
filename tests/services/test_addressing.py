"""Which personality a message addresses."""

import time

import pytest

from services.chat.mentions import candidate_names, find_mentioned
from services.texts import clean_name

CAST = [
    "Mirela", "Mirela Vance", "The Grey Lady of Ash", "Ash", "Dr. No.", "O'Brien", "美咲", "🦊",
    "👩\u200d🚀 Ann", "شهرزاد", "שרה", "Zoë", "Who?", "X-Æ 12", "Bob", "Eve", "Ivy", "(The) Cat",
]  # fmt: skip
NAMES = {clean_name(name).lower(): name for name in CAST}


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("@Mirela", ["Mirela"]),
        ("hey @MIRELA, how was it?", ["Mirela"]),
        ("@Mirela Vance how was it?", ["Mirela Vance"]),
        ("@Mirela vance's coat", ["Mirela Vance"]),
        ("@Mirela\nVance", ["Mirela"]),
        ("@Mirela   Vance", ["Mirela Vance"]),
        ("@the grey lady of ash", []),
        ("is that @Mirela's or @Mirela’s?", ["Mirela"]),
        ("(@Mirela) **@Bob** _@Ash_", ["Mirela", "Bob", "Ash"]),
        ('@"Mirela Vance", come', ["Mirela Vance"]),
        ("@Dr. No. How are you?", ["Dr. No."]),
        ("I met @Dr. No.'s cat", ["Dr. No."]),
        ("@O'Brien @O'Brien's", ["O'Brien"]),
        ("@Who? are you", ["Who?"]),
        ("@x-æ 12!", ["X-Æ 12"]),
        ("@(The) Cat", ["(The) Cat"]),
        ("@美咲 元気？", ["美咲"]),
        ("@美咲、元気？", ["美咲"]),
        ("@美咲！", ["美咲"]),
        ("@🦊 hi", ["🦊"]),
        ("@👩\u200d🚀 Ann?", ["👩\u200d🚀 Ann"]),
        ("\u200f@شهرزاد\u200f، كيف حالك؟", ["شهرزاد"]),
        ("@שרה?", ["שרה"]),
        ("@Zoe\u0308!", ["Zoë"]),
        ("@Mir\u200bela", ["Mirela"]),
        ("@Bob, @Ash and @Bob again", ["Bob", "Ash"]),
        ("@Bob/@Ash,@Eve", ["Bob", "Ash", "Eve"]),
        ("@Bob@example.social", []),
        ("@Ash @Bob @Eve @Ivy @Zoë @🦊", ["Ash", "Bob", "Eve", "Ivy", "Zoë"]),
        ("@nobody @Bob", ["Bob"]),
        ("@@Bob", []),
        ("@ Bob", []),
        ("Bob", []),
        ("bob@Bob.com, a_b@Ash", []),
        ("<@Bob> <@123> <@!123> <@&123>", []),
        ("@Bobby @Bob2", []),
        ("@everyone @here", []),
        ("", []),
        ("@", []),
        ("@\u2028@\x1c@", []),
    ],
)
def test_who_is_called(text: str, who: list[str]) -> None:
    assert find_mentioned(text, NAMES) == who


@pytest.mark.parametrize(
    "text",
    [
        "look: `@Mirela hello`",
        "```py\n@Mirela\n```",
        "```py\n@Mirela",
        "||@Mirela is the thief||",
        "> @Mirela said so\nis that so?",
        ">>> so she said:\n@Mirela",
    ],
)
def test_in_code_spoilers_and_quotes_nobody_is_called(text: str) -> None:
    assert candidate_names(text) == []


@pytest.mark.parametrize(
    "text", ["> so\n@Mirela", "`a` @Mirela", "||a|| @Mirela", "3 > 2, @Mirela"]
)
def test_after_them_somebody_is(text: str) -> None:
    assert find_mentioned(text, {"mirela": 7}) == [7]


def test_the_longest_name_wins_up_to_four_words() -> None:
    names = {"a": 1, "a b": 2, "a b c": 3, "a b c d": 4, "a b c d e": 5}

    assert find_mentioned("@a b c d e f", names) == [4]
    assert find_mentioned("@a b c x", names) == [3]
    assert find_mentioned("@a x b c", names) == [1]


def test_two_names_of_one_personality_call_it_once() -> None:
    assert find_mentioned("@Mirela and @Miri", {"mirela": 7, "miri": 7}) == [7]


def test_no_candidate_is_longer_than_a_name_can_be() -> None:
    tried = candidate_names(f"@{'x' * 4000} @Bob {'y' * 500}")

    assert [names for names in tried if "bob" in names]
    assert max(len(name) for names in tried for name in names) <= 80


@pytest.mark.parametrize("piece", ["@", "@ ", "@a", "@!", "@a ", "@" + "\u0301" * 9, "@a b c d "])
def test_a_wall_of_calls_is_read_in_no_time(piece: str) -> None:
    started = time.process_time()

    find_mentioned(piece * (4000 // len(piece)), NAMES)

    assert time.process_time() - started < 0.5
