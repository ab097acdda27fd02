"""The admin API, where it cannot be served."""

import socket

import pytest
from pydantic import SecretStr

from bot.admin_api import admin_api
from bot.settings import Settings
from db.session import Sessions
from services.jobs import JobMetrics, JobService


async def test_a_port_that_is_taken_costs_the_api_and_nothing_else(
    sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = JobService(sessions, [], JobMetrics())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings.model_validate(
            {"admin_api_key": SecretStr("x"), "admin_api_port": taken.getsockname()[1]}
        )

        async with admin_api(settings, jobs):
            pass

    assert "ADMIN_API_PORT: the admin API is off" in caplog.text
