"""The one place that calls image models."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity.wait import wait_base

from db.models import CallOutcome
from services.errors import TransientError
from services.images.errors import ImageGenerationFailed, ImageGenerationLost, NoImageModel
from services.images.ports import GenerationState, ImageModel
from services.images.types import GeneratedImage, ImageRequest, Prediction
from services.leases import ensure_lease
from services.llm import (
    BackgroundCalls,
    Caller,
    ContextTooLong,
    Image,
    Ledger,
    ModelError,
    ModelMisconfigured,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
    Usage,
)
from services.retries import BACKOFF, with_retries

log = logging.getLogger(__name__)
T = TypeVar("T")

# Errors after which the vendor has certainly not started anything.
_NOT_STARTED: tuple[type[ModelError], ...] = (
    *(ContextTooLong, ModelRateLimited, ModelMisconfigured, ModelOverloaded, ModelRefused),
)


class ImageModels:
    """Generates pictures, each requested and paid for once, even if the process dies.

    `price_usd` is the price of a picture, `at_once` the number of pictures generated concurrently.
    """

    def __init__(
        self,
        ledger: Ledger,
        background: BackgroundCalls,
        image_model: ImageModel | None,
        *,
        price_usd: float = 0.04,
        at_once: int = 4,
        deadline: float = 300,
        poll: float = 1,
        wait: wait_base = BACKOFF,
    ) -> None:
        self._ledger = ledger
        self._background = background
        self._image_model = image_model
        self._price_usd = price_usd
        self._slots = asyncio.Semaphore(at_once)
        self._start_lock = asyncio.Lock()
        self._deadline = deadline
        self._poll_seconds = poll
        self._wait = wait

    @property
    def is_configured(self) -> bool:
        """Whether an image model is configured."""
        return self._image_model is not None

    @property
    def name(self) -> str:
        """Return the model's full name.

        Raises:
            NoImageModel: No image model is configured.
        """
        return self._require_model().name

    @property
    def price_usd(self) -> float:
        """Return the price of a picture in US dollars."""
        return self._price_usd if self.is_configured else 0

    async def upload(self, picture: Image) -> str:
        """Upload a picture that requests can refer to, and return its URL.

        Raises:
            ModelError: The upload failed.
            NoImageModel: No image model is configured.
        """
        image_model = self._require_model()
        return await self._with_retries(lambda: image_model.upload(picture))

    async def delete_upload(self, upload_url: str) -> None:
        """Delete an uploaded picture; if that fails, the vendor deletes it within a day."""
        image_model = self._require_model()
        try:
            await self._with_retries(lambda: image_model.delete_upload(upload_url))
        except ModelError as error:
            log.warning("%s did not delete an upload: %s", image_model.name, error)

    async def generate(
        self, request: ImageRequest, state: GenerationState, *, caller: Caller
    ) -> GeneratedImage:
        """Generate a picture, or collect the one that an earlier attempt has requested.

        Raises:
            ImageGenerationLost: It may have been generated, but cannot be located.
            ModelError: It was not generated. After a `TransientError` another attempt may find it.
            NoImageModel: No image model is configured.
        """
        image_model = self._require_model()
        async with self._slots:
            started = await state.prediction()
            # What has been requested already is collected, whatever the budgets are now.
            price = Usage(cost_usd=0.0 if started else self._price_usd)
            async with self._ledger.call(
                image_model.name, caller, at_most=price, expected=price
            ) as call:
                result = started or await self._find_or_start(image_model, request, state)
                image = (
                    result
                    if isinstance(result, GeneratedImage)
                    else await self._background.call(
                        lambda: self._poll_until_done(image_model, result)
                    )
                )
                call.outcome, call.usage = CallOutcome.OK, Usage(cost_usd=self._price_usd)
        return image

    async def close(self) -> None:
        """Close connections."""
        if self._image_model is not None:
            await self._image_model.close()

    def _require_model(self) -> ImageModel:
        if self._image_model is None:
            raise NoImageModel
        return self._image_model

    async def _find_or_start(
        self, image_model: ImageModel, request: ImageRequest, state: GenerationState
    ) -> Prediction | GeneratedImage:
        """Start a picture, unless an earlier attempt has started it."""
        if not image_model.lists_predictions:
            return await self._resume_or_start(image_model, request, state)
        # One at a time: a prediction that another task has just started must not be mistaken
        # for one of this picture.
        async with self._start_lock:
            return await self._resume_or_start(image_model, request, state)

    async def _resume_or_start(
        self, image_model: ImageModel, request: ImageRequest, state: GenerationState
    ) -> Prediction | GeneratedImage:
        since = await state.mark_requested()
        if since is not None:
            if not image_model.lists_predictions:
                raise ImageGenerationLost(image_model.name)
            for earlier in await self._with_retries(
                lambda: image_model.find_started(request, since)
            ):
                if await state.save_prediction(earlier):
                    return earlier

        async def start() -> Prediction | GeneratedImage:
            ensure_lease()
            return await image_model.start(request)

        try:
            result = await self._with_retries(start)
        except _NOT_STARTED:
            await state.clear_request()
            raise
        if isinstance(result, Prediction) and not await state.save_prediction(result):
            raise ImageGenerationLost(image_model.name)
        return result

    async def _poll_until_done(
        self, image_model: ImageModel, prediction: Prediction
    ) -> GeneratedImage:
        """Poll for a picture until it is done; cancel it after the deadline.

        Transient errors of a poll are ignored: the prediction may be running all the same.
        """
        deadline = asyncio.get_running_loop().time() + self._deadline
        while True:
            is_timed_out = asyncio.get_running_loop().time() > deadline
            try:
                image = await image_model.collect(prediction)
            except TransientError as error:
                if is_timed_out:
                    raise
                log.warning("Polling %s for %s failed: %s", image_model.name, prediction.id, error)
                image = None
            if image is not None:
                return image
            if is_timed_out:
                await image_model.cancel(prediction)
                raise ImageGenerationFailed(
                    image_model.name, f"it took longer than {self._deadline:.0f} s"
                )
            await asyncio.sleep(self._poll_seconds)

    async def _with_retries(self, call: Callable[[], Awaitable[T]]) -> T:
        """Retry a call that the vendor rate-limited, and no other."""

        async def attempt() -> T:
            async with asyncio.timeout(self._deadline):
                return await call()

        async def attempts() -> T:
            return await with_retries(attempt, on=ModelRateLimited, backoff=self._wait)

        try:
            return await self._background.call(attempts)
        except TimeoutError as error:
            raise ModelUnavailable(self._require_model().name) from error
