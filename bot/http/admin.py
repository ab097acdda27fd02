"""What operators and their machines ask over HTTP. Off without `ADMIN_API_KEY`."""

import asyncio
import hmac
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cached_property, partial
from typing import ClassVar
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.discord.errors import explain
from bot.http.media import MediaApi
from bot.http.openapi import Handler, Route, add_routes, openapi
from bot.http.pictures import PictureApi
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
from services.media import ROUTE, FileNotFound
from services.people import UserNotFound
from services.personalities import PersonalityNotFound

log = logging.getLogger(__name__)

_MAX_BODY_BYTES, _MAX_REQUESTS_PER_MINUTE, _MAX_TASKS = 64 * 1024, 120, 500
_GUESS_SECONDS = 0.5
_OWN = ("personality", "channel_id")
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


class TriggeredTask(BaseModel):
    """The task that a trigger has made."""

    task: UUID


class Health(BaseModel):
    """That the process serves."""

    status: str


class TaskCount(BaseModel):
    """How many tasks of a type have a status."""

    task_type: str
    status: str
    count: int


class StatusView(BaseModel):
    """What the engine did in a span of time, and what that cost."""

    now: datetime
    since: datetime
    paused_at: datetime | None
    boards: int
    waiting: int
    tasks: list[TaskCount]
    skipped: dict[str, int]
    cost_usd: float
    prompt_tokens: int
    completion_tokens: int


class TaskView(BaseModel):
    """A task of the engine. Ids of Discord are strings."""

    id: UUID
    personality: str
    channel_id: str
    task_type: str
    status: str
    reason: str | None
    error_message: str | None
    retry_count: int
    result_type: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    post_id: UUID | None
    comment_id: UUID | None
    result_id: UUID | None
    scheduled_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


class TasksView(BaseModel):
    """Tasks of the engine, latest first."""

    tasks: list[TaskView]


class AdminApi:
    """The routes; all but `/healthz` want `Authorization: Bearer` and the key."""

    def __init__(
        self, key: str, jobs: JobService, engine: EngineService, pictures: PictureApi
    ) -> None:
        self._key = key
        self._media = MediaApi(pictures.store)
        self._pictures = pictures
        self._jobs = jobs
        self._engine = engine
        self._guessing = asyncio.Lock()
        self._recent_requests: deque[float] = deque(maxlen=_MAX_REQUESTS_PER_MINUTE)

    def application(self) -> web.Application:
        """Return the application."""
        app = web.Application(
            middlewares=[_answering_errors, self._authorize, self._limit],
            client_max_size=_MAX_BODY_BYTES,
        )
        add_routes(app.router, self._routes)
        self._media.add_folder(app.router)
        return app

    @cached_property
    def _routes(self) -> list[Route]:
        status = {"enum": [*TaskStatus]}
        limit = {"type": "integer", "minimum": 1, "maximum": _MAX_TASKS, "default": 50}
        return [
            Route(
                method="GET",
                path="/healthz",
                handler=_healthz,
                summary="Whether this process serves.",
                response=Health,
                is_open=True,
            ),
            Route(
                method="GET",
                path="/metrics",
                handler=self._metrics,
                summary="Metrics of the job queue in Prometheus's text format.",
                content_type="text/plain",
            ),
            Route(
                method="GET",
                path="/status",
                handler=self._status,
                summary="What the engine did within the last day.",
                response=StatusView,
            ),
            Route(
                method="GET",
                path="/tasks",
                handler=self._tasks,
                summary="The engine's tasks, latest first.",
                response=TasksView,
                query={"status": status, "limit": limit},
                refusals=(422,),
            ),
            Route(
                method="GET",
                path="/openapi.json",
                handler=self._openapi,
                summary="This document.",
            ),
            *(
                Route(
                    method="POST",
                    path=f"/trigger/{kind.replace('_', '-')}",
                    handler=partial(self._trigger, kind),
                    summary=f"Let a personality act now: {kind.replace('_', ' ')}.",
                    status=202,
                    body=Trigger,
                    response=TriggeredTask,
                    refusals=(404, 409, 422, 503),
                )
                for kind in sorted(ACTIONS)
            ),
            self._media.presign_route,
            *self._pictures.routes,
        ]

    @web.middleware
    async def _authorize(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(_OPEN):
            return await handler(request)
        # Headers may have any bytes, which come as surrogates.
        authorization = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(authorization, f"Bearer {self._key}".encode()):
            # One after the other, so that guessing takes time, however many connections do it.
            async with self._guessing:
                await asyncio.sleep(_GUESS_SECONDS)
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
        return await handler(request)

    @web.middleware
    async def _limit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(_OPEN):
            return await handler(request)
        now = time.monotonic()
        is_full = len(self._recent_requests) == _MAX_REQUESTS_PER_MINUTE
        if is_full and (wait := 60 - (now - self._recent_requests[0])) > 0:
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(int(wait) + 1)})
        self._recent_requests.append(now)
        return await handler(request)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(
            body=await self._jobs.exposition(),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )

    async def _status(self, _: web.Request) -> web.Response:
        status = await self._engine.status()
        return _json(
            StatusView(
                now=status.now,
                since=status.since,
                paused_at=status.paused_at,
                boards=status.boards,
                waiting=status.waiting,
                tasks=[
                    TaskCount(task_type=kind, status=task_status, count=count)
                    for (kind, task_status), count in sorted(status.counts.items())
                ],
                skipped=status.reasons,
                cost_usd=status.cost_usd,
                prompt_tokens=status.tokens_in,
                completion_tokens=status.tokens_out,
            )
        )

    async def _tasks(self, request: web.Request) -> web.Response:
        try:
            name = request.query.get("status")
            status = TaskStatus(name.upper()) if name else None
            limit = min(max(int(request.query.get("limit", "50")), 1), _MAX_TASKS)
        except ValueError as error:
            raise web.HTTPUnprocessableEntity(text=str(error)) from error
        entries = await self._engine.tasks(status=status, limit=limit)
        return _json(TasksView(tasks=[_task(entry) for entry in entries]))

    async def _trigger(self, kind: ActType, request: web.Request) -> web.Response:
        trigger = Trigger.model_validate_json(await request.read())
        task = await self._engine.trigger_named(
            kind,
            personality=trigger.personality,
            board=trigger.board,
            post_id=trigger.post_id,
            comment_id=trigger.comment_id,
        )
        return _json(TriggeredTask(task=task.id), status=202)

    async def _openapi(self, _: web.Request) -> web.Response:
        return web.json_response(openapi("Troupe's admin API", "1", self._routes))


@web.middleware
async def _answering_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what is refused in JSON, in the words that people get."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        is_unknown = request.match_info.http_exception is error
        text = "There is no such route; /openapi.json lists them." if is_unknown else error.text
        return _refusal(error.status, text or error.reason, error.headers.get("Retry-After"))
    except ValidationError as error:
        first = error.errors()[0]
        return _refusal(422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    except (PersonalityNotFound, BoardNotFound, UserNotFound, FileNotFound) as error:
        return _refusal(404, explain(error) or "")
    except (ImagePostsUnavailable, TransientError) as error:
        return _refusal(503, explain(error) or "")
    except DomainError as error:
        return _refusal(409, explain(error) or "")


def _refusal(status: int, message: str, retry_after: str | None = None) -> web.Response:
    headers = {"Retry-After": retry_after} if retry_after else {}
    if status == web.HTTPUnauthorized.status_code:
        headers["WWW-Authenticate"] = "Bearer"
    return web.json_response({"error": message}, status=status, headers=headers)


async def _healthz(_: web.Request) -> web.Response:
    return _json(Health(status="ok"))


def _json(model: BaseModel, *, status: int = 200) -> web.Response:
    return web.Response(
        text=model.model_dump_json(), status=status, content_type="application/json"
    )


def _task(entry: TaskEntry) -> TaskView:
    return TaskView(
        personality=entry.name,
        channel_id=str(entry.channel_id),
        **{name: getattr(entry.task, name) for name in TaskView.model_fields if name not in _OWN},
    )


@asynccontextmanager
async def serve(api: AdminApi, host: str, port: int) -> AsyncGenerator[None]:
    """Serve the admin API while the context is open; a port that is taken costs it alone."""
    runner = web.AppRunner(api.application(), access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
            log.info("The admin API is at %s", ", ".join(map(str, runner.addresses)))
        except OSError as error:
            log.error("ADMIN_API_PORT: the admin API is off: %s", error.strerror)  # noqa: TRY400
        yield
    finally:
        await runner.cleanup()
