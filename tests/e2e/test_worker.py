"""`troupe worker` end to end: a process without a gateway, scraped by Prometheus."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator

import aiohttp
import pytest

from db.session import Sessions
from services.llm import LanguageModels
from services.publishing import PublishingService
from tests.conftest import ROOT
from tests.services.publishing_support import OWNER, create_personality, ended, judge
from tests.vendors.openai import OpenAIStandIn

pytestmark = pytest.mark.slow

KEY = "sixteen-characters"


@pytest.fixture
async def metrics(database_url: str, openai: OpenAIStandIn) -> AsyncGenerator[str]:
    """The address of the metrics of a worker that runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "DATABASE_URL": database_url,
        "OPENAI_API_KEY": "sk-x",
        "OPENAI_BASE_URL": openai.url,
        "LOCAL_MODEL": "false",
        "DISCORD_TOKEN": "",
        "ADMIN_API_KEY": KEY,
        "ADMIN_API_PORT": str(port),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "worker"),
        cwd=ROOT,
        env={**os.environ, **settings},
        stderr=PIPE,
    )
    assert process.stderr is not None
    while b"Working" not in (line := await process.stderr.readline()):
        assert line, "it ended too soon"
    yield f"http://127.0.0.1:{port}/metrics"
    process.send_signal(signal.SIGTERM)
    _, rest = await process.communicate()
    assert (process.returncode, b"Traceback" in rest) == (0, False)


async def test_a_worker_publishes_without_a_gateway_and_tells_prometheus(
    sessions: Sessions, models: LanguageModels, openai: OpenAIStandIn, metrics: str
) -> None:
    openai.answer = judge()
    service = PublishingService(sessions, models)
    ada = await create_personality(sessions)

    await service.start(OWNER, ada.id, reply={"token": "for whoever has Discord"})
    attempt = await ended(service, ada.id)
    async with aiohttp.ClientSession() as http:
        refused = await http.get(metrics)
        wrong = await http.get(metrics, headers={"Authorization": "Bearer guess"})
        response = await http.get(metrics, headers={"Authorization": f"Bearer {KEY}"})
        text = await response.text()

    assert attempt.status == "done"
    assert (refused.status, wrong.status, response.status) == (401, 401, 200)
    assert 'troupe_job_runs_total{kind="publish",outcome="done"} 1.0' in text
    # It has no Discord, so what is to be said there waits for a process that has.
    assert 'troupe_jobs{kind="publish notice",status="pending"} 1.0' in text
