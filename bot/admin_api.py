"""What operators and their machines ask over HTTP. Off without `ADMIN_API_KEY`."""

import hmac
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from bot.settings import Settings
from services.jobs import JobService

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(key: str, jobs: JobService) -> web.Application:
    """Return the routes; each wants `Authorization: Bearer` and the key."""

    @web.middleware
    async def authorize(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {key}".encode()):
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
        return await handler(request)

    async def metrics(_: web.Request) -> web.Response:
        text = await jobs.exposition()
        return web.Response(
            body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    app = web.Application(middlewares=[authorize])
    app.router.add_get("/metrics", metrics)
    return app


@asynccontextmanager
async def admin_api(settings: Settings, jobs: JobService) -> AsyncGenerator[None]:
    """Serve the admin API while the context is open, if there is a key for it."""
    if settings.admin_api_key is None:
        yield
        return
    app = application(settings.admin_api_key.get_secret_value(), jobs)
    runner = web.AppRunner(app, access_log=None)
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
