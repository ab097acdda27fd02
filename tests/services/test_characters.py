"""Characters from photos: drawn, chosen, worn, refused, limited and deleted."""

import asyncio
import hashlib
import io
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, text
from typing_extensions import override

from db.models import CharacterStatus, Job, JobStep, LlmCall, Personality
from db.session import Sessions
from services.characters import (
    CharacterNameTaken,
    CharacterNotFound,
    NoProfile,
    NothingSelected,
    NothingToDrawFrom,
    NotShown,
    PictureGone,
    PicturesUsedUp,
    Progress,
    Scene,
    SceneRefused,
    StillDrawing,
    StyleForAdults,
    StyleNotFound,
    TooManyDrawing,
    Wish,
)
from services.chat import Attachment
from services.errors import DomainError, OwnersOnly
from services.llm import Courier, LanguageModels
from services.llm.gemini import Gemini
from services.media import (
    FileGone,
    FolderStore,
    NoPublicAddress,
    NotAPicture,
    PictureTooLarge,
    Sweeper,
    prepare,
)
from services.painters import ImageModels, Studio
from services.painters.gemini import GeminiPainter
from services.personalities import PersonalityService
from services.privacy import PrivacyService
from tests.services.drawing import (
    FILES,
    OWNER,
    PHOTO,
    SEEN,
    STRANGER,
    Drawing,
    Watched,
    nothing_due,
    seen,
)
from tests.vendors.gemini import GeminiStandIn, Reply
from tests.vendors.openai import OpenAIStandIn
from tests.vendors.openai import Reply as Said
from tests.vendors.replicate import Fate, ReplicateStandIn, bomb, painted
from tests.vendors.s3 import serving, store_at


@pytest.fixture
def drawing(
    sessions: Sessions, models: LanguageModels, studio: Studio, openai: OpenAIStandIn
) -> Drawing:
    openai.answer = seen()
    return Drawing(sessions, models, studio)


@pytest.fixture(params=["folder", "s3"])
async def anywhere(
    request: pytest.FixtureRequest, drawing: Drawing, tmp_path: Path
) -> AsyncGenerator[Drawing]:
    """The same, with the pictures in a folder, and in a real S3 server's bucket."""
    if request.param == "folder":
        yield drawing
        return
    with serving(tmp_path / "s3") as url:
        store = store_at(url)
        yield Drawing(drawing.sessions, drawing.models, replace(drawing.studio, store=store))
        await store.close()


async def test_a_photo_becomes_a_gallery(
    anywhere: Drawing, openai: OpenAIStandIn, replicate: ReplicateStandIn, sessions: Sessions
) -> None:
    drawing = anywhere
    made = await drawing.create(variants=3)
    assert (made.status, made.photo_key) == ("draft", f"characters/{made.id}/photo.jpg")
    before = await drawing.galleries.gallery(OWNER, made.id)
    await drawing.drawn()

    gallery = await drawing.galleries.gallery(OWNER, made.id)
    assert (before.shown, before.profile) == ([], None)
    assert (gallery.character.status, gallery.character.error) == ("ready", None)
    assert gallery.character.reply is None
    assert gallery.profile is not None
    for field in ("hair", "eyes", "accessories", "color_palette", "do_not_change"):
        assert getattr(gallery.profile, field) == SEEN[field]
    assert len(gallery.shown) == 3
    photo = await drawing.galleries.file(made.photo_key or "")
    assert photo == prepare(FILES[PHOTO.url], max_width=1536).data
    for each in gallery.shown:
        stored = await drawing.galleries.file(each.asset.storage_key)
        assert each.asset.sha256 == hashlib.sha256(stored).hexdigest()
        assert (each.asset.size, each.asset.content_type) == (len(stored), "image/jpeg")
        assert each.thumbnail.width == each.thumbnail.height == 320
        there = painted(each.artifact.prediction_id or "")
        assert stored == prepare(there, max_width=1600, quality=82, is_made=True).data
        prediction = replicate.predictions[each.artifact.prediction_id or ""]
        assert prediction["input"]["prompt"] == each.artifact.prompt
        assert each.artifact.cost_usd == 0.04
    assert await drawing.keys() == {
        made.photo_key,
        *(key.storage_key for each in gallery.shown for key in (each.asset, each.thumbnail)),
    }
    assert replicate.files == {}, "what was lent to the vendor was taken back"
    (asked,) = openai.requests
    assert asked["messages"][1]["content"][1]["type"] == "image_url"
    assert drawing.watcher.shown[0] == ("profiling", 0)
    assert drawing.watcher.shown[-1] == ("ready", 3)
    assert {status for status, _ in drawing.watcher.shown} == {"profiling", "generating", "ready"}
    async with sessions() as session:
        calls = (await session.scalars(select(LlmCall))).all()
    assert {(each.purpose, each.outcome) for each in calls} == {
        ("character", "ok"),
        ("character picture", "ok"),
    }
    assert len(calls) == 4


async def test_one_picture_is_selected_and_later_ones_take_after_it(
    drawing: Drawing, replicate: ReplicateStandIn
) -> None:
    made = await drawing.create()
    await drawing.drawn()
    first, second = (await drawing.galleries.gallery(OWNER, made.id)).shown
    await drawing.galleries.select(OWNER, made.id, first.image.id)
    await drawing.galleries.select(OWNER, made.id, second.image.id)
    lent: list[bytes] = []
    real = replicate.files

    class Seen(dict[str, bytes]):
        @override
        def __setitem__(self, name: str, data: bytes) -> None:
            lent.append(data)
            super().__setitem__(name, data)

    replicate.files = Seen(real)
    wish = Wish(
        style="oil", variants=1, scene=Scene.SCENE, scene_text="mending nets on a pier at dusk"
    )
    await drawing.service.generate(OWNER, made.id, wish)
    with pytest.raises(StillDrawing):
        await drawing.service.generate(OWNER, made.id, wish)
    await drawing.drawn()

    gallery = await drawing.galleries.gallery(OWNER, made.id)
    assert [each.image.is_selected for each in gallery.shown] == [False, False, True]
    newest = gallery.shown[0].artifact
    assert (newest.style, newest.scene) == ("oil", "scene")
    assert "mending nets on a pier at dusk" in newest.prompt
    assert "a scar through the left eyebrow" in newest.prompt
    assert lent == [await drawing.galleries.file(second.asset.storage_key)]


async def test_a_personality_speaks_with_the_selected_face(
    drawing: Drawing, sessions: Sessions, models: LanguageModels
) -> None:
    people = PersonalityService(sessions)
    personality = await people.create(OWNER, {"name": "Ada Lighthouse"})
    made = await drawing.create()
    await drawing.drawn()
    with pytest.raises(NothingSelected):
        await drawing.service.use(OWNER, made.id, personality.id)
    chosen = (await drawing.galleries.gallery(OWNER, made.id)).shown[0]
    await drawing.galleries.select(OWNER, made.id, chosen.image.id)
    with pytest.raises(NoPublicAddress):
        await drawing.service.use(OWNER, made.id, personality.id)
    (other,) = [each for each in await everyone(sessions) if each.name == "Mirela"]
    with pytest.raises(OwnersOnly):
        await drawing.service.use(OWNER, made.id, other.id)
    assert not [key for key in await drawing.keys() if key.startswith("avatars/")]

    open_ = public(drawing, models)
    changed = await open_.service.use(OWNER, made.id, personality.id)
    await drawing.service.delete(OWNER, made.id)
    await drawing.drawn()

    (face,) = await drawing.keys()
    assert face.startswith("avatars/")
    assert (changed.avatar_url or "").startswith(f"https://media.example/media/{face}?signature=")
    assert changed.version == 2


def public(drawing: Drawing, models: LanguageModels) -> Drawing:
    """Return the same with an address that everyone can reach."""
    store = drawing.studio.store
    assert isinstance(store, FolderStore)
    folder = store.path_of("x").parent
    opened = FolderStore(folder, base_url="http://x", public_base="https://media.example")
    return Drawing(drawing.sessions, models, replace(drawing.studio, store=opened))


async def everyone(sessions: Sessions) -> list[Personality]:
    async with sessions() as session:
        return list((await session.scalars(select(Personality))).all())


async def test_gemini_draws_too_and_what_it_may_have_drawn_is_not_ordered_again(
    drawing: Drawing, gemini: GeminiStandIn, carrier: Courier, tmp_path: Path
) -> None:
    ledger = drawing.models.ledger
    painter = GeminiPainter(Gemini(api_key="AIza", base_url=gemini.url), "nano")
    images = ImageModels(ledger, carrier, painter, deadline=5)
    gemini.default = Reply(picture=painted("g"))
    mine = Drawing(drawing.sessions, drawing.models, replace(drawing.studio, images=images))
    made = await mine.create(variants=3)
    async with mine.sessions.begin() as session:
        # As a process has left it that died while Gemini was painting.
        session.add(
            JobStep(job_id=made.job_id or made.id, name="ordering 2", output="2026-11-21T00:00:00Z")
        )
    await mine.drawn()

    now = await mine.now(made.id)
    assert (now.status, now.error is not None) == ("ready", True)
    assert "lost on the way" in (now.error or "")
    statuses = [each.status for each in await mine.artifacts()]
    assert statuses == ["done", "lost", "done"]
    assert len(gemini.requests) == 2
    assert gemini.complaints == []
    parts = gemini.requests[0]["contents"][0]["parts"]
    assert [next(iter(each)) for each in parts] == ["inlineData", "text"]
    await images.close()


BAD: dict[str, tuple[bytes | None, type[DomainError]]] = {
    "60 megapixels": (bomb(), PictureTooLarge),
    "an SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", NotAPicture),
    "a PDF named .png": (b"%PDF-1.7", NotAPicture),
    "nothing": (b"", NotAPicture),
    "a corrupt JPEG": (painted("x")[:300], NotAPicture),
    "a file that vanished": (None, FileGone),
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

    assert await drawing.service.listed(OWNER) == []
    assert await drawing.keys() == set()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"people": 0}, "there is nobody in it"),
        ({"people": 2}, "more than one person"),
        ({"is_sexual": True}, "I draw nobody from a photo like that"),
        ({"is_violent": True}, "I draw nobody from a photo like that"),
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
    made = await drawing.create()
    await drawing.drawn()

    now = await drawing.now(made.id)
    assert (now.status, now.photo_key) == ("failed", None)
    assert words in (now.error or "")
    assert await drawing.keys() == set()
    assert replicate.predictions == {}
    assert drawing.watcher.shown[-1] == ("failed", 0)
    with pytest.raises(NothingToDrawFrom):
        await drawing.service.generate(OWNER, made.id, Wish(style="ink"))
    with pytest.raises(NoProfile):
        await drawing.galleries.described(OWNER, made.id)


async def test_a_gif_gives_its_first_frame(drawing: Drawing) -> None:
    out = io.BytesIO()
    frames = [Image.new("P", (80, 60), colour) for colour in (1, 2, 3)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    FILES["https://cdn/a.gif"] = out.getvalue()
    made = await drawing.create(
        photo=Attachment(name="a.gif", media_type="image/gif", size=9, url="https://cdn/a.gif")
    )

    kept = Image.open(io.BytesIO(await drawing.galleries.file(made.photo_key or "")))
    assert (kept.format, kept.size, getattr(kept, "n_frames", 1)) == ("JPEG", (80, 60), 1)


async def test_who_looks_young_is_drawn_in_styles_for_everyone_only(
    drawing: Drawing, openai: OpenAIStandIn, replicate: ReplicateStandIn
) -> None:
    openai.answer = seen(age_band="child")
    made = await drawing.create(style="noir")
    await drawing.drawn()
    refused = await drawing.now(made.id)
    assert refused.status == "failed"
    assert "grown-up characters only" in (refused.error or "")
    assert replicate.predictions == {}

    flirting = Wish(style="flat", scene=Scene.SCENE, scene_text="in lingerie, flirting")
    with pytest.raises(SceneRefused):
        await drawing.service.generate(OWNER, made.id, flirting)
    await drawing.service.generate(OWNER, made.id, Wish(style="flat", variants=1))
    await drawing.drawn()
    assert (await drawing.now(made.id)).status == "ready"
    assert len(openai.requests) == 1, "nobody is paid for looking twice"


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        (Wish(style="crayon"), StyleNotFound),
        (Wish(style="ink", scene=Scene.SCENE, scene_text="naked, having sex"), SceneRefused),
    ],
)
async def test_what_is_not_drawn_is_refused_before_anything_is_stored(
    drawing: Drawing, wish: Wish, error: type[DomainError]
) -> None:
    with pytest.raises(error):
        await drawing.service.create(OWNER, name="Ada", gender="female", photo=PHOTO, wish=wish)

    assert await drawing.keys() == set()


async def test_thirty_creates_at_once_are_no_more_than_one_may_have(drawing: Drawing) -> None:
    made = await asyncio.gather(
        *(drawing.create(name=f"Ada {n}", variants=1) for n in range(30)), return_exceptions=True
    )

    refused = [each for each in made if isinstance(each, TooManyDrawing)]
    assert len(refused) == 28
    assert len(await drawing.service.listed(OWNER)) == 2
    assert len(await drawing.keys()) == 2


async def test_pictures_of_a_day_are_limited(
    sessions: Sessions, models: LanguageModels, studio: Studio, openai: OpenAIStandIn
) -> None:
    openai.answer = seen()
    drawing = Drawing(sessions, models, studio, images_per_day=3)
    await drawing.create(variants=2)
    with pytest.raises(PicturesUsedUp) as caught:
        await drawing.create(name="Bea", variants=2)
    assert (caught.value.limit, caught.value.left) == (3, 1)
    await drawing.drawn()
    async with sessions.begin() as session:
        await session.execute(
            text("UPDATE prompt_artifacts SET created_at = now() - interval '25 h'")
        )
        await session.execute(text("UPDATE llm_calls SET created_at = now() - interval '25 h'"))
    await drawing.create(name="Bea", variants=3)


async def test_names_are_ones_own_and_characters_too(drawing: Drawing) -> None:
    made = await drawing.create()
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
        drawing.galleries.gallery(STRANGER, made.id),
        drawing.service.delete(STRANGER, made.id),
        drawing.service.generate(STRANGER, made.id, Wish(style="ink")),
        drawing.galleries.select(STRANGER, made.id, made.id),
        drawing.galleries.keep(STRANGER, made.id, ()),
    ):
        with pytest.raises(CharacterNotFound):
            await refused


async def test_what_is_known_can_be_changed_and_is_in_the_next_picture(drawing: Drawing) -> None:
    made = await drawing.create(variants=1)
    await drawing.drawn()
    changed = await drawing.galleries.describe(
        OWNER,
        made.id,
        {
            "hair": "long  red\nhair\u200b",
            "features": "a scar through the left eyebrow\n\nan anchor tattoo\n" + "x" * 300,
            "accessories": "",
        },
    )
    kept = await drawing.galleries.keep(OWNER, made.id, ["an anchor tattoo", "not a feature"])
    await drawing.service.generate(OWNER, made.id, Wish(style="ink", variants=1))
    await drawing.drawn()

    assert (changed.hair, changed.accessories) == ("long red hair", [])
    assert [len(each) for each in changed.features] == [31, 16, 80]
    assert kept.do_not_change == ["an anchor tattoo"]
    prompt = (await drawing.artifacts())[-1].prompt
    assert "Hair: long red hair." in prompt
    assert prompt.endswith("Keep exactly: an anchor tattoo.")


async def test_deleting_leaves_no_file(drawing: Drawing, sessions: Sessions) -> None:
    made = await drawing.create()
    await drawing.drawn()
    first, second = (await drawing.galleries.gallery(OWNER, made.id)).shown
    await drawing.galleries.discard(OWNER, made.id, first.image.id)
    with pytest.raises(PictureGone):
        await drawing.galleries.discard(OWNER, made.id, first.image.id)
    await drawing.drawn()
    assert await drawing.keys() == {
        made.photo_key,
        second.asset.storage_key,
        second.thumbnail.storage_key,
    }
    await drawing.service.delete(OWNER, made.id)
    await drawing.drawn()
    assert await drawing.keys() == set()

    await drawing.create()
    await drawing.drawn()
    assert await drawing.keys()
    await PrivacyService(sessions).delete(OWNER)
    await drawing.drawn()
    assert await drawing.keys() == set()


async def test_a_photo_is_deleted_in_time(drawing: Drawing, sessions: Sessions) -> None:
    made = await drawing.create()
    await drawing.drawn()
    async with sessions.begin() as session:
        await session.execute(text("UPDATE jobs.jobs SET due_at = now() WHERE status = 'pending'"))
    await drawing.drawn()

    assert (await drawing.now(made.id)).photo_key is None
    assert not [key for key in await drawing.keys() if key.endswith("photo.jpg")]
    assert len(await drawing.keys()) == 4


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        (Fate(status="failed", error="CUDA out of memory"), "CUDA out of memory"),
        (Fate(status="failed", error="flagged (E005)"), "declined"),
        (Fate(status="canceled"), "called off"),
        (Fate(output="nothing"), "without a picture"),
        (Fate(output="html"), "no picture"),
        (Fate(output="gone"), "lost on the way"),
        (Fate(http=402, detail="Insufficient credit"), "Insufficient credit"),
        (Fate(http=429, detail="in 0 seconds"), "overrun"),
        (Fate(http=503), "not answering"),
    ],
)
async def test_a_vendor_in_trouble_ends_in_words_and_in_another_try(
    drawing: Drawing, replicate: ReplicateStandIn, fate: Fate, words: str
) -> None:
    replicate.default = fate
    made = await drawing.create()
    await drawing.drawn()
    failed = await drawing.now(made.id)
    replicate.default = Fate()
    await drawing.service.generate(OWNER, made.id, Wish(style="ink", variants=1))
    await drawing.drawn()

    assert failed.status == CharacterStatus.FAILED
    assert words in (failed.error or "")
    assert drawing.watcher.shown.count(("failed", 0)) == 1
    assert (await drawing.now(made.id)).status == CharacterStatus.READY
    assert len(await drawing.images()) == 1


async def test_one_picture_that_fails_costs_none_of_the_others(
    drawing: Drawing, replicate: ReplicateStandIn
) -> None:
    replicate.fates.append(Fate(status="failed", error="no luck"))
    made = await drawing.create(variants=3)
    await drawing.drawn()

    now = await drawing.now(made.id)
    statuses = sorted(each.status for each in await drawing.artifacts())
    assert (now.status, statuses) == ("ready", ["done", "done", "failed"])
    assert "no luck" in (now.error or "")


async def test_a_sweep_finds_what_nobody_knows_and_nothing_else(
    drawing: Drawing, sessions: Sessions, models: LanguageModels
) -> None:
    people = PersonalityService(sessions)
    personality = await people.create(OWNER, {"name": "Ada Lighthouse"})
    open_ = public(drawing, models)
    made = await open_.create()
    await open_.drawn()
    chosen = (await open_.galleries.gallery(OWNER, made.id)).shown[0]
    await open_.galleries.select(OWNER, made.id, chosen.image.id)
    await open_.service.use(OWNER, made.id, personality.id)
    sweeper = Sweeper(sessions, drawing.studio.store)
    await sweeper.promise()
    await sweeper.promise()
    async with sessions() as session:
        promised = (await session.scalars(select(Job).where(Job.kind == "sweep"))).all()
    assert len(promised) == 1
    nothing = await sweeper.strays(timedelta(0))
    strays = ("characters/x/1.jpg", "boards/2.jpg", "avatars/3.jpg", "uploads/4.png")
    for key in strays:
        await drawing.studio.store.put(key, b"x", media_type="image/jpeg")
    found = await sweeper.strays(timedelta(0))
    await sweeper.delete(found)

    assert nothing == []
    assert sorted(each.key for each in found) == sorted(strays)
    assert await sweeper.strays(timedelta(0)) == []
    assert len(await drawing.keys()) == 6


async def test_deleting_while_it_is_drawn(drawing: Drawing, replicate: ReplicateStandIn) -> None:
    replicate.hold.clear()
    made = await drawing.create()
    async with drawing.working():
        async with asyncio.timeout(10):
            while len(replicate.predictions) < 2:
                await asyncio.sleep(0.01)
        await drawing.service.delete(OWNER, made.id)
        replicate.hold.set()
        await nothing_due(drawing.sessions)

    assert await drawing.service.listed(OWNER) == []
    assert await drawing.keys() == set()


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
    made = await drawing.create(variants=1)
    await drawing.drawn()
    with pytest.raises(SceneRefused):
        await drawing.galleries.describe(OWNER, made.id, changes)
    kept = await drawing.galleries.described(OWNER, made.id)
    assert (kept.clothing, kept.features) == (SEEN["clothing"], SEEN["features"])


async def test_who_is_called_young_is_young(drawing: Drawing) -> None:
    made = await drawing.create(variants=1)
    await drawing.drawn()
    await drawing.galleries.describe(OWNER, made.id, {"build": "a 9 year old girl"})
    with pytest.raises(StyleForAdults):
        await drawing.service.generate(OWNER, made.id, Wish(style="noir"))


async def test_deleting_gives_no_picture_back(
    sessions: Sessions, models: LanguageModels, studio: Studio, openai: OpenAIStandIn
) -> None:
    openai.answer = seen()
    drawing = Drawing(sessions, models, studio, images_per_day=3)
    made = await drawing.create(variants=3)
    await drawing.drawn()
    await drawing.service.delete(OWNER, made.id)
    with pytest.raises(PicturesUsedUp):
        await drawing.create(variants=1)


async def test_looking_at_photos_is_limited_as_well(
    sessions: Sessions, models: LanguageModels, studio: Studio, openai: OpenAIStandIn
) -> None:
    openai.answer = seen(people=0)
    drawing = Drawing(sessions, models, studio, images_per_day=2)
    for _ in range(2):
        # One of whom there is nothing any more makes place for another of the name.
        await drawing.create(variants=1)
        await drawing.drawn()
    with pytest.raises(PicturesUsedUp):
        await drawing.create(variants=1)
    assert len(openai.requests) == 2
    assert len(await drawing.service.listed(OWNER)) == 1


async def test_discord_that_cannot_be_reached_stops_nothing(drawing: Drawing) -> None:
    class Away(Watched):
        away = True

        @override
        async def show(self, address: dict[str, Any], progress: Progress) -> None:
            if self.away:
                raise NotShown
            await super().show(address, progress)

    drawing.watcher = watcher = Away()
    made = await drawing.create()
    async with drawing.working():
        async with asyncio.timeout(10):
            while (await drawing.now(made.id)).status != "ready":
                await asyncio.sleep(0.02)
        watcher.away = False
        await nothing_due(drawing.sessions)
    assert watcher.shown[-1] == ("ready", 2)


async def test_a_photo_that_nobody_could_look_at_is_not_kept(
    drawing: Drawing, openai: OpenAIStandIn
) -> None:
    openai.answer = None
    openai.default = Said(status=401)
    made = await drawing.create()
    await drawing.drawn()

    now = await drawing.now(made.id)
    assert (now.status, now.photo_key) == ("failed", None)
    assert await drawing.keys() == set()


async def test_nothing_of_a_character_is_kept_once_it_is_deleted(
    drawing: Drawing, sessions: Sessions, replicate: ReplicateStandIn
) -> None:
    replicate.hold.clear()
    made = await drawing.create()
    async with drawing.working():
        async with asyncio.timeout(10):
            while len(replicate.predictions) < 2:
                await asyncio.sleep(0.01)
        lent = len(replicate.files)
        await drawing.service.delete(OWNER, made.id)
        await nothing_due(sessions)
    async with sessions() as session:
        steps = (await session.scalars(select(JobStep))).all()
    assert lent == 1
    assert replicate.files == {}
    assert steps == []


async def test_a_create_that_was_cut_short_leaves_no_photo(
    drawing: Drawing, sessions: Sessions
) -> None:
    made = await drawing.create(variants=1)
    await drawing.drawn()
    async with sessions.begin() as session:  # as if the last of its transactions had not been
        await session.execute(text("DELETE FROM characters"))
        await session.execute(text("UPDATE jobs.jobs SET due_at = now() WHERE payload ? 'unknown'"))
    assert made.photo_key in await drawing.keys()
    await drawing.drawn()
    assert await drawing.keys() == set()


async def test_deleting_and_drawing_wait_for_each_other_in_one_order(
    drawing: Drawing, sessions: Sessions
) -> None:
    for n in range(6):
        made = await drawing.create(name=f"Ada {n}", variants=1)
        async with drawing.working():
            await asyncio.sleep(0.03 * n)
            await drawing.service.delete(OWNER, made.id)
            await nothing_due(sessions)
    assert await drawing.keys() == set()
