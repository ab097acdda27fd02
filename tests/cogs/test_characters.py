"""`/character`, as people use it on Discord."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image
from simcord.components import walk_components
from simcord.results import InteractionResult

from db.session import Sessions
from services.access import Situation
from services.images import ImagePipeline
from services.media import FolderStore
from tests.cogs.concurrent import answers, invent
from tests.cogs.conftest import House
from tests.cogs.forms import answer, buttons, content_of, embed, fields, prefilled
from tests.services.character_support import SEEN, nothing_due
from tests.vendors.replicate import Fate, ReplicateStandIn, painted

PHOTO = ("me.jpg", painted("photo", (900, 1200)))


@pytest.fixture
def studio(studio: ImagePipeline) -> ImagePipeline:
    """A pipeline whose stored images have public addresses."""
    store = studio.store
    assert isinstance(store, FolderStore)
    folder = store.path_of("x").parent
    public = FolderStore(folder, base_url="http://x", public_base="https://media.example")
    return replace(studio, store=public)


@pytest.fixture(autouse=True)
def seeing(house: House) -> None:
    house.openai.answer = lambda body: (
        json.dumps(SEEN) if "PhotoAnswer" in json.dumps(body) else "The lamp is lit."
    )


DEFAULTS = {"photo": PHOTO, "name": "Ada", "gender": "female", "style": "Ink"}


async def create(house: House, sessions: Sessions, **options: Any) -> InteractionResult:
    """Create a character, and wait until it is drawn."""
    confirmation = await house.alice.slash(
        house.lobby,
        "character create",
        **{name: value for name, value in {**DEFAULTS, **options}.items() if value is not None},
    )
    if confirmation.response is not None and buttons(answer(confirmation)):
        await house.alice.click(answer(confirmation), label="Yes, draw it")
        await nothing_due(sessions)
    return confirmation


async def test_an_uploaded_photo_is_drawn_from_and_no_other_file(
    at_work: House, sessions: Sessions, studio: ImagePipeline
) -> None:
    key = "uploads/00000000-0000-4000-8000-000000000001.jpeg"
    await studio.store.put(key, PHOTO[1], media_type="image/jpeg")

    drawn = await create(at_work, sessions, photo=None, upload=key)
    refusals: list[str] = []
    for options in ({"upload": "photos/../x.jpg"}, {}):
        asked = await at_work.alice.slash(
            at_work.lobby, "character create", name="Bea", gender="female", style="Ink", **options
        )
        pressed = await at_work.alice.click(answer(asked), label="Yes, draw it")
        shown = [each for each in (*pressed.followups, pressed.response) if each]
        refusals.append(" ".join(each.content for each in shown).replace("\\", ""))

    assert "Ada" in str([each.to_dict() for each in answer(drawn).embeds]) + answer(drawn).content
    assert "photos/../x.jpg" in refusals[0]
    text = "Give a photo to draw from: attach one, or the key of an upload."
    assert text in refusals[1]


async def test_a_photo_becomes_a_face(
    at_work: House, sessions: Sessions, replicate: ReplicateStandIn
) -> None:
    invented = await invent(at_work, at_work.alice, "Captain Ada")
    confirmation = await at_work.alice.slash(
        at_work.lobby, "character create", photo=PHOTO, name="Ada", gender="female", style="Ink"
    )
    question = answer(confirmation).content
    made_it = await create(at_work, sessions, pictures=3)
    done = answer(made_it)
    listed = await at_work.alice.slash(at_work.lobby, "character list")
    gallery = await at_work.alice.slash(at_work.lobby, "character gallery", character="Ada")
    shown = answer(gallery)

    assert "4 pictures by `replicate/google/nano-banana`, about **$0.16**" in question
    assert "May you use this photo?" in question
    (progress,) = done.embeds
    assert "████████████" in (progress.description or "")
    assert "This cost $0.12" in (progress.description or "")
    assert [each.filename for each in done.attachments] == ["pictures.png"]
    assert "✅ **Ada** · Ink · 3 pictures · ready" in (embed(listed).description or "")
    sheet = Image.open(io.BytesIO(await shown.attachments[0].read()))
    assert sheet.size == (3 * 312 + 12, 312 + 12)

    choices = options(gallery)
    assert [each["label"] for each in choices] == [f"{n}: Ink, portrait" for n in (1, 2, 3)]
    await at_work.alice.select(shown, [choices[1]["value"]])
    await at_work.alice.click(answer(gallery), label="★ Select")
    assert "★ selected · Ink" in (answer(gallery).embeds[0].description or "")
    used = await at_work.alice.slash(
        at_work.lobby, "character use", character="Ada", personality="Captain Ada"
    )
    await at_work.alice.send(at_work.lobby, "@Captain Ada good evening")

    assert "speaks with this face" in (embed(used).description or "")
    personality = await at_work.services.personalities.find(
        "Captain Ada", Situation(account_ids={at_work.alice.id})
    )
    assert personality.id == invented.id
    assert (personality.avatar_url or "").startswith("https://media.example/media/avatars/")
    assert answers(at_work.lobby) == ["The lamp is lit."]
    sent: list[Any] = [each.json for each in at_work.env.http_requests]
    (spoken,) = [each for each in sent if each and "username" in each]
    assert spoken["username"] == "Captain Ada"
    assert spoken["avatar_url"] == personality.avatar_url
    assert replicate.complaints == []


async def test_a_profile_is_a_table_that_can_be_changed(at_work: House, sessions: Sessions) -> None:
    await create(at_work, sessions, pictures=1)
    shown = await at_work.alice.slash(at_work.lobby, "character profile", character="Ada")
    table = fields(shown)
    form = await at_work.alice.click(answer(shown), label="Edit looks")
    await at_work.alice.submit_modal(form, {**prefilled(form), "hair": "long red hair"})
    changed = fields(shown)
    await at_work.alice.select(answer(shown), ["0", "1"])
    locked = fields(shown)["Features"] or ""

    assert table["Hair"] == "short grey hair, combed back"
    assert table["Palette"] == "navy, brass yellow, fog grey"
    assert table["Features"] == (
        "🔒 a scar through the left eyebrow\n▫️ a gap between the front teeth"
    )
    assert changed["Hair"] == "long red hair"
    assert locked.count("🔒") == 2


async def test_a_gallery_has_pages_and_pictures_can_go(at_work: House, sessions: Sessions) -> None:
    await create(at_work, sessions, pictures=4)
    for scene in ("on a pier", "at a desk"):
        confirmation = await at_work.alice.slash(
            at_work.lobby, "character generate", character="Ada", scene=scene, pictures=4
        )
        await at_work.alice.click(answer(confirmation), label="Draw")
        await nothing_due(sessions)
    gallery = await at_work.alice.slash(at_work.lobby, "character gallery", character="Ada")
    first = buttons(answer(gallery))
    footer = answer(gallery).embeds[0].footer.text
    await at_work.alice.click(answer(gallery), label="Next")
    second = options(gallery)
    await at_work.alice.select(answer(gallery), [second[0]["value"]])
    await at_work.alice.click(answer(gallery), label="Delete")
    left = answer(gallery).embeds[0].footer.text
    await at_work.alice.select(answer(gallery), [options(gallery)[0]["value"]])
    again = await at_work.alice.click(answer(gallery), label="Regenerate")
    question = answer(again).content
    await at_work.alice.click(answer(again), label="Draw")
    await nothing_due(sessions)

    assert footer == "12 pictures · page 1 of 2"
    assert first == {
        "Back": False, "Next": True, "★ Select": False, "Regenerate": False, "Delete": False,
    }  # fmt: skip
    assert [each["label"] for each in second] == [f"{n}: Ink, portrait" for n in (1, 2, 3)]
    assert left == "11 pictures · page 2 of 2"
    assert question.startswith("1 picture by `replicate/google/nano-banana`, about **$0.04**")
    assert "This cost $0.04" in (answer(again).embeds[0].description or "")


def options(result: InteractionResult) -> list[dict[str, Any]]:
    """Return what can be chosen from an answer's menu."""
    menus = [each for each in walk_components(answer(result).components) if "options" in each]
    return menus[0]["options"]


async def test_what_goes_wrong_is_said_in_words(
    at_work: House, sessions: Sessions, replicate: ReplicateStandIn
) -> None:
    fake = ("me.png", b"%PDF-1.7 and so on")
    pdf = await at_work.alice.slash(
        at_work.lobby, "character create", photo=fake, name="P", gender="male", style="Ink"
    )
    refused = await at_work.alice.click(answer(pdf), label="Yes, draw it")
    crayon = await at_work.alice.slash(
        at_work.lobby, "character create", photo=PHOTO, name="P", gender="male", style="crayon"
    )
    wrong = await at_work.alice.click(answer(crayon), label="Yes, draw it")
    replicate.default = Fate(status="failed", error="the server is on fire")
    failed = await create(at_work, sessions, name="Bea", pictures=1)
    nobody = await at_work.alice.slash(at_work.lobby, "character gallery", character="Zoe")
    theirs = await at_work.bob.slash(at_work.lobby, "character gallery", character="Bea")

    assert content_of(refused).startswith("**me.png** is not an image I can read")
    assert content_of(wrong).startswith("There is no style called **crayon**")
    ended = answer(failed).embeds[0].description or ""
    assert "the server is on fire" in ended
    assert "`/character generate` tries again." in ended
    assert content_of(nobody).startswith("You have no character called **Zoe**")
    assert content_of(theirs).startswith("You have no character called **Bea**")


async def test_a_character_is_deleted_with_every_file(at_work: House, sessions: Sessions) -> None:
    await create(at_work, sessions, pictures=1)
    confirmation = await at_work.alice.slash(at_work.lobby, "character delete", character="Ada")
    gone = await at_work.alice.click(answer(confirmation), label="Delete")
    await nothing_due(sessions)

    assert (
        "is gone, with every picture" in content_of(gone)
        or "is gone" in answer(confirmation).content
    )
    assert [each async for each in at_work.studio.store.list_objects("")] == []
