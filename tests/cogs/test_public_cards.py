"""Ten cards as other programs write them, from the import to the conversation and back.

Only their shapes are those of cards that are passed around: who is in them was made up here.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from services.personalities import cards
from services.personalities.cards.fields import REQUIRED
from tests.cogs.concurrent import actor, answers
from tests.cogs.conftest import House
from tests.cogs.forms import answer, content_of, embed
from tests.cogs.test_cards import import_card
from tests.cogs.test_faces import picture
from tests.services.test_card_formats import archive
from tests.services.test_cards import chunk, text

GREETING = "The kiln door is open, {{user}}. Mind the heat."
LORE = "The blue glaze is made of ground beetles."


def book_entry(**others: Any) -> dict[str, Any]:
    return {
        "keys": ["glaze"],
        "content": LORE,
        "extensions": {},
        "enabled": True,
        "insertion_order": 10,
        **others,
    }


def body(**others: Any) -> dict[str, Any]:
    return {
        "name": "Orsolya",
        "description": "{{char}} fires pots at night.",
        "personality": "Slow to laugh.",
        "scenario": "A pottery above a mill.",
        "first_mes": GREETING,
        "mes_example": "<START>\n{{user}}: Is it hot?\n{{char}}: It is a kiln.",
        **others,
    }


def spec(version: int, data: dict[str, Any], **root: Any) -> str:
    return json.dumps(
        {**root, "spec": f"chara_card_v{version}", "spec_version": f"{version}.0", "data": data},
        ensure_ascii=False,
    )


def in_png(**documents: str) -> bytes:
    png = picture()
    chunks = b"".join(text(name.encode(), document) for name, document in documents.items())
    return png[:-12] + chunks + png[-12:]


def sillytavern() -> bytes:
    data = body(
        creator_notes="Made with love.", system_prompt="", post_history_instructions="",
        alternate_greetings=["Come back at dawn."], tags=["potter"], creator="someone",
        character_version="1.2",
        extensions={
            "talkativeness": "0.5", "fav": True, "world": "Kilns",
            "depth_prompt": {"prompt": "Her hands are wet.", "depth": 4, "role": "system"},
        },
        character_book={
            "name": "Kilns", "extensions": {},
            "entries": [
                book_entry(
                    id=0, comment="Glaze", secondary_keys=[], constant=False, selective=True,
                    position="before_char", use_regex=True,
                    extensions={
                        "position": 0, "exclude_recursion": False, "display_index": 0,
                        "probability": 100, "useProbability": True, "depth": 4,
                        "selectiveLogic": 0, "group": "", "vectorized": False, "role": 0,
                        "sticky": 0, "cooldown": 0, "delay": 0,
                    },
                )
            ],
        },
    )  # fmt: skip
    mirrored = {name: data[name] for name in ("name", "description", "first_mes")}
    root = {**mirrored, "chat": "Orsolya - 2025", "create_date": "2025-1-1", "avatar": "none"}
    document = spec(2, data, **root)
    v3: dict[str, Any] = {**data, "group_only_greetings": []}
    return in_png(chara=document, ccv3=spec(3, v3, **root))


def chub() -> bytes:
    data = body(
        avatar="https://avatars.example/orsolya.png",
        extensions={
            "chub": {"id": 77, "full_path": "someone/orsolya", "related_lorebooks": []},
            "depth_prompt": {"prompt": "", "depth": 4},
        },
        tags=["Female", "Original"],
        alternate_greetings=[],
        character_book={
            "name": "Kilns", "description": "", "scan_depth": 100, "token_budget": 500,
            "recursive_scanning": False, "extensions": {"chub": {"expressions": None}},
            "entries": [
                book_entry(
                    name="Glaze", priority=10, id=1, comment="", selective=False, constant=False,
                    secondary_keys=[], position="after_char", case_sensitive=False,
                )
            ],
        },
    )  # fmt: skip
    return in_png(chara=spec(2, data))


def risu_archive() -> bytes:
    data = body(
        nickname="Orsi",
        creator_notes="",
        source=["risurealm:1"],
        creation_date=1_700_000_000,
        modification_date=1_700_000_000_000,
        group_only_greetings=[],
        alternate_greetings=[],
        tags=[],
        system_prompt="",
        post_history_instructions="",
        extensions={"risuai": {"bias": [], "viewScreen": "emotion", "customScripts": []}},
        assets=[
            {"type": "icon", "uri": "embeded://assets/icon/image/1.png", "name": "main",
             "ext": "png"},
            {"type": "emotion", "uri": "embeded://assets/other/image/2.png", "name": "happy",
             "ext": "png"},
            {"type": "x-risu-asset", "uri": "embeded://assets/other/image/3.png", "name": "bg",
             "ext": "png"},
        ],
        character_book={
            "scan_depth": 5, "token_budget": 2000, "recursive_scanning": False, "extensions": {},
            "entries": [book_entry(use_regex=False, extensions={"risu_case_sensitive": False})],
        },
    )  # fmt: skip
    return archive(
        spec(3, data),
        **{
            "assets/icon/image/1.png": picture(),
            "assets/other/image/2.png": picture(),
            "assets/other/image/3.png": picture(),
            "x_meta/1.json": b'{"type": "PNG"}',
        },
    )


def risu_jpeg() -> bytes:
    data = body(extensions={}, character_book={"extensions": {}, "entries": [book_entry()]})
    return picture(form="JPEG") + archive(spec(3, data))


def risu_png() -> bytes:
    uri = {"type": "icon", "uri": "__asset:0", "name": "main", "ext": "png"}
    data = body(assets=[uri], character_book={"extensions": {}, "entries": [book_entry()]})
    png = picture()
    picture_chunk = b"chara-ext-asset_:0\0" + base64.b64encode(picture(200, 200))
    return png[:-12] + chunk(b"tEXt", picture_chunk) + text(b"ccv3", spec(3, data)) + png[-12:]


def janitor() -> bytes:
    data = body(
        creator_notes="<p style='color:red'>Hi</p>", tags="potter, slow",
        alternate_greetings=None, system_prompt=None, character_version=3,
        extensions=None,
        character_book={"entries": {"0": book_entry(position="after_char_defs")}},
    )  # fmt: skip
    return json.dumps(json.loads(spec(2, data)), indent=4).encode()


def backyard() -> bytes:
    document = spec(2, body(character_book={"extensions": {}, "entries": [book_entry()]}))
    return f"\ufeff{document}\r\n".encode()


def tavern_v1() -> bytes:
    return in_png(chara=json.dumps(body(metadata={"tool": {"name": "old"}})))


def agnai() -> bytes:
    return json.dumps(
        {
            "kind": "character", "_id": "x", "name": "Orsolya", "description": "Notes.",
            "persona": {"kind": "text", "attributes": {"text": ["Orsolya fires pots at night."]}},
            "greeting": GREETING, "sampleChat": "", "scenario": "A pottery.",
            "characterBook": {
                "kind": "memory", "name": "Kilns",
                "entries": [
                    {"name": "Glaze", "entry": LORE, "keywords": ["glaze"], "priority": 0,
                     "weight": 0, "enabled": True}
                ],
            },
        }
    ).encode()  # fmt: skip


def tzurot() -> bytes:
    return json.dumps(
        {
            "name": "Orsolya", "slug": "orsolya", "displayName": "Orsolya",
            "characterInfo": "Orsolya fires pots at night.", "personalityTraits": "Slow.",
        }
    ).encode()  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """How a program writes a card, and what is in it."""

    filename: str
    build: Callable[[], bytes]
    has_face: bool = True
    has_greeting: bool = True
    has_lore: bool = True
    # Where a card of ours is another program's, it is a card of the standard afterwards.
    is_card: bool = True


SHAPES = {
    "SillyTavern": Shape("orsolya.png", sillytavern),
    "Chub": Shape("orsolya.png", chub),
    "Risu, archive": Shape("orsolya.charx", risu_archive),
    "Risu, JPEG": Shape("orsolya.jpeg", risu_jpeg),
    "Risu, PNG": Shape("orsolya.png", risu_png),
    "Janitor": Shape("orsolya.json", janitor, has_face=False),
    "Backyard": Shape("orsolya.json", backyard, has_face=False),
    "Tavern": Shape("orsolya.png", tavern_v1, has_lore=False),
    "Agnai": Shape("orsolya.json", agnai, has_face=False, is_card=False),
    "Tzurot": Shape(
        "orsolya.json", tzurot, has_face=False, has_greeting=False, has_lore=False, is_card=False
    ),
}


async def export(house: House, kind: str) -> bytes:
    exported = await house.alice.slash(
        house.lobby, "personality export", personality="Orsolya", kind=kind
    )
    (file,) = answer(exported).attachments
    return await file.read()


@pytest.mark.parametrize("name", SHAPES)
async def test_a_card_lives_here_as_it_did_there_and_goes_back(house: House, name: str) -> None:
    shape = SHAPES[name]
    data, kind = shape.build(), "json" if shape.filename.endswith("json") else "file"

    brought = await import_card(house, shape.filename, data)
    await house.alice.send(house.lobby, "@Orsolya what is in the glaze?")
    unchanged = await export(house, kind)
    personality = await house.services.personalities.find_own(actor(house.alice), "Orsolya")
    await house.services.personalities.edit(
        actor(house.alice), personality.id, {"scenario": "A pottery below a mill."}
    )
    changed = cards.read(await export(house, kind))
    said, prompt = answers(house.lobby), house.openai.prompts[-1]
    assert "Orsolya" in content_of(brought)
    assert bool(embed(brought).thumbnail.url) == shape.has_face
    assert (said[0] == "The kiln door is open, alice. Mind the heat.") == shape.has_greeting
    assert "fires pots at night" in prompt
    assert (LORE in prompt) == shape.has_lore
    assert (unchanged == data) == shape.is_card
    assert (json.loads(changed.document)["spec"], changed.body["scenario"]) == (
        "chara_card_v3",
        "A pottery below a mill.",
    )
    assert REQUIRED.keys() <= changed.body.keys()


@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if shape.is_card])
async def test_a_changed_card_keeps_what_it_had(house: House, name: str) -> None:
    shape = SHAPES[name]
    kind = "json" if shape.filename.endswith("json") else "file"
    before = cards.read(shape.build())
    await import_card(house, shape.filename, shape.build())
    personality = await house.services.personalities.find_own(actor(house.alice), "Orsolya")
    await house.services.personalities.edit(
        actor(house.alice), personality.id, {"scenario": "A pottery below a mill."}
    )

    after = cards.read(await export(house, kind))

    kept = {
        name: value
        for name, value in before.body.items()
        if name not in ("scenario", "modification_date")
        and isinstance(value, type(REQUIRED.get(name, value)))
    }
    assert {name: after.body.get(name) for name in kept} == kept
