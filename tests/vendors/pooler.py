"""A pooler before PostgreSQL in transaction mode, such as PgBouncer, on loopback.

A backend serves a client for one transaction, then the next client that asks: what a session has
made (locks, prepared statements, settings) stays with the backend, and the client may get another.
"""

import asyncio
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_SSL_REQUEST, _CANCEL_REQUEST = 80877103, 80877102
_READY, _IDLE = b"Z", b"I"


@dataclass
class _Backend:
    """A connection to the server, and the client that it serves at the moment."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    greeting: bytes = b""
    client: asyncio.StreamWriter | None = None


@dataclass
class TransactionPooler:
    """Forwards messages; `refused` are parameters of the start-up that it does not take."""

    socket: str
    port: int = 0
    is_session_mode: bool = False
    refused: frozenset[str] = frozenset({"options", "hnsw.iterative_scan"})
    _idle: list[_Backend] = field(default_factory=list[_Backend])
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["TransactionPooler"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        backend: _Backend | None = None
        try:
            parameters = await self._read_startup(reader, writer)
            if unknown := self.refused & set(parameters):
                writer.write(_error(f"unsupported startup parameter: {min(unknown)}"))
                return
            backend = await self._acquire(parameters)
            writer.write(_message(b"R", struct.pack(">I", 0)) + backend.greeting)
            if not self.is_session_mode:
                self._release(backend)
                backend = None
            while True:
                kind = await reader.readexactly(1)
                length = await reader.readexactly(4)
                body = await reader.readexactly(struct.unpack(">I", length)[0] - 4)
                if kind == b"X":
                    return
                if backend is None or backend.client is not writer:
                    backend = await self._acquire(parameters)
                backend.client = writer
                backend.writer.write(kind + length + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            if backend is not None and backend.client is writer:
                backend.writer.close()  # its transaction is not over
            writer.close()

    async def _read_startup(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> dict[str, str]:
        while True:
            (length,) = struct.unpack(">I", await reader.readexactly(4))
            body = await reader.readexactly(length - 4)
            if struct.unpack(">I", body[:4])[0] not in (_SSL_REQUEST, _CANCEL_REQUEST):
                parts = body[4:].decode().split("\0")
                return dict(zip(parts[::2], parts[1::2], strict=False))
            writer.write(b"N")

    async def _acquire(self, parameters: dict[str, str]) -> _Backend:
        if self._idle:
            return self._idle.pop()
        reader, writer = await asyncio.open_unix_connection(self.socket)
        body = struct.pack(">I", 196608) + b"".join(
            f"{name}\0{value}\0".encode()
            for name, value in parameters.items()
            if name in ("user", "database")
        )
        writer.write(struct.pack(">I", len(body) + 5) + body + b"\0")
        backend = _Backend(reader, writer)
        while True:
            kind, message = await _read(reader)
            if kind != b"R":
                backend.greeting += message
            if kind == _READY:
                break
        task = asyncio.create_task(self._relay(backend))
        self._tasks.add(task)
        return backend

    async def _relay(self, backend: _Backend) -> None:
        try:
            while True:
                kind, message = await _read(backend.reader)
                if backend.client is not None:
                    backend.client.write(message)
                if kind == _READY and message[-1:] == _IDLE and not self.is_session_mode:
                    self._release(backend)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            backend.writer.close()

    def _release(self, backend: _Backend) -> None:
        backend.client = None
        self._idle.append(backend)


async def _read(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    kind = await reader.readexactly(1)
    length = await reader.readexactly(4)
    return kind, kind + length + await reader.readexactly(struct.unpack(">I", length)[0] - 4)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body) + 4) + body


def _error(text: str) -> bytes:
    return _message(b"E", b"SFATAL\0VFATAL\0C08P01\0M" + text.encode() + b"\0\0")
