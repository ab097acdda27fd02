"""Buffer's GraphQL API on loopback, with the part of its schema that posting uses.

A request that the documented schema does not allow is answered with GraphQL's error and recorded in
`complaints`, so that a test can assert that there were none.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from aiohttp import web
from aiohttp.test_utils import TestServer
from graphql import (
    build_schema,
    graphql_sync,  # pyright: ignore[reportUnknownVariableType]
    parse,
    validate,
)

from tests.vendors.fetching import fetch

Body: TypeAlias = dict[str, Any]
When: TypeAlias = Literal["before", "after"]
KEY = "buffer-key"
SCHEMA = build_schema((Path(__file__).parent / "buffer.graphql").read_text("utf-8"))
# https://developers.buffer.com/guides/api-limits.html, plan Free.
_WINDOWS = {"15m": (100, 900), "24h": (250, 86_400), "30d": (3000, 2_592_000)}


@dataclass(frozen=True)
class Fate:
    """The scripted outcome of a mutation.

    `http` is the status to answer with, or 0 to cut the connection, before or after the mutation is
    executed; `payload` is a member of the union of errors, `code` a GraphQL error; `is_odd` answers
    with something that the schema does not contain.
    """

    http: int = 200
    when: When = "before"
    payload: str | None = None
    message: str = "as scripted"
    code: str | None = None
    is_odd: bool = False
    window: str | None = None
    wait: int = 1


class BufferStandIn:
    """An account with channels and a queue. `fates` are the outcomes of the next mutations.

    Operations in `forbids` are refused once; `meanwhile` is called before a mutation is answered.
    """

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.fates: deque[Fate] = deque()
        self.posts: dict[str, Body] = {}
        self.channels: dict[str, Body] = {
            "ig": _channel("ig", "mirela.keeps", "instagram"),
            "x": _channel("x", "mirela", "twitter"),
            "pin": _channel("pin", "boards", "pinterest"),
        }
        self.operations: list[str] = []
        self.remaining = {name: quota for name, (quota, _) in _WINDOWS.items()}
        self.is_down = False
        self.hides_posts = False
        self.loses_channel = False
        self.forbids: set[str] = set()
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self.url = ""
        self._numbers = itertools.count(1)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["BufferStandIn"]:
        app = web.Application()
        app.router.add_post("/", self._answer)
        async with TestServer(app, host="127.0.0.1") as server:
            self.url = str(server.make_url("/"))
            yield self

    async def publish(self, now: datetime, *, error: str | None = None) -> None:
        """Publish due posts as Buffer does: fetch the picture and send it."""
        for post in self.posts.values():
            if post["status"] != "scheduled" or datetime.fromisoformat(post["dueAt"]) > now:
                continue
            (asset,) = post["assets"]
            status, _ = await fetch(asset["source"])
            failed = error or (f"HTTP {status}" if status != 200 else None)
            post["status"] = "error" if failed else "sent"
            post["error"] = {"message": failed, "supportUrl": None} if failed else None
            post["sentAt"] = None if failed else _iso(now)
            post["externalLink"] = None if failed else f"https://social.example/{post['id']}"

    async def _answer(  # noqa: PLR0911 - one for each way to be refused
        self, request: web.Request
    ) -> web.StreamResponse:
        if self.is_down:
            return web.Response(status=503, text="<html>busy</html>")
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _problem(401, "UNAUTHENTICATED", "An authentication JWT is required")
        if not request.headers.get("User-Agent", "").startswith("Troupe"):
            return web.Response(status=403, text="error code: 1010")
        body: Body = await request.json()
        document = parse(body["query"])
        if wrong := validate(SCHEMA, document):
            return self._complain(wrong[0].message)
        operation: Any = document.definitions[0]
        name: str = operation.selection_set.selections[0].name.value
        self.operations.append(name)
        if exhausted := next((each for each, left in self.remaining.items() if left <= 0), None):
            return _limited(exhausted)
        self.remaining = {each: left - 1 for each, left in self.remaining.items()}
        if name in self.forbids:
            self.forbids.remove(name)
            return _problem(200, "FORBIDDEN", "You may not")
        is_change = operation.operation.value == "mutation"
        fate = self.fates.popleft() if is_change and self.fates else Fate()
        return await self._execute(request, body, fate)

    async def _execute(  # noqa: C901, PLR0911 - one for each fate
        self, request: web.Request, body: Body, fate: Fate
    ) -> web.StreamResponse:
        if fate.window:
            return _limited(fate.window, fate.wait)
        if fate.payload:
            root = {each: _payload(fate) for each in ("createPost", "editPost", "deletePost")}
            result = graphql_sync(SCHEMA, body["query"], root, variable_values=body["variables"])
            return self._respond({"data": result.data})
        if fate.code:
            return _problem(200, fate.code, fate.message)
        if fate.is_odd:
            return self._respond({"data": {"somethingElse": {}}})
        if fate.when == "before" and fate.http != 200:
            return await _fail(request, fate)
        result = graphql_sync(SCHEMA, body["query"], _Root(self), variable_values=body["variables"])
        for error in result.errors or ():
            if not isinstance(error.original_error, KeyError):
                return self._complain(error.message)
            return _problem(200, "NOT_FOUND", "Resource doesn't exist")
        if fate.http != 200:
            return await _fail(request, fate)
        if self.meanwhile is not None:
            await self.meanwhile()
        return self._respond({"data": result.data})

    def _respond(self, body: Body) -> web.Response:
        policy = [f'"{q}-in-{n}";q={q};w={w};pk=:x:' for n, (q, w) in _WINDOWS.items()]
        status = [f'"{q}-in-{n}";r={self.remaining[n]};t={w}' for n, (q, w) in _WINDOWS.items()]
        headers = {"RateLimit-Policy": ", ".join(policy), "RateLimit": ", ".join(status)}
        return web.json_response(body, headers=headers)

    def _complain(self, message: str) -> web.Response:
        self.complaints.append(message)
        return _problem(400, "GRAPHQL_VALIDATION_FAILED", message)

    def create(self, payload: Body) -> Body:
        number = next(self._numbers)
        channel = self.channels[payload["channelId"]]
        if wrong := _validation_error(payload, channel):
            return {"__typename": "InvalidInputError", "message": wrong}
        post: Body = {
            "id": f"post{number}",
            "status": "scheduled",
            "createdAt": _iso(datetime.now(UTC)),
            "channelId": channel["id"],
            "sentAt": None,
            "externalLink": None,
            "error": None,
            **_post_fields(payload),
        }
        self.posts[f"post{number}"] = post
        if self.loses_channel:
            self.channels.pop(channel["id"])
        return {"__typename": "PostActionSuccess", "post": post}


class _Root:
    """The fields of `Query` and `Mutation`, as graphql-core asks for them."""

    def __init__(self, buffer: BufferStandIn) -> None:
        self._buffer = buffer

    def account(self, _: Any) -> Body:
        return {"id": "acc", "organizations": [{"id": "org", "name": "Ours"}]}

    def channels(self, _: Any, input: Body) -> list[Body]:  # noqa: A002 - the schema's name
        assert input["organizationId"] == "org"
        return list(self._buffer.channels.values())

    def channel(self, _: Any, input: Body) -> Body:  # noqa: A002
        return self._buffer.channels[input["id"]]

    def post(self, _: Any, input: Body) -> Body:  # noqa: A002
        return self._buffer.posts[input["id"]]

    def posts(self, _: Any, input: Body, first: int = 20, after: str | None = None) -> Body:  # noqa: A002
        wanted = input["filter"]
        since = datetime.fromisoformat(wanted["createdAt"]["start"])
        posts = [
            each
            for each in self._buffer.posts.values()
            if not self._buffer.hides_posts
            and each["channelId"] in wanted["channelIds"]
            and datetime.fromisoformat(each["createdAt"]) >= since
        ]
        assert input["sort"] == [{"field": "createdAt", "direction": "desc"}]
        posts.sort(key=lambda each: each["createdAt"], reverse=True)
        start = int(after or 0)
        page = posts[start : start + min(first, 2)]  # small pages, so that paging is tested
        end = start + len(page)
        info = {"hasNextPage": end < len(posts), "endCursor": str(end), "hasPreviousPage": False}
        return {"edges": [{"node": each, "cursor": "c"} for each in page], "pageInfo": info}

    def createPost(self, _: Any, input: Body) -> Body:  # noqa: A002, N802
        return self._buffer.create(input)

    def editPost(self, _: Any, input: Body) -> Body:  # noqa: A002, N802
        post = self._buffer.posts[input["id"]]
        channel = self._buffer.channels[post["channelId"]]
        if wrong := _validation_error(input, channel):
            return {"__typename": "InvalidInputError", "message": wrong}
        if post["status"] != "scheduled":
            return {"__typename": "InvalidInputError", "message": "It was sent already"}
        post.update(_post_fields(input))
        return {"__typename": "PostActionSuccess", "post": post}

    def deletePost(self, _: Any, input: Body) -> Body:  # noqa: A002, N802
        del self._buffer.posts[input["id"]]
        return {"__typename": "DeletePostSuccess", "id": input["id"]}


def _channel(name: str, handle: str, service: str) -> Body:
    return {
        "id": name,
        "name": handle,
        "service": service,
        "timezone": "Europe/Vienna",
        "isDisconnected": False,
        "isLocked": False,
        "isQueuePaused": False,
        "organizationId": "org",
    }


def _post_fields(payload: Body) -> Body:
    return {
        "dueAt": payload["dueAt"],
        "text": payload.get("text") or "",
        "shareMode": payload["mode"],
        "metadata": payload.get("metadata"),
        "altText": _alt_text(payload["assets"][0]["image"]),
        "assets": [
            {
                "__typename": "ImageAsset",
                "id": "a",
                "type": "image",
                "mimeType": "image/jpeg",
                "source": each["image"]["url"],
                "thumbnail": each["image"]["url"],
            }
            for each in payload["assets"]
        ],
    }


def _alt_text(image: Body) -> str | None:
    metadata: Body = image.get("metadata") or {}
    return metadata.get("altText")


def _validation_error(payload: Body, channel: Body) -> str | None:
    """Return what is wrong with a post by Buffer's guides, beyond its types."""
    service = channel["service"]
    all_metadata: Body = payload.get("metadata") or {}
    metadata = all_metadata.get(service)
    due = datetime.fromisoformat(payload.get("dueAt") or "2000-01-01T00:00:00Z")
    rules = (
        (payload["mode"] != "customScheduled", "this stand-in takes customScheduled alone"),
        (due.tzinfo is None, "dueAt needs an offset"),
        (not payload["assets"], "an image is required"),
        (any(len(each) != 1 for each in payload["assets"]), "one of image, video, document, link"),
        (service == "instagram" and not metadata, "Instagram posts require a type"),
        (set(all_metadata) - {service}, "metadata of another network"),
        (service == "twitter" and len(payload.get("text") or "") > 280, "Text is too long"),
    )
    return next((message for is_wrong, message in rules if is_wrong), None)


def _payload(fate: Fate) -> Body:
    return {"__typename": fate.payload, "message": fate.message}


async def _fail(request: web.Request, fate: Fate) -> web.StreamResponse:
    if fate.http == 0:
        assert request.transport is not None
        request.transport.abort()
        await asyncio.sleep(0)
    return web.Response(status=fate.http or 500, text="<html>oops</html>")


def _limited(window: str, wait: int = 1) -> web.Response:
    error = {
        "message": "Too many requests from this client. Please try again later.",
        "extensions": {"code": "RATE_LIMIT_EXCEEDED", "window": window},
    }
    return web.json_response({"errors": [error]}, status=429, headers={"Retry-After": str(wait)})


def _problem(status: int, code: str, message: str) -> web.Response:
    error = {"message": message, "extensions": {"code": code}}
    return web.json_response({"data": None, "errors": [error]}, status=status)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
