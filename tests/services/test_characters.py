"""Characters from photos: generating, selecting and using their images."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from typing_extensions import override

from db.models import Character, CharacterStatus, Face, JobStep, LlmCall, Personality
from db.session import Sessions
from services.characters import (
    EXPRESSIONS,
    ImageOrder,
    NoImageSelected,
    Scene,
    StillGenerating,
    queries,
)
from services.errors import NotificationFailed, OwnersOnly
from services.faces import NoFaceHost
from services.images import ImageModels
from services.images.gemini import GeminiImageModel
from services.jobs import JobMetrics, JobService
from services.llm import BackgroundCalls, LanguageModels
from services.llm.gemini import Gemini
from services.media import (
    prepare,
)
from services.notifications import Notice, ReplyAddress
from services.personalities import PersonalityService
from tests.services.character_support import (
    FILES,
    OWNER,
    PHOTO,
    SEEN,
    Drawing,
    RecordingNotifier,
    nothing_due,
    public,
)
from tests.vendors.gemini import GeminiStandIn, Reply
from tests.vendors.openai import OpenAIStandIn
from tests.vendors.replicate import Fate, ReplicateStandIn, painted
from tests.vendors.s3 import serving, store_at

pytestmark = pytest.mark.slow


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
    character = await drawing.create(variants=3)
    assert (character.status, character.photo_key) == (
        "draft",
        f"characters/{character.id}/photo.jpg",
    )
    before = await drawing.galleries.get(OWNER, character.id)
    await drawing.run_due_jobs()

    gallery = await drawing.galleries.get(OWNER, character.id)
    assert (before.images, before.profile) == ([], None)
    assert (gallery.character.status, gallery.character.error) == ("ready", None)
    assert gallery.character.reply is None
    assert gallery.profile is not None
    for field in ("hair", "eyes", "accessories", "color_palette", "do_not_change"):
        assert getattr(gallery.profile, field) == SEEN[field]
    assert len(gallery.images) == 3
    photo = await drawing.galleries.read_file(character.photo_key or "")
    assert photo == prepare(FILES[PHOTO.url], max_width=1536).data
    for each in gallery.images:
        stored = await drawing.galleries.read_file(each.asset.storage_key)
        assert each.asset.sha256 == hashlib.sha256(stored).hexdigest()
        assert (each.asset.size, each.asset.content_type) == (len(stored), "image/jpeg")
        assert each.thumbnail.width == each.thumbnail.height == 320
        there = painted(each.artifact.prediction_id or "")
        assert stored == prepare(there, max_width=1600, quality=82, is_ai_generated=True).data
        prediction = replicate.predictions[each.artifact.prediction_id or ""]
        assert prediction["input"]["prompt"] == each.artifact.prompt
        assert each.artifact.cost_usd == 0.04
    assert await drawing.keys() == {
        character.photo_key,
        *(key.storage_key for each in gallery.images for key in (each.asset, each.thumbnail)),
    }
    assert replicate.files == {}, "what was lent to the vendor was taken back"
    (request,) = openai.requests
    assert request["messages"][1]["content"][1]["type"] == "image_url"
    assert drawing.notifier.shown[0] == ("profiling", 0)
    assert drawing.notifier.shown[-1] == ("ready", 3)
    assert {status for status, _ in drawing.notifier.shown} == {"profiling", "generating", "ready"}
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
    character = await drawing.create()
    await drawing.run_due_jobs()
    first, second = (await drawing.galleries.get(OWNER, character.id)).images
    await drawing.galleries.select_image(OWNER, character.id, first.image.id)
    await drawing.galleries.select_image(OWNER, character.id, second.image.id)
    uploads: list[bytes] = []
    real = replicate.files

    class Seen(dict[str, bytes]):
        @override
        def __setitem__(self, name: str, data: bytes) -> None:
            uploads.append(data)
            super().__setitem__(name, data)

    replicate.files = Seen(real)
    wish = ImageOrder(
        style="oil", variants=1, scene=Scene.SCENE, scene_text="mending nets on a pier at dusk"
    )
    await drawing.service.generate(OWNER, character.id, wish)
    with pytest.raises(StillGenerating):
        await drawing.service.generate(OWNER, character.id, wish)
    await drawing.run_due_jobs()

    gallery = await drawing.galleries.get(OWNER, character.id)
    assert [each.image.is_selected for each in gallery.images] == [False, False, True]
    newest = gallery.images[0].artifact
    assert (newest.style, newest.scene) == ("oil", "scene")
    assert "mending nets on a pier at dusk" in newest.prompt
    assert "a scar through the left eyebrow" in newest.prompt
    assert uploads == [await drawing.galleries.read_file(second.asset.storage_key)]


async def test_a_personality_speaks_with_the_selected_face(
    drawing: Drawing, sessions: Sessions, models: LanguageModels
) -> None:
    people = PersonalityService(sessions)
    personality = await people.create(OWNER, {"name": "Ada Lighthouse"})
    character = await drawing.create()
    await drawing.run_due_jobs()
    with pytest.raises(NoImageSelected):
        await drawing.service.use_as_face(OWNER, character.id, personality.id)
    chosen = (await drawing.galleries.get(OWNER, character.id)).images[0]
    await drawing.galleries.select_image(OWNER, character.id, chosen.image.id)
    with pytest.raises(NoFaceHost):
        await drawing.service.use_as_face(OWNER, character.id, personality.id)
    (other,) = [each for each in await everyone(sessions) if each.name == "Mirela"]
    with pytest.raises(OwnersOnly):
        await drawing.service.use_as_face(OWNER, character.id, other.id)
    assert not [key for key in await drawing.keys() if key.startswith("avatars/")]

    open_ = public(drawing, models)
    used = await open_.service.use_as_face(OWNER, character.id, personality.id)
    changed = used.personality
    await drawing.service.delete(OWNER, character.id)
    await drawing.run_due_jobs()

    (face,) = await drawing.keys()
    assert face.startswith("avatars/")
    assert (changed.avatar_url or "").startswith(f"https://media.example/media/{face}?signature=")
    assert changed.version == 2


async def test_a_sheet_becomes_expressions(drawing: Drawing, sessions: Sessions) -> None:
    personality = await PersonalityService(sessions).create(OWNER, {"name": "Ada Lighthouse"})
    character = await drawing.create(variants=1, scene=Scene.EXPRESSIONS)
    await drawing.run_due_jobs()
    sheet = (await drawing.galleries.get(OWNER, character.id)).images[0]
    await drawing.galleries.select_image(OWNER, character.id, sheet.image.id)

    used = await drawing.service.use_as_face(OWNER, character.id, personality.id)

    async with sessions() as session:
        faces = await session.scalars(
            select(Face.name).where(Face.personality_id == personality.id)
        )
        assert set(faces) == set(used.expressions) == set(EXPRESSIONS)
    assert used.personality.avatar_url is None


async def everyone(sessions: Sessions) -> list[Personality]:
    async with sessions() as session:
        return list((await session.scalars(select(Personality))).all())


async def test_gemini_draws_too_and_what_it_may_have_drawn_is_not_ordered_again(
    drawing: Drawing, gemini: GeminiStandIn, carrier: BackgroundCalls, tmp_path: Path
) -> None:
    ledger = drawing.models.ledger
    image_model = GeminiImageModel(Gemini(api_key="AIza", base_url=gemini.url), "nano")
    images = ImageModels(ledger, carrier, image_model, deadline=5)
    gemini.default = Reply(picture=painted("g"))
    mine = Drawing(drawing.sessions, drawing.models, replace(drawing.studio, images=images))
    character = await mine.create(variants=3)
    async with mine.sessions.begin() as session:
        # As a process has left it that died while Gemini was painting.
        session.add(
            JobStep(
                job_id=character.job_id or character.id,
                name="ordering 2",
                output="2026-11-21T00:00:00Z",
            )
        )
    await mine.run_due_jobs()

    now = await mine.now(character.id)
    assert (now.status, now.error is not None) == ("ready", True)
    assert "was lost" in (now.error or "")
    statuses = [each.status for each in await mine.artifacts()]
    assert statuses == ["done", "lost", "done"]
    assert len(gemini.requests) == 2
    assert gemini.complaints == []
    parts = gemini.requests[0]["contents"][0]["parts"]
    assert [next(iter(each)) for each in parts] == ["inlineData", "text"]
    await images.close()


async def test_what_is_known_can_be_changed_and_is_in_the_next_picture(drawing: Drawing) -> None:
    character = await drawing.create(variants=1)
    await drawing.run_due_jobs()
    changed = await drawing.galleries.update_profile(
        OWNER,
        character.id,
        {
            "hair": "long  red\nhair\u200b",
            "features": "a scar through the left eyebrow\n\nan anchor tattoo\n" + "x" * 300,
            "accessories": "",
        },
    )
    profile = await drawing.galleries.set_fixed_features(
        OWNER, character.id, ["an anchor tattoo", "not a feature"]
    )
    await drawing.service.generate(OWNER, character.id, ImageOrder(style="ink", variants=1))
    await drawing.run_due_jobs()

    assert (changed.hair, changed.accessories) == ("long red hair", [])
    assert [len(each) for each in changed.features] == [31, 16, 80]
    assert profile.do_not_change == ["an anchor tattoo"]
    prompt = (await drawing.artifacts())[-1].prompt
    assert "Hair: long red hair." in prompt
    assert prompt.endswith("Keep exactly: an anchor tattoo.")


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        (Fate(status="failed", error="CUDA out of memory"), "CUDA out of memory"),
        (Fate(status="failed", error="flagged (E005)"), "declined"),
        (Fate(status="canceled"), "called off"),
        (Fate(output="nothing"), "without a picture"),
        (Fate(output="html"), "no picture"),
        (Fate(output="gone"), "was lost"),
        (Fate(http=402, detail="Insufficient credit"), "no credit left"),
        (Fate(http=429, detail="in 0 seconds"), "rate-limited"),
        (Fate(http=503), "not responding"),
    ],
)
async def test_a_vendor_in_trouble_ends_in_words_and_in_another_try(
    drawing: Drawing, replicate: ReplicateStandIn, fate: Fate, words: str
) -> None:
    replicate.default = fate
    character = await drawing.create()
    await drawing.run_due_jobs()
    failed = await drawing.now(character.id)
    replicate.default = Fate()
    await drawing.service.generate(OWNER, character.id, ImageOrder(style="ink", variants=1))
    await drawing.run_due_jobs()

    assert failed.status == CharacterStatus.FAILED
    assert words in (failed.error or "")
    assert drawing.notifier.shown.count(("failed", 0)) == 1
    assert (await drawing.now(character.id)).status == CharacterStatus.READY
    assert len(await drawing.images()) == 1


async def test_one_picture_that_fails_costs_none_of_the_others(
    drawing: Drawing, replicate: ReplicateStandIn
) -> None:
    replicate.fates.append(Fate(status="failed", error="no luck"))
    character = await drawing.create(variants=3)
    await drawing.run_due_jobs()

    now = await drawing.now(character.id)
    statuses = sorted(each.status for each in await drawing.artifacts())
    assert (now.status, statuses) == ("ready", ["done", "done", "failed"])
    assert "no luck" in (now.error or "")


async def test_discord_that_cannot_be_reached_stops_nothing(drawing: Drawing) -> None:
    class Away(RecordingNotifier):
        away = True

        @override
        async def edit_reply(self, address: ReplyAddress, notice: Notice) -> bool:
            if self.away:
                raise NotificationFailed
            return await super().edit_reply(address, notice)

    drawing.notifier = notifier = Away()
    character = await drawing.create()
    async with drawing.working():
        async with asyncio.timeout(10):
            while (await drawing.now(character.id)).status != "ready":
                await asyncio.sleep(0.02)
        notifier.away = False
        await nothing_due(drawing.sessions)
    assert notifier.shown[-1] == ("ready", 2)


async def test_an_operator_may_have_it_tried_again(
    drawing: Drawing, replicate: ReplicateStandIn, sessions: Sessions
) -> None:
    replicate.default = Fate(http=429, detail="in 0 seconds")
    character = await drawing.create()
    await drawing.run_due_jobs()
    failed = await drawing.now(character.id)
    uploads = dict(replicate.files)
    replicate.default = Fate()
    jobs = JobService(sessions, drawing.handlers, JobMetrics())
    await jobs.retry(str(character.job_id))
    await drawing.run_due_jobs()

    assert (failed.status, uploads) == ("failed", {})
    assert (await drawing.now(character.id)).status == "ready"
    assert [each.status for each in await drawing.artifacts()] == ["done", "done"]
    assert len(replicate.predictions) == 2
    # What came to nothing is not counted against whoever asked.
    async with sessions() as session:
        user_id = (await session.get_one(Character, character.id)).user_id
        assert await queries.count_calls_today(session, user_id, queries.IMAGE_PURPOSE) == 2
