"""Faces of personalities: from their cards, from attachments, and where Discord finds them."""

import base64
import io
import json
from typing import Any

import pytest
from PIL import Image
from simcord.results import InteractionResult
from sqlalchemy import func, select, update

from bot.app.wiring import worker
from db.models import Face, LlmConfig, Personality
from db.session import Sessions
from services.media import Crop, NotAPicture, small_png, square
from services.media.squares import SIDE, SMALL_SIDE
from services.personalities import cards
from tests.cogs.concurrent import answers
from tests.cogs.conftest import House
from tests.cogs.forms import answer, content_of, embed
from tests.cogs.test_cards import V3, ZED, import_card
from tests.cogs.test_publishing import wait_until_ended
from tests.services.publishing_support import judge
from tests.services.test_card_formats import archive
from tests.services.test_cards import text


def picture(width: int = 300, height: int = 600, form: str = "PNG") -> bytes:
    """Return a picture: red above, green in the middle, blue below."""
    image = Image.new("RGB", (width, height), (0, 255, 0))
    image.paste((255, 0, 0), (0, 0, width, height // 3))
    image.paste((0, 0, 255), (0, height * 2 // 3, width, height))
    output = io.BytesIO()
    image.save(output, form)
    return output.getvalue()


def card_in(png: bytes, document: str) -> bytes:
    """Return a picture with a card in it."""
    return png[:-12] + text(b"ccv3", document) + png[-12:]


def with_assets(*assets: dict[str, Any]) -> str:
    data = {**ZED, "assets": list(assets)}
    return json.dumps({"spec": "chara_card_v3", "spec_version": "3.0", "data": data})


def icon(uri: str, name: str = "main") -> dict[str, Any]:
    return {"type": "icon", "uri": uri, "name": name, "ext": "png"}


def is_mostly(data: bytes, channel: int) -> bool:
    with Image.open(io.BytesIO(data)) as image:
        pixel = image.convert("RGB").resize((1, 1)).getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return max(range(3), key=lambda n: pixel[n]) == channel


@pytest.mark.parametrize(
    ("filename", "data"),
    [
        ("zed.png", card_in(picture(), V3)),
        ("zed.charx", archive(with_assets(icon("embeded://a/b.png")), **{"a/b.png": picture()})),
        (
            "zed.json",
            with_assets(
                icon("https://elsewhere.example/x.png"),
                icon(f"data:image/png;base64,{base64.b64encode(picture()).decode()}", "second"),
            ).encode(),
        ),
    ],
    ids=["PNG", "CharX", "JSON"],
)
async def test_a_card_brings_its_face(house: House, filename: str, data: bytes) -> None:
    brought = await import_card(house, filename, data)

    shown = embed(brought).thumbnail.url or ""
    assert shown.startswith("https://cdn.discordapp.com/emojis/")
    assert shown.endswith(".png?size=128")


async def test_an_exported_archive_has_the_face_and_comes_back(house: House) -> None:
    await import_card(house, "zed.png", card_in(picture(), V3))

    exported = await house.alice.slash(
        house.lobby, "personality export", personality="Zed", kind="charx"
    )
    (file,) = answer(exported).attachments
    data = await file.read()
    again = cards.read(data)

    assert file.filename.endswith(".charx")
    assert (again.body["assets"][0]["type"], again.values["name"]) == ("icon", "Zed")
    assert is_mostly(cards.face_of(again.document, again.file) or b"", 1)
    assert json.loads(again.document)["spec"] == "chara_card_v3"


@pytest.mark.parametrize(
    ("file", "extension"),
    [(card_in(picture(), V3), "png"), (picture(form="JPEG") + archive(V3), "jpeg")],
    ids=["PNG", "JPEG"],
)
def test_the_face_in_an_archive_is_the_picture_alone(file: bytes, extension: str) -> None:
    card = cards.read(file)

    written = cards.read(cards.write_charx(card.document, cards.face_of(card.document, card.file)))

    face = cards.face_of(written.document, written.file) or b""
    assert written.body["assets"][0]["ext"] == extension
    assert face == picture(form=extension.upper())
    assert is_mostly(face, 1)


@pytest.mark.parametrize(
    "uri",
    ["embeded://../../etc/passwd", "data:image/png;base64,%%%", "__asset:5", "ccdefault:", ""],
)
async def test_a_card_without_a_picture_of_its_own_has_no_face(house: House, uri: str) -> None:
    data = archive(with_assets(icon(uri)))

    brought = await import_card(house, "zed.charx", data)

    assert embed(brought).thumbnail.url is None
    assert len(answer(brought).embeds) == 1


async def test_a_card_with_a_broken_picture_is_imported_and_says_why_it_has_no_face(
    house: House,
) -> None:
    uri = f"data:image/png;base64,{base64.b64encode(b'no picture').decode()}"

    brought = await import_card(house, "zed.json", with_assets(icon(uri)).encode())

    assert embed(brought).thumbnail.url is None
    assert "- **picture** could not be used: " in (answer(brought).embeds[1].description or "")


async def test_an_attachment_becomes_a_face_and_nonsense_does_not(house: House) -> None:
    await import_card(house, "zed.json", json.dumps(ZED).encode())

    none = await house.alice.slash(house.lobby, "personality avatar", personality="Zed")
    given = await house.alice.slash(
        house.lobby,
        "personality avatar",
        personality="Zed",
        picture=("me.jpg", picture(form="JPEG")),
    )
    broken = await house.alice.slash(
        house.lobby, "personality avatar", personality="Zed", picture=("me.png", b"no picture")
    )
    stranger = await house.bob.slash(
        house.lobby, "personality avatar", personality="Mirela", picture=("me.png", picture())
    )

    assert content_of(none) == "The card of **Zed** has no picture of it."
    assert (embed(given).thumbnail.url or "").startswith("https://cdn.discordapp.com/emojis/")
    assert "picture" in content_of(broken)
    assert content_of(stranger) == "Only the owners of **Mirela** can do that."


async def test_a_copy_still_has_its_face_when_the_original_gets_another(house: House) -> None:
    await import_card(house, "zed.png", card_in(picture(), V3))
    await house.alice.slash(house.lobby, "personality copy", personality="Zed", name="Zora")
    shown = await house.alice.slash(house.lobby, "personality view", personality="Zora")
    url = embed(shown).thumbnail.url or ""

    await house.alice.slash(
        house.lobby, "personality avatar", personality="Zed", picture=("me.png", picture())
    )
    ids = {str(each.id) for each in await house.bot.fetch_application_emojis()}
    await house.alice.slash(
        house.lobby, "personality avatar", personality="Zora", picture=("me.png", picture())
    )
    left = {str(each.id) for each in await house.bot.fetch_application_emojis()}

    (emoji_id,) = (each for each in ids if f"/{each}." in url)
    assert len(ids) == 2
    assert emoji_id not in left
    assert len(left) == 2


@pytest.fixture
async def seen(house: House, sessions: Sessions) -> dict[str, bool]:
    """What a vision model sees in every picture."""
    async with sessions.begin() as session:
        await session.execute(update(LlmConfig).values(vision_model="openai/gpt-6-luna"))
    verdict = {"is_sexual": False, "shows_minor": False}
    house.openai.answer = lambda body: (
        json.dumps(verdict) if "response_format" in body else "The lamp turns."
    )
    return verdict


async def set_face(house: House) -> InteractionResult:
    return await house.alice.slash(
        house.lobby, "personality avatar", personality="Zed", picture=("me.png", picture())
    )


@pytest.mark.parametrize("is_sexual", [True, False])
async def test_a_face_is_looked_at_before_others_see_it(
    house: House, seen: dict[str, bool], *, is_sexual: bool
) -> None:
    seen["is_sexual"] = is_sexual
    await import_card(house, "zed.json", json.dumps(ZED).encode())

    given = await set_face(house)
    await house.alice.send(house.lobby, "@Zed hello")

    assert ("counts as explicit" in content_of(given)) == is_sexual
    assert bool(answers(house.lobby)) != is_sexual
    assert "image_url" in json.dumps(house.openai.requests[0])


async def test_a_sexual_picture_of_a_minor_is_no_face(
    house: House, seen: dict[str, bool], sessions: Sessions
) -> None:
    seen |= {"is_sexual": True, "shows_minor": True}
    await import_card(house, "zed.json", json.dumps(ZED).encode())

    refused = await set_face(house)

    assert content_of(refused).startswith("The picture was refused")
    assert not await house.bot.fetch_application_emojis()
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(Face)) == 0


async def test_publishing_looks_at_a_face_that_nobody_has_seen(
    house: House, sessions: Sessions
) -> None:
    await import_card(house, "zed.png", card_in(picture(), V3))
    async with sessions.begin() as session:
        await session.execute(update(LlmConfig).values(vision_model="openai/gpt-6-luna"))
    house.openai.answer = judge(FaceModeration={"is_sexual": True, "shows_minor": False})

    async with worker(sessions, house.services, has_discord=True).running():
        await house.alice.slash(house.lobby, "publish start", personality="Zed", review=False)
        await wait_until_ended(house, "Zed")

    async with sessions() as session:
        rating = await session.scalar(
            select(Personality.nsfw_rating).where(Personality.name == "Zed")
        )
        assert (rating, await session.scalar(select(Face.is_explicit))) == ("explicit", True)


async def test_a_clean_face_does_not_make_an_explicit_expression_clean(
    house: House, seen: dict[str, bool], sessions: Sessions
) -> None:
    await import_card(house, "zed.json", json.dumps(ZED).encode())
    seen["is_sexual"] = True
    await house.alice.slash(
        house.lobby,
        "personality avatar",
        personality="Zed",
        picture=("me.png", picture()),
        expression="bare",
    )
    seen["is_sexual"] = False
    await set_face(house)

    async with sessions() as session:
        assert await session.scalar(
            select(Personality.avatar_explicit).where(Personality.name == "Zed")
        )


async def test_publishing_looks_at_expressions_that_nobody_has_seen(
    house: House, sessions: Sessions
) -> None:
    await import_card(house, "zed.json", json.dumps(ZED).encode())
    house.openai.answer = lambda _: "no verdict"
    await house.alice.slash(
        house.lobby,
        "personality avatar",
        personality="Zed",
        picture=("me.png", picture()),
        expression="bare",
    )
    house.openai.answer = judge(FaceModeration={"is_sexual": True, "shows_minor": False})

    async with worker(sessions, house.services, has_discord=True).running():
        await house.alice.slash(house.lobby, "publish start", personality="Zed", review=False)
        await wait_until_ended(house, "Zed")

    async with sessions() as session:
        rating = await session.scalar(
            select(Personality.nsfw_rating).where(Personality.name == "Zed")
        )
        assert rating == "explicit"


@pytest.mark.parametrize(("crop", "channel"), [(Crop.TOP, 0), (Crop.CENTER, 1), (Crop.BOTTOM, 2)])
def test_a_face_is_cut_where_its_maker_wants(crop: Crop, channel: int) -> None:
    cut = square(picture(300, 900), crop)

    assert (cut.width, cut.height) == (300, 300)
    assert is_mostly(cut.data, channel)
    small = small_png(square(picture(2000, 2000), crop).data)
    with Image.open(io.BytesIO(small)) as image:
        assert (image.format, image.size) == ("PNG", (SMALL_SIDE, SMALL_SIDE))
    assert len(small) < 256_000
    assert square(picture(2000, 2000), crop).width == SIDE


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(NotAPicture):
        square(b"GIF89a but not really", Crop.TOP)
