"""The playground's page: plain files, one websocket a window, uploads and stored files."""

import asyncio
import json
import logging
import mimetypes
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import BodyPartReader, WSMsgType, web
from simcord.backend.cdn import CDN_BASE

from bot.playground.actions import ActionRefused, Actions
from bot.playground.live import EMOJI_BASE, LiveEnv
from bot.playground.viewers import Viewer, Viewers
from bot.playground.world import World

log = logging.getLogger(__name__)

_STATIC: Final = Path(__file__).parent / "static"
_HOSTS: Final = ("127.0.0.1", "localhost", "::1")
_MAX_UPLOAD: Final = 30 * 2**20
_MAX_MESSAGE: Final = 2**20
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: https:; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'none'"
    ),
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# What somebody uploads must not run on this page.
_SHOWN: Final = ("image/png", "image/jpeg", "image/gif", "image/webp", "audio/", "video/")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PageServer:
    """Serves one page to whoever knows its address, in which there is a token."""

    def __init__(self, env: LiveEnv, world: World) -> None:
        self._env = env
        self._world = world
        self._viewers = Viewers(env, world)
        self.actions = Actions(env, world, self._viewers)
        self._sockets: set[web.WebSocketResponse] = set()
        self.url = ""

    def tell_time(self) -> None:
        """Tell everybody what time it is, and how fast it passes."""
        self._viewers.tell_time()

    @asynccontextmanager
    async def running(self, port: int) -> AsyncGenerator[str]:
        """Serve the page on loopback while the context is open; yield its address."""
        app = web.Application(client_max_size=_MAX_UPLOAD, middlewares=[self._guard])
        app.router.add_get("/{token}/", self._page)
        app.router.add_get("/{token}/socket", self._socket)
        app.router.add_post("/{token}/upload", self._upload)
        app.router.add_get("/{token}/cdn/{path:.+}", self._file)
        app.router.add_get("/{token}/emojis/{path:.+}", self._emoji)
        app.router.add_get("/{token}/static/{name}", self._static)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, "127.0.0.1", port).start()
            except OSError:  # somebody else has the port of before
                await web.TCPSite(runner, "127.0.0.1", 0).start()
            address = runner.addresses[0]
            self.url = f"http://127.0.0.1:{address[1]}/{self._world.token}/"
            yield self.url
        finally:
            for socket in list(self._sockets):
                await socket.close(code=1012, message=b"restart")
            await runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in this machine alone, and whoever has the address: no other page, no other name."""
        host = urlsplit(f"//{request.host}").hostname
        origin = request.headers.get("Origin")
        is_foreign = origin is not None and urlsplit(origin).netloc != request.host
        token = request.match_info.get("token", "")
        if host not in _HOSTS or is_foreign:
            raise web.HTTPForbidden
        if not secrets.compare_digest(token.encode(), self._world.token.encode()):
            raise web.HTTPNotFound(text="Open the address that the command has printed.")
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    async def _page(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(_STATIC / "index.html")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in {each.name for each in _STATIC.iterdir()}:
            raise web.HTTPNotFound
        return web.FileResponse(_STATIC / name)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        return self._blob(f"{CDN_BASE}/{path}", path)

    async def _emoji(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        return self._blob(f"{EMOJI_BASE}/{path}", path)

    def _blob(self, url: str, path: str) -> web.Response:
        data = self._env.backend.cdn.get(url)
        if data is None:
            raise web.HTTPNotFound
        kind = mimetypes.guess_type(path)[0] or ""
        if not kind.startswith(_SHOWN):
            kind = "application/octet-stream"
        return web.Response(body=data, content_type=kind)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        keys: list[str] = []
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader):
                data = bytes(await part.read(decode=False))
                keys.append(self.actions.store(part.filename or "file", data))
        return web.json_response(keys)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        # Without compression: aiohttp's task for it fails loudly when a window is closed.
        socket = web.WebSocketResponse(heartbeat=20, compress=False, max_msg_size=_MAX_MESSAGE)
        await socket.prepare(request)
        members = self._world.members
        actor = members.get(request.query.get("as", "")) or next(iter(members.values()))
        viewer = Viewer(actor)
        self._viewers.add(viewer)
        self._sockets.add(socket)
        writing = asyncio.create_task(_write(socket, viewer))
        running: set[asyncio.Task[None]] = set()
        try:
            async for received in socket:
                if received.type is WSMsgType.TEXT:
                    # A task each: what one types must not wait for a slow command.
                    task = asyncio.create_task(self._act(viewer, received.data))
                    running.add(task)
                    task.add_done_callback(running.discard)
        finally:
            self._viewers.remove(viewer)
            self._sockets.discard(socket)
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
        return socket

    async def _act(self, viewer: Viewer, text: str) -> None:
        try:
            request: dict[str, Any] = json.loads(text)
            number, name = request.get("number"), str(request["action"])
            arguments: dict[str, Any] = request.get("with") or {}
        except (ValueError, KeyError, TypeError, AttributeError):
            return
        try:
            value = await self.actions.run(viewer.actor, name, arguments)
        except ActionRefused as refused:
            viewer.tell("answer", number=number, refused=str(refused))
        except Exception:
            log.exception("An action of the page failed: %s", name)
            viewer.tell("answer", number=number, refused="That failed; the log says why.")
        else:
            viewer.tell("answer", number=number, value=value)


async def _write(socket: web.WebSocketResponse, viewer: Viewer) -> None:
    """Send what a viewer is told; what has gathered goes in one frame."""
    with suppress(ConnectionError):
        while not viewer.is_lost:
            gathered = [await viewer.queue.get()]
            while not viewer.queue.empty():
                gathered.append(viewer.queue.get_nowait())
            await socket.send_str(f"[{','.join(gathered)}]")
        await socket.close()  # it connects again, and begins with what there is
