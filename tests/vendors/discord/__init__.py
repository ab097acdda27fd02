"""A Discord on loopback for processes of their own: its gateway, its REST, and its rate limits.

Simcord shares the bot's process and has no limits. Here programs connect with discord.py, whose
addresses `site` changes at their start: see `processes`.
"""

import asyncio
import itertools
import json
import re
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from aiohttp.typedefs import Handler

from tests.vendors.discord import payloads
from tests.vendors.discord.gateway import Gateway
from tests.vendors.discord.limits import Limits
from tests.vendors.discord.payloads import ALICE_ID, BOB_ID, BOT_ID, DM_ID, GUILD_ID, Payload

__all__ = ["ALICE_ID", "BOB_ID", "BOT_ID", "DM_ID", "GUILD_ID", "DiscordStandIn", "Shown"]

# Intents, as bits.
GUILD_MEMBERS, MESSAGE_CONTENT = 1 << 1, 1 << 15
_API, _EPOCH_MS = "/api/v10", 1420070400000
_MAX_MESSAGES, _GUILDS_A_SHARD = 5000, 1000
_ID = re.compile(r"(?<=webhooks/)(\d+)/[^/]+|\d{5,}")


@dataclass(frozen=True)
class Shown:
    """A state of a message that people saw, at a time of the performance counter.

    `is_whole`: it has the button of a whole answer, or none at all.
    """

    message_id: int
    channel_id: int
    text: str
    at: float
    is_whole: bool


class DiscordStandIn:
    """Servers with some channels each, the first with a thread, and a DM.

    `shown` is what people saw, in order; `called` counts the requests by route, `refused` are those
    over a limit, `unknown` those that it does not know. Each waits for `delay` seconds.
    """

    def __init__(
        self, *, channels: int = 1, guilds: int = 1, members: int = 3, is_limited: bool = True
    ) -> None:
        self.guild_ids = [GUILD_ID + (number << 22) for number in range(guilds)]
        self.channel_ids = [
            guild_id + payloads.FIRST_CHANNEL_ID - GUILD_ID + number
            for guild_id in self.guild_ids
            for number in range(channels)
        ]
        self._members = members
        self.thread_id = payloads.FIRST_CHANNEL_ID + channels
        self.shown: list[Shown] = []
        self.refused: list[str] = []
        self.unknown: list[str] = []
        self.called = Counter[str]()
        self.delay = 0.0
        self.messages: dict[int, Payload] = {}
        self.gateway = Gateway(self._guilds, members=members)
        self.url = ""
        self._changed = asyncio.Event()
        self._limits = Limits() if is_limited else None
        self._ids = itertools.count(1)
        self._webhooks: dict[int, Payload] = {}

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["DiscordStandIn"]:
        app = web.Application(middlewares=[self._limit], client_max_size=1 << 26)
        app.router.add_get("/gateway{_:/?}", self.gateway.connect)
        fixed = {
            "GET /users/@me": {**payloads.user(BOT_ID), "verified": True, "mfa_enabled": False},
            "PUT /applications/{id}/commands": list[Payload](),
            "GET /applications/{id}/emojis": {"items": list[Payload]()},
            "GET /guilds/{id}/auto-moderation/rules": list[Payload](),
            "POST /channels/{id}/typing": {},
            "POST /users/@me/channels": payloads.dm(),
        }
        answered: dict[str, Callable[[Payload], Any]] = {
            **{route: partial(_same, answer) for route, answer in fixed.items()},
            "GET /oauth2/applications/@me": lambda _: payloads.application(self._flags()),
            "GET /applications/@me": lambda _: payloads.application(self._flags()),
            "GET /users/{id}": lambda at: payloads.user(at["id"]),
            "GET /guilds/{_}/members/{id}": lambda at: payloads.member(at["id"]),
            "GET /channels/{id}": lambda at: self._channel(at["id"]),
            "GET /channels/{id}/webhooks": self._list_webhooks,
            "POST /channels/{id}/webhooks": self._create_webhook,
            "POST /applications/{id}/emojis": self._create_emoji,
            "POST /webhooks/{webhook}/{_}": self._execute,
            "POST /channels/{id}/messages": self._send_message,
            "GET /channels/{id}/messages": self._history,
            "GET /channels/{id}/messages/{message}": lambda at: self.messages.get(at["message"]),
        }
        for message in (
            "/channels/{id}/messages/{message}",
            "/webhooks/{id}/{_}/messages/{message}",
        ):
            answered[f"PATCH {message}"] = self._edit
            answered[f"DELETE {message}"] = self._delete
        for route, answer in answered.items():
            method, path = route.split(" ")
            app.router.add_route(method, f"{_API}{path}", self._answering(answer))
        app.router.add_get(f"{_API}/gateway/bot", self._gateway_address)
        app.router.add_get(f"{_API}/gateway", self._gateway_address)
        app.router.add_route("*", f"{_API}/{{path:.*}}", self._unknown)
        async with TestServer(app, host="127.0.0.1") as server:
            self.url = str(server.make_url("")).rstrip("/")
            yield self

    async def say(self, channel_id: int, text: str, author_id: int = ALICE_ID) -> int:
        """Let somebody say something; return the message's id.

        Without the intent, the bot does not see what is said to others in a server.
        """
        message = self._new_message(channel_id, payloads.user(author_id), text)
        if f"<@{BOT_ID}>" in text:
            message["mentions"] = [{**payloads.user(BOT_ID), "member": payloads.member(BOT_ID)}]
        elif channel_id != DM_ID and not self.gateway.intents & MESSAGE_CONTENT:
            message["content"] = ""
        await self.dispatch("MESSAGE_CREATE", message)
        return int(message["id"])

    async def dispatch(self, name: str, data: Payload) -> None:
        """Send an event of a server, or of a DM."""
        guild_id = data.get("guild_id")
        await self.gateway.dispatch(name, data, int(guild_id) if guild_id else None)

    async def until(self, condition: Callable[[], object], *, seconds: float = 30) -> None:
        """Wait until something is shown."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def _flags(self) -> int:
        """Return which intents the application has been given, as for few servers."""
        flags = {GUILD_MEMBERS: 1 << 15, MESSAGE_CONTENT: 1 << 19}
        return sum(flag for intent, flag in flags.items() if not intent & self.gateway.disallowed)

    def _guilds(self) -> dict[int, Payload]:
        by_guild: dict[int, list[Payload]] = {each: [] for each in self.guild_ids}
        for channel_id in self.channel_ids:
            by_guild[payloads.guild_of(channel_id)].append(self._channel(channel_id))
        threads = [self._channel(self.thread_id)]
        return {
            guild_id: payloads.guild(
                *(guild_id, channels, threads if guild_id == GUILD_ID else []),
                members=self._members,
            )
            for guild_id, channels in by_guild.items()
        }

    def _channel(self, channel_id: int) -> Payload:
        if channel_id == DM_ID:
            return payloads.dm()
        if channel_id == self.thread_id:
            return payloads.thread(channel_id, self.channel_ids[0])
        return payloads.channel(channel_id)

    @web.middleware
    async def _limit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        route = request.path.removeprefix(_API)
        self.called[f"{request.method} {_ID.sub('*', route)}"] += 1
        if self.delay:
            await asyncio.sleep(self.delay)
        if self._limits is None:
            return await handler(request)
        path = route.removeprefix("/").split("/")
        webhook = self._webhooks.get(int(path[1])) if path[0] == "webhooks" else None
        channel_id = int(webhook["channel_id"]) if webhook else None
        headers, refusal = self._limits.count(request.method, path, channel_id)
        if refusal is not None:
            self.refused.append(f"{request.method} {request.path}")
            return refusal
        response = await handler(request)
        if not response.prepared:
            response.headers.update(headers)
        return response

    def _answering(self, answer: Callable[[Payload], Any]) -> Callable[[web.Request], Any]:
        async def respond(request: web.Request) -> web.Response:
            at: Payload = {**request.query, **request.match_info}
            at = {name: int(value) if value.isdigit() else value for name, value in at.items()}
            if request.can_read_body and "json" in request.content_type:
                at["body"] = await request.json()
            found = answer(at)
            if asyncio.iscoroutine(found):
                found = await found
            return _json(found, 200) if found is not None else _json(_UNKNOWN_MESSAGE, 404)

        return respond

    async def _gateway_address(self, request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 16}
        url, shards = f"ws://{request.host}/gateway", -(-len(self.guild_ids) // _GUILDS_A_SHARD)
        return _json({"url": url, "shards": shards, "session_start_limit": limit}, 200)

    async def _unknown(self, request: web.Request) -> web.Response:
        self.unknown.append(f"{request.method} {request.path}")
        return _json({"message": "404: Not Found", "code": 0}, 404)

    def _list_webhooks(self, at: Payload) -> list[Payload]:
        return [each for each in self._webhooks.values() if each["channel_id"] == str(at["id"])]

    def _create_webhook(self, at: Payload) -> Payload:
        webhook_id = self._snowflake()
        self._webhooks[webhook_id] = payloads.webhook(webhook_id, at["id"], at["body"]["name"])
        return self._webhooks[webhook_id]

    def _create_emoji(self, at: Payload) -> Payload:
        emoji = {"id": str(self._snowflake()), "name": at["body"]["name"], "animated": False}
        return {**emoji, "require_colons": True, "managed": False, "available": True}

    async def _execute(self, at: Payload) -> Payload:
        webhook = self._webhooks[at["webhook"]]
        author = {**payloads.user(at["webhook"]), "username": at["body"].get("username") or "hook"}
        channel_id = at.get("thread_id") or int(webhook["channel_id"])
        message = self._new_message(channel_id, author, "", webhook_id=at["webhook"])
        return await self._show(message, at["body"], "MESSAGE_CREATE")

    async def _send_message(self, at: Payload) -> Payload:
        message = self._new_message(at["id"], payloads.user(BOT_ID), "")
        return await self._show(message, at["body"], "MESSAGE_CREATE")

    async def _edit(self, at: Payload) -> Payload | None:
        message = self.messages.get(at["message"])
        return message and await self._show(message, at["body"], "MESSAGE_UPDATE")

    def _delete(self, at: Payload) -> Payload | None:
        return None if self.messages.pop(at["message"], None) is None else {}

    def _history(self, at: Payload) -> list[Payload]:
        after, before = at.get("after", 0), at.get("before", 1 << 63)
        found = [
            each
            for message_id, each in sorted(self.messages.items(), reverse=True)
            if each["channel_id"] == str(at["id"]) and after < message_id < before
        ]
        return found[: at.get("limit", 50)]

    async def _show(self, message: Payload, body: Payload, event: str) -> Payload:
        message["content"] = body.get("content") or message["content"]
        if body.get("components") is not None:
            message["components"] = body["components"]
        buttons = json.dumps(message["components"])
        shown = Shown(
            int(message["id"]),
            int(message["channel_id"]),
            message["content"],
            time.perf_counter(),
            is_whole="answer:" in buttons or not message["components"],
        )
        self.shown.append(shown)
        self._changed.set()
        await self.dispatch(event, message)
        return message

    def _snowflake(self) -> int:
        return (int(time.time() * 1000) - _EPOCH_MS) << 22 | next(self._ids)

    def _new_message(
        self, channel_id: int, author: Payload, text: str, *, webhook_id: int | None = None
    ) -> Payload:
        message_id = self._snowflake()
        message = payloads.message(message_id, channel_id, author, text, webhook_id)
        self.messages[message_id] = message
        if len(self.messages) > _MAX_MESSAGES:
            del self.messages[next(iter(self.messages))]
        return message


def _same(answer: object, _: Payload) -> object:
    return answer


_UNKNOWN_MESSAGE = {"message": "Unknown Message", "code": 10008}


def _json(answer: object, status: int) -> web.Response:
    # discord.py compares the content type as text.
    headers = {"Content-Type": "application/json"}
    return web.Response(body=json.dumps(answer).encode(), status=status, headers=headers)
