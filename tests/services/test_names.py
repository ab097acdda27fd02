"""Confusable names."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import NameImpersonates
from services.names import refuse_impersonation, skeleton, slugify

# Each column of letters that are drawn alike: Latin, Cyrillic or Greek, full-width, styled.
DISGUISES = {
    "a": "аα@4ａ𝐚ᴀ", "c": "сｃ𝒄ᴄ", "d": "ԁｄ𝔡", "e": "еε3ｅ𝕖", "i": "іι1!ｉ", "l": "1|Il",
    "m": "мｍ", "n": "ｎɴ", "o": "оο0ｏ", "r": "ｒʀ", "s": "ѕ5$ｓ", "t": "т7ｔ", "y": "уｙ",
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "Discord",
        "DISCORD Bot",
        "the discordians",
        "Clyde",
        "clyde the second",
        "D i s c o r d",
        "d.i.s.c.o.r.d",
        "Dis\u200bcord",
        "Dis\u034fcord",
        "D\u0336i\u0336s\u0336c\u0336o\u0336r\u0336d",
        "Ｄｉｓｃｏｒｄ",
        "𝐃𝐢𝐬𝐜𝐨𝐫𝐝",
        "ᴅɪꜱᴄᴏʀᴅ",
        "🅳🅸🆂🅲🅾🆁🅳",
        "🇨 🇱 🇾 🇩 🇪",
        "D🔥iscord",
        "CIyde",
        "С1уdе",
    ],
)
def test_nobody_is_called_like_discord(name: str) -> None:
    with pytest.raises(NameImpersonates):
        refuse_impersonation(name)


@pytest.mark.parametrize(
    "name",
    ["Isaac Lyden", "Eric Lydecker", "Candis Cordova", "Disco Rd", "Hereward", "Theresa"],
)
def test_letters_of_several_words_are_not_joined(name: str) -> None:
    refuse_impersonation(name)


@pytest.mark.parametrize(
    "name",
    [
        "Admin",
        "ADMİN",
        "@dmin!",
        "M0d",
        "m o d",
        "The Moderators",
        "official_support",
        "Server-Staff",
        "[System]",
        "everyone",
        "@everyone",
        "mod@",
        "Team Owner",
        "Аdmіn",
        "$taff",
    ],
)
def test_nobody_is_called_like_staff(name: str) -> None:
    with pytest.raises(NameImpersonates):
        refuse_impersonation(name)


@pytest.mark.parametrize(
    "name",
    [
        "Adam",
        "Modesty",
        "The Staff of Ra",
        "Sir Admiral",
        "Mirela",
        "Olivia",
        "Théo",
        "Дмитрий",
        "Ελένη",
        "美咲",
        "ミレラ",
        "محمد",
        "שרה",
        "राम",
        "สมชาย",
        "김민준",
        "🦊",
        "👩\u200d🚀",
        "!?",
        "7",
        "H.E.R.A.",
    ],
)
def test_an_ordinary_name_may_be_had(name: str) -> None:
    refuse_impersonation(name, ["Alice", "がく", "रमा", "🐺", "김민지", "...", ""])


@pytest.mark.parametrize(
    "name",
    [
        "Alice",
        "alice",
        "ALICE!",
        "Аlісе",
        "Al1ce",
        "A l i c e",
        "Ali\u200dce",
        "𝓐𝓵𝓲𝓬𝓮",
        "Álíçe",
        "A|ice",
    ],
)
def test_nobody_is_called_like_a_member(name: str) -> None:
    with pytest.raises(NameImpersonates) as refused:
        refuse_impersonation(name, ["bob", "Alice"])

    assert refused.value.name == name


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.sampled_from(["discord", "clyde", "admin", "moderators"]), st.data())
def test_no_disguise_of_letters_helps(word: str, data: st.DataObject) -> None:
    disguised = "".join(
        data.draw(st.sampled_from(letter + letter.upper() + DISGUISES[letter]))
        if letter in DISGUISES
        else letter
        for letter in word
    )

    with pytest.raises(NameImpersonates):
        refuse_impersonation(disguised)


@pytest.mark.slow
@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.text(max_size=80))
def test_every_name_looks_like_itself(name: str) -> None:
    assert skeleton(skeleton(name)).split() == skeleton(name).split()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Mirela", "mirela"),
        ("Dr. Zoë O'Neill", "dr-zoe-o-neill"),
        ("Ｍｉｒｅｌａ", "mirela"),
        ("🦊", "personality"),
        ("美咲", "personality"),
        ("!?", "personality"),
        ("x" * 80, "x" * 60),
        ("a" * 59 + " b", "a" * 59),
    ],
)
def test_a_slug_is_readable_where_the_name_is_ascii(name: str, words: str) -> None:
    assert re.fullmatch(rf"{words}-[0-9a-f]+", slugify(name))


def test_slugs_of_names_without_ascii_differ() -> None:
    assert len({slugify("美咲") for _ in range(2000)}) == 2000
