"""Character cards: reading them, and writing them without changing anything else."""

import base64
import json
import struct
import tracemalloc
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.personalities import cards
from services.personalities.errors import CardTooLarge, NotACard

SIGNATURE = b"\x89PNG\r\n\x1a\n"
thorough = settings(deadline=None, derandomize=True, max_examples=100)

# JSON as people and programs write it, with all that a round trip through a parser would lose.
odd = st.sampled_from(
    ["1e5", "1.0", "-0", "0.10", "1E+2", "NaN", '"\\u00e9\\ud800"', '"\\/"', '{"a":1,"a":2}', "[ ]"]
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3),
    max_leaves=6,
)
values = (
    odd | plain.map(json.dumps) | plain.map(lambda v: json.dumps(v, ensure_ascii=False, indent=1))
)
unknown = st.dictionaries(st.sampled_from(["tags", "x", "creator", "ж", "a b"]), values, max_size=4)
spaces = st.sampled_from(["", " ", "\n\t", "\r\n  "])
MARK = "<MARK>"


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Draw a card of any version whose description is `MARK`."""
    space = draw(spaces)
    body = {"name": '"Mirela"', "description": f'"{MARK}"', **draw(unknown)}
    if draw(st.booleans()):
        body["extensions"] = written(draw(unknown), space)
    inner = written(dict(draw(st.permutations(list(body.items())))), space)
    if draw(st.booleans()):
        return draw(spaces) + inner + draw(spaces)
    outer = {"spec": '"chara_card_v2"', "data": inner, "description": '"not this one"'}
    outer |= {name: value for name, value in draw(unknown).items() if name != "x"}
    bom = draw(st.sampled_from(["", "\ufeff"]))
    return bom + written(dict(draw(st.permutations(list(outer.items())))), space)


def written(members: dict[str, str], space: str) -> str:
    pairs = [f"{json.dumps(name)}{space}:{space}{value}" for name, value in members.items()]
    return f"{{{space}" + f"{space},{space}".join(pairs) + f"{space}}}"


def v2(**data: Any) -> str:
    return json.dumps({"spec": "chara_card_v2", "data": {"name": "Mirela", **data}})


def chunk(kind: bytes, payload: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + payload))
    return struct.pack(">I", len(payload)) + kind + payload + checksum


def text(keyword: bytes, document: str) -> bytes:
    return chunk(b"tEXt", keyword + b"\0" + base64.b64encode(document.encode()))


def png(*chunks: bytes, after: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return SIGNATURE + header + b"".join(chunks) + pixels + chunk(b"IEND", b"") + after


def test_all_versions_are_read() -> None:
    v1 = json.dumps({"name": "Mirela", "first_mes": "Hello", "scenario": None})

    assert cards.read(v1.encode()).values == {"name": "Mirela", "first_message": "Hello"}
    assert cards.read(v2(description="a").encode()).values["character_info"] == "a"
    card = cards.read(
        png(text(b"Chara", v2(description="old")), text(b"ccv3", v2(description="new")))
    )
    assert card.values["character_info"] == "new"


PADDED = next(
    each
    for number in range(3)
    if (each := base64.b64encode(v2(description="?>~" + "x" * number).encode())).endswith(b"=")
)


@pytest.mark.parametrize(
    ("keyword", "payload"),
    [
        (b"ccv3", b"!!!"),
        (b"ccv3", b""),
        (b"ccv3", base64.b64encode(b"null")),
        (b"ccv3", base64.b64encode(b"\xff\xfe")),
        (b"ccv3", base64.b64encode(b'{"name": ')),
        (b"chara", PADDED.rstrip(b"=")),
        (b"chara", PADDED.translate(bytes.maketrans(b"+/", b"-_"))),
        (b"chara", PADDED[:40] + b"\r\n" + PADDED[40:]),
    ],
)
def test_a_card_that_other_programs_read_is_read(keyword: bytes, payload: bytes) -> None:
    good = text(b"chara", v2()) if keyword == b"ccv3" else b""

    card = cards.read(png(good, chunk(b"tEXt", keyword + b"\0" + payload)))

    assert card.values["name"] == "Mirela"


@pytest.mark.parametrize("odd", [3, None, [], {}, ["x"], True, 1.5])
@pytest.mark.parametrize("field", ["description", "personality", "mes_example", "extensions"])
def test_a_field_of_another_type_is_empty_and_stays_as_it_is(field: str, odd: Any) -> None:
    document = v2(**{"scenario": "fog", field: odd})

    card = cards.read(document.encode())

    assert card.values["scenario"] == "fog"
    assert cards.write(card.document, card.values, card.extension) == document


@thorough
@given(documents())
def test_a_card_that_was_not_changed_is_the_same_file(document: str) -> None:
    card = cards.read(document.encode())

    assert cards.write(card.document, card.values, card.extension) == document
    assert card.document == document


@thorough
@given(documents(), st.text(max_size=30))
def test_one_change_leaves_every_other_byte(document: str, new: str) -> None:
    card = cards.parse(document)

    changed = cards.write(document, {**card.values, "character_info": new}, card.extension)

    assert cards.parse(changed).values["character_info"] == new
    before, after = document.split(f'"{MARK}"')
    assert changed.startswith(before)
    assert changed.endswith(after)


@thorough
@given(documents(), st.text(min_size=1, max_size=30))
def test_what_is_added_leaves_every_other_byte(document: str, new: str) -> None:
    card = cards.parse(document)
    added = {"personality_tone": new}

    changed = cards.write(document, {**card.values, "first_message": new}, added)

    again = cards.parse(changed)
    assert again.values == {**card.values, "first_message": new}
    assert again.extension == added
    left = iter(changed)
    assert all(character in left for character in document)  # a subsequence: nothing was lost


def test_extensions_of_others_and_unknown_ones_of_ours_stay() -> None:
    document = (
        '{"name": "M", "extensions": {"x": 1e5, "troupe": {"display_name": "A" , "new": [1.0]}}}'
    )
    card = cards.parse(document)

    same = cards.write(document, card.values, card.extension)
    changed = cards.write(document, card.values, {"display_name": "B", "personality_age": "40"})
    cleared = cards.write(document, card.values, {})

    assert same == document
    assert changed == document.replace('"A"', '"B"').replace(
        "[1.0]", '[1.0], "personality_age": "40"'
    )
    assert cleared == document.replace('"A"', '""')


@pytest.mark.parametrize("extensions", ["null", "[]", '"x"', '{"troupe": 5}', "{ }"])
def test_extensions_of_a_wrong_type_give_way(extensions: str) -> None:
    document = f'{{"name": "M", "extensions": {extensions}}}'

    changed = cards.write(document, {"name": "M"}, {"personality_tone": "dry"})

    assert cards.write(document, {"name": "M"}, {}) == document
    assert cards.parse(changed).extension == {"personality_tone": "dry"}


def test_a_new_card_has_all_that_the_format_demands() -> None:
    document = cards.write(None, {"name": "Mirela", "scenario": "fog"}, {"personality_age": "40"})

    loaded = json.loads(document)
    assert (loaded["spec"], loaded["spec_version"]) == ("chara_card_v2", "2.0")
    assert loaded["data"]["alternate_greetings"] == []
    assert cards.parse(document).values["scenario"] == "fog"
    assert cards.parse(document).extension == {"personality_age": "40"}


@pytest.mark.parametrize("after", [b"", b"PK\x03\x04 a zip behind the picture"])
def test_a_png_that_was_not_changed_is_the_same_file(after: bytes) -> None:
    old, new = v2(description="old"), " " + v2(description="new")
    data = png(text(b"Chara", old), text(b"ccv3", new), chunk(b"zTXt", b"x\0\0junk"), after=after)
    card = cards.read(data)

    assert cards.write_png(data, card.values, card.extension) == data


def test_every_card_in_a_png_is_brought_up_to_date_and_a_broken_one_left_alone() -> None:
    broken = chunk(b"tEXt", b"chara\0!!!")
    half = '{"name": "M", "personality": "\\ud800"}'
    data = png(broken, text(b"chara", v2(x=1)), text(b"ccv3", half), after=b"end")
    card = cards.read(data)

    changed = cards.write_png(data, {**card.values, "character_info": "a"}, {})

    assert broken in changed
    assert changed.endswith(b"end")
    assert cards.read(changed).values == {**card.values, "character_info": "a"}
    chara = changed.split(b"chara\0")[2].split(b"tEXt")[0][:-8]
    assert json.loads(base64.b64decode(chara))["data"]["description"] == "a"


def test_a_picture_becomes_a_card() -> None:
    data = cards.write_png(png(), {"name": "Mirela"}, {})

    assert cards.read(data).values["name"] == "Mirela"


CARD = png(text(b"chara", v2()))
BOMB = zlib.compress(bytes(5_000_000))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        SIGNATURE,
        png(),
        CARD[:60],
        CARD[:-12],
        CARD[:-1],
        SIGNATURE + b"\xff\xff\xff\xfftEXt" + bytes(100),
        SIGNATURE + b"\x7f\xff\xff\xff" * 1000,
        png(chunk(b"zTXt", b"chara\0\0" + BOMB)),
        png(chunk(b"iTXt", b"chara\0\1\0\0\0" + BOMB)),
        png(chunk(b"tEXt", b"chara")),
        png(chunk(b"tEXt", b"chara\0")),
        png(chunk(b"tEXt", b"chara\0%%%%")),
        png(chunk(b"tEXt", b"chara\0QUJD")),
        png(chunk(b"tEXt", b"chara\0abcde")),
        png(chunk(b"tEXt", b"chara\0//79")),
        b"\xff\xd8\xff\xe0 a jpeg",
        '{"name": "M"}'.encode("utf-16"),
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": "a\0b"}',
        b"\0",
        b"[]",
        b"[1, 2",
        b'"name"',
        b"NaN",
        b"null",
        b"{}",
        b'{"name": ""}',
        b'{"name": " \\n"}',
        b'{"name": 5}',
        b'{"name": ["M"]}',
        b'{"spec": "chara_card_v2"}',
        b'{"spec": "chara_card_v3", "data": []}',
        b'{"data": "M", "name": "M"}',
        b'{"name": "M", "x": ' + b"9" * 5000 + b"}",
        b"[" * 1_000_000,
        b'{"name": "M", "x": ' + b"[" * 90_000 + b"]" * 90_000 + b"}",
        b'{"a":' * 200_000,
    ],
    ids=lambda data: repr(data[:24]),
)  # fmt: skip
def test_what_is_no_card_is_refused(data: bytes) -> None:
    with pytest.raises(NotACard):
        cards.read(data)


@pytest.mark.parametrize(
    "data",
    [
        SIGNATURE + bytes(50_000_000),
        b" " * 10_000_001,
        v2(description="x" * 2_000_000).encode(),
        png(text(b"chara", v2(description="x" * 2_000_000))),
    ],
    ids=len,
)
def test_what_is_too_large_is_refused(data: bytes) -> None:
    with pytest.raises(CardTooLarge):
        cards.read(data)


@thorough
@given(st.binary(max_size=200), st.sampled_from([b"", SIGNATURE, CARD[:40]]), st.integers(0, 200))
def test_nothing_else_is_ever_raised(noise: bytes, start: bytes, at: int) -> None:
    for data in (start + noise, CARD[:at] + noise + CARD[at:]):
        with suppress(CardTooLarge, NotACard):
            assert cards.read(data).values["name"]


def test_a_name_of_odd_characters_can_be_read_and_written() -> None:
    document = v2(name="M\0\ud83d", description="\u202e")
    card = cards.read(document.encode())

    assert cards.write(document, card.values, {}) == document
    assert cards.write(document, {**card.values, "scenario": "\ud800"}, {}).encode()


@pytest.mark.slow
@pytest.mark.parametrize(
    "data",
    [
        png(*[chunk(b"tEXt", b"a\0b")] * 100_000, text(b"chara", v2())),
        png(*[text(b"chara", v2())] * 20_000),
        png(chunk(b"tEXt", b"x" * 9_000_000), text(b"chara", v2())),
        v2(x=[[]] * 200_000).encode(),
        v2(**{f"k{n}": "" for n in range(90_000)}).encode(),
    ],
    ids=["chunks", "cards", "payload", "lists", "members"],
)
def test_a_large_card_takes_little_memory(data: bytes) -> None:
    card = cards.read(data)
    cards.write(card.document, {**card.values, "character_info": "a"}, {})

    tracemalloc.start()
    cards.read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80_000_000
