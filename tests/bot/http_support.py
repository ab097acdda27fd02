"""Requests to the admin API, in front of stand-ins."""

from dataclasses import replace
from typing import Any

from aiohttp import ClientSession

from bot.http.admin import AdminApi
from bot.http.pictures import PictureApi
from db.session import Sessions
from services.embeddings import ImageEmbeddings, LocalImageEmbedder
from services.engine import EngineService, Limits, Planner, Presence
from services.images import ImagePipeline
from services.jobs import JobMetrics, JobService
from services.llm import LanguageModels
from services.media import FolderStore
from services.people import PeopleService
from services.personalities import PersonalityService
from services.photos import PhotoService
from tests.fakes import FakeChatAdapter
from tests.services.character_support import Drawing
from tests.services.engine_support import (
    TableAdapter,
    engine_dependencies,
)

KEY = {"Authorization": "Bearer secret"}


def engine(sessions: Sessions, models: LanguageModels) -> EngineService:
    tempo = engine_dependencies(sessions, models, TableAdapter(sessions)).timing
    return EngineService(sessions, Planner(Presence(), Limits()), Presence(), Limits(), tempo)


def make_api(
    sessions: Sessions, models: LanguageModels, studio: ImagePipeline, store: FolderStore
) -> AdminApi:
    drawing = Drawing(sessions, models, replace(studio, store=store))
    pictures = PictureApi(
        characters=drawing.service,
        photos=PhotoService(
            sessions,
            drawing.studio,
            ImageEmbeddings(models.ledger, LocalImageEmbedder()),
            FakeChatAdapter(),
        ),
        people=PeopleService(sessions),
        personalities=PersonalityService(sessions),
        store=store,
    )
    jobs = JobService(sessions, [], JobMetrics())
    return AdminApi("secret", jobs, engine(sessions, models), pictures)


async def post(api: ClientSession, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    async with api.post(path, json=body) as answer:
        return answer.status, await answer.json()


async def get(api: ClientSession, path: str) -> tuple[int, dict[str, Any]]:
    async with api.get(path) as answer:
        return answer.status, await answer.json()


def path_of(url: str) -> str:
    """Return a link's path and query: the test's server has another address."""
    assert url.startswith("https://media.example/media/")
    return url.removeprefix("https://media.example")
