"""Downloading pictures, from allowed hosts only."""

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
from services.media.pictures import MAX_BYTES, kind_of, media_type_of
from services.media.ports import ObjectStore

VENDOR_HOSTS = frozenset({"replicate.delivery", ".replicate.delivery"})

_CHUNK_BYTES, _HEAD_BYTES = 64 * 1024, 16
_GONE_STATUSES = (403, 404, 410)
_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10)


async def check_link(url: str) -> None:
    """Check that a public link to one of our pictures works, with an anonymous request.

    Raises:
        LinkUnreachable: It does not return a picture.
    """
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(URL(url, encoded=True), allow_redirects=False) as response,
        ):
            head = await response.content.read(_HEAD_BYTES)
            if response.status != HTTPStatus.OK:
                raise LinkUnreachable(f"it answers with HTTP {response.status}")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise LinkUnreachable("it does not answer") from error
    if media_type_of(head) is None:
        raise LinkUnreachable("what is there is no picture")


class Fetcher:
    """Streams pictures from allowed hosts into files; rejects other content and large files.

    Redirects are not followed: they could lead to a host that is not allowed. A host with a
    leading dot allows all of its subdomains; `plain_hosts` may be reached without TLS.
    """

    def __init__(
        self,
        hosts: Collection[str] = VENDOR_HOSTS,
        *,
        plain_hosts: Collection[str] = (),
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._hosts = hosts
        self._plain_hosts = plain_hosts
        self._max_bytes = max_bytes

    @asynccontextmanager
    async def fetch(self, url: str, *, name: str = "the picture") -> AsyncGenerator[Path]:
        """Download a picture into a file that exists while the context is open.

        Raises:
            FileNotFound: It no longer exists.
            FileTooLarge: It has more than `max_bytes`.
            FileUnreachable: It could not be downloaded.
            ForeignHost: Its host is not allowed.
            NotAPicture: It is not a picture, whatever its name and headers say.
        """
        self._check_url(url)
        with tempfile.TemporaryDirectory(prefix="troupe-") as folder:
            path = Path(folder) / "download"
            try:
                await self._download(url, path, name)
            except (aiohttp.ClientError, TimeoutError) as error:
                raise FileUnreachable(name) from error
            yield path

    async def copy(self, store: ObjectStore, url: str, key: str) -> None:
        """Copy a picture from a URL into the storage, without holding all of it in memory.

        Raises:
            FileNotFound, FileTooLarge, FileUnreachable, ForeignHost, NotAPicture: As in `fetch`.
            StorageUnavailable, StorageMisconfigured: It could not be stored.
        """
        async with self.fetch(url) as path:
            with path.open("rb") as file:
                media_type = media_type_of(file.read(_HEAD_BYTES))
            await store.put(key, path, media_type=media_type or "")

    def _check_url(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, scheme, _ = parts.hostname or "", parts.scheme, parts.port
        except ValueError as error:
            raise ForeignHost(url[:80]) from error
        is_safe = scheme == "https" or (scheme == "http" and host in self._plain_hosts)
        is_known = any(
            host == allowed or (allowed.startswith(".") and host.endswith(allowed))
            for allowed in self._hosts
        )
        if not is_known or not is_safe or parts.username:
            raise ForeignHost(host[:80])

    async def _download(self, url: str, path: Path, name: str) -> None:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(URL(url, encoded=True), allow_redirects=False) as response,
        ):
            if response.status in _GONE_STATUSES:
                raise FileNotFound(name)
            if response.status != HTTPStatus.OK:
                raise FileUnreachable(name)
            if (response.content_length or 0) > self._max_bytes:
                raise FileTooLarge(name, self._max_bytes)
            size = 0
            with path.open("wb") as file:
                async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                    size += len(chunk)
                    if size > self._max_bytes:
                        raise FileTooLarge(name, self._max_bytes)
                    await asyncio.to_thread(file.write, chunk)
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            if media_type_of(head) is None:
                raise NotAPicture(name, kind_of(head))
