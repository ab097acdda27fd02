"""Macros of cards and lorebooks."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.macros import MAX_LENGTH, Macros, MacroValues, is_volatile, unknown_macros

NOW = datetime(2026, 11, 29, 15, 4, 5, tzinfo=UTC)
thorough = settings(deadline=None, derandomize=True, max_examples=200)


def values(**changes: Any) -> MacroValues:
    fields: dict[str, Any] = {
        "char": "Mira",
        "user": "Bob",
        "group": ["Zed"],
        "fields": {"description": "I am {{char}}.{{description}}", "scenario": "", "persona": "P"},
        "now": NOW,
        "idle": timedelta(hours=3),
        "last_message": "{{char}} }} {{",
        "last_user_message": "said",
        "last_char_message": "answered",
        "seed": "1",
    }
    return MacroValues(**{**fields, **changes})


def expanded(text: str, *, original: str = "", **changes: Any) -> str:
    macros = Macros(values(**changes), randomness=random.Random(1))
    return macros.expand(text, original=original)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{char}} {{Char}} {{ CHAR }} <BOT> <char> <Bot>", "Mira Mira Mira Mira Mira Mira"),
        ("{{user}} <USER> <user>", "Bob Bob Bob"),
        ("{{group}}|{{notChar}}|{{charIfNotGroup}}", "Mira, Zed|Bob, Zed|Mira, Zed"),
        ("{{description}}{{persona}}{{scenario}}", "I am Mira.P"),
        ("a {{original}} b{{original}}", "a O b"),
        ("{{random::x}} {{random: y , y }} {{random}} {{random:a\\,b}}", "x y  a,b"),
        ("{{random::{{user}}::{{user}}}} {{reverse:{{char}}}}", "Bob ariM"),
        (
            "{{roll:1}} {{roll 1}} {{roll:1d1+3}} {{roll::d1}} [{{roll:x}}{{roll:0d6}}]",
            "1 1 4 1 []",
        ),
        ("{{time}} {{isotime}} {{time_UTC+2}} {{time::UTC-5}}", "3:04 PM 15:04 5:04 PM 10:04 AM"),
        ("{{date}} {{isodate}} {{weekday}}", "November 29, 2026 2026-11-29 Sunday"),
        ("{{datetimeformat DD.MM.YYYY HH:mm:ss [at] Do}}", "29.11.2026 15:04:05 at 29th"),
        ("{{timeDiff::2026-01-04::2026-01-01}} {{timeDiff::x::y}}", "in 3 days "),
        ("{{idle_duration}} {{idleDuration}}", "3 hours 3 hours"),
        ("{{lastMessage}} {{lastUserMessage}} {{lastCharMessage}}", "{{char}} }} {{ said answered"),
        ("a{{newline}}b{{space::3}}c{{noop}}", "a\nb   c"),
        ("a\n\n{{trim}}\nb", "ab"),
        ("a{{// note}}b{{comment: x}}c{{hidden_key:k}}d", "abcd"),
        ("{{setvar::n::1}}{{incvar::n}}{{addvar::n::3}}{{getvar::n}}{{.n}}{{decvar::n}}", "2554"),
        ("{{setvar::t::a}}{{addvar::t::b}}{{getvar::t}}[{{getvar::none}}]", "ab[]"),
        ("{{if x}}yes{{else}}no{{/if}}{{if}}yes{{else}}no{{/if}}", "yesno"),
        ("{{if scenario}}yes{{else}}no{{/if}}{{if !scenario}}empty{{/if}}", "noempty"),
        ("{{if {{getvar::q}}}}a{{if x}}b{{/if}}{{else}}c{{if x}}d{{/if}}e{{/if}}f", "cdef"),
        ("\\{\\{char\\}\\} {{{char}}} {char} {{", "{{char}} {Mira} {char} {{"),
        ("{{unknown::x}}|{{model}}|{{input}}|{{}}", "|||"),
    ],
)
def test_macros_stand_for_what_they_stand_for_elsewhere(text: str, expected: str) -> None:
    assert expanded(text, original="O") == expected


def test_a_pick_stays_in_its_conversation_and_a_random_choice_does_not() -> None:
    text = "{{pick::a::b::c::d}}{{pick::a::b::c::d}}"
    options = "::".join(map(str, range(1000)))

    assert expanded(text) == expanded(text)
    assert len({expanded(text, seed=str(seed)) for seed in range(50)}) > 8
    macros = Macros(values())
    assert len({macros.expand(f"{{{{random::{options}}}}}") for _ in range(20)}) > 15


def test_the_clock_is_that_of_the_zone() -> None:
    assert expanded("{{time}} {{isodate}}", zone=ZoneInfo("Asia/Tokyo")) == "12:04 AM 2026-11-30"


def test_unknown_and_volatile_macros_are_named() -> None:
    text = "{{char}}{{glow::x}}{{random::{{sparkle}}}}{{time_UTC+2}}{{description}}{{glow::x}}"

    assert list(unknown_macros(text)) == ["{{glow::x}}", "{{sparkle}}"]
    assert [
        is_volatile(each) for each in ("{{pick::a}}", "{{a::{{roll:6}}}}", "{{time_UTC+1}}")
    ] == [*(False, True, True)]


@pytest.mark.parametrize(
    "text",
    [
        "{{" * 16_000,
        "{{a" * 10_000 + "}}" * 10_000,
        "{{random::" * 3_000,
        "{{reverse:" * 5_000 + "x" + "}}" * 5_000,
        "{{description}}" * 2_000,
        "{{setvar::a::{{getvar::a}}{{getvar::a}}x}}" * 700 + "{{getvar::a}}",
        "{{if x}}" * 4_000 + "x" + "{{/if}}" * 4_000,
        "<user>" * 5_000,
        "{{newline::9999999}}" * 1_000,
        "\\{" * 16_000,
    ],
    ids=lambda text: text[:12],
)
def test_no_text_grows_without_end(text: str) -> None:
    result = expanded(
        text[:32_000], fields={"description": "{{scenario}}" * 2000, "scenario": "x" * 9000}
    )
    unknown_macros(text[:32_000])

    assert len(result) <= MAX_LENGTH


# A second reading of what macros mean: texts are built beside what they come to.
Pair = tuple[str, str]
literal = st.text(alphabet="ab :,\n", max_size=6).map(lambda text: (text, text))
word = st.text(alphabet="xyz", min_size=1, max_size=3).map(lambda text: (text, text))
names = st.sampled_from([("{{char}}", "Mira"), ("{{ USER }}", "Bob"), ("<Bot>", "Mira")])


def joined(pairs: list[Pair]) -> Pair:
    return "".join(text for text, _ in pairs), "".join(value for _, value in pairs)


def calls(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    def call(name: str, value: Callable[[str], str]) -> st.SearchStrategy[Pair]:
        return inner.map(lambda pair: (f"{{{{{name}::{pair[0]}}}}}", value(pair[1])))

    branch = st.tuples(st.sampled_from(["yes", "", "off", "{{char}}"]), inner, inner).map(
        lambda parts: (
            f"{{{{if {parts[0]}}}}}{parts[1][0]}{{{{else}}}}{parts[2][0]}{{{{/if}}}}",
            parts[1 if parts[0] not in {"", "off"} else 2][1],
        )
    )
    return st.one_of(
        call("reverse", lambda value: value[::-1]),
        call("glow", lambda _: ""),
        branch,
        st.lists(inner, min_size=2, max_size=3).map(joined),
    )


nested = st.recursive(st.one_of(literal, word, names), calls, max_leaves=8)


@thorough
@given(st.lists(nested, max_size=5).map(joined))
def test_nested_macros_come_to_what_their_parts_come_to(pair: Pair) -> None:
    text, expected = pair

    assert expanded(text) == expected


@thorough
@given(st.text(alphabet="{}:<>\\ charuse/if\n", max_size=60))
def test_any_text_can_be_expanded_and_what_people_send_is_not(text: str) -> None:
    expanded(text)

    assert expanded("{{lastMessage}}", last_message=text) == text
    assert expanded("{{user}}", user=text) == text
