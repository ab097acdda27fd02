"""The `image_embed` service on loopback, as its README describes it."""

import hashlib
import json
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.vendors.forms import read_form


class ImageEmbedStandIn:
    """Returns 512 numbers for each picture; the messages in `refuses` fail the next requests."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.refuses: deque[str] = deque()
        self.breaks = 0
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["ImageEmbedStandIn"]:
        app = web.Application()
        app.router.add_post("/analyze_image_upload/", self._analyze)
        async with TestServer(app, host="127.0.0.1") as server:
            self.url = str(server.make_url("")).rstrip("/")
            yield self

    async def _analyze(self, request: web.Request) -> web.Response:
        form = await read_form(request)
        image, tasks = form.get("image_file"), form.get("tasks_json")
        if image is None or image.filename is None or tasks is None:
            self.complaints.append("image_file and tasks_json are required")
            return web.json_response({"detail": "unprocessable"}, status=422)
        (task,) = json.loads(tasks.content)
        if (task["type"], task["params"]) != ("embed_clip_vit_b_32", {"target": "whole_image"}):
            self.complaints.append("no such task")
        if self.breaks:
            self.breaks -= 1
            return web.Response(status=503, text="busy")
        result: dict[str, object] = {"status": "success", "data": _vector(image.content)}
        if self.refuses:
            result = {"status": "error", "data": None, "error_message": self.refuses.popleft()}
        return web.json_response({"results": {task["operation_id"]: result}})


def _vector(data: bytes) -> list[float]:
    digest = hashlib.sha512(data).digest() * 8
    return [byte / 255 for byte in digest]
