"""Files in a local folder, served from outside by signed links to the bot's own HTTP API."""

import asyncio
import hashlib
import hmac
import re
import secrets
import shutil
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar
from urllib.parse import quote, urlencode

from typing_extensions import override

from services.clock import Clock, SystemClock
from services.media.errors import NoPublicUrl, ObjectNotFound, StorageUnavailable
from services.media.ports import ObjectStore, StoredObject

P = ParamSpec("P")
T = TypeVar("T")

ROUTE = "/media"
_KEY = re.compile(r"\A(?!.{0,200}(?:^|/)\.)[A-Za-z0-9][A-Za-z0-9/_.-]{0,199}")
_SECRET_FILE, _SECRET_BYTES = ".secret", 32
_TEMPORARY_FOLDER, _TEMPORARY_MAX_AGE_SECONDS = ".halves", 3600
_NEVER_EXPIRES = 0


class FolderStore(ObjectStore):
    """An object store in a folder, which several processes of one machine may share.

    `base_url` is the URL of the admin API for those who receive presigned links, `public_base`
    its URL for everyone.
    """

    def __init__(
        self,
        folder: Path,
        *,
        base_url: str,
        public_base: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._folder = folder
        self._base_url = (public_base or base_url).rstrip("/")
        self._is_public = public_base is not None
        self._clock = clock or SystemClock()

    @override
    async def put(self, key: str, data: bytes | Path, *, media_type: str) -> None:
        await _in_thread(self._put, key, data)

    @override
    async def get(self, key: str) -> bytes:
        return await _in_thread(self._get, key)

    @override
    async def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            await _in_thread(self.path_of(key).unlink, missing_ok=True)

    @override
    async def list_objects(self, prefix: str) -> AsyncGenerator[StoredObject]:
        for each in await _in_thread(self._list_objects, prefix):
            yield each

    @override
    async def presigned_put(self, key: str, *, media_type: str, size: int, seconds: int) -> str:
        expires = int(self._clock.now().timestamp()) + seconds
        signature = self._sign("PUT", key, expires, media_type, size)
        options = {"expires": expires, "type": media_type, "size": size, "signature": signature}
        return self._link(key, options)

    @override
    def public_url(self, key: str) -> str:
        if not self._is_public:
            raise NoPublicUrl
        return self._link(key, {"signature": self._sign("GET", key, _NEVER_EXPIRES)})

    @override
    async def close(self) -> None:
        """Do nothing: no connection is open."""

    def may_read(self, key: str, *, signature: str) -> bool:
        """Whether a link to read has a valid signature; it never expires."""
        return _is_authentic(signature, self._sign("GET", key, _NEVER_EXPIRES))

    def may_write(
        self, key: str, *, expires: int, media_type: str, size: int, signature: str
    ) -> bool:
        """Whether a link to write has a valid signature and has not expired."""
        expected = self._sign("PUT", key, expires, media_type, size)
        is_current = expires > self._clock.now().timestamp()
        return is_current and _is_authentic(signature, expected)

    def path_of(self, key: str) -> Path:
        """Return the path of a file.

        Raises:
            ObjectNotFound: The key is not valid.
        """
        if not _KEY.fullmatch(key) or "//" in key or key.endswith("/"):
            raise ObjectNotFound(key)
        return self._folder / key

    def _put(self, key: str, data: bytes | Path) -> None:
        path = self.path_of(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary_folder = self._folder / _TEMPORARY_FOLDER
        temporary_folder.mkdir(exist_ok=True)
        for leftover in temporary_folder.iterdir():  # of processes that were killed
            if leftover.stat().st_mtime < time.time() - _TEMPORARY_MAX_AGE_SECONDS:
                leftover.unlink(missing_ok=True)
        temporary = temporary_folder / secrets.token_hex(8)
        try:
            if isinstance(data, bytes):
                temporary.write_bytes(data)
            else:
                shutil.copyfile(data, temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def _get(self, key: str) -> bytes:
        try:
            return self.path_of(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise ObjectNotFound(key) from error

    def _list_objects(self, prefix: str) -> list[StoredObject]:
        folder = self._folder / prefix.rpartition("/")[0]
        objects: list[StoredObject] = []
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            key = path.relative_to(self._folder).as_posix()
            if path.is_file() and key.startswith(prefix) and _KEY.fullmatch(key):
                stat = path.stat()
                at = datetime.fromtimestamp(stat.st_mtime, UTC)
                objects.append(StoredObject(key=key, size=stat.st_size, at=at))
        return objects

    def _link(self, key: str, options: dict[str, int | str]) -> str:
        return f"{self._base_url}{ROUTE}/{quote(key)}?{urlencode(options)}"

    def _sign(self, method: str, key: str, *rest: int | str) -> str:
        message = "\n".join(map(str, (method, key, *rest)))
        return hmac.new(self._signing_key(), message.encode(), hashlib.sha256).hexdigest()

    def _signing_key(self) -> bytes:
        """Return the key that signs links; the first process that needs it creates it.

        Raises:
            StorageUnavailable: It cannot be written, as on a full disk.
        """
        file = self._folder / _SECRET_FILE
        try:
            return file.read_bytes()
        except FileNotFoundError:
            pass
        temporary = self._folder / f"{_SECRET_FILE}.{secrets.token_hex(4)}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            temporary.touch(mode=0o600)
            temporary.write_bytes(secrets.token_bytes(_SECRET_BYTES))
            with suppress(FileExistsError):
                file.hardlink_to(temporary)  # fails where another process was first
            return file.read_bytes()
        except OSError as error:
            raise StorageUnavailable(error.strerror or str(error)) from error
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _is_authentic(signature: str, expected: str) -> bool:
    return hmac.compare_digest(signature.encode(), expected.encode())


async def _in_thread(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Run a function that waits for the disk in a thread."""
    try:
        return await asyncio.to_thread(function, *arguments, **options)
    except OSError as error:
        raise StorageUnavailable(error.strerror or str(error)) from error
