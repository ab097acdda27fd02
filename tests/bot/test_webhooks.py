"""Discord's responses to webhook requests."""

import asyncio
import time

import aiohttp
import discord
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from discord.http import Route

from bot.discord.webhooks import without_retries
from services import leases
from services.leases import LeaseLost, start_lease


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_servers_failure_is_not_followed_by_the_same_once_more(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    requests: list[str] = []

    async def fail(request: web.Request) -> web.Response:
        requests.append(request.path)
        return web.Response(status=status, text="<html>oops</html>")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fail)
    async with TestServer(app, host="127.0.0.1") as server, aiohttp.ClientSession() as session:
        monkeypatch.setattr(Route, "BASE", str(server.make_url("")).rstrip("/"))
        webhook = discord.Webhook.partial(1, "token", session=session)

        with pytest.raises(aiohttp.ClientResponseError):
            await without_retries(webhook).send("The lamp is lit.", wait=True)

    assert requests == ["/webhooks/1/token"]


async def test_after_the_lease_of_a_job_no_message_goes_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    requests: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        requests.append(request.path)
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app, host="127.0.0.1") as server, aiohttp.ClientSession() as session:
        monkeypatch.setattr(Route, "BASE", str(server.make_url("")).rstrip("/"))
        webhook = without_retries(discord.Webhook.partial(1, "token", session=session))

        async def send_late() -> None:
            start_lease(0.05, leases.now())
            time.sleep(0.1)  # noqa: ASYNC251 - as a process that is stopped
            await webhook.send("The lamp is lit.")

        with pytest.raises(LeaseLost):
            await asyncio.create_task(send_late())

    assert requests == []
