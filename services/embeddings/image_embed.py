"""The `image_embed` service: CLIP's vectors of pictures over HTTP.

https://github.com/timlawrenz/image_embed, as of `POST /analyze_image_upload/`.
"""

import json
from http import HTTPStatus
from typing import Any

import aiohttp
from pydantic import BaseModel, ValidationError
from typing_extensions import override

from services.embeddings.errors import (
    EmbedderFailed,
    EmbedderMisconfigured,
    EmbedderUnavailable,
)
from services.embeddings.ports import ImageEmbedder

_TASK_ID, _OPERATION = "whole", "embed_clip_vit_b_32"
_TASKS = [{"operation_id": _TASK_ID, "type": _OPERATION, "params": {"target": "whole_image"}}]
_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10)
_MAX_DETAIL = 200


class _Result(BaseModel):
    status: str
    data: list[float] | None = None
    error_message: str | None = None


class _Response(BaseModel):
    results: dict[str, _Result]


class _ErrorResponse(BaseModel):
    detail: Any


class RemoteImageEmbedder(ImageEmbedder):
    """Calls the `image_embed` service at a URL."""

    def __init__(self, url: str) -> None:
        self._url = f"{url.rstrip('/')}/analyze_image_upload/"

    @property
    @override
    def name(self) -> str:
        return f"image_embed/{_OPERATION}"

    @property
    @override
    def supports_text(self) -> bool:
        return False

    @property
    @override
    def price_usd(self) -> float:
        return 0

    @override
    async def embed_picture(self, picture: bytes) -> list[float]:
        form = aiohttp.FormData()
        form.add_field("image_file", picture, filename="photo.jpg", content_type="image/jpeg")
        form.add_field("tasks_json", json.dumps(_TASKS))
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as session,
                session.post(self._url, data=form, allow_redirects=False) as response,
            ):
                status, body = response.status, await response.text(errors="replace")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise EmbedderUnavailable(self.name) from error
        except ValueError as error:  # the URL is not valid
            raise EmbedderMisconfigured(self.name, str(error)[:_MAX_DETAIL]) from error
        return self._parse_vector(status, body)

    @override
    async def embed_text(self, text: str) -> list[float]:
        raise EmbedderFailed(self.name, "it knows no words")

    @override
    async def close(self) -> None:
        """Do nothing: no connection is open."""

    def _parse_vector(self, status: int, body: str) -> list[float]:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            raise EmbedderUnavailable(self.name)
        if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
            raise EmbedderFailed(self.name, _error_detail(body))
        try:
            response = _Response.model_validate_json(body)
            result = response.results[_TASK_ID]
        except (ValidationError, KeyError) as error:
            raise EmbedderMisconfigured(self.name, f"HTTP {status}, and no vector") from error
        if result.status != "success" or not result.data:
            raise EmbedderFailed(self.name, (result.error_message or result.status)[:_MAX_DETAIL])
        return result.data


def _error_detail(body: str) -> str:
    try:
        return str(_ErrorResponse.model_validate_json(body).detail)[:_MAX_DETAIL]
    except ValidationError:
        return "it refuses the picture"
