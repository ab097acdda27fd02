"""The admin API: requests, validation and authorization."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from sqlalchemy import update

from bot.app.settings import Settings, SettingsError
from bot.http.admin import AdminApi, serve
from bot.http.pictures import PictureApi
from db.models import Board, Character, LlmConfig, Photo
from db.session import Sessions
from services.clock import SystemClock
from services.embeddings import ImageEmbeddings, LocalImageEmbedder
from services.engine import EngineService, Limits, Planner, Presence
from services.images import ImagePipeline
from services.jobs import JobMetrics, JobService
from services.llm import LanguageModels
from services.media import FolderStore
from services.people import PeopleService, get_or_create_user
from services.personalities import PersonalityService
from services.photos import PhotoService
from tests.fakes import FakeChatAdapter
from tests.services.character_support import OWNER, Drawing
from tests.services.engine_support import (
    TableAdapter,
    board,
    create_post_and_comment,
    engine_dependencies,
    sent_messages,
    tasks,
    worker,
)
from tests.services.publishing_support import create_personality
from tests.vendors.openai import OpenAIStandIn
from tests.vendors.replicate import painted

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


async def post(api: ClientSession, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    async with api.post(path, json=body) as answer:
        return answer.status, await answer.json()


async def get(api: ClientSession, path: str) -> tuple[int, dict[str, Any]]:
    async with api.get(path) as answer:
        return answer.status, await answer.json()


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


def path_of(url: str) -> str:
    """Return a link's path and query: the test's server has another address."""
    assert url.startswith("https://media.example/media/")
    return url.removeprefix("https://media.example")


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


async def test_links_to_files_are_good_for_whoever_has_them(
    api: ClientSession, store: FolderStore
) -> None:
    picture = painted("p")
    await store.put("characters/a.jpg", picture, media_type="image/jpeg")
    for_good = path_of(store.public_url("characters/a.jpg"))
    gone = path_of(store.public_url("characters/b.jpg"))

    async with api.get(for_good, headers={"Authorization": ""}) as answer:
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert await answer.read() == picture
    async with api.get(gone) as answer:
        assert answer.status == 404
    other = for_good.replace("a.jpg", "b.jpg")
    for bad in (other, "/media/characters/a.jpg", "/media/.secret?signature=x"):
        async with api.get(bad) as answer:
            assert answer.status == 403, bad


async def test_a_picture_is_uploaded_by_a_link_for_its_type_and_size(
    api: ClientSession, store: FolderStore
) -> None:
    picture = painted("p")
    response_status, answer = await post(
        api, "/uploads/presign", content_type="image/jpeg", size=len(picture)
    )
    link = path_of(answer["url"])

    async def put(data: bytes, kind: str = "image/jpeg", to: str = link) -> int:
        async with api.put(
            to, data=data, headers={"Content-Type": kind, "Authorization": ""}
        ) as answer:
            return answer.status

    assert response_status == 201
    assert await put(picture + b"x") == 400
    assert await put(picture, "image/png") == 400
    assert await put(b"<html>".ljust(len(picture))) == 415
    assert await put(picture, to=link.replace("size=", "size=1")) == 403
    assert await put(picture, to=path_of(store.public_url(answer["key"]))) == 403
    expired = await store.presigned_put(
        answer["key"], media_type="image/jpeg", size=len(picture), seconds=-1
    )
    assert await put(picture, to=path_of(expired)) == 403
    assert await put(picture, to=link.replace("expires=1", "expires=2")) == 403
    assert [each async for each in store.list_objects("uploads/")] == []
    assert await put(picture) == 201
    assert await store.get(answer["key"]) == picture


async def upload(api: ClientSession, picture: bytes) -> str:
    """Upload a picture by a link, and return its key."""
    _, answer = await post(api, "/uploads/presign", content_type="image/jpeg", size=len(picture))
    async with api.put(
        path_of(answer["url"]), data=picture, headers={"Content-Type": "image/jpeg"}
    ) as put:
        assert put.status == 201
    return answer["key"]


async def test_an_uploaded_photo_becomes_a_character(
    api: ClientSession, sessions: Sessions
) -> None:
    wanted = {"name": "Ada", "gender": "female", "style": "ink", "pictures": 2}
    key = await upload(api, painted("photo", (900, 1200)))
    async with sessions.begin() as session:
        await get_or_create_user(session, OWNER)
        await session.execute(update(LlmConfig).values(vision_model="openai/gpt-6-luna"))

    drawn, answer = await post(api, "/characters", owner="1", upload=key, **wanted)
    again, taken = await post(api, "/characters", owner="1", upload=key, **wanted)
    unknown, nobody = await post(api, "/characters", owner="404", upload=key, **wanted)
    missing, _ = await post(
        api, "/characters", owner="1", upload=f"uploads/{UUID(int=0)}.png", **wanted | {"name": "B"}
    )
    nonsense, _ = await post(api, "/characters", owner="Alice", upload=key, **wanted)

    assert (drawn, again, unknown, missing, nonsense) == (202, 409, 404, 404, 422)
    assert "Ada" in taken["error"]
    assert "404 has used this bot" in nobody["error"]
    async with sessions() as session:
        character = await session.get_one(Character, UUID(answer["character"]))
        assert (character.name, character.status) == ("Ada", "draft")


async def test_uploaded_photos_come_into_a_library_once(
    api: ClientSession, sessions: Sessions
) -> None:
    ada = await create_personality(sessions)
    key = await upload(api, painted("photo", (900, 1200)))

    status, answer = await post(
        api, "/photos", personality="Ada", uploads=[key, key, "uploads/../x.png"]
    )
    nobody, _ = await post(api, "/photos", personality="Zed", uploads=[key])

    outcomes = [each["outcome"] for each in answer["results"]]
    assert (status, nobody) == (200, 404)
    assert outcomes == ["added", "duplicate", "refused"]
    assert answer["results"][0]["photo"] == answer["results"][1]["photo"]
    assert answer["results"][2]["reason"]
    async with sessions() as session:
        photo = await session.get_one(Photo, UUID(answer["results"][0]["photo"]))
        assert photo.personality_id == ada.id


@pytest.mark.parametrize(
    "body",
    [
        {"content_type": "text/html", "size": 5},
        {"content_type": "image/svg+xml", "size": 5},
        {"content_type": "image/png", "size": 0},
        {"content_type": "image/png", "size": 10**9},
        {"content_type": "image/png"},
        {"content_type": "image/png", "size": 5, "key": "../x"},
    ],
)
async def test_only_pictures_of_some_size_may_be_uploaded(
    api: ClientSession, body: dict[str, Any]
) -> None:
    status, answer = await post(api, "/uploads/presign", **body)

    assert (status, bool(answer["error"])) == (422, True)
