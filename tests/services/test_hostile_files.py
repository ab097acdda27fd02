"""Cards, lorebooks and macros that were made to break what reads them.

Without the limits that are tested, each takes minutes or gigabytes.
"""

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest

from services.errors import DomainError
from services.lore import LoreContext, LoreScope, formats
from services.lore.activation import activate
from services.lore.books import prepare
from services.lore.entries import parse
from services.personalities import cards
from services.personalities.card_notes import notes_of
from services.personalities.definition import adapt
from tests.services.test_card_formats import archive, packed
from tests.services.test_cards import chunk, png
from tests.services.test_macros import expanded


def v3(**data: Any) -> str:
    return json.dumps({"spec": "chara_card_v3", "data": {"name": "A", **data}})


def squeezed(method: int, size: int) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as file:
        file.writestr("card.json", b" " * size)
    return output.getvalue()


def deep(levels: int) -> Any:
    return json.loads('{"a":' * levels + "1" + "}" * levels)


def icons(uri: str, count: int) -> str:
    return v3(assets=[{"type": "icon", "uri": uri}] * count)


DEEP = "[" * 980 + "]" * 980
# Made when they are needed: some take a while.
CARDS: dict[str, Callable[[], bytes]] = {
    "letters in data": lambda: v3(assets=[{"type": "icon", "uri": "data:,é"}]).encode(),
    "deep extensions": lambda: v3(extensions={"risuai": deep(400)}).encode(),
    "deep in another format": f'{{"kind":"character","name":"A","x":{DEEP}}}'.encode,
    "names that are no text": lambda: archive(v3(), **{"é.png": b""}).replace(
        "é".encode(), b"\xff\xff"
    ),
    "bzip2": lambda: squeezed(zipfile.ZIP_BZIP2, 30_000_000),
    "lzma": lambda: squeezed(zipfile.ZIP_LZMA, 20_000_000),
    "the same chunk again and again": lambda: png(
        *[chunk(b"zTXt", b"chara\0\0" + packed(v3(x="A" * 5_000_000)))] * 400
    ),
    "icons without end": lambda: archive(icons("embeded://b", 20_000), b=bytes(9_000_000)),
    "icons in a picture": lambda: png(
        *[chunk(b"tEXt", b"a\0b")] * 50_000,
        chunk(b"zTXt", b"ccv3\0\0" + packed(icons("__asset:x", 10_000))),
    ),
    "a long name": lambda: v3(name="a" * 7_900_000).encode(),
}


@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_read_or_refused_at_once(name: str) -> None:
    data = CARDS[name]()
    with suppress(DomainError):
        card = cards.read(data)
        columns, shortened = adapt(card.values)
        notes_of(card, columns, shortened)
        cards.face_of(card.document, card.file)


def entries(*documents: dict[str, Any]) -> list[dict[str, Any]]:
    return list(documents)


MARKS = "\u0301\u0316" * 15_900
GROUPS = ",".join(map(str, range(400)))
BOOKS: dict[str, Any] = {
    "extensions of a wrong type": entries(
        {"keys": "", "content": "x", "extensions": "a"},
        {"keys": ["hello"], "content": "x", "extensions": ["a"]},
    ),
    "World Info of a wrong type": entries({"key": True, "extensions": 1}),
    "NovelAI of a wrong type": entries({"contextConfig": 1}),
    "a content behind the content": entries(
        {"keys": ["k"], "content": "x", "extensions": {"content": "@@end\n" * 60_000 + "x"}}
    ),
    "decorators": entries(*[{"keys": ["k"], "content": "@@end\n" * 5300 + "x"}] * 50),
    "marks": entries(
        *[{"constant": True, "content": MARKS, "extensions": {"ignore_budget": True}}] * 6
    ),
    "keys inside of words": entries(
        *[{"keys": ["a" * n for n in range(3 + m, 190, 3)], "content": "x"} for m in range(3)],
        *[{"constant": True, "content": "a" * 31_990, "extensions": {"ignore_budget": True}}] * 4,
    ),
    "reaches": entries(
        *[
            {
                "constant": True,
                "content": f"{n} " * 50,
                "extensions": {"scan_depth": n, "ignore_budget": True},
            }
            for n in range(400)
        ]
    ),
    "groups": entries(
        *[{"constant": True, "content": "x", "extensions": {"group": GROUPS}}] * 2000
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BOOKS)
def test_a_book_is_read_searched_and_written_at_once(name: str) -> None:
    with suppress(DomainError):
        file = formats.read(json.dumps({"entries": BOOKS[name]}).encode())
        formats.to_world_info(file.document, file.entries)
        read = [parse(each, UUID(int=n)) for n, each in enumerate(file.entries, start=1)]
        book = prepare(UUID(int=1), "x", LoreScope.SERVER, read)
        activate([book], LoreContext(messages=["hello k"]), expand=str, estimate=len)


@pytest.mark.parametrize(
    "text",
    [
        "{{newline::" + "9" * 5000 + "}}",
        "{{pick::\ud800}}",
        "{{description}}" * 2000,
        "{{setvar::a::" + "x" * 6000 + "}}{{setvar::a" + "::{{getvar::a}}" * 6 + "}}"
        + "{{setvar::b" + "::{{getvar::a}}" * 1000 + "}}" * 2,
    ],
    ids=["count", "surrogate", "fields", "variables"],
)  # fmt: skip
def test_a_text_is_expanded_at_once(text: str) -> None:
    expanded(text, fields={"description": "{{if 0}}" + "}}" * 15_000})
