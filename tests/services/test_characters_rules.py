"""Rules for characters: photos, profiles and limits."""

import asyncio
import io
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import text

from db.session import Sessions
from services.characters import (
    CharacterNameTaken,
    CharacterNotFound,
    ImageLimitReached,
    ImageOrder,
    NoProfile,
    NoReferencePhoto,
    Scene,
    SceneRefused,
    StyleForAdults,
    StyleNotFound,
    TooManyGenerating,
)
from services.errors import DomainError
from services.images import ImagePipeline
from services.llm import LanguageModels
from services.media import (
    FileNotFound,
    NotAPicture,
    PictureTooLarge,
)
from services.types import Attachment
from tests.services.character_support import (
    FILES,
    OWNER,
    PHOTO,
    SEEN,
    STRANGER,
    Drawing,
    seen,
)
from tests.vendors.openai import OpenAIStandIn
from tests.vendors.replicate import ReplicateStandIn, bomb, painted

pytestmark = pytest.mark.slow

BAD: dict[str, tuple[bytes | None, type[DomainError]]] = {
    "60 megapixels": (bomb(), PictureTooLarge),
    "an SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", NotAPicture),
    "a PDF named .png": (b"%PDF-1.7", NotAPicture),
    "nothing": (b"", NotAPicture),
    "a corrupt JPEG": (painted("x")[:300], NotAPicture),
    "a file that vanished": (None, FileNotFound),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_photo_is_refused_at_the_door(drawing: Drawing, name: str) -> None:
    data, error = BAD[name]
    url = f"https://cdn/{name}"
    if data is not None:
        FILES[url] = data
    photo = Attachment(name=f"{name}.png", media_type="image/png", size=9, url=url)

    with pytest.raises(error):
        await drawing.create(photo=photo)

    assert await drawing.service.list_characters(OWNER) == []
    assert await drawing.keys() == set()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"people": 0}, "there is no person in it"),
        ({"people": 2}, "more than one person"),
        ({"is_sexual": True}, "cannot be made from sexual photos"),
        ({"is_violent": True}, "cannot be made from violent photos"),
    ],
)
async def test_a_photo_of_the_wrong_kind_is_deleted_at_once(
    drawing: Drawing,
    openai: OpenAIStandIn,
    replicate: ReplicateStandIn,
    changes: dict[str, Any],
    words: str,
) -> None:
    openai.answer = seen(**changes)
    character = await drawing.create()
    await drawing.run_due_jobs()

    now = await drawing.now(character.id)
    assert (now.status, now.photo_key) == ("failed", None)
    assert words in (now.error or "")
    assert await drawing.keys() == set()
    assert replicate.predictions == {}
    assert drawing.notifier.shown[-1] == ("failed", 0)
    with pytest.raises(NoReferencePhoto):
        await drawing.service.generate(OWNER, character.id, ImageOrder(style="ink"))
    with pytest.raises(NoProfile):
        await drawing.galleries.profile(OWNER, character.id)


async def test_a_gif_gives_its_first_frame(drawing: Drawing) -> None:
    out = io.BytesIO()
    frames = [Image.new("P", (80, 60), colour) for colour in (1, 2, 3)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    FILES["https://cdn/a.gif"] = out.getvalue()
    character = await drawing.create(
        photo=Attachment(name="a.gif", media_type="image/gif", size=9, url="https://cdn/a.gif")
    )

    photo = Image.open(io.BytesIO(await drawing.galleries.read_file(character.photo_key or "")))
    assert (photo.format, photo.size, getattr(photo, "n_frames", 1)) == ("JPEG", (80, 60), 1)


async def test_who_looks_young_is_drawn_in_styles_for_everyone_only(
    drawing: Drawing, openai: OpenAIStandIn, replicate: ReplicateStandIn
) -> None:
    openai.answer = seen(age_band="child")
    character = await drawing.create(style="noir")
    await drawing.run_due_jobs()
    refused = await drawing.now(character.id)
    assert refused.status == "failed"
    assert "for adult characters only" in (refused.error or "")
    assert replicate.predictions == {}

    flirting = ImageOrder(style="flat", scene=Scene.SCENE, scene_text="in lingerie, flirting")
    with pytest.raises(SceneRefused):
        await drawing.service.generate(OWNER, character.id, flirting)
    await drawing.service.generate(OWNER, character.id, ImageOrder(style="flat", variants=1))
    await drawing.run_due_jobs()
    assert (await drawing.now(character.id)).status == "ready"
    assert len(openai.requests) == 1, "nobody is paid for looking twice"


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        (ImageOrder(style="crayon"), StyleNotFound),
        (ImageOrder(style="ink", scene=Scene.SCENE, scene_text="naked, having sex"), SceneRefused),
    ],
)
async def test_what_is_not_drawn_is_refused_before_anything_is_stored(
    drawing: Drawing, wish: ImageOrder, error: type[DomainError]
) -> None:
    with pytest.raises(error):
        await drawing.service.create(OWNER, name="Ada", gender="female", photo=PHOTO, order=wish)

    assert await drawing.keys() == set()


async def test_thirty_creates_at_once_are_no_more_than_one_may_have(drawing: Drawing) -> None:
    results = await asyncio.gather(
        *(drawing.create(name=f"Ada {n}", variants=1) for n in range(30)), return_exceptions=True
    )

    refused = [each for each in results if isinstance(each, TooManyGenerating)]
    assert len(refused) == 28
    assert len(await drawing.service.list_characters(OWNER)) == 2
    assert len(await drawing.keys()) == 2


async def test_pictures_of_a_day_are_limited(
    sessions: Sessions, models: LanguageModels, studio: ImagePipeline, openai: OpenAIStandIn
) -> None:
    openai.answer = seen()
    drawing = Drawing(sessions, models, studio, images_per_day=3)
    await drawing.create(variants=2)
    with pytest.raises(ImageLimitReached) as caught:
        await drawing.create(name="Bea", variants=2)
    assert (caught.value.limit, caught.value.left) == (3, 1)
    await drawing.run_due_jobs()
    async with sessions.begin() as session:
        await session.execute(
            text("UPDATE prompt_artifacts SET created_at = now() - interval '25 h'")
        )
        await session.execute(text("UPDATE llm_calls SET created_at = now() - interval '25 h'"))
    await drawing.create(name="Bea", variants=3)


async def test_names_are_ones_own_and_characters_too(drawing: Drawing) -> None:
    character = await drawing.create()
    with pytest.raises(CharacterNameTaken):
        await drawing.create(name="ADA")
    both = await asyncio.gather(
        drawing.create(name="Bea"), drawing.create(name="bea"), return_exceptions=True
    )
    assert sum(isinstance(each, DomainError) for each in both) == 1
    assert len(await drawing.keys()) == 2
    with pytest.raises(CharacterNotFound):
        await drawing.service.find(STRANGER, "Ada")
    for refused in (
        drawing.galleries.get(STRANGER, character.id),
        drawing.service.delete(STRANGER, character.id),
        drawing.service.generate(STRANGER, character.id, ImageOrder(style="ink")),
        drawing.galleries.select_image(STRANGER, character.id, character.id),
        drawing.galleries.set_fixed_features(STRANGER, character.id, ()),
    ):
        with pytest.raises(CharacterNotFound):
            await refused


@pytest.mark.parametrize(
    "changes",
    [
        {"clothing": "nothing, fully nude, an erotic pose"},
        {"features": "explicit hentai\nnaked"},
    ],
)
async def test_words_of_a_profile_draw_nobody_undressed(
    drawing: Drawing, changes: dict[str, str]
) -> None:
    character = await drawing.create(variants=1)
    await drawing.run_due_jobs()
    with pytest.raises(SceneRefused):
        await drawing.galleries.update_profile(OWNER, character.id, changes)
    profile = await drawing.galleries.profile(OWNER, character.id)
    assert (profile.clothing, profile.features) == (SEEN["clothing"], SEEN["features"])


async def test_who_is_called_young_is_young(drawing: Drawing) -> None:
    character = await drawing.create(variants=1)
    await drawing.run_due_jobs()
    await drawing.galleries.update_profile(OWNER, character.id, {"build": "a 9 year old girl"})
    with pytest.raises(StyleForAdults):
        await drawing.service.generate(OWNER, character.id, ImageOrder(style="noir"))


async def test_looking_at_photos_is_limited_as_well(
    sessions: Sessions, models: LanguageModels, studio: ImagePipeline, openai: OpenAIStandIn
) -> None:
    openai.answer = seen(people=0)
    drawing = Drawing(sessions, models, studio, images_per_day=2)
    for _ in range(2):
        # One of whom there is nothing any more makes place for another of the name.
        await drawing.create(variants=1)
        await drawing.run_due_jobs()
    with pytest.raises(ImageLimitReached):
        await drawing.create(variants=1)
    assert len(openai.requests) == 2
    assert len(await drawing.service.list_characters(OWNER)) == 1
