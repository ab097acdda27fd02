"""Characters whose process is killed at any checkpoint are drawn once."""

import signal
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app.file_references import FILE_REFERENCES
from db.session import Sessions
from services.images import ImagePipeline
from services.llm import LanguageModels
from services.media import GarbageCollector
from tests.services.character_support import OWNER, Drawing, draw, seen
from tests.services.crashes import process
from tests.services.job_support import end_leases
from tests.vendors.openai import OpenAIStandIn
from tests.vendors.replicate import ReplicateStandIn

pytestmark = pytest.mark.slow

POINTS = (
    "claimed",
    *("seen: done", "seen: kept", "lent: done", "lent: kept"),
    *("ordering 1: done", "ordering 1: kept", "prediction 1: done", "prediction 1: kept"),
    *("picture 1: done", "picture 1: kept", "finished"),
)


async def test_a_kill_at_any_point_pays_for_nothing_twice(
    sessions: Sessions,
    database_url: str,
    openai: OpenAIStandIn,
    models: LanguageModels,
    replicate: ReplicateStandIn,
    studio: ImagePipeline,
    tmp_path: Path,
) -> None:
    openai.answer = seen()
    drawing = Drawing(sessions, models, studio, images_per_day=1000)
    away = (database_url, openai.url, replicate.url, tmp_path / "media")

    await drawing.create(variants=1, reply=None)
    code, points = await process(draw, -1, *away)
    assert (code, tuple(points)) == (0, POINTS)

    for ordinal, point in enumerate(points):
        requests_before = len(openai.requests)
        character = await drawing.create(name=f"Ada {ordinal}", variants=1, reply=None)
        killed, _ = await process(draw, ordinal, *away)
        await end_leases(sessions)
        assert killed == -signal.SIGKILL, point
        await drawing.run_due_jobs()
        assert (await drawing.now(character.id)).status == "ready", point
        # What a model has said and nobody has written down must be asked once more.
        assert len(openai.requests) - requests_before == 1 + (point == "seen: done"), point

    rounds = len(points) + 1
    assert len(replicate.predictions) == len(await drawing.images()) == rounds
    known = {each.storage_key for each in await drawing.assets()}
    photos = {each.photo_key for each, _ in await drawing.service.list_characters(OWNER)}
    assert await drawing.keys() == known | photos
    assert len(known) == 2 * rounds
    assert (
        await GarbageCollector(sessions, studio.store, FILE_REFERENCES).find_orphans(timedelta(0))
        == []
    )


async def test_a_kill_among_several_pictures(
    sessions: Sessions,
    database_url: str,
    openai: OpenAIStandIn,
    models: LanguageModels,
    replicate: ReplicateStandIn,
    studio: ImagePipeline,
    tmp_path: Path,
) -> None:
    openai.answer = seen()
    drawing = Drawing(sessions, models, studio, images_per_day=1000)
    away = (database_url, openai.url, replicate.url, tmp_path / "media")

    for round_, ordinal in enumerate((6, 9, 13, 17, 20), start=1):
        character = await drawing.create(name=f"Ada {ordinal}", variants=4, reply=None)
        killed, points = await process(draw, ordinal, *away)
        await end_leases(sessions)
        assert killed == -signal.SIGKILL, points
        await drawing.run_due_jobs()
        assert (await drawing.now(character.id)).status == "ready", points
        assert len(replicate.predictions) == len(await drawing.images()) == 4 * round_, points
