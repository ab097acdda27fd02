"""Deleting characters with all their files, and garbage collection."""

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
    character = await drawing.create()
    await drawing.run_due_jobs()
    first, second = (await drawing.galleries.get(OWNER, character.id)).images
    await drawing.galleries.delete_image(OWNER, character.id, first.image.id)
    with pytest.raises(ImageNotFound):
        await drawing.galleries.delete_image(OWNER, character.id, first.image.id)
    await drawing.run_due_jobs()
    assert await drawing.keys() == {
        character.photo_key,
        second.asset.storage_key,
        second.thumbnail.storage_key,
    }
    await drawing.service.delete(OWNER, character.id)
    await drawing.run_due_jobs()
    assert await drawing.keys() == set()

    await drawing.create()
    await drawing.run_due_jobs()
    assert await drawing.keys()
    await PrivacyService(sessions).delete(OWNER)
    await drawing.run_due_jobs()
    assert await drawing.keys() == set()


async def test_a_photo_is_deleted_in_time(drawing: Drawing, sessions: Sessions) -> None:
    character = await drawing.create()
    await drawing.run_due_jobs()
    async with sessions.begin() as session:
        await session.execute(text("UPDATE jobs.jobs SET due_at = now() WHERE status = 'pending'"))
    await drawing.run_due_jobs()

    assert (await drawing.now(character.id)).photo_key is None
    assert not [key for key in await drawing.keys() if key.endswith("photo.jpg")]
    assert len(await drawing.keys()) == 4


async def test_a_sweep_finds_what_nobody_knows_and_nothing_else(
    drawing: Drawing, sessions: Sessions, models: LanguageModels
) -> None:
    people = PersonalityService(sessions)
    personality = await people.create(OWNER, {"name": "Ada Lighthouse"})
    open_ = public(drawing, models)
    character = await open_.create()
    await open_.run_due_jobs()
    chosen = (await open_.galleries.get(OWNER, character.id)).images[0]
    await open_.galleries.select_image(OWNER, character.id, chosen.image.id)
    await open_.service.use_as_face(OWNER, character.id, personality.id)
    sweeper = GarbageCollector(sessions, drawing.studio.store, FILE_REFERENCES)
    await sweeper.enqueue()
    await sweeper.enqueue()
    async with sessions() as session:
        sweeps = (await session.scalars(select(Job).where(Job.kind == "sweep"))).all()
    assert len(sweeps) == 1
    nothing = await sweeper.find_orphans(timedelta(0))
    orphan_keys = ("characters/x/1.jpg", "boards/2.jpg", "avatars/3.jpg", "uploads/4.png")
    for key in orphan_keys:
        await drawing.studio.store.put(key, b"x", media_type="image/jpeg")
    orphans = await sweeper.find_orphans(timedelta(0))
    await sweeper.delete(orphans)

    assert nothing == []
    assert sorted(each.key for each in orphans) == sorted(orphan_keys)
    assert await sweeper.find_orphans(timedelta(0)) == []
    assert len(await drawing.keys()) == 6


async def test_deleting_while_it_is_drawn(drawing: Drawing, replicate: ReplicateStandIn) -> None:
    replicate.hold.clear()
    character = await drawing.create()
    async with drawing.working():
        async with asyncio.timeout(10):
            while len(replicate.predictions) < 2:
                await asyncio.sleep(0.01)
        await drawing.service.delete(OWNER, character.id)
        replicate.hold.set()
        await nothing_due(drawing.sessions)

    assert await drawing.service.list_characters(OWNER) == []
    assert await drawing.keys() == set()


async def test_deleting_gives_no_picture_back(
    sessions: Sessions, models: LanguageModels, studio: ImagePipeline, openai: OpenAIStandIn
) -> None:
    openai.answer = seen()
    drawing = Drawing(sessions, models, studio, images_per_day=3)
    character = await drawing.create(variants=3)
    await drawing.run_due_jobs()
    await drawing.service.delete(OWNER, character.id)
    with pytest.raises(ImageLimitReached):
        await drawing.create(variants=1)


async def test_a_photo_that_nobody_could_look_at_is_not_kept(
    drawing: Drawing, openai: OpenAIStandIn
) -> None:
    openai.answer = None
    openai.default = Said(status=401)
    character = await drawing.create()
    await drawing.run_due_jobs()

    now = await drawing.now(character.id)
    assert (now.status, now.photo_key) == ("failed", None)
    assert await drawing.keys() == set()


async def test_nothing_of_a_character_is_kept_once_it_is_deleted(
    drawing: Drawing, sessions: Sessions, replicate: ReplicateStandIn
) -> None:
    replicate.hold.clear()
    character = await drawing.create()
    async with drawing.working():
        async with asyncio.timeout(10):
            while len(replicate.predictions) < 2:
                await asyncio.sleep(0.01)
        uploads = len(replicate.files)
        await drawing.service.delete(OWNER, character.id)
        await nothing_due(sessions)
    async with sessions() as session:
        steps = (await session.scalars(select(JobStep))).all()
    assert uploads == 1
    assert replicate.files == {}
    assert steps == []


async def test_a_create_that_was_cut_short_leaves_no_photo(
    drawing: Drawing, sessions: Sessions
) -> None:
    character = await drawing.create(variants=1)
    await drawing.run_due_jobs()
    async with sessions.begin() as session:  # as if the last of its transactions had not been
        await session.execute(text("DELETE FROM characters"))
        hurried = await session.scalars(
            text(
                "UPDATE jobs.jobs SET due_at = now() WHERE payload ->> 'orphans_of' IS NOT NULL "
                "RETURNING id"
            )
        )
    assert len(hurried.all()) == 1
    assert character.photo_key in await drawing.keys()
    await drawing.run_due_jobs()
    assert await drawing.keys() == set()


async def test_deleting_and_drawing_wait_for_each_other_in_one_order(
    drawing: Drawing, sessions: Sessions
) -> None:
    for n in range(6):
        character = await drawing.create(name=f"Ada {n}", variants=1)
        async with drawing.working():
            await asyncio.sleep(0.03 * n)
            await drawing.service.delete(OWNER, character.id)
            await nothing_due(sessions)
    assert await drawing.keys() == set()
