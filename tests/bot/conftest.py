"""The admin API, served for a test."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from db.models import Board
from db.session import Sessions
from services.images import ImagePipeline
from services.llm import LanguageModels
from services.media import FolderStore
from tests.bot.http_support import KEY, make_api
from tests.services.engine_support import board


@pytest.fixture
async def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path, base_url="http://house", public_base="https://media.example/")


@pytest.fixture
async def api(
    sessions: Sessions, models: LanguageModels, studio: ImagePipeline, store: FolderStore
) -> AsyncGenerator[ClientSession]:
    admin_api = make_api(sessions, models, studio, store)
    async with (
        TestServer(admin_api.application()) as server,
        ClientSession(str(server.make_url("/")), headers=KEY) as client,
    ):
        yield client


@pytest.fixture
async def open_board(sessions: Sessions, api: ClientSession) -> Board:
    return await board(sessions)
