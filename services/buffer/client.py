"""Buffer's GraphQL API: one request, and what became of it in our words."""

import hashlib
import logging
from http import HTTPStatus
from typing import Any

import aiohttp
from pydantic import BaseModel, ValidationError

from db.session import Sessions
from services.buffer.errors import (
    BufferKeyRefused,
    BufferLimited,
    BufferNotFound,
    BufferOutcomeUnknown,
    BufferRefused,
    BufferUnreachable,
)
from services.buffer.limits import RateWindows, number

log = logging.getLogger(__name__)

_TIMEOUT = aiohttp.ClientTimeout(total=45, connect=10)
_AGENT = "Troupe/0.1 (self-hosted Discord bot)"
_WINDOWS = {"15m": 900, "24h": 86_400, "30d": 2_592_000}
_WAIT = 60.0
# A key that may not see something says nothing of whether it is there.
_KEY = ("UNAUTHORIZED", "UNAUTHENTICATED", "FORBIDDEN")


class _Extensions(BaseModel):
    code: str = ""
    window: str = ""


class _Problem(BaseModel):
    message: str = ""
    extensions: _Extensions = _Extensions()


class _Answer(BaseModel):
    data: dict[str, Any] | None = None
    errors: list[_Problem] = []


class BufferClient:
    """Sends documents with a personal key. Each answer says how many more may be sent."""

    def __init__(self, sessions: Sessions, *, api_key: str, base_url: str) -> None:
        self._url = base_url
        self._headers = {"Authorization": f"Bearer {api_key}", "User-Agent": _AGENT}
        digest = hashlib.sha256(api_key.encode()).hexdigest()[:12]
        self._windows = RateWindows(sessions, f"buffer:{digest}")

    async def execute(self, document: str, **variables: object) -> dict[str, Any]:
        """Return the data that was asked for.

        Raises:
            BufferKeyRefused, BufferNotFound, BufferRefused: Buffer said no.
            BufferLimited: It has been asked too often.
            BufferUnclear: It broke, or the connection did, after the request went out.
            BufferUnreachable: The request did not go out.
        """
        await self._windows.acquire()
        body = {"query": document, "variables": variables}
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT, headers=self._headers) as session,
                session.post(self._url, json=body, allow_redirects=False) as answer,
            ):
                status, headers = answer.status, answer.headers
                text = await answer.text(errors="replace")
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            raise BufferUnreachable from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise BufferOutcomeUnknown(type(error).__name__) from error
        await self._windows.record_headers(headers)
        said = _read(text)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise await self._limited(headers.get("Retry-After", ""), said)
        return _data(status, said)

    async def _limited(self, retry_after: str, said: _Answer | None) -> BufferLimited:
        wait = number(retry_after)
        wait = _WAIT if wait is None else wait
        window = said.errors[0].extensions.window if said and said.errors else ""
        seconds = _WINDOWS.get(window, _WINDOWS["15m"])
        await self._windows.exhaust(seconds, wait)
        return BufferLimited(seconds, wait)


def _read(text: str) -> _Answer | None:
    try:
        return _Answer.model_validate_json(text)
    except ValidationError:
        return None


def _data(status: int, said: _Answer | None) -> dict[str, Any]:
    """Return the data of an answer, or raise what it says instead."""
    code = said.errors[0].extensions.code if said and said.errors else ""
    if code in _KEY or status == HTTPStatus.UNAUTHORIZED:
        raise BufferKeyRefused
    if said is None or status >= HTTPStatus.INTERNAL_SERVER_ERROR or code == "UNEXPECTED":
        raise BufferOutcomeUnknown(f"HTTP {status}")
    if code == "NOT_FOUND":
        raise BufferNotFound
    if said.errors or said.data is None or status != HTTPStatus.OK:
        raise BufferRefused(said.errors[0].message[:200] if said.errors else f"HTTP {status}")
    return said.data
