"""The gateway: connections of shards, and what they are sent."""

import asyncio
import itertools
import json
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.vendors.discord import payloads
from tests.vendors.discord.payloads import Payload


@dataclass(eq=False)
class Connection:
    """The connection of a shard, of all servers until it has said which it is."""

    socket: web.WebSocketResponse
    compressor: Any
    shard: list[int] = field(default_factory=lambda: [0, 1])
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    def has(self, guild_id: int) -> bool:
        """Whether a server is one of this shard's."""
        number, count = self.shard
        return (guild_id >> 22) % count == number

    async def send(self, op: int, data: Any, **more: object) -> None:
        """Send a frame, unless the connection was closed."""
        if self.socket.closed:
            return
        text = json.dumps({"op": op, "d": data, "s": None, "t": None, **more})
        # Whoever was killed hears nothing more.
        async with self.sending:
            with suppress(ConnectionError):
                if self.compressor is None:
                    await self.socket.send_str(text)
                else:
                    packed = self.compressor.compress(text.encode())
                    await self.socket.send_bytes(packed + self.compressor.flush(zlib.Z_SYNC_FLUSH))


class Gateway:
    """Where bots connect. `members_asked` counts their requests for the members of a server."""

    def __init__(self, guilds: Callable[[], dict[int, Payload]], *, members: int) -> None:
        self._guilds = guilds
        self._members = members
        self.connections: list[Connection] = []
        self.is_identified = asyncio.Event()
        self.intents = 0
        self.members_asked = 0
        # Intents that the application has not been given.
        self.disallowed = 0
        self._sequence = itertools.count(1)

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """Serve a connection until it is closed."""
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        is_compressed = request.query.get("compress") == "zlib-stream"
        connection = Connection(socket, zlib.compressobj(1) if is_compressed else None)
        await connection.send(10, {"heartbeat_interval": 41250})
        async for frame in socket:
            if frame.type != WSMsgType.TEXT:
                continue
            payload = json.loads(frame.data)
            match payload["op"]:
                case 1:
                    await connection.send(11, None)
                case 2:
                    await self._identify(connection, payload["d"], f"ws://{request.host}/gateway")
                case 8:
                    self.members_asked += 1
                    asked = payload["d"]
                    chunk = payloads.members(asked, self._members)
                    await self.dispatch("GUILD_MEMBERS_CHUNK", chunk, int(asked["guild_id"]))
                case _:
                    pass
        if connection in self.connections:
            self.connections.remove(connection)
        return socket

    async def _identify(self, connection: Connection, identity: Payload, url: str) -> None:
        self.intents = identity["intents"]
        if self.intents & self.disallowed:
            await connection.socket.close(code=4014, message=b"Disallowed intent(s).")
            return
        connection.shard = identity.get("shard") or [0, 1]
        self.connections.append(connection)
        guilds = {each: shown for each, shown in self._guilds().items() if connection.has(each)}
        ready = payloads.ready(url, list(guilds), connection.shard)
        await self._event(connection, "READY", ready)
        for guild in guilds.values():
            await self._event(connection, "GUILD_CREATE", guild)
        self.is_identified.set()

    async def dispatch(self, name: str, data: Payload, guild_id: int | None = None) -> None:
        """Send an event to the shard of a server, or of DMs, which is the first."""
        for connection in self.connections:
            if connection.has(guild_id or 0):
                await self._event(connection, name, data)

    async def _event(self, connection: Connection, name: str, data: Payload) -> None:
        await connection.send(0, data, s=next(self._sequence), t=name)
