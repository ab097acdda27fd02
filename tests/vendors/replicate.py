"""Replicate's files, predictions and their output, as documented, on loopback.

A request that the documented API does not allow is answered with its 422 and recorded in
`complaints`, so that a test can assert that there were none.
"""

import asyncio
import io
import itertools
import random
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image

from tests.vendors.forms import read_form

Body: TypeAlias = dict[str, Any]
Output: TypeAlias = Literal["picture", "nothing", "html", "gone", "foreign", "bomb"]

# https://replicate.com/google/nano-banana/api/schema
_ASPECTS = {
    *("match_input_image", "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9"),
    "21:9",
}
_MODEL = "google/nano-banana"


@dataclass(frozen=True)
class Fate:
    """The scripted outcome of a prediction; an `http` other than 201 refuses it."""

    status: str = "succeeded"
    output: Output = "picture"
    error: str | None = None
    polls: int = 1
    http: int = 201
    detail: str = "as scripted"


class ReplicateStandIn:
    """Generates plain colours. `fates` are the outcomes of the next predictions, then `default`."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.fates: deque[Fate] = deque()
        self.default = Fate()
        self.predictions: dict[str, Body] = {}
        self.files: dict[str, bytes] = {}
        self.cancelled: list[str] = []
        self.most_at_once = 0
        self.server_errors = 0
        self.hold = asyncio.Event()
        self.hold.set()
        self.url = ""
        self._numbers = itertools.count(1)
        self._fates: dict[str, Fate] = {}
        self._polls: dict[str, int] = {}

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["ReplicateStandIn"]:
        app = web.Application(middlewares=[self._authorized], client_max_size=2**25)
        app.router.add_post(f"/v1/models/{_MODEL}/predictions", self._create)
        app.router.add_get("/v1/predictions", self._list)
        app.router.add_get("/v1/predictions/{id}", self._get)
        app.router.add_post("/v1/predictions/{id}/cancel", self._cancel)
        app.router.add_post("/v1/files", self._upload)
        app.router.add_delete("/v1/files/{id}", self._delete)
        app.router.add_get("/out/{id}.jpg", self._picture)
        async with TestServer(app, host="127.0.0.1") as server:
            self.url = str(server.make_url("")).rstrip("/")
            yield self

    @web.middleware
    async def _authorized(self, request: web.Request, handler: Any) -> web.StreamResponse:
        authorization = request.headers.get("Authorization")
        is_output = request.path.startswith("/out/")
        if is_output and authorization is not None:
            self.complaints.append("the token was shown to a host of outputs")
        if not is_output and authorization != "Bearer r8_x":
            return _problem(401, "Unauthenticated")
        return await handler(request)

    async def _create(self, request: web.Request) -> web.Response:
        payload: Body = (await request.json())["input"]
        if complaint := self._complaint(payload):
            self.complaints.append(complaint)
            return _problem(422, complaint)
        fate = self.fates.popleft() if self.fates else self.default
        if fate.http != 201:
            return _problem(fate.http, fate.detail)
        name = f"p{next(self._numbers)}"
        self._fates[name], self._polls[name] = fate, fate.polls
        self.predictions[name] = {
            "id": name,
            "model": _MODEL,
            "version": "hidden",
            "input": payload,
            "logs": "",
            "output": None,
            "error": None,
            "status": "starting",
            "created_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "urls": {
                "get": f"{self.url}/v1/predictions/{name}",
                "cancel": f"{self.url}/v1/predictions/{name}/cancel",
            },
        }
        at_once = sum(each["status"] == "starting" for each in self.predictions.values())
        self.most_at_once = max(self.most_at_once, at_once)
        return web.json_response(self.predictions[name], status=201)

    def _complaint(self, payload: Body) -> str | None:
        if unknown := payload.keys() - {"prompt", "image_input", "aspect_ratio", "output_format"}:
            return f"input.{min(unknown)}: unknown"
        if not payload.get("prompt", "").strip():
            return "input.prompt: required"
        if payload.get("aspect_ratio", "1:1") not in _ASPECTS:
            return "input.aspect_ratio: not one of them"
        if payload.get("output_format", "jpg") not in {"jpg", "png"}:
            return "input.output_format: not one of them"
        for url in payload.get("image_input", ()):
            if url.rpartition("/")[2] not in self.files:
                return "input.image_input: cannot be fetched"
        return None

    async def _list(self, _: web.Request) -> web.Response:
        results = sorted(self.predictions.values(), key=lambda each: int(each["id"][1:]))
        return web.json_response({"next": None, "previous": None, "results": results[::-1]})

    async def _get(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if self.server_errors:
            self.server_errors -= 1
            return _problem(500, "as scripted")
        if name not in self.predictions:
            return _problem(404, "The requested resource could not be found.")
        self._advance(name)
        return web.json_response(self.predictions[name])

    def _advance(self, name: str) -> None:
        prediction, fate = self.predictions[name], self._fates[name]
        if prediction["status"] not in {"starting", "processing"} or not self.hold.is_set():
            return
        self._polls[name] -= 1
        if self._polls[name] >= 0:
            prediction["status"] = "starting"
            return
        prediction["status"], prediction["error"] = fate.status, fate.error
        if fate.status == "succeeded":
            host = "https://elsewhere.example" if fate.output == "foreign" else self.url
            prediction["output"] = None if fate.output == "nothing" else f"{host}/out/{name}.jpg"

    async def _cancel(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        self.cancelled.append(name)
        self.predictions[name]["status"] = "canceled"
        return web.json_response(self.predictions[name])

    async def _upload(self, request: web.Request) -> web.Response:
        uploaded = (await read_form(request))["content"]
        name = f"f{next(self._numbers)}"
        self.files[name] = uploaded.content
        return web.json_response(
            {
                "id": name,
                "name": uploaded.filename,
                "content_type": uploaded.content_type,
                "size": len(self.files[name]),
                "etag": "e",
                "checksums": {"sha256": "x", "md5": "y"},
                "metadata": {},
                "created_at": "2026-11-21T00:00:00Z",
                "expires_at": "2026-11-22T00:00:00Z",
                "urls": {"get": f"{self.url}/v1/files/{name}"},
            },
            status=201,
        )

    async def _delete(self, request: web.Request) -> web.Response:
        gone = self.files.pop(request.match_info["id"], None)
        return web.Response(status=204) if gone is not None else _problem(404, "no such file")

    async def _picture(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        match self._fates[name].output:
            case "gone":
                return web.Response(status=404)
            case "html":
                return web.Response(text="<html>busy</html>", content_type="image/jpeg")
            case "bomb":
                return web.Response(body=bomb(), content_type="image/jpeg")
            case _:
                return web.Response(body=painted(name), content_type="image/jpeg")


def painted(name: str, size: tuple[int, int] = (640, 480)) -> bytes:
    """Return the picture of a prediction: always the same, and unlike any other."""
    chance = random.Random(name)
    out = io.BytesIO()
    colour = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
    image = Image.new("RGB", size, colour)
    image.paste((255 - colour[0], 40, 90), (size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2))
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def bomb() -> bytes:
    """Return a small file whose header claims 60 megapixels."""
    out = io.BytesIO()
    Image.new("1", (10_000, 6_000)).save(out, "PNG")
    return out.getvalue()


def _problem(status: int, detail: str) -> web.Response:
    return web.json_response(
        {"title": "as scripted", "detail": detail, "status": status}, status=status
    )
