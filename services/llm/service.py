"""The one place from which language models are asked."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)
from tenacity.wait import wait_base

from db.models import CallOutcome
from services.background_calls import BackgroundCalls
from services.llm.errors import (
    ContextTooLong,
    MalformedAnswer,
    ModelError,
    ModelMisconfigured,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
)
from services.llm.ledger import Ledger
from services.llm.ports import TextModel
from services.llm.types import Caller, Completion, Parsed, Request, T, Usage

log = logging.getLogger(__name__)
C = TypeVar("C", bound=Completion)

_ATTEMPTS = 3
_WAIT = wait_random_exponential(multiplier=0.5, max=8)
_OUTCOMES: dict[type[ModelError], CallOutcome] = {
    ModelUnavailable: CallOutcome.UNAVAILABLE,
    ModelRateLimited: CallOutcome.RATE_LIMITED,
    ModelRefused: CallOutcome.REFUSED,
    ModelMisconfigured: CallOutcome.MISCONFIGURED,
    ContextTooLong: CallOutcome.TOO_LONG,
    MalformedAnswer: CallOutcome.MALFORMED,
}


@dataclass(frozen=True)
class ConfiguredVendor:
    """A vendor that is set up, and what `vendor/default` means today."""

    texts: TextModel
    default: str


class LanguageModels:
    """Asks the vendor that a model's name begins with: again when it may help, else a fallback.

    Models are named `vendor/model`; `vendor/default` is the one in the settings. Each request that
    leaves the house is a row of `llm_calls`, whatever becomes of it. The deadline is for
    all attempts of one model; a fallback has one of its own.
    """

    def __init__(
        self,
        ledger: Ledger,
        courier: BackgroundCalls,
        vendors: Mapping[str, ConfiguredVendor],
        *,
        deadline: float = 120,
        wait: wait_base = _WAIT,
    ) -> None:
        self._ledger = ledger
        self._courier = courier
        self._vendors = vendors
        self._deadline = deadline
        self._wait = wait

    @property
    def ledger(self) -> Ledger:
        """Return where calls are written down."""
        return self._ledger

    @property
    def vendors(self) -> frozenset[str]:
        """Return the names of the vendors that are set up."""
        return frozenset(self._vendors)

    def resolve(self, model: str) -> str:
        """Return the full name of a model, with the default of its vendor filled in.

        Raises:
            ModelMisconfigured: It is not `vendor/model` of a vendor that is set up.
        """
        vendor, _, rest = model.partition("/")
        if vendor not in self._vendors or not rest:
            known = ", ".join(sorted(self._vendors)) or "none"
            raise ModelMisconfigured(
                model, f"Models are written vendor/model. Vendors that are set up: {known}."
            )
        return f"{vendor}/{self._vendors[vendor].default}" if rest == "default" else model

    def dropped(self, model: str, parameters: frozenset[str]) -> frozenset[str]:
        """Return which of these parameters the model's vendor does not know and we drop."""
        vendor, _ = self._vendor(model)
        return vendor.lacks & parameters

    def context_tokens(self, model: str) -> int:
        """Return how many tokens prompt and answer may have together."""
        vendor, name = self._vendor(model)
        return vendor.context_tokens(name)

    async def complete(
        self, request: Request, *, caller: Caller, fallback: str | None = None
    ) -> Completion:
        """Answer a prompt within the deadline.

        Raises:
            ModelError: Neither the model nor the fallback answered; it is the model's error.
        """

        def ask(vendor: TextModel, request: Request) -> Awaitable[Completion]:
            return vendor.complete(request)

        return await self._with_fallback(ask, request, caller, fallback)

    async def parse(
        self, request: Request, shape: type[T], *, caller: Caller, fallback: str | None = None
    ) -> Parsed[T]:
        """Answer a prompt in a shape within the deadline.

        Raises:
            ModelError: Neither the model nor the fallback answered; it is the model's error.
        """

        def ask(vendor: TextModel, request: Request) -> Awaitable[Parsed[T]]:
            return vendor.parse(request, shape)

        return await self._with_fallback(ask, request, caller, fallback)

    async def stream(self, request: Request, *, caller: Caller) -> AsyncGenerator[str | Completion]:
        """Yield the answer in pieces, then the whole; no retry, since words are already out.

        Raises:
            ModelError: The model did not answer, or not to the end.
        """
        request = request.to(self.resolve(request.model))
        vendor, name = self._vendor(request.model)
        pieces: asyncio.Queue[str | Completion | None] = asyncio.Queue()

        async def pump() -> None:
            ends = asyncio.get_running_loop().time() + self._deadline
            try:
                async with _until(ends, request.model):
                    async for piece in vendor.stream(request.to(name)):
                        pieces.put_nowait(piece)
            finally:
                pieces.put_nowait(None)

        started = time.perf_counter()
        carried = asyncio.ensure_future(self._courier.call(pump))
        outcome, usage = CallOutcome.CANCELLED, Usage()
        try:
            while (piece := await pieces.get()) is not None:
                if isinstance(piece, Completion):
                    outcome, usage = CallOutcome.OK, self._ledger.priced(request.model, piece.usage)
                    piece = replace(piece, usage=usage)
                yield piece
            await carried
        except ModelError as error:
            outcome = _OUTCOMES[type(error)]
            raise
        finally:
            carried.cancel()
            await self._ledger.record(
                request.model, caller, outcome, usage, time.perf_counter() - started
            )

    async def models(self, vendor: str) -> dict[str, str | None]:
        """Return the models a vendor offers, with the dates at which they are shut down."""
        found, _ = self._vendor(f"{vendor}/default")
        return await self._courier.call(found.models)

    def _vendor(self, model: str) -> tuple[TextModel, str]:
        vendor, _, rest = self.resolve(model).partition("/")
        return self._vendors[vendor].texts, rest

    async def _with_fallback(
        self,
        ask: Callable[[TextModel, Request], Awaitable[C]],
        request: Request,
        caller: Caller,
        fallback: str | None,
    ) -> C:
        try:
            return await self._within_deadline(ask, request, caller)
        except (ModelUnavailable, ModelRateLimited, ModelMisconfigured) as error:
            if fallback is None or fallback == request.model:
                raise
            log.warning("%s failed (%s), falling back to %s", request.model, error, fallback)
            try:
                return await self._within_deadline(ask, request.to(fallback), caller)
            except ModelError as second:
                raise error from second

    async def _within_deadline(
        self,
        ask: Callable[[TextModel, Request], Awaitable[C]],
        request: Request,
        caller: Caller,
    ) -> C:
        request = request.to(self.resolve(request.model))

        async def attempts() -> C:
            ends = asyncio.get_running_loop().time() + self._deadline
            async for trial in AsyncRetrying(
                retry=retry_if_exception_type((ModelUnavailable, ModelRateLimited)),
                stop=stop_after_attempt(_ATTEMPTS) | stop_before_delay(self._deadline),
                wait=self._pause,
                reraise=True,
            ):
                with trial:
                    return await self._attempt(ask, request, caller, ends)
            raise AssertionError("AsyncRetrying ends by returning or raising")

        return await self._courier.call(attempts)

    def _pause(self, state: RetryCallState) -> float:
        """Return the seconds until the next attempt: our own, or more where the vendor says so."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, ModelRateLimited) else None
        return max(asked or 0, self._wait(state))

    async def _attempt(
        self,
        ask: Callable[[TextModel, Request], Awaitable[C]],
        request: Request,
        caller: Caller,
        ends: float,
    ) -> C:
        vendor, name = self._vendor(request.model)
        started = time.perf_counter()
        outcome, usage = CallOutcome.CANCELLED, Usage()
        try:
            async with _until(ends, request.model):
                answer = await ask(vendor, request.to(name))
            outcome, usage = CallOutcome.OK, self._ledger.priced(request.model, answer.usage)
        except ModelError as error:
            outcome = _OUTCOMES[type(error)]
            raise
        finally:
            await self._ledger.record(
                request.model, caller, outcome, usage, time.perf_counter() - started
            )
        return replace(answer, usage=usage)


@asynccontextmanager
async def _until(ends: float, model: str) -> AsyncGenerator[None]:
    """Give up on a model at a time of the event loop's clock."""
    try:
        async with asyncio.timeout_at(ends):
            yield
    except TimeoutError as error:
        raise ModelUnavailable(model) from error
