"""Characters that go, and what goes with them: all of it."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from bot.app.file_references import FILE_REFERENCES
from db.models import Job, JobStep
from db.session import Sessions
from services.characters import (
    ImageLimitReached,
    ImageNotFound,
)
from services.images import ImagePipeline
from services.llm import LanguageModels
from services.media import (
    GarbageCollector,
)
from services.personalities import PersonalityService
from services.privacy import PrivacyService
from tests.services.character_support import (
    OWNER,
    Drawing,
    nothing_due,
    public,
    seen,
)
from tests.vendors.openai import OpenAIStandIn
from tests.vendors.openai import Reply as Said
from tests.vendors.replicate import ReplicateStandIn

pytestmark = pytest.mark.slow


async def test_deleting_leaves_no_file(drawing: Drawing, sessions: Sessions) -> None:
    made = await drawing.create()
    await drawing.drawn()
    first, second = (await drawing.galleries.get(OWNER, made.id)).images
    await drawing.galleries.delete_image(OWNER, made.id, first.image.id)
    with pytest.raises(ImageNotFound):
        await drawing.galleries.delete_image(OWNER, made.id, first.image.id)
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


async def test_a_sweep_finds_what_nobody_knows_and_nothing_else(
    drawing: Drawing, sessions: Sessions, models: LanguageModels
) -> None:
    people = PersonalityService(sessions)
    personality = await people.create(OWNER, {"name": "Ada Lighthouse"})
    open_ = public(drawing, models)
    made = await open_.create()
    await open_.drawn()
    chosen = (await open_.galleries.get(OWNER, made.id)).images[0]
    await open_.galleries.select_image(OWNER, made.id, chosen.image.id)
    await open_.service.use_as_avatar(OWNER, made.id, personality.id)
    sweeper = GarbageCollector(sessions, drawing.studio.store, FILE_REFERENCES)
    await sweeper.enqueue()
    await sweeper.enqueue()
    async with sessions() as session:
        promised = (await session.scalars(select(Job).where(Job.kind == "sweep"))).all()
    assert len(promised) == 1
    nothing = await sweeper.find_orphans(timedelta(0))
    strays = ("characters/x/1.jpg", "boards/2.jpg", "avatars/3.jpg", "uploads/4.png")
    for key in strays:
        await drawing.studio.store.put(key, b"x", media_type="image/jpeg")
    found = await sweeper.find_orphans(timedelta(0))
    await sweeper.delete(found)

    assert nothing == []
    assert sorted(each.key for each in found) == sorted(strays)
    assert await sweeper.find_orphans(timedelta(0)) == []
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


async def test_deleting_gives_no_picture_back(
    sessions: Sessions, models: LanguageModels, studio: ImagePipeline, openai: OpenAIStandIn
) -> None:
    openai.answer = seen()
    drawing = Drawing(sessions, models, studio, images_per_day=3)
    made = await drawing.create(variants=3)
    await drawing.drawn()
    await drawing.service.delete(OWNER, made.id)
    with pytest.raises(ImageLimitReached):
        await drawing.create(variants=1)


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
