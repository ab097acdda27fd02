"""Files over HTTP: links to the folder that pictures are kept in, and links to upload by."""

import asyncio
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from bot.http.openapi import Route
from services.media import (
    JPEG,
    MAX_BYTES,
    ROUTE,
    FolderStore,
    ObjectNotFound,
    ObjectStore,
    media_type_of,
)

_MINUTES = 15
_CHUNK, _HEAD = 64 * 1024, 16
_NUMBER = re.compile(r"\d{1,12}")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
}
_CACHING = "public, max-age=86400"


class Upload(BaseModel):
    """What is to be uploaded."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    content_type: str = Field(
        pattern=r"^image/(jpeg|png|webp|avif|gif)$", description="Of a picture."
    )
    size: int = Field(ge=1, le=MAX_BYTES, description="In bytes.")


class PresignedUpload(BaseModel):
    """A link to upload a file by; `expires_in` is in seconds."""

    key: str
    url: str
    method: str
    expires_in: int


class MediaApi:
    """The routes. Links carry their own permission; asking for one to upload by wants the key."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @property
    def presign_route(self) -> Route:
        """Return the route that gives links to upload by."""
        return Route(
            method="POST",
            path="/uploads/presign",
            handler=self._presign,
            summary="Where a picture can be uploaded for a quarter of an hour.",
            status=201,
            body=Upload,
            response=PresignedUpload,
            refusals=(422, 503),
        )

    def add_folder(self, router: web.UrlDispatcher) -> None:
        """Serve the files of a folder store; another store serves its files itself."""
        if isinstance(self._store, FolderStore):
            folder = _Folder(self._store)
            router.add_get(ROUTE + "/{key:.+}", folder.read)
            router.add_put(ROUTE + "/{key:.+}", folder.write)

    async def _presign(self, request: web.Request) -> web.Response:
        upload = Upload.model_validate_json(await request.read())
        key = f"uploads/{uuid4()}.{upload.content_type.rpartition('/')[2]}"
        url = await self._store.presigned_put(
            key, media_type=upload.content_type, size=upload.size, seconds=60 * _MINUTES
        )
        presigned = PresignedUpload(key=key, url=url, method="PUT", expires_in=60 * _MINUTES)
        return web.json_response(presigned.model_dump(), status=201)


class _Folder:
    """Files of the folder, for whoever has a link that we have signed."""

    def __init__(self, store: FolderStore) -> None:
        self._store = store

    async def read(self, request: web.Request) -> web.StreamResponse:
        key, signature = request.match_info["key"], request.query.get("signature", "")
        if not self._store.may_read(key, signature=signature):
            raise web.HTTPForbidden(text="this link is not valid")
        try:
            path = self._store.path_of(key)
        except ObjectNotFound as error:
            raise web.HTTPNotFound from error
        if not await asyncio.to_thread(path.is_file):
            raise web.HTTPNotFound
        kind = await asyncio.to_thread(_kind, path) or JPEG
        headers = {**_HEADERS, "Content-Type": kind, "Cache-Control": _CACHING}
        return web.FileResponse(path, headers=headers)

    async def write(self, request: web.Request) -> web.Response:
        key, query = request.match_info["key"], request.query
        media_type, size = query.get("type", ""), _number(query, "size")
        is_signed = self._store.may_write(
            key,
            expires=_number(query, "expires"),
            media_type=media_type,
            size=size,
            signature=query.get("signature", ""),
        )
        if not is_signed:
            raise web.HTTPForbidden(text="this link is not good, or not any more")
        if request.content_type != media_type or request.content_length != size:
            raise web.HTTPBadRequest(text=f"it must be {size} bytes of {media_type}")
        with tempfile.TemporaryDirectory(prefix="troupe-") as folder:
            path = Path(folder) / "uploaded"
            await _save(request, path, size)
            if await asyncio.to_thread(_kind, path) != media_type:
                raise web.HTTPUnsupportedMediaType(text=f"that is no {media_type}")
            await self._store.put(key, path, media_type=media_type)
        return web.Response(status=201)


async def _save(request: web.Request, path: Path, size: int) -> None:
    """Write the body into a file as it comes, and no more of it than was signed."""
    saved = 0
    with path.open("wb") as file:
        async for chunk in request.content.iter_chunked(_CHUNK):
            saved += len(chunk)
            if saved > size:
                raise web.HTTPRequestEntityTooLarge(max_size=size, actual_size=saved)
            await asyncio.to_thread(file.write, chunk)
    if saved != size:
        raise web.HTTPBadRequest(text=f"it must be {size} bytes")


def _kind(path: Path) -> str | None:
    with path.open("rb") as file:
        return media_type_of(file.read(_HEAD))


def _number(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "0")
    return int(text) if _NUMBER.fullmatch(text) else 0
