"""Fetching pictures from where vendors leave them, and from nowhere else."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from services.media.errors import (
    FileNotFound,
    FileTooLarge,
    FileUnreachable,
    ForeignHost,
    LinkUnreachable,
    NotAPicture,
)
from services.media.pictures import MAX_BYTES, kind_of
from services.media.ports import ObjectStore

VENDOR_HOSTS = frozenset({"replicate.delivery", ".replicate.delivery"})

_CHUNK, _HEAD = 64 * 1024, 16
_GONE = (403, 404, 410)
_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10)


async def check_link(url: str) -> None:
    """See whether a public link to a picture of ours answers, as whoever has it would.

    Raises:
        LinkUnreachable: It does not.
    """
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(URL(url, encoded=True), allow_redirects=False) as answer,
        ):
            head = await answer.content.read(_HEAD)
            if answer.status != HTTPStatus.OK:
                raise LinkUnreachable(f"it answers with HTTP {answer.status}")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise LinkUnreachable("it does not answer") from error
    if kind_of(head) is None:
        raise LinkUnreachable("what is there is no picture")


class Fetcher:
    """Streams pictures from known hosts into files; what is no picture, or too much, is refused.

    Redirects are not followed: they lead to hosts that nobody has allowed. A host with a dot
    before it stands for all below it; `plain_hosts` may be reached without TLS.
    """

    def __init__(
        self,
        hosts: Collection[str] = VENDOR_HOSTS,
        *,
        plain_hosts: Collection[str] = (),
        most_bytes: int = MAX_BYTES,
    ) -> None:
        self._hosts = hosts
        self._plain_hosts = plain_hosts
        self._most_bytes = most_bytes

    @asynccontextmanager
    async def fetched(self, url: str, *, name: str = "the picture") -> AsyncGenerator[Path]:
        """Fetch a picture into a file that is there while the context is open.

        Raises:
            FileGone: It is not there any more.
            FileTooLarge: It has more bytes than are taken.
            FileUnreachable: It could not be fetched.
            ForeignHost: Nobody has allowed its host.
            NotAPicture: It is something else, whatever its name and headers say.
        """
        self._check(url)
        with tempfile.TemporaryDirectory(prefix="troupe-") as folder:
            path = Path(folder) / "fetched"
            try:
                await self._stream(url, path, name)
            except (aiohttp.ClientError, TimeoutError) as error:
                raise FileUnreachable(name) from error
            yield path

    async def copy(self, store: ObjectStore, url: str, key: str) -> None:
        """Copy a picture from an address into the storage, never whole in memory.

        Raises:
            FileGone, FileTooLarge, FileUnreachable, ForeignHost, NotAPicture: As `fetched`.
            StorageUnavailable, StorageMisconfigured: It could not be stored.
        """
        async with self.fetched(url) as path:
            with path.open("rb") as file:
                kind = kind_of(file.read(_HEAD))
            await store.put(key, path, media_type=kind or "")

    def _check(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, scheme, _ = parts.hostname or "", parts.scheme, parts.port
        except ValueError as error:
            raise ForeignHost(url[:80]) from error
        is_safe = scheme == "https" or (scheme == "http" and host in self._plain_hosts)
        is_known = any(
            host == each or (each.startswith(".") and host.endswith(each)) for each in self._hosts
        )
        if not is_known or not is_safe or parts.username:
            raise ForeignHost(host[:80])

    async def _stream(self, url: str, path: Path, name: str) -> None:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(URL(url, encoded=True), allow_redirects=False) as answer,
        ):
            if answer.status in _GONE:
                raise FileNotFound(name)
            if answer.status != HTTPStatus.OK:
                raise FileUnreachable(name)
            if (answer.content_length or 0) > self._most_bytes:
                raise FileTooLarge(name, self._most_bytes)
            size = 0
            with path.open("wb") as file:
                async for chunk in answer.content.iter_chunked(_CHUNK):
                    size += len(chunk)
                    if size > self._most_bytes:
                        raise FileTooLarge(name, self._most_bytes)
                    await asyncio.to_thread(file.write, chunk)
        with path.open("rb") as file:
            if kind_of(file.read(_HEAD)) is None:
                raise NotAPicture(name)
