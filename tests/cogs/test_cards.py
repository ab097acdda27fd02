"""Character cards, imported and exported as Discord attachments."""

import base64
import json
import struct
import zlib
from typing import Any

import pytest
from simcord.actors import MemberActor
from simcord.results import InteractionResult

from tests.cogs.concurrent import actor
from tests.cogs.conftest import House
from tests.cogs.forms import MEET, answer, content_of, embed, fields, fill

SIGNATURE = b"\x89PNG\r\n\x1a\n"
ZED = {
    "name": "Zed",
    "description": "Zed mends clocks.",
    "personality": "Patient.",
    "scenario": "A shop at noon.",
    "first_mes": "*ticks*",
    "mes_example": "Tick.",
}
V1 = json.dumps({**ZED, "unheard": [1.50, "é"]}, indent=1)
V2 = json.dumps({"spec": "chara_card_v2", "spec_version": "2.0", "data": {**ZED, "tags": ["x"]}})
V3 = V2.replace("_v2", "_v3").replace("2.0", "3.0")


def chunk(kind: bytes, payload: bytes) -> bytes:
    body = kind + payload
    return struct.pack(">I", len(payload)) + body + struct.pack(">I", zlib.crc32(body))


def png(**cards: str) -> bytes:
    """Return a picture of one pixel that carries cards."""
    texts = (
        chunk(b"tEXt", keyword.encode() + b"\0" + base64.b64encode(card.encode()))
        for keyword, card in cards.items()
    )
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixel = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return SIGNATURE + header + b"".join(texts) + pixel + chunk(b"IEND", b"")


async def import_card(house: House, filename: str, data: bytes) -> InteractionResult:
    """Import a card for Alice."""
    return await house.alice.slash(house.lobby, "personality import", card=(filename, data))


async def export_card(
    house: House, kind: str = "json", who: MemberActor | None = None
) -> tuple[str, bytes]:
    """Export Zed."""
    exported = await (who or house.alice).slash(
        house.lobby, "personality export", personality="Zed", kind=kind
    )
    (file,) = answer(exported).attachments
    return file.filename, await file.read()


@pytest.mark.parametrize(
    ("filename", "data"),
    [
        ("zed.json", V1.encode()),
        ("zed.json", V2.encode()),
        ("zed.txt", b"\xef\xbb\xbf" + V3.encode()),
        ("zed.png", png(chara=V2)),
        ("zed.png", png(chara=V2.replace("Zed", "Older"), ccv3=V3)),
    ],
    ids=["V1", "V2", "V3 with a mark", "PNG", "PNG of two"],
)
async def test_a_card_becomes_a_personality_and_comes_back_byte_for_byte(
    house: House, filename: str, data: bytes
) -> None:
    brought = await import_card(house, filename, data)
    kind = "file" if filename.endswith("png") else "json"

    name, exported = await export_card(house, kind)

    await house.alice.send(house.lobby, "@Zed hello")
    assert content_of(brought) == MEET.format("Zed")
    assert embed(brought).description == "Zed mends clocks."
    assert fields(brought)["First message"] == "*ticks*"
    assert name.startswith("zed-")
    assert name.endswith(filename[-4:].replace(".txt", "json"))
    assert exported == data
    assert any("A shop at noon." in prompt for prompt in house.openai.prompts)


async def test_only_what_was_changed_is_changed_in_the_card(house: House) -> None:
    await import_card(house, "zed.json", V1.encode())
    await fill(
        house, house.alice, "personality open", {"personality_tone": "Slow."},
        personality="Zed", part="character",
    )  # fmt: skip
    await fill(
        house, house.alice, "personality open", {"first_message": "*tocks*"},
        personality="Zed", part="conversation",
    )  # fmt: skip

    _, exported = await export_card(house)

    before, after = json.loads(V1), json.loads(exported)
    assert after["spec"] == "chara_card_v3"
    assert after["data"] == {
        **after["data"],
        **before,
        "first_mes": "*tocks*",
        "extensions": {"troupe": {"personality_tone": "Slow."}},
    }
    assert b"1.5,\n" in exported


async def test_what_was_made_here_travels_whole_to_another_house(house: House) -> None:
    texts = {
        "name": "Zed",
        "character_info": "Zed mends clocks.",
        "personality_tone": "Slow.",
        "conversational_goals": "Sell a clock.",
    }
    personality = await house.services.personalities.create(actor(house.alice), texts)
    _, exported = await export_card(house)
    await house.services.personalities.delete(actor(house.alice), personality.id)

    brought = await import_card(house, "zed.json", exported)

    assert json.loads(exported)["spec"] == "chara_card_v3"
    assert embed(brought).description == "Zed mends clocks."
    assert fields(brought) == {"Tone": "Slow.", "Goals": "Sell a clock."}


async def test_there_is_no_picture_of_what_came_without_one(house: House) -> None:
    await import_card(house, "zed.json", V1.encode())

    result = await house.alice.slash(
        house.lobby, "personality export", personality="Zed", kind="file"
    )

    assert "was not imported from an image" in content_of(result)


async def test_the_bots_owner_may_export_what_is_not_theirs(house: House) -> None:
    await import_card(house, "zed.json", V1.encode())

    _, exported = await export_card(house, who=house.boss)

    assert exported == V1.encode()


async def test_files_that_are_no_cards_are_refused_in_words(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.services.uploads, "_per_minute", 100)

    def card(**changes: Any) -> bytes:
        return json.dumps({**ZED, **changes}).encode()

    no_card = "That file is not a character card I can read: "
    too_large = "That file is too large for a character card: "
    impersonates = "could be mistaken for Discord, for staff or for a member of this server."
    files = {
        b"": f"{no_card}no JSON.",
        png(): f"{no_card}a picture without a character in it.",
        png(chara=V2)[:60]: f"{no_card}a PNG that breaks off.",
        b"\xff\xfe\x00": f"{no_card}neither a picture nor text.",
        b"[1]": f"{no_card}JSON, but no object.",
        b"[" * 100_000: f"{no_card}no JSON.",
        card(name=" "): f"{no_card}it has no name.",
        card(name=[7]): f"{no_card}it has no name.",
        card(name="\u200b"): "The name is empty or has no visible text.",
        card(name="Admin"): impersonates,
        card(name="bob"): impersonates,
        b" " * 16_000_001: f"{too_large}the limit is 16 MB.",
        b" " * 8_000_001: f"{too_large}the limit is 8 MB.",
    }

    for data, refusal in files.items():
        result = await import_card(house, "card.json", data)
        assert refusal in content_of(result).replace("\\", "")
    listed = await house.alice.slash(house.lobby, "personality list")
    assert "yours" not in str(embed(listed).description)


async def test_a_person_uploads_ten_times_a_minute(house: House) -> None:
    said = [
        content_of(
            await house.alice.slash(house.lobby, "personality import", card=("c.json", b"{}"))
        )
        for _ in range(11)
    ]

    assert not any("uploaded" in each for each in said[:10])
    assert said[10].startswith("You have uploaded 10 times within a minute. Try again in ")
    other = await house.bob.slash(house.lobby, "personality import", card=("c.json", b"{}"))
    assert "uploaded" not in content_of(other)


async def test_ones_own_export_makes_a_second_one(house: House) -> None:
    await import_card(house, "zed.json", V1.encode())
    _, exported = await export_card(house)

    again = await import_card(house, "zed.json", exported)
    third = await import_card(house, "zed.json", exported)

    assert content_of(again) == MEET.format("Zed 2")
    assert answer(again).embeds[1].description == (
        "- Another one has its **name**, so this one is **Zed 2**."
    )
    assert content_of(third) == MEET.format("Zed 3")
