"""Replicate: predictions that are started, polled, and found again."""

import io
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
from pydantic.v1 import ValidationError
from replicate.client import Client
from replicate.exceptions import ReplicateError
from typing_extensions import override

from services.images.errors import ImageGenerationFailed, ImageGenerationLost
from services.images.ports import ImageModel
from services.images.types import GeneratedImage, ImageRequest, Prediction
from services.llm import (
    Image,
    MalformedAnswer,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    read_error,
)

VENDOR = "replicate"

# The vendor's clock and ours may differ.
_CLOCK_SKEW = timedelta(minutes=2)
_MAX_PAGES = 10
# Input and output are deleted after an hour (replicate.com/docs/topics/predictions/data-retention).
_RETENTION = timedelta(minutes=55)
_SERVER_ERROR = 500
# The SDK drops the Retry-After header, but the message has the seconds, too.
_RETRY_AFTER = re.compile(r"in (\d{1,9}) second")
# What the models' messages contain when they refuse a request.
_REFUSAL_MARKERS = (
    "sensitive",
    "safety",
    "nsfw",
    "prohibited",
    "content policy",
    "e005",
    "flagged",
)


class ReplicateImageModel(ImageModel):
    """A model behind Replicate's SDK: `google/nano-banana`, and those with the same input."""

    def __init__(
        self, *, api_token: str, model: str, base_url: str | None = None, timeout: float = 60
    ) -> None:
        self._model = model
        self._client = Client(
            api_token=api_token, base_url=base_url, timeout=httpx.Timeout(timeout, connect=10)
        )

    @property
    @override
    def name(self) -> str:
        return f"{VENDOR}/{self._model}"

    @property
    @override
    def lists_predictions(self) -> bool:
        return True

    @override
    async def upload(self, picture: Image) -> str:
        extension = picture.media_type.rpartition("/")[2]
        with self._domain_errors():
            file = await self._client.files.async_create(
                io.BytesIO(picture.data),
                filename=f"picture.{extension}",
                content_type=picture.media_type,
            )
            return file.urls["get"]

    @override
    async def delete_upload(self, upload_url: str) -> None:
        with self._domain_errors():
            await self._client.files.async_delete(upload_url.rpartition("/")[2])

    @override
    async def start(self, request: ImageRequest) -> Prediction:
        owner, _, name = self._model.partition("/")
        with self._domain_errors():
            prediction = await self._client.models.predictions.async_create(
                (owner, name), input=_input(request)
            )
            return Prediction(prediction.id)

    @override
    async def find_started(self, request: ImageRequest, since: datetime) -> Sequence[Prediction]:
        if since < datetime.now(UTC) - _RETENTION:
            raise ImageGenerationLost(self.name)  # the list no longer has the inputs
        matches: list[Prediction] = []
        requested = _input(request)
        page_url: str | None = "/v1/predictions"
        for _ in range(_MAX_PAGES):
            if page_url is None:
                return matches[::-1]
            page = await self._fetch_page(page_url)
            with self._domain_errors():
                for each in page["results"]:
                    if datetime.fromisoformat(each["created_at"]) < since - _CLOCK_SKEW:
                        return matches[::-1]
                    if _is_same_request(each.get("input") or {}, requested):
                        matches.append(Prediction(each["id"]))
                page_url = page.get("next")
        raise ImageGenerationLost(self.name)  # too many predictions since then to search

    async def _fetch_page(self, page_url: str) -> dict[str, Any]:
        """Return a page of predictions; the SDK's own method rejects states it does not know."""
        request: Any = getattr(self._client, "_async_request")  # noqa: B009
        with self._domain_errors():
            response: httpx.Response = await request("GET", page_url)
            return response.json()

    @override
    async def collect(self, prediction: Prediction) -> GeneratedImage | None:
        try:
            with self._domain_errors():
                current = await self._client.predictions.async_get(prediction.id)
        except MalformedAnswer as error:
            if isinstance(error.__cause__, ValidationError):
                # The SDK knows five states; there are more, and all others are final.
                raise ImageGenerationFailed(self.name, "it was called off") from error
            raise
        match current.status:
            case "starting" | "processing":
                return None
            case "succeeded":
                if current.output is None and _is_expired(current.created_at):
                    raise ImageGenerationLost(self.name)  # the output was deleted meanwhile
                return self._to_image(current.output)
            case "failed":
                raise self._prediction_error(current.error or "no reason given")
            case _:
                raise ImageGenerationFailed(self.name, "it was called off")

    @override
    async def cancel(self, prediction: Prediction) -> None:
        with self._domain_errors():
            running = await self._client.predictions.async_get(prediction.id)
            await running.async_cancel()

    @override
    async def close(self) -> None:
        # The SDK has no public method to close.
        http_client: httpx.AsyncClient = getattr(self._client, "_async_client")  # noqa: B009
        await http_client.aclose()

    def _to_image(self, output: Any) -> GeneratedImage:
        outputs = cast("list[Any]", output) if isinstance(output, list) else [output]
        first = outputs[0] if outputs else None
        if not isinstance(first, str) or not first.startswith(("https://", "http://")):
            raise ImageGenerationFailed(self.name, "it ended without a picture")
        return GeneratedImage(url=first)

    def _prediction_error(self, message: str) -> Exception:
        if any(marker in message.lower() for marker in _REFUSAL_MARKERS):
            return ModelRefused(self.name)
        return ImageGenerationFailed(self.name, message[:200])

    @contextmanager
    def _domain_errors(self) -> Generator[None]:
        try:
            yield
        except ReplicateError as error:
            raise self._api_error(error) from error
        except (TimeoutError, httpx.HTTPError) as error:
            raise ModelUnavailable(self.name) from error
        # The response is not JSON, or not the JSON that the SDK expects.
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            raise MalformedAnswer(self.name) from error

    def _api_error(self, error: ReplicateError) -> ModelError:
        detail = (error.detail or error.title or "")[:200]
        wait = _RETRY_AFTER.search(detail)
        return read_error(
            {"message": detail},
            self.name,
            status=error.status or _SERVER_ERROR,
            retry_after=wait[1] if wait else None,
        )


def _input(request: ImageRequest) -> dict[str, Any]:
    """Return the input of `google/nano-banana` and its successors."""
    payload: dict[str, Any] = {
        "prompt": request.prompt,
        "aspect_ratio": request.aspect,
        "output_format": "jpg",
    }
    return payload | ({"image_input": list(request.upload_urls)} if request.upload_urls else {})


def _is_same_request(listed: dict[str, Any], requested: dict[str, Any]) -> bool:
    return all(listed.get(name) == requested.get(name) for name in ("prompt", "image_input"))


def _is_expired(created_at: str | None) -> bool:
    return created_at is not None and (
        datetime.fromisoformat(created_at) < datetime.now(UTC) - _RETENTION
    )
