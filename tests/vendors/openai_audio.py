"""OpenAI's audio API, as documented, on loopback.

A request that the documented API does not allow is answered with its 400 and recorded in
`complaints`, so that a test can assert that there were none.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.test_utils import TestServer

# https://platform.openai.com/docs/api-reference/audio: the fields of each request.
_TRANSCRIPTION = {"file", "model", "prompt", "language", "response_format", "temperature"}
_SPEECH: dict[str, Callable[[Any], bool]] = {
    "model": lambda v: isinstance(v, str) and bool(v),
    "input": lambda v: isinstance(v, str) and 0 < len(v) <= 4096,
    "voice": lambda v: isinstance(v, str) and bool(v),
    "instructions": lambda v: isinstance(v, str),
    "speed": lambda v: 0.25 <= v <= 4,
    "response_format": lambda v: v in {"mp3", "opus", "aac", "flac", "wav", "pcm"},
}


@dataclass(frozen=True)
class Upload:
    """A recording that was sent to be transcribed."""

    name: str
    media_type: str
    data: bytes
    fields: dict[str, str]


class AudioStandIn:
    """Hears the next of `texts` in each recording, and speaks `speech`; records every request.

    An item of `texts` that is an `int` is the status of an error, one that is a `web.Response` is
    what is answered. `formats` are those that it speaks.
    """

    def __init__(self) -> None:
        self.texts: deque[str | int | web.Response] = deque()
        self.default = "Hello there."
        self.speech = b"OggS" + bytes(200)
        self.formats = {"opus", "wav"}
        self.uploads: list[Upload] = []
        self.spoken: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        self.hold: asyncio.Event | None = None
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["AudioStandIn"]:
        app = web.Application(client_max_size=25_000_000)
        app.router.add_post("/v1/audio/transcriptions", self._transcribe)
        app.router.add_post("/v1/audio/speech", self._speak)
        async with TestServer(app, host="127.0.0.1") as server:
            self.url = str(server.make_url("/v1"))
            yield self

    async def _transcribe(self, request: web.Request) -> web.Response:
        upload = await _read(request)
        unknown = set(upload.fields) - _TRANSCRIPTION
        if unknown or not upload.data or not upload.fields.get("model"):
            return self._refuse(f"invalid transcription: {unknown}, {upload.fields}")
        if not upload.name.endswith((".ogg", ".wav", ".mp3", ".m4a", ".webm", ".flac")):
            return self._refuse(f"Unrecognized file format: {upload.name}")
        self.uploads.append(upload)
        if self.hold is not None:
            await self.hold.wait()
        text = self.texts.popleft() if self.texts else self.default
        if isinstance(text, web.Response):
            return text
        if isinstance(text, int):
            return _error(text, "as scripted")
        return web.json_response({"text": text, "usage": {"type": "duration", "seconds": 3}})

    async def _speak(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json()
        wrong = [name for name, value in body.items() if not _SPEECH.get(name, _never)(value)]
        if wrong or {"model", "input", "voice"} - set(body):
            return self._refuse(f"invalid speech: {wrong} in {sorted(body)}")
        if body.get("response_format", "mp3") not in self.formats:
            return _error(400, f"response_format must be one of {sorted(self.formats)}")
        self.spoken.append(body)
        return web.Response(body=self.speech, headers={"Content-Type": "audio/ogg"})

    def _refuse(self, complaint: str) -> web.Response:
        self.complaints.append(complaint)
        return _error(400, complaint)


def _never(_: Any) -> bool:
    return False


async def _read(request: web.Request) -> Upload:
    """Return the parts of a multipart request."""
    fields: dict[str, str] = {}
    name = media_type = ""
    data = b""
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        if part.name == "file":
            name, media_type = part.filename or "", part.headers.get("Content-Type", "")
            data = bytes(await part.read())
        else:
            fields[part.name or ""] = await part.text()
    return Upload(name, media_type, data, fields)


def _error(status: int, message: str) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return web.json_response({"error": error}, status=status)
