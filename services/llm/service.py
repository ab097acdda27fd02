"""The service for all calls to language models."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from tenacity.wait import wait_base

from db.models import CallOutcome
from services.access import BudgetSpent, Caller
from services.background_calls import BackgroundCalls
from services.leases import ensure_lease
from services.llm.chat_templates import ChatTemplate
from services.llm.errors import (
    ModelError,
    ModelMisconfigured,
    ModelProblem,
    ModelRateLimited,
    ModelUnavailable,
)
from services.llm.ledger import Ledger, OpenCall
from services.llm.ports import TextModel
from services.llm.tokens import MAX_ANSWER_TOKENS, expected_usage, usage_at_most
from services.llm.types import Completion, ListedModel, Parsed, Request, T
from services.retries import BACKOFF, with_retries

log = logging.getLogger(__name__)
C = TypeVar("C", bound=Completion)


@dataclass(frozen=True)
class ConfiguredVendor:
    """A configured vendor, and the model that `vendor/default` stands for."""

    texts: TextModel
    default: str


class LanguageModels:
    """Calls models, with retries and an optional fallback model.

    Models are named `vendor/model`; `vendor/default` is the one in the settings. Each request to a
    vendor is a row of `llm_calls`, whatever its outcome. While a budget is spent, a free model
    answers if the request's fallback or `budget_fallback` is one. The deadline covers all attempts
    of one model; a fallback has its own deadline.
    """

    def __init__(
        self,
        ledger: Ledger,
        background: BackgroundCalls,
        vendors: Mapping[str, ConfiguredVendor],
        *,
        deadline: float = 120,
        wait: wait_base = BACKOFF,
        budget_fallback: str | None = None,
    ) -> None:
        self._ledger = ledger
        self._background = background
        self._vendors = vendors
        self._deadline = deadline
        self._wait = wait
        self._budget_fallback = budget_fallback
        self._templates: dict[str, ChatTemplate] = {}

    @property
    def ledger(self) -> Ledger:
        """Return the ledger of calls."""
        return self._ledger

    @property
    def vendors(self) -> frozenset[str]:
        """Return the names of the configured vendors."""
        return frozenset(self._vendors)

    @property
    def defaults(self) -> frozenset[str]:
        """Return the models that the settings name, one for each vendor."""
        return frozenset(f"{name}/{each.default}" for name, each in self._vendors.items())

    def resolve(self, model: str) -> str:
        """Return the full name of a model, with the default of its vendor filled in.

        Raises:
            ModelMisconfigured: It is not `vendor/model` of a configured vendor.
        """
        vendor, _, rest = model.partition("/")
        if vendor not in self._vendors or not rest:
            known = tuple(sorted(self._vendors)) or ("none",)
            raise ModelMisconfigured(model, ModelProblem.NO_SUCH_VENDOR, vendors=known)
        return f"{vendor}/{self._vendors[vendor].default}" if rest == "default" else model

    def unsupported(self, model: str, parameters: frozenset[str]) -> frozenset[str]:
        """Return those of `parameters` that the vendor does not support; they are dropped."""
        vendor, _ = self._vendor(model)
        return vendor.unsupported & parameters

    def context_tokens(self, model: str) -> int:
        """Return the context length: the tokens of prompt and answer together."""
        vendor, name = self._vendor(model)
        return vendor.context_tokens(name)

    async def complete(
        self, request: Request, *, caller: Caller, fallback: str | None = None
    ) -> Completion:
        """Return the answer to a prompt within the deadline.

        Raises:
            BudgetSpent: A budget leaves no room for it.
            ModelError: Both the model and the fallback failed; the error is the model's.
        """

        def ask(vendor: TextModel, request: Request) -> Awaitable[Completion]:
            return vendor.complete(request)

        return await self._with_fallback(ask, request, caller, fallback)

    async def parse(
        self, request: Request, schema: type[T], *, caller: Caller, fallback: str | None = None
    ) -> Parsed[T]:
        """Return the answer to a prompt as a pydantic model within the deadline.

        Raises:
            BudgetSpent: A budget leaves no room for it.
            ModelError: Both the model and the fallback failed; the error is the model's.
        """

        def ask(vendor: TextModel, request: Request) -> Awaitable[Parsed[T]]:
            return vendor.parse(request, schema)

        return await self._with_fallback(ask, request, caller, fallback)

    async def stream(self, request: Request, *, caller: Caller) -> AsyncGenerator[str | Completion]:
        """Yield the answer in pieces, then the whole; without retries, as text is already sent.

        Raises:
            ModelError: The call failed or was interrupted.
        """
        request = self._fit(request.to(self.resolve(request.model)))
        vendor, name = self._vendor(request.model)
        pieces: asyncio.Queue[str | Completion | None] = asyncio.Queue()

        async def read() -> None:
            deadline = asyncio.get_running_loop().time() + self._deadline
            try:
                async with _timeout_at(deadline, request.model):
                    async for piece in vendor.stream(request.to(name)):
                        pieces.put_nowait(piece)
            finally:
                pieces.put_nowait(None)

        async with self._open_call(request, caller) as call:
            task = asyncio.ensure_future(self._background.call(read))
            try:
                while (piece := await pieces.get()) is not None:
                    if isinstance(piece, Completion):
                        call.outcome = CallOutcome.OK
                        call.usage = self._ledger.with_cost(request.model, piece.usage)
                        piece = replace(piece, usage=call.usage)
                    yield piece
                await task
            except ModelError as error:
                self._learn_template(request.model, error)
                raise
            finally:
                task.cancel()

    async def models(self, vendor: str) -> dict[str, ListedModel]:
        """Return the models of a vendor, with what its list says of each."""
        text_model, _ = self._vendor(f"{vendor}/default")
        return await self._background.call(text_model.models)

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
        except BudgetSpent:
            substitute = self._free_substitute(fallback)
            if substitute is None:
                raise
            answer = await self._within_deadline(ask, request.to(substitute), caller)
            return replace(answer, is_free_substitute=True)
        except (ModelUnavailable, ModelRateLimited, ModelMisconfigured) as error:
            if fallback is None or fallback == request.model:
                raise
            log.warning("%s failed (%s), falling back to %s", request.model, error, fallback)
            try:
                return await self._within_deadline(ask, request.to(fallback), caller)
            except ModelError as second:
                raise error from second

    def _free_substitute(self, *candidates: str | None) -> str | None:
        """Return a free model that answers while a budget is spent, if there is one."""
        for candidate in filter(None, (*candidates, self._budget_fallback)):
            with suppress(ModelMisconfigured):
                if self._ledger.is_free(model := self.resolve(candidate)):
                    return model
        return None

    async def _within_deadline(
        self,
        ask: Callable[[TextModel, Request], Awaitable[C]],
        request: Request,
        caller: Caller,
    ) -> C:
        request = request.to(self.resolve(request.model))

        async def call() -> C:
            deadline = asyncio.get_running_loop().time() + self._deadline
            return await with_retries(
                lambda: self._attempt_with_template(ask, request, caller, deadline),
                on=(ModelUnavailable, ModelRateLimited),
                within=self._deadline,
                backoff=self._wait,
            )

        return await self._background.call(call)

    async def _attempt_with_template(
        self,
        ask: Callable[[TextModel, Request], Awaitable[C]],
        request: Request,
        caller: Caller,
        deadline: float,
    ) -> C:
        """Call a model, and again for each demand of its chat template that a refusal teaches.

        A request that is refused so is not processed.
        """
        while True:
            try:
                return await self._attempt(ask, request, caller, deadline)
            except ModelError as error:
                if not self._learn_template(request.model, error):
                    raise

    def _fit(self, request: Request) -> Request:
        """Return a request as the model's template demands it, with a limit of its answer."""
        template = self._templates.get(request.model, ChatTemplate())
        sampling = request.sampling
        if sampling.max_tokens is None:
            sampling = replace(sampling, max_tokens=MAX_ANSWER_TOKENS)
        return replace(request, messages=template.fit(request.messages), sampling=sampling)

    def _learn_template(self, model: str, error: ModelError) -> bool:
        """Remember what the chat template of a model demands; return whether that was new."""
        stricter = self._templates.get(model, ChatTemplate()).stricter(error.detail)
        if stricter is None:
            return False
        log.info("The chat template of %s: %s", model, stricter)
        self._templates[model] = stricter
        return True

    @asynccontextmanager
    async def _open_call(self, request: Request, caller: Caller) -> AsyncGenerator[OpenCall]:
        """Reserve for a request and store its outcome.

        Raises:
            BudgetSpent: A budget leaves no room for it.
        """
        at_most, expected = usage_at_most(request), expected_usage(request)
        async with self._ledger.call(
            request.model, caller, at_most=at_most, expected=expected
        ) as call:
            yield call

    async def _attempt(
        self,
        ask: Callable[[TextModel, Request], Awaitable[C]],
        request: Request,
        caller: Caller,
        deadline: float,
    ) -> C:
        vendor, name = self._vendor(request.model)
        fitted = self._fit(request)
        async with self._open_call(fitted, caller) as call:
            try:
                async with _timeout_at(deadline, request.model):
                    ensure_lease()
                    answer = await ask(vendor, fitted.to(name))
            except ModelError as error:
                if error.detail:
                    log.warning("%s failed: %s", request.model, error.detail)
                raise
            call.outcome = CallOutcome.OK
            call.usage = self._ledger.with_cost(request.model, answer.usage)
        return replace(answer, usage=call.usage)


@asynccontextmanager
async def _timeout_at(deadline: float, model: str) -> AsyncGenerator[None]:
    """Raise `ModelUnavailable` at a time of the event loop's clock."""
    try:
        async with asyncio.timeout_at(deadline):
            yield
    except TimeoutError as error:
        raise ModelUnavailable(model) from error
