"""What operators and their machines ask over HTTP. Off without `ADMIN_API_KEY`."""

import hmac
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.app.settings import Settings
from bot.discord.errors import explain
from bot.http.media import MediaApi, Upload
from services.engine import (
    ACTIONS,
    ActType,
    BoardNotFound,
    EngineService,
    ImagePostsUnavailable,
    TaskEntry,
    TaskStatus,
)
from services.errors import DomainError, TransientError
from services.jobs import JobService
from services.media import ROUTE, ObjectStore
from services.personalities import PersonalityNotFound

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_MOST_BYTES, _MOST_A_MINUTE, _MOST_TASKS = 64 * 1024, 120, 500
_ACTS = {kind.replace("_", "-") for kind in ACTIONS}
_NO_NUL = r"^[^\x00]*$"
# Whoever asks for these needs no key; links to files carry their own permission.
_OPEN = ("/healthz", f"{ROUTE}/")


class Trigger(BaseModel):
    """Who is to do it, on which board, and to what; without a target, to something fresh."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    personality: str = Field(
        min_length=1, max_length=100, pattern=_NO_NUL, description="A name, or an id."
    )
    board: str = Field(
        max_length=40, pattern=_NO_NUL, description="The channel's id on Discord, or the board's."
    )
    post_id: UUID | None = None
    comment_id: UUID | None = None


class AdminApi:
    """The routes; all but `/healthz` want `Authorization: Bearer` and the key."""

    def __init__(
        self, key: str, jobs: JobService, engine: EngineService, store: ObjectStore
    ) -> None:
        self._key = key
        self._media = MediaApi(store)
        self._jobs = jobs
        self._engine = engine
        self._lately: deque[float] = deque(maxlen=_MOST_A_MINUTE)

    def application(self) -> web.Application:
        """Return what is served."""
        app = web.Application(
            middlewares=[_answering_errors, self._authorize, self._limit],
            client_max_size=_MOST_BYTES,
        )
        app.router.add_get("/healthz", _healthz)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/status", self._status)
        app.router.add_get("/tasks", self._tasks)
        app.router.add_get("/openapi.json", _openapi)
        app.router.add_post("/trigger/{act}", self._trigger)
        self._media.add_to(app.router)
        return app

    @web.middleware
    async def _authorize(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode()
        is_known = hmac.compare_digest(given, f"Bearer {self._key}".encode())
        if not is_known and not request.path.startswith(_OPEN):
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
        return await handler(request)

    @web.middleware
    async def _limit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(_OPEN):
            return await handler(request)
        now = time.monotonic()
        is_full = len(self._lately) == _MOST_A_MINUTE
        if is_full and (wait := 60 - (now - self._lately[0])) > 0:
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(int(wait) + 1)})
        self._lately.append(now)
        return await handler(request)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(
            body=await self._jobs.exposition(),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )

    async def _status(self, _: web.Request) -> web.Response:
        status = await self._engine.status()
        return web.json_response(
            {
                "now": _iso(status.now),
                "since": _iso(status.since),
                "paused_at": _iso(status.paused_at),
                "boards": status.boards,
                "waiting": status.waiting,
                "tasks": [
                    {"task_type": kind, "status": how, "count": count}
                    for (kind, how), count in sorted(status.counts.items())
                ],
                "skipped": status.reasons,
                "cost_usd": status.cost_usd,
                "prompt_tokens": status.tokens_in,
                "completion_tokens": status.tokens_out,
            }
        )

    async def _tasks(self, request: web.Request) -> web.Response:
        try:
            wanted = request.query.get("status")
            status = TaskStatus(wanted.upper()) if wanted else None
            limit = min(max(int(request.query.get("limit", "50")), 1), _MOST_TASKS)
        except ValueError as error:
            raise web.HTTPUnprocessableEntity(text=str(error)) from error
        found = await self._engine.tasks(status=status, limit=limit)
        return web.json_response({"tasks": [_task(each) for each in found]})

    async def _trigger(self, request: web.Request) -> web.Response:
        act = request.match_info["act"]
        if act not in _ACTS:
            raise web.HTTPNotFound(text=f"there is no act {act!r}")
        asked = Trigger.model_validate_json(await request.read())
        task = await self._engine.trigger_named(
            ActType(act.replace("-", "_")),
            personality=asked.personality,
            board=asked.board,
            post_id=asked.post_id,
            comment_id=asked.comment_id,
        )
        return web.json_response({"task": str(task.id)}, status=202)


@web.middleware
async def _answering_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what is refused in JSON, in the words that people get."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _refusal(error.status, error.text or error.reason, error.headers.get("Retry-After"))
    except ValidationError as error:
        first = error.errors()[0]
        return _refusal(422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    except (PersonalityNotFound, BoardNotFound) as error:
        return _refusal(404, explain(error) or "")
    except (ImagePostsUnavailable, TransientError) as error:
        return _refusal(503, explain(error) or "")
    except DomainError as error:
        return _refusal(409, explain(error) or "")


def _refusal(status: int, words: str, retry_after: str | None = None) -> web.Response:
    headers = {"Retry-After": retry_after} if retry_after else {}
    if status == web.HTTPUnauthorized.status_code:
        headers["WWW-Authenticate"] = "Bearer"
    return web.json_response({"error": words}, status=status, headers=headers)


async def _healthz(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _openapi(_: web.Request) -> web.Response:
    """Describe the routes in OpenAPI 3.1."""
    told = {"description": "as it says"}
    refused = {
        "description": "why not",
        "content": {
            "application/json": {
                "schema": {"type": "object", "properties": {"error": {"type": "string"}}}
            }
        },
    }
    bounds = {"type": "integer", "minimum": 1, "maximum": _MOST_TASKS}
    by_status: dict[str, Any] = {"name": "status", "in": "query", "schema": {"enum": [*TaskStatus]}}
    asks: dict[str, tuple[str, list[dict[str, Any]]]] = {
        "/healthz": ("whether this process serves", []),
        "/metrics": ("the queue, for Prometheus", []),
        "/status": ("what the engine did within a day", []),
        "/tasks": (
            "the engine's tasks, the last first",
            [by_status, {"name": "limit", "in": "query", "schema": bounds}],
        ),
    }
    paths: dict[str, Any] = {
        path: {"get": {"summary": summary, "parameters": options, "responses": {"200": told}}}
        for path, (summary, options) in asks.items()
    }
    upload = {"content": {"application/json": {"schema": Upload.model_json_schema()}}}
    paths["/uploads/presign"] = {
        "post": {
            "summary": "where a picture can be put for a quarter of an hour",
            "requestBody": {"required": True, **upload},
            "responses": {"201": told, **dict.fromkeys(("401", "422", "429", "503"), refused)},
        }
    }
    body = {"content": {"application/json": {"schema": Trigger.model_json_schema()}}}
    answers = {"202": told, **dict.fromkeys(("401", "404", "409", "422", "429", "503"), refused)}
    for act in sorted(_ACTS):
        paths[f"/trigger/{act}"] = {
            "post": {
                "summary": f"let a personality do a {act} now",
                "requestBody": {"required": True, **body},
                "responses": answers,
            }
        }
    return web.json_response(
        {
            "openapi": "3.1.0",
            "info": {"title": "Troupe's admin API", "version": "1"},
            "paths": paths,
            "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
            "security": [{"key": []}],
        }
    )


def _task(entry: TaskEntry) -> dict[str, Any]:
    task = entry.task
    return {
        "id": str(task.id),
        "personality": entry.name,
        "channel_id": str(entry.channel_id),
        **{
            name: getattr(task, name)
            for name in (
                *("task_type", "status", "reason", "error_message", "retry_count"),
                *("result_type", "prompt_tokens", "completion_tokens", "cost_usd"),
            )
        },
        **{
            name: None if getattr(task, name) is None else str(getattr(task, name))
            for name in ("post_id", "comment_id", "result_id")
        },
        **{
            name: _iso(getattr(task, name))
            for name in ("scheduled_at", "started_at", "completed_at")
        },
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


@asynccontextmanager
async def admin_api(
    settings: Settings, jobs: JobService, engine: EngineService, store: ObjectStore
) -> AsyncGenerator[None]:
    """Serve the admin API while the context is open, if there is a key for it."""
    if settings.admin_api_key is None:
        yield
        return
    api = AdminApi(settings.admin_api_key.get_secret_value(), jobs, engine, store)
    runner = web.AppRunner(api.application(), access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, settings.admin_api_host, settings.admin_api_port).start()
            log.info("The admin API is at %s", ", ".join(map(str, runner.addresses)))
        except OSError as error:
            log.error("ADMIN_API_PORT: the admin API is off: %s", error.strerror)  # noqa: TRY400
        yield
    finally:
        await runner.cleanup()
