"""Files in a folder, reached from outside by signed links to this house's own HTTP."""

import asyncio
import hashlib
import hmac
import re
import secrets
import shutil
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar
from urllib.parse import quote, urlencode

from typing_extensions import override

from services.clock import Clock, SystemClock
from services.media.errors import NoPublicUrl, ObjectNotFound, StorageUnavailable
from services.media.ports import ObjectStore, Stored

P = ParamSpec("P")
T = TypeVar("T")

ROUTE = "/media"
_KEY = re.compile(r"(?!.*(?:^|/)\.)[A-Za-z0-9][A-Za-z0-9/_.-]{0,199}")
_SECRET, _SECRET_BYTES = ".secret", 32
_HALVES, _HALF_LIFE = ".halves", 3600
_FOR_GOOD = 0


class FolderStore(ObjectStore):
    """A folder; several processes of one machine may share it.

    `base_url` is where the admin API is reached by those who get links, `public_url` where
    everyone reaches it.
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
        await _off_loop(self._put, key, data)

    @override
    async def get(self, key: str) -> bytes:
        return await _off_loop(self._get, key)

    @override
    async def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            await _off_loop(self.path_of(key).unlink, missing_ok=True)

    @override
    async def listed(self, prefix: str) -> AsyncGenerator[Stored]:
        for found in await _off_loop(self._listed, prefix):
            yield found

    @override
    async def presigned_put(self, key: str, *, media_type: str, size: int, seconds: int) -> str:
        expires = self._in(seconds)
        signature = self._sign("PUT", key, expires, media_type, size)
        options = {"expires": expires, "type": media_type, "size": size, "signature": signature}
        return self._link(key, options)

    @override
    async def presigned_get(self, key: str, *, seconds: int) -> str:
        expires = self._in(seconds)
        return self._link(key, {"expires": expires, "signature": self._sign("GET", key, expires)})

    @override
    def public_url(self, key: str) -> str:
        if not self._is_public:
            raise NoPublicUrl
        return self._link(key, {"signature": self._sign("GET", key, _FOR_GOOD)})

    @override
    async def close(self) -> None:
        """There is nothing to let go of."""

    def may_read(self, key: str, *, expires: int, signature: str) -> bool:
        """Whether a link to read is ours and still good; `expires` of 0 is for good."""
        return self._is_good(signature, self._sign("GET", key, expires), expires)

    def may_write(
        self, key: str, *, expires: int, media_type: str, size: int, signature: str
    ) -> bool:
        """Whether a link to write is ours and still good."""
        signed = self._sign("PUT", key, expires, media_type, size)
        return expires != _FOR_GOOD and self._is_good(signature, signed, expires)

    def path_of(self, key: str) -> Path:
        """Return where a file is.

        Raises:
            ObjectGone: No file of ours can have this key.
        """
        if not _KEY.fullmatch(key) or "//" in key or key.endswith("/"):
            raise ObjectNotFound(key)
        return self._folder / key

    def _put(self, key: str, data: bytes | Path) -> None:
        path = self.path_of(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        halves = self._folder / _HALVES
        halves.mkdir(exist_ok=True)
        for each in halves.iterdir():  # of processes that were killed
            if each.stat().st_mtime < time.time() - _HALF_LIFE:
                each.unlink(missing_ok=True)
        beside = halves / secrets.token_hex(8)
        try:
            if isinstance(data, bytes):
                beside.write_bytes(data)
            else:
                shutil.copyfile(data, beside)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    def _get(self, key: str) -> bytes:
        try:
            return self.path_of(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise ObjectNotFound(key) from error

    def _listed(self, prefix: str) -> list[Stored]:
        folder = self._folder / prefix.rpartition("/")[0]
        found: list[Stored] = []
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            key = path.relative_to(self._folder).as_posix()
            if path.is_file() and key.startswith(prefix) and _KEY.fullmatch(key):
                kept = path.stat()
                at = datetime.fromtimestamp(kept.st_mtime, UTC)
                found.append(Stored(key=key, size=kept.st_size, at=at))
        return found

    def _in(self, seconds: int) -> int:
        return int(self._clock.now().timestamp()) + seconds

    def _is_good(self, given: str, signed: str, expires: int) -> bool:
        is_ours = hmac.compare_digest(given.encode(), signed.encode())
        return is_ours and (expires == _FOR_GOOD or expires > self._clock.now().timestamp())

    def _link(self, key: str, options: dict[str, int | str]) -> str:
        return f"{self._base_url}{ROUTE}/{quote(key)}?{urlencode(options)}"

    def _sign(self, method: str, key: str, *rest: int | str) -> str:
        said = "\n".join(map(str, (method, key, *rest)))
        return hmac.new(self._secret(), said.encode(), hashlib.sha256).hexdigest()

    def _secret(self) -> bytes:
        """Return what links are signed with, made by whoever needs it first."""
        file = self._folder / _SECRET
        try:
            return file.read_bytes()
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True)
            mine = self._folder / f"{_SECRET}.{secrets.token_hex(4)}"
            mine.touch(mode=0o600)
            mine.write_bytes(secrets.token_bytes(_SECRET_BYTES))
            try:
                file.hardlink_to(mine)  # fails where another process was first
            except FileExistsError:
                pass
            finally:
                mine.unlink()
            return file.read_bytes()


async def _off_loop(work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Do what waits for a disk in a thread."""
    try:
        return await asyncio.to_thread(work, *arguments, **options)
    except OSError as error:
        raise StorageUnavailable(error.strerror or str(error)) from error
