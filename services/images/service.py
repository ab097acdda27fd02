"""The one place from which image models are asked."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)
from tenacity.wait import wait_base

from db.models import CallOutcome
from services.errors import TransientError
from services.images.errors import ImageGenerationFailed, ImageGenerationLost, NoImageModel
from services.images.ports import GenerationState, ImageModel
from services.images.types import GeneratedImage, ImageRequest, Prediction
from services.llm import (
    BackgroundCalls,
    Caller,
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

log = logging.getLogger(__name__)
T = TypeVar("T")

_WAIT = wait_random_exponential(multiplier=0.5, max=8)
# What a vendor answers with before it has begun anything.
_CLEAN: tuple[type[ModelError], ...] = (
    *(ModelRateLimited, ModelMisconfigured, ModelOverloaded, ModelRefused),
)


class ImageModels:
    """Has pictures painted, each ordered once and paid once wherever a process dies.

    `price_usd` is what a picture costs, `at_once` how many are painted at the same time.
    """

    def __init__(
        self,
        ledger: Ledger,
        courier: BackgroundCalls,
        painter: ImageModel | None,
        *,
        price_usd: float = 0.04,
        at_once: int = 4,
        deadline: float = 300,
        poll: float = 1,
        wait: wait_base = _WAIT,
    ) -> None:
        self._ledger = ledger
        self._courier = courier
        self._painter = painter
        self._price_usd = price_usd
        self._room = asyncio.Semaphore(at_once)
        self._ordering = asyncio.Lock()
        self._deadline = deadline
        self._poll = poll
        self._wait = wait

    @property
    def is_configured(self) -> bool:
        """Whether there is a model for images at all."""
        return self._painter is not None

    @property
    def name(self) -> str:
        """Return the model's full name.

        Raises:
            NoImageModel: There is none.
        """
        return self._require_model().name

    @property
    def price_usd(self) -> float:
        """Return what a picture costs, in US dollars."""
        return self._price_usd if self.is_configured else 0

    async def upload(self, picture: Image) -> str:
        """Give the vendor a picture that orders can name, and return where it has it.

        Raises:
            ModelError: It was not taken.
            NoImageModel: There is nobody to take it.
        """
        painter = self._require_model()
        return await self._with_retries(lambda: painter.upload(picture))

    async def delete_upload(self, lent: str) -> None:
        """Have the vendor delete what was lent; where that fails, it does so by itself in a day."""
        painter = self._require_model()
        try:
            await self._with_retries(lambda: painter.delete_upload(lent))
        except ModelError as error:
            log.warning("%s keeps what was lent: %s", painter.name, error)

    async def generate(
        self, order: ImageRequest, easel: GenerationState, *, caller: Caller
    ) -> GeneratedImage:
        """Have a picture painted, or collect the one that an earlier attempt has ordered.

        Raises:
            ModelError: It was not painted. After a `Passing` one, another attempt may find it.
            NoImageModel: There is nobody to paint it.
            PaintingLost: It may have been, and the vendor does not say.
        """
        painter, started = self._require_model(), time.perf_counter()
        outcome, cost = CallOutcome.CANCELLED, 0.0
        async with self._room:
            try:
                begun = await easel.prediction() or await self._start(painter, order, easel)
                painting = (
                    begun
                    if isinstance(begun, GeneratedImage)
                    else await self._courier.call(lambda: self._collected(painter, begun))
                )
                outcome, cost = CallOutcome.OK, self._price_usd
            except ModelError as error:
                outcome = _outcome(error)
                raise
            finally:
                await self._ledger.record(
                    painter.name,
                    caller,
                    outcome,
                    Usage(cost_usd=cost),
                    time.perf_counter() - started,
                )
        return painting

    async def close(self) -> None:
        """Let go of connections."""
        if self._painter is not None:
            await self._painter.close()

    def _require_model(self) -> ImageModel:
        if self._painter is None:
            raise NoImageModel
        return self._painter

    async def _start(
        self, painter: ImageModel, order: ImageRequest, easel: GenerationState
    ) -> Prediction | GeneratedImage:
        """Order a picture, unless it turns out that it was."""
        if not painter.lists_predictions:
            return await self._restart(painter, order, easel)
        # One after the other: what a neighbour has just ordered must not be taken for one's own.
        async with self._ordering:
            return await self._restart(painter, order, easel)

    async def _restart(
        self, painter: ImageModel, order: ImageRequest, easel: GenerationState
    ) -> Prediction | GeneratedImage:
        since = await easel.mark_requested()
        if since is not None:
            if not painter.lists_predictions:
                raise ImageGenerationLost(painter.name)
            for found in await self._with_retries(lambda: painter.find_started(order, since)):
                if await easel.save_prediction(found):
                    return found
        try:
            begun = await self._with_retries(lambda: painter.start(order))
        except _CLEAN:
            await easel.clear_request()
            raise
        if isinstance(begun, Prediction) and not await easel.save_prediction(begun):
            raise ImageGenerationLost(painter.name)
        return begun

    async def _collected(self, painter: ImageModel, begun: Prediction) -> GeneratedImage:
        """Ask for a picture until it is there; what takes too long is called off.

        A vendor that cannot be asked just now may be painting all the same.
        """
        ends = asyncio.get_running_loop().time() + self._deadline
        while True:
            is_over = asyncio.get_running_loop().time() > ends
            try:
                painting = await painter.collect(begun)
            except TransientError as error:
                if is_over:
                    raise
                log.warning("%s cannot be asked for %s: %s", painter.name, begun.id, error)
                painting = None
            if painting is not None:
                return painting
            if is_over:
                await painter.cancel(begun)
                raise ImageGenerationFailed(
                    painter.name, f"it took longer than {self._deadline:.0f} s"
                )
            await asyncio.sleep(self._poll)

    def _pause(self, state: RetryCallState) -> float:
        """Return the seconds until the next try: our own, or more where the vendor says so."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, ModelRateLimited) else None
        return max(asked or 0, self._wait(state))

    async def _with_retries(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask again where the vendor has said that it did not listen, and only then."""

        async def attempts() -> T:
            async for trial in AsyncRetrying(
                retry=retry_if_exception_type(ModelRateLimited),
                stop=stop_after_attempt(3),
                wait=self._pause,
                reraise=True,
            ):
                with trial:
                    async with asyncio.timeout(self._deadline):
                        return await ask()
            raise AssertionError("AsyncRetrying ends by returning or raising")

        try:
            return await self._courier.call(attempts)
        except TimeoutError as error:
            raise ModelUnavailable(self._require_model().name) from error


def _outcome(error: ModelError) -> CallOutcome:
    match error:
        case ModelRefused():
            return CallOutcome.REFUSED
        case ModelRateLimited():
            return CallOutcome.RATE_LIMITED
        case ModelMisconfigured():
            return CallOutcome.MISCONFIGURED
        case _:
            return CallOutcome.UNAVAILABLE
