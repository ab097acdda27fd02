"""Stored files on loopback, as others fetch them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from services.media import ROUTE, FolderStore


async def fetch(url: str) -> tuple[int, bytes]:
    """Fetch a link; return status and body."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(URL(url, encoded=True)) as answer,
    ):
        return answer.status, await answer.read()


class PublicFolder:
    """The admin API's route to stored files. With `is_open` False it cannot be reached."""

    def __init__(self) -> None:
        self.is_open = True
        self.url = ""
        self.store: FolderStore | None = None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["PublicFolder"]:
        app = web.Application()
        app.router.add_get(f"{ROUTE}/{{key:.+}}", self._get)
        async with TestServer(app, host="127.0.0.1") as server:
            self.url = str(server.make_url("")).rstrip("/")
            yield self

    async def _get(self, request: web.Request) -> web.StreamResponse:
        key = request.match_info["key"]
        signature = request.query.get("signature", "")
        if not self.is_open:
            return web.Response(status=502)
        assert self.store is not None
        if not self.store.may_read(key, signature=signature):
            return web.Response(status=403)
        path = self.store.path_of(key)
        return web.FileResponse(path) if path.is_file() else web.Response(status=404)
