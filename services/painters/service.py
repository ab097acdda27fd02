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

from db.models import Outcome
from services.errors import Passing
from services.llm import (
    Caller,
    Courier,
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
from services.painters.errors import NoImageModel, PaintingFailed, PaintingLost
from services.painters.ports import Easel, Painter
from services.painters.types import Begun, Order, Painting

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
        courier: Courier,
        painter: Painter | None,
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
    def exist(self) -> bool:
        """Whether there is a model for images at all."""
        return self._painter is not None

    @property
    def name(self) -> str:
        """Return the model's full name.

        Raises:
            NoImageModel: There is none.
        """
        return self._there().name

    @property
    def price_usd(self) -> float:
        """Return what a picture costs, in US dollars."""
        return self._price_usd if self.exist else 0

    async def lend(self, picture: Image) -> str:
        """Give the vendor a picture that orders can name, and return where it has it.

        Raises:
            ModelError: It was not taken.
            NoImageModel: There is nobody to take it.
        """
        painter = self._there()
        return await self._patiently(lambda: painter.lend(picture))

    async def take_back(self, lent: str) -> None:
        """Have the vendor delete what was lent; where that fails, it does so by itself in a day."""
        painter = self._there()
        try:
            await self._patiently(lambda: painter.take_back(lent))
        except ModelError as error:
            log.warning("%s keeps what was lent: %s", painter.name, error)

    async def paint(self, order: Order, easel: Easel, *, caller: Caller) -> Painting:
        """Have a picture painted, or collect the one that an earlier attempt has ordered.

        Raises:
            ModelError: It was not painted. After a `Passing` one, another attempt may find it.
            NoImageModel: There is nobody to paint it.
            PaintingLost: It may have been, and the vendor does not say.
        """
        painter, started = self._there(), time.perf_counter()
        outcome, cost = Outcome.CANCELLED, 0.0
        async with self._room:
            try:
                begun = await easel.begun() or await self._order(painter, order, easel)
                painting = (
                    begun
                    if isinstance(begun, Painting)
                    else await self._courier.carry(lambda: self._collected(painter, begun))
                )
                outcome, cost = Outcome.OK, self._price_usd
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

    def _there(self) -> Painter:
        if self._painter is None:
            raise NoImageModel
        return self._painter

    async def _order(self, painter: Painter, order: Order, easel: Easel) -> Begun | Painting:
        """Order a picture, unless it turns out that it was."""
        if not painter.remembers:
            return await self._order_anew(painter, order, easel)
        # One after the other: what a neighbour has just ordered must not be taken for one's own.
        async with self._ordering:
            return await self._order_anew(painter, order, easel)

    async def _order_anew(self, painter: Painter, order: Order, easel: Easel) -> Begun | Painting:
        since = await easel.ordering()
        if since is not None:
            if not painter.remembers:
                raise PaintingLost(painter.name)
            for found in await self._patiently(lambda: painter.begun(order, since)):
                if await easel.ordered(found):
                    return found
        try:
            begun = await self._patiently(lambda: painter.begin(order))
        except _CLEAN:
            await easel.not_ordered()
            raise
        if isinstance(begun, Begun) and not await easel.ordered(begun):
            raise PaintingLost(painter.name)
        return begun

    async def _collected(self, painter: Painter, begun: Begun) -> Painting:
        """Ask for a picture until it is there; what takes too long is called off.

        A vendor that cannot be asked just now may be painting all the same.
        """
        ends = asyncio.get_running_loop().time() + self._deadline
        while True:
            is_over = asyncio.get_running_loop().time() > ends
            try:
                painting = await painter.collect(begun)
            except Passing as error:
                if is_over:
                    raise
                log.warning("%s cannot be asked for %s: %s", painter.name, begun.id, error)
                painting = None
            if painting is not None:
                return painting
            if is_over:
                await painter.cancel(begun)
                raise PaintingFailed(painter.name, f"it took longer than {self._deadline:.0f} s")
            await asyncio.sleep(self._poll)

    def _pause(self, state: RetryCallState) -> float:
        """Return the seconds until the next try: our own, or more where the vendor says so."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, ModelRateLimited) else None
        return max(asked or 0, self._wait(state))

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
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
            return await self._courier.carry(attempts)
        except TimeoutError as error:
            raise ModelUnavailable(self._there().name) from error


def _outcome(error: ModelError) -> Outcome:
    match error:
        case ModelRefused():
            return Outcome.REFUSED
        case ModelRateLimited():
            return Outcome.RATE_LIMITED
        case ModelMisconfigured():
            return Outcome.MISCONFIGURED
        case _:
            return Outcome.UNAVAILABLE
