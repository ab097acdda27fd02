"""The admin API: requests, validation and authorization."""

import asyncio
import json
import re
import socket
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.app.settings import Settings, SettingsError
from bot.http.admin import serve
from db.models import Board
from db.session import Sessions
from services.clock import SystemClock
from services.images import ImagePipeline
from services.llm import LanguageModels
from services.media import FolderStore
from tests.bot.http_support import get, make_api, post
from tests.services.engine_support import (
    TableAdapter,
    create_post_and_comment,
    engine_dependencies,
    sent_messages,
    tasks,
    worker,
)
from tests.vendors.openai import OpenAIStandIn


async def test_a_port_that_is_taken_costs_the_api_and_nothing_else(
    sessions: Sessions,
    models: LanguageModels,
    studio: ImagePipeline,
    store: FolderStore,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        api = make_api(sessions, models, studio, store)

        async with serve(api, "127.0.0.1", taken.getsockname()[1]):
            pass

    assert "ADMIN_API_PORT: the admin API is off" in caplog.text


async def test_a_trigger_is_a_task_that_is_done(
    api: ClientSession,
    open_board: Board,
    sessions: Sessions,
    models: LanguageModels,
    openai: OpenAIStandIn,
) -> None:
    openai.says("The lamp went out at four, and nobody saw.")
    status, answer = await post(api, "/trigger/post", personality="mirela", board="77")
    async with worker(
        sessions, engine_dependencies(sessions, models, TableAdapter(sessions))
    ).running():
        async with asyncio.timeout(10):
            while (await tasks(sessions))[0].completed_at is None:
                await asyncio.sleep(0.02)
    _, listed = await get(api, "/tasks?status=done&limit=5")
    _, engine_status = await get(api, "/status")

    assert status == 202
    assert [each["id"] for each in listed["tasks"]] == [answer["task"]]
    assert listed["tasks"][0]["personality"] == "Mirela"
    assert listed["tasks"][0]["prompt_tokens"] > 0
    assert engine_status["tasks"] == [{"task_type": "post", "status": "DONE", "count": 1}]
    assert [name for name, _ in await sent_messages(sessions)] == ["Mirela"]


@pytest.mark.parametrize(
    ("act", "body", "status", "words"),
    [
        (
            "post",
            {"personality": "Nobody", "board": "77"},
            404,
            "There is no personality called **Nobody**",
        ),
        (
            "post",
            {"personality": "Mirela", "board": "78"},
            404,
            "This channel is not an open board",
        ),
        (
            "reply",
            {"personality": "Mirela", "board": "77"},
            409,
            "There is nothing recent on that board for a reply by **Mirela**",
        ),
        (
            "image-post",
            {"personality": "Mirela", "board": "77"},
            503,
            "**Mirela** cannot post images",
        ),
        ("post", {"personality": "Mirela"}, 422, "board: Field required"),
        ("post", {"personality": "", "board": "77"}, 422, "personality: String should have"),
        ("post", {"personality": "a", "board": "7", "x": 1}, 422, "x: Extra inputs"),
        ("comment", {"personality": "a", "board": "7", "post_id": "9"}, 422, "post_id: Input"),
        ("dance", {"personality": "Mirela", "board": "77"}, 404, "There is no such route"),
    ],
)
async def test_bad_triggers_are_refused_in_words(
    api: ClientSession,
    open_board: Board,
    act: str,
    body: dict[str, Any],
    status: int,
    words: str,
) -> None:
    refused, answer = await post(api, f"/trigger/{act}", **body)

    assert refused == status
    assert answer["error"].startswith(words)


async def test_only_whoever_has_the_key_is_answered(api: ClientSession) -> None:
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer Secret"}):
        async with api.get("/status", headers=headers) as refused:
            assert refused.status == 401
            assert refused.headers["WWW-Authenticate"] == "Bearer"
        async with api.get("/healthz", headers=headers) as healthy:
            assert await healthy.json() == {"status": "ok"}


async def test_too_much_is_refused(api: ClientSession, open_board: Board) -> None:
    async with api.post("/trigger/post", data=b"x" * 70_000) as large:
        assert large.status == 413
    for _ in range(118):
        assert (await get(api, "/tasks"))[0] == 200
    answers = [await get(api, "/tasks") for _ in range(2)]

    assert [status for status, _ in answers] == [200, 429]


async def test_the_document_names_every_route(api: ClientSession) -> None:
    _, document = await get(api, "/openapi.json")

    assert set(document["paths"]) == {
        "/characters",
        "/healthz",
        "/metrics",
        "/openapi.json",
        "/photos",
        "/status",
        "/tasks",
        "/uploads/presign",
        *(f"/trigger/{act}" for act in ("comment", "post", "reply", "vote", "image-post")),
    }


async def test_the_document_says_which_routes_want_no_key_and_what_they_answer(
    api: ClientSession,
) -> None:
    _, document = await get(api, "/openapi.json")

    operations = [each for path in document["paths"].values() for each in path.values()]
    references = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document))
    assert document["paths"]["/healthz"]["get"]["security"] == []
    assert [each for each in operations if each.get("security") == []] == [
        document["paths"]["/healthz"]["get"]
    ]
    assert set(references) <= document["components"]["schemas"].keys()
    assert {"StatusView", "TasksView", "Trigger", "TriggeredTask", "Upload"} <= set(references)
    assert "401" not in document["paths"]["/healthz"]["get"]["responses"]


async def test_something_named_is_acted_on(
    api: ClientSession, open_board: Board, sessions: Sessions
) -> None:
    written, comment = await create_post_and_comment(sessions, open_board)

    named = await post(
        api, "/trigger/comment", personality="Bex", board="77", post_id=str(written.id)
    )
    answered = await post(
        api, "/trigger/reply", personality="Bex", board="77", comment_id=str(comment.id)
    )
    gone = await post(
        api, "/trigger/vote", personality="Bex", board="77", post_id=str(open_board.id)
    )

    assert (named[0], answered[0], gone[0]) == (202, 202, 409)
    first, second = await tasks(sessions)
    assert (first.post_id, second.comment_id) == (written.id, comment.id)
    assert first.scheduled_at <= SystemClock().now()


async def test_any_bytes_in_a_header_are_a_wrong_key(
    api: ClientSession,
) -> None:
    async with api.get("/healthz") as answer:
        host, port = answer.url.host, answer.url.port
    for value in (b"Bearer \xff\xfe", b"Bearer", b"\xc3\x28" * 50, b"Bearer " + b"x" * 5000):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /status HTTP/1.1\r\nHost: x\r\nAuthorization: " + value + b"\r\n\r\n")
        assert b" 401 " in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_a_key_that_can_be_guessed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_API_KEY", "x")

    with pytest.raises(SettingsError, match=r"ADMIN_API_KEY: .*16 characters"):
        Settings.load()
