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
from services.personalities.cards.containers import cards_in_png
from services.personalities.definition import adapt_one
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


def columns(document: str, **changes: Any) -> dict[str, Any]:
    """Return the columns of a card as they are stored, some of them changed."""
    body = cards.parse(document).body
    stored = {each.column: adapt_one(each.column, each.read(body)) for each in cards.FIELDS}
    return {**stored, **changes}


def write(document: str | None, **changes: Any) -> str:
    """Return a card with some columns changed."""
    if document is None:
        empty = {each.column: adapt_one(each.column, None) for each in cards.FIELDS}
        return cards.write(None, {**empty, **changes}, adapt_one)
    return cards.write(document, columns(document, **changes), adapt_one)


@pytest.mark.parametrize("odd", [3, None, [], {}, ["x"], True, 1.5])
@pytest.mark.parametrize("field", ["description", "personality", "mes_example", "extensions"])
def test_a_field_of_another_type_stays_as_it_is(field: str, odd: Any) -> None:
    document = v2(**{"scenario": "fog", field: odd})

    card = cards.read(document.encode())

    assert card.values["scenario"] == "fog"
    assert write(document) == document


@thorough
@given(documents())
def test_a_card_that_was_not_changed_is_the_same_file(document: str) -> None:
    card = cards.read(document.encode())

    assert write(document) == document
    assert card.document == document


REQUIRED_TEXTS = (
    *("description", "personality", "scenario", "first_mes", "mes_example", "creator_notes"),
    *("system_prompt", "post_history_instructions", "creator", "character_version"),
)


@thorough
@given(documents(), st.text(min_size=1, max_size=30).map(str.strip).filter(bool))
def test_a_changed_card_is_a_valid_v3_card_that_has_lost_nothing(document: str, new: str) -> None:
    before = cards.parse(document)

    changed = write(document, character_info=new, personality_tone=new)

    after = json.loads(changed)
    assert (after["spec"], after["spec_version"]) == ("chara_card_v3", "3.0")
    assert all(isinstance(after["data"][name], str) for name in REQUIRED_TEXTS)
    assert all(
        isinstance(after["data"][name], list)
        for name in ("alternate_greetings", "group_only_greetings", "tags")
    )
    assert cards.parse(changed).values["character_info"] == new
    assert cards.parse(changed).values["personality_tone"] == new
    kept = set(before.body) - {"description", "extensions", "tags", "creator"}
    assert {name: repr(after["data"][name]) for name in kept} == {
        name: repr(before.body[name]) for name in kept
    }


def test_extensions_of_others_and_unknown_ones_of_ours_stay() -> None:
    document = (
        '{"name": "M", "extensions": {"x": 1e5, "troupe": {"display_name": "A" , "new": [1.0]}}}'
    )

    changed = write(document, display_name="B", personality_age="40")
    cleared = write(document, display_name=None)

    assert '"x": 1e5' in changed
    assert '{"display_name": "B" , "new": [1.0], "personality_age": "40"}' in changed
    assert '"display_name": ""' in cleared


@pytest.mark.parametrize("extensions", ["null", "[]", '"x"', '{"troupe": 5}', "{ }"])
def test_extensions_of_a_wrong_type_give_way(extensions: str) -> None:
    document = f'{{"name": "M", "extensions": {extensions}}}'

    changed = write(document, personality_tone="dry")

    assert write(document) == document
    assert cards.parse(changed).values["personality_tone"] == "dry"


def test_a_new_card_has_all_that_the_format_demands() -> None:
    document = write(None, name="Mirela", scenario="fog", personality_age="40")

    loaded = json.loads(document)
    assert (loaded["spec"], loaded["spec_version"]) == ("chara_card_v3", "3.0")
    assert loaded["data"]["alternate_greetings"] == []
    assert cards.parse(document).values["scenario"] == "fog"
    assert cards.parse(document).values["personality_age"] == "40"


def changed_file(data: bytes, **changes: Any) -> bytes:
    """Return the file of a card with some columns changed."""
    card = cards.read(data)
    assert card.file is not None
    return cards.write_file(card.file, card.document, write(card.document, **changes))


@pytest.mark.parametrize("after", [b"", b"PK\x03\x04 a zip behind the picture"])
def test_a_png_that_was_not_changed_is_the_same_file(after: bytes) -> None:
    old, new = v2(description="old"), " " + v2(description="new")
    data = png(text(b"Chara", old), text(b"ccv3", new), chunk(b"zTXt", b"x\0\0junk"), after=after)

    assert changed_file(data) == data


def test_a_changed_png_has_its_card_as_v2_and_as_v3_once() -> None:
    broken = chunk(b"tEXt", b"chara\0!!!")
    book = {"entries": [{"keys": ["x"], "content": "@@depth 2\n@@@role user\nlore"}]}
    half = v2(character_book=book).replace("Mirela", "M\\ud800")
    other = chunk(b"tEXt", b"Software\0x")
    data = png(broken, text(b"chara", v2(x=1)), other, text(b"ccv3", half), after=b"end")

    changed = changed_file(data, character_info="a")

    assert broken not in changed
    assert other in changed
    assert changed.endswith(b"end")
    assert cards.read(changed).values["character_info"] == "a"
    written = cards_in_png(changed)
    both = [json.loads(base64.b64decode(written[keyword])) for keyword in ("chara", "ccv3")]
    assert changed.count(b"tEXt") == 3
    assert [each["spec"] for each in both] == ["chara_card_v2", "chara_card_v3"]
    contents = [each["data"]["character_book"]["entries"][0]["content"] for each in both]
    assert contents == ["lore", "@@depth 2\n@@@role user\nlore"]


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
        b" " * 16_000_001,
        v2(description="x" * 8_000_000).encode(),
        png(text(b"chara", v2(description="x" * 8_000_000))),
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
    assert write(document) == document
    assert write(document, scenario="\ud800").encode()


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
    write(card.document, character_info="a")

    tracemalloc.start()
    cards.read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80_000_000
