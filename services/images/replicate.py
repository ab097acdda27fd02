"""Replicate: predictions that are begun, asked after, and found again."""

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
    ModelMisconfigured,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
)

VENDOR = "replicate"

# Clocks differ, theirs and ours.
_SKEW = timedelta(minutes=2)
_PAGES = 10
# Input and output are deleted after an hour (replicate.com/docs/topics/predictions/data-retention).
_REMEMBERED = timedelta(minutes=55)
_TOO_MANY, _MOST_OF_US = 429, 500
# How long to wait: the SDK drops the header, and the words have it too.
_WAIT = re.compile(r"in (\d+) second")
# How the models on offer say that they do not want to.
_UNWILLING = ("sensitive", "safety", "nsfw", "prohibited", "content policy", "e005", "flagged")


class ReplicateImageModel(ImageModel):
    """A model behind Replicate's SDK: `google/nano-banana`, and those that are asked alike."""

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
        ending = picture.media_type.rpartition("/")[2]
        with self._our_errors():
            file = await self._client.files.async_create(
                io.BytesIO(picture.data),
                filename=f"picture.{ending}",
                content_type=picture.media_type,
            )
            return file.urls["get"]

    @override
    async def delete_upload(self, lent: str) -> None:
        with self._our_errors():
            await self._client.files.async_delete(lent.rpartition("/")[2])

    @override
    async def start(self, order: ImageRequest) -> Prediction:
        owner, _, name = self._model.partition("/")
        with self._our_errors():
            made = await self._client.models.predictions.async_create(
                (owner, name), input=_input(order)
            )
            return Prediction(made.id)

    @override
    async def find_started(self, order: ImageRequest, since: datetime) -> Sequence[Prediction]:
        if since < datetime.now(UTC) - _REMEMBERED:
            raise ImageGenerationLost(
                self.name
            )  # what it was asked for is not in the list any more
        found: list[Prediction] = []
        wanted = _input(order)
        page: str | None = "/v1/predictions"
        for _ in range(_PAGES):
            if page is None:
                return found[::-1]
            listed = await self._listed(page)
            with self._our_errors():
                for each in listed["results"]:
                    if datetime.fromisoformat(each["created_at"]) < since - _SKEW:
                        return found[::-1]
                    if _is_of(each.get("input") or {}, wanted):
                        found.append(Prediction(each["id"]))
                page = listed.get("next")
        raise ImageGenerationLost(self.name)  # too many were begun since to look through them

    async def _listed(self, page: str) -> dict[str, Any]:
        """Return a page of predictions; the SDK reads none with a state that it does not know."""
        request: Any = getattr(self._client, "_async_request")  # noqa: B009
        with self._our_errors():
            answer: httpx.Response = await request("GET", page)
            return answer.json()

    @override
    async def collect(self, begun: Prediction) -> GeneratedImage | None:
        try:
            with self._our_errors():
                now = await self._client.predictions.async_get(begun.id)
        except MalformedAnswer as error:
            if isinstance(error.__cause__, ValidationError):
                # The SDK knows five states; there are more, and all others are ends.
                raise ImageGenerationFailed(self.name, "it was called off") from error
            raise
        match now.status:
            case "starting" | "processing":
                return None
            case "succeeded":
                if now.output is None and _is_old(now.created_at):
                    raise ImageGenerationLost(self.name)  # it was there, and was deleted
                return self._painting(now.output)
            case "failed":
                raise self._failure(now.error or "no reason given")
            case _:
                raise ImageGenerationFailed(self.name, "it was called off")

    @override
    async def cancel(self, begun: Prediction) -> None:
        with self._our_errors():
            prediction = await self._client.predictions.async_get(begun.id)
            await prediction.async_cancel()

    @override
    async def close(self) -> None:
        # The SDK has no door to close.
        connections: httpx.AsyncClient = getattr(self._client, "_async_client")  # noqa: B009
        await connections.aclose()

    def _painting(self, output: Any) -> GeneratedImage:
        several = cast("list[Any]", output) if isinstance(output, list) else [output]
        first = several[0] if several else None
        if not isinstance(first, str) or not first.startswith(("https://", "http://")):
            raise ImageGenerationFailed(self.name, "it ended without a picture")
        return GeneratedImage(url=first)

    def _failure(self, said: str) -> Exception:
        if any(sign in said.lower() for sign in _UNWILLING):
            return ModelRefused(self.name)
        return ImageGenerationFailed(self.name, said[:200])

    @contextmanager
    def _our_errors(self) -> Generator[None]:
        try:
            yield
        except ReplicateError as error:
            raise self._refusal(error) from error
        except (TimeoutError, httpx.HTTPError) as error:
            raise ModelUnavailable(self.name) from error
        # What is no JSON, or not the JSON that the SDK reads.
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            raise MalformedAnswer(self.name) from error

    def _refusal(self, error: ReplicateError) -> Exception:
        detail = (error.detail or error.title or "")[:200]
        status = error.status or _MOST_OF_US
        if status == _TOO_MANY:
            wait = _WAIT.search(detail)
            return ModelRateLimited(self.name, float(wait[1]) if wait else None)
        if status >= _MOST_OF_US:
            return ModelUnavailable(self.name)
        return ModelMisconfigured(self.name, detail or f"HTTP {status}")


def _input(order: ImageRequest) -> dict[str, Any]:
    """Return what `google/nano-banana` and its successors read."""
    asked: dict[str, Any] = {
        "prompt": order.prompt,
        "aspect_ratio": order.aspect,
        "output_format": "jpg",
    }
    return asked | ({"image_input": list(order.upload_urls)} if order.upload_urls else {})


def _is_of(given: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(given.get(name) == wanted.get(name) for name in ("prompt", "image_input"))


def _is_old(created_at: str | None) -> bool:
    return created_at is not None and (
        datetime.fromisoformat(created_at) < datetime.now(UTC) - _REMEMBERED
    )
