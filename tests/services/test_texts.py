"""Cleaning of untrusted text."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import TextEmpty, TextTooLong
from services.texts import clean_name, clean_optional, clean_text, on_one_line, shorten

hostile = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from("\u200b\u200d\u202e\ufe0f\u0301\u034f\u3164\u2800 \n\0aé👩🏴"),
    ),
    max_size=120,
)
thorough = settings(deadline=None, derandomize=True, max_examples=300)


@pytest.mark.parametrize(
    "name",
    [
        "Adam",
        "Zoë",
        "Nguyễn Thị Ngọc",
        "美咲",
        "عَلِيّ",
        "שָׁלוֹם",
        "नीलम श्री",
        "ශ්\u200dරී",
        "สมชาย",
        "🦊",
        "👩\u200d👩\u200d👧\u200d👦",
        "🧑🏽\u200d🚀",
        "❤\ufe0f\u200d🔥",
        "🇯🇵",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "1\ufe0f\u20e3",
        "...?",
        "x" * 80,
    ],
)
def test_a_name_of_any_script_stays_whole(name: str) -> None:
    assert clean_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("  Ada \n\t Lovelace\r\n", "Ada Lovelace"),
        ("Ada \u200b Lovelace", "Ada Lovelace"),
        ("A\u200dd\u200ba\ufe0f", "Ada"),
        ("\ufeffAda\0", "Ada"),
        ("\u202eadA", "adA"),
        ("Ada\u3164\u2800", "Ada"),
        ("\ud83dAda", "Ada"),
        ("Cafe\u0301", "Café"),
        ("Cafe\u200b\u0301", "Café"),
        ("Ada\U000e0041\U000e0042", "Ada"),
        ("Z" + "\u0337" * 79, "Z" + "\u0337" * 4),
    ],
)
def test_what_cannot_be_seen_is_no_part_of_a_name(typed: str, cleaned: str) -> None:
    assert clean_name(typed) == cleaned


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " \n\t",
        "\u200b\u200d\ufe0f",
        "\u3164",
        "\u2800\u115f",
        "\u0301\u0302",
        "\ud800",
        "\0\x1b",
    ],
)
def test_a_name_says_something(typed: str) -> None:
    with pytest.raises(TextEmpty) as refused:
        clean_name(typed, field="alias")

    assert refused.value.field == "alias"


@pytest.mark.parametrize("typed", ["x" * 81, "🦊" * 4000, "x\u0301y" * 1000])
def test_a_name_is_short(typed: str) -> None:
    with pytest.raises(TextTooLong) as refused:
        clean_name(typed)

    assert refused.value.limit == 80


@thorough
@given(hostile)
def test_a_clean_name_shows_on_one_line_and_stays_as_it_is(typed: str) -> None:
    try:
        name = clean_name(typed)
    except (TextEmpty, TextTooLong):
        return

    assert name == name.strip()
    assert "  " not in name
    assert not any(c in "\n\r\t\0\u2028" for c in name)
    assert clean_name(name) == name
    assert name.encode().decode() == name


@thorough
@given(hostile)
def test_one_line_of_text_is_found_again_in_itself(typed: str) -> None:
    line = on_one_line(typed)

    assert on_one_line(line) == line
    assert len(line.splitlines()) <= 1


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("", ""),
        ("\n\n  \t", ""),
        (" a\n\n\tb \n", "a\n\n\tb"),
        ("a\0b\x1b[31m\x7f", "ab[31m"),
        ("a\r\nb", "a\nb"),
        ("\ud800x", "x"),
        ("می\u200cخواهم \u202b", "می\u200cخواهم \u202b"),
        ("👩\u200d👧", "👩\u200d👧"),
    ],
)
def test_a_text_keeps_its_lines_and_loses_control_characters(typed: str, cleaned: str) -> None:
    assert clean_text(typed, field="backstory") == cleaned


def test_a_text_may_have_four_thousand_characters() -> None:
    assert len(clean_text(f"  {'🦊' * 4000}\n", field="backstory")) == 4000

    with pytest.raises(TextTooLong):
        clean_text("x" * 4001, field="backstory")


@thorough
@given(hostile)
def test_a_clean_text_can_be_stored_and_stays_as_it_is(typed: str) -> None:
    cleaned = clean_text(typed, field="backstory")

    assert clean_text(cleaned, field="backstory") == cleaned
    assert "\0" not in cleaned
    assert cleaned.encode().decode() == cleaned


@pytest.mark.parametrize("typed", [None, "", "  \n", "\0"])
def test_what_says_nothing_is_no_text(typed: str | None) -> None:
    assert clean_optional(typed, field="tone") is None


@thorough
@given(hostile, st.integers(1, 150))
def test_a_shortened_text_fits_and_says_that_it_goes_on(text: str, limit: int) -> None:
    short = shorten(text, limit)

    assert len(short) <= limit
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))
