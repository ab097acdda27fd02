"""The service for all calls to language models."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import TypeVar
from weakref import WeakSet

from tenacity.wait import wait_base

from db.models import CallOutcome
from services.access import BudgetSpent, Caller, OwnKeyGone, OwnKeyRefused, Payer
from services.background_calls import BackgroundCalls
from services.leases import ensure_lease
from services.llm.chat_templates import ChatTemplate, without_tools
from services.llm.errors import (
    ModelError,
    ModelMisconfigured,
    ModelProblem,
    ModelRateLimited,
    ModelUnavailable,
)
from services.llm.ledger import Ledger, OpenCall
from services.llm.ports import NoOwnKeys, OwnKey, OwnKeys, TextListener, TextModel
from services.llm.request_log import RequestLog
from services.llm.streams import StreamedCall, refuses_tools
from services.llm.tokens import MAX_ANSWER_TOKENS, expected_usage, usage_at_most
from services.llm.types import Completion, ListedModel, Parsed, Request, T
from services.llm.vendors import VENDORS
from services.retries import BACKOFF, with_retries

log = logging.getLogger(__name__)
C = TypeVar("C", bound=Completion)
_KEY_PROBLEMS = (ModelProblem.KEY_REFUSED, ModelProblem.NO_CREDIT)


@dataclass(frozen=True)
class ConfiguredVendor:
    """A configured vendor, and the model that `vendor/default` stands for.

    The models of one that `is_small` need a prompt of their own.
    """

    texts: TextModel
    default: str
    is_small: bool = False


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
        own_keys: OwnKeys | None = None,
        request_log: RequestLog | None = None,
    ) -> None:
        self._ledger = ledger
        self._request_log = request_log
        self._background = background
        self._vendors = vendors
        self._deadline = deadline
        self._wait = wait
        self._budget_fallback = budget_fallback
        self._own_keys = own_keys or NoOwnKeys()
        self._templates: dict[str, ChatTemplate] = {}
        self._toolless: set[str] = set()
        # Servers that do not know how to stream; of a user's own server for as long as it is open.
        self._unstreamed: WeakSet[TextModel] = WeakSet()

    @property
    def ledger(self) -> Ledger:
        """Return the ledger of calls."""
        return self._ledger

    @property
    def background(self) -> BackgroundCalls:
        """Return where calls run that do not belong to their callers."""
        return self._background

    @property
    def vendors(self) -> frozenset[str]:
        """Return the names of the configured vendors."""
        return frozenset(self._vendors)

    @property
    def defaults(self) -> frozenset[str]:
        """Return the models that the settings name, one for each vendor."""
        return frozenset(f"{name}/{each.default}" for name, each in self._vendors.items())

    def resolve(self, model: str, payers: Sequence[Payer] = ()) -> str:
        """Return the full name of a model, with the default of its vendor filled in.

        Raises:
            ModelMisconfigured: It is not `vendor/model` of a configured vendor, or of one that a
                payer has a key of.
        """
        vendor, _, rest = model.partition("/")
        own = self._own_keys.find(payers, vendor)
        if not rest or (own is None and vendor not in self._vendors):
            known = sorted({*self._vendors, *self._own_keys.vendors(payers)})
            problem = ModelProblem.NO_SUCH_VENDOR
            raise ModelMisconfigured(model, problem, vendors=tuple(known) or ("none",))
        if rest != "default":
            return model
        return f"{vendor}/{own.default if own else self._vendors[vendor].default}"

    def own_key(self, model: str, payers: Sequence[Payer]) -> OwnKey | None:
        """Return the key with which one of these payers pays for a model, if there is one."""
        return self._own_keys.find(payers, model.partition("/")[0])

    def own_vendors(self, payers: Sequence[Payer]) -> frozenset[str]:
        """Return the vendors of which one of these payers has a key."""
        return self._own_keys.vendors(payers)

    def unsupported(self, model: str, parameters: frozenset[str]) -> frozenset[str]:
        """Return those of `parameters` that the vendor does not support; they are dropped."""
        vendor = model.partition("/")[0]
        if (configured := self._vendors.get(vendor)) is not None:
            return configured.texts.unsupported & parameters
        return (VENDORS[vendor].dialect or VENDORS[vendor]).unsupported & parameters

    def context_tokens(self, model: str) -> int:
        """Return the context length: the tokens of prompt and answer together."""
        vendor, _, name = model.partition("/")
        if (configured := self._vendors.get(vendor)) is not None:
            return configured.texts.context_tokens(name)
        return (VENDORS[vendor].dialect or VENDORS[vendor]).context_tokens

    def is_small(self, model: str) -> bool:
        """Whether a model is too small to follow an ordinary prompt."""
        configured = self._vendors.get(model.partition("/")[0])
        return configured is not None and configured.is_small

    def calls_tools(self, model: str) -> bool:
        """Whether a model may be offered functions: unless its vendor takes none, or refused."""
        vendor = VENDORS.get(model.partition("/")[0])
        return model not in self._toolless and (vendor is None or vendor.calls_tools)

    async def complete(
        self,
        request: Request,
        *,
        caller: Caller,
        fallback: str | None = None,
        listener: TextListener | None = None,
    ) -> Completion:
        """Return the answer to a prompt within the deadline.

        A `listener` follows the answer while it is written; each new attempt begins it anew.

        Raises:
            BudgetSpent: A budget leaves no room for it.
            ModelError: Both the model and the fallback failed; the error is the model's.
        """
        stream = None if listener is None else StreamedCall(listener, self._unstreamed)

        def ask(vendor: TextModel, request: Request) -> Awaitable[Completion]:
            return vendor.complete(request) if stream is None else stream.ask(vendor, request)

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

    def vendor(self, model: str) -> TextModel:
        """Return the configured vendor of a model that was resolved."""
        return self._vendors[model.partition("/")[0]].texts

    async def models(self, vendor: str) -> dict[str, ListedModel]:
        """Return the models of a vendor, with what its list says of each."""
        self.resolve(f"{vendor}/default")
        return await self._background.call(self._vendors[vendor].texts.models)

    def _payer_key(self, request: Request, caller: Caller) -> OwnKey | None:
        """Return the key that pays for a request, decided once for all of its attempts.

        Raises:
            OwnKeyGone: Only an own key may pay for the model, and there is none any more.
        """
        own = self.own_key(request.model, caller.payers)
        if own is None and request.model in request.keyed:
            raise OwnKeyGone(request.model)
        return own

    @asynccontextmanager
    async def _open_vendor(self, model: str, own: OwnKey | None) -> AsyncGenerator[TextModel]:
        """Open the vendor of a model for one call, with the key that its payer has brought.

        Raises:
            OwnKeyRefused: The vendor does not accept that key.
        """
        if own is None:
            yield self.vendor(model)
            return
        async with self._own_keys.open(own) as vendor:
            try:
                yield vendor
            except ModelMisconfigured as error:
                if error.problem not in _KEY_PROBLEMS:
                    raise
                refused = OwnKeyRefused(
                    VENDORS[own.vendor].label, str(error.problem), own.payer.kind
                )
                await self._own_keys.note_outcome(own, refused)
                raise refused from error
        await self._own_keys.note_outcome(own, None)

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
        request = request.to(self.resolve(request.model, caller.payers))
        own = self._payer_key(request, caller)

        async def call() -> C:
            deadline = asyncio.get_running_loop().time() + self._deadline
            return await with_retries(
                lambda: self._attempt_with_template(ask, request, caller, own, deadline),
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
        own: OwnKey | None,
        deadline: float,
    ) -> C:
        """Call a model, and again for each demand of its chat template that a refusal teaches.

        A request that is refused so is not processed.
        """
        while True:
            try:
                return await self._attempt(ask, request, caller, own, deadline)
            except ModelError as error:
                is_new = self._learn_template(request.model, error)
                if not is_new and not self._learn_tools(request, error):
                    raise

    def _fit(self, request: Request) -> Request:
        """Return a request as the model's template demands it, with a limit of its answer."""
        template = self._templates.get(request.model, ChatTemplate())
        sampling, messages = request.sampling, request.messages
        if not self.calls_tools(request.model):
            request, messages = replace(request, tools=()), without_tools(messages)
        if sampling.max_tokens is None:
            sampling = replace(sampling, max_tokens=MAX_ANSWER_TOKENS)
        return replace(request, messages=template.fit(messages), sampling=sampling)

    def _learn_template(self, model: str, error: ModelError) -> bool:
        """Remember what the chat template of a model demands; return whether that was new."""
        stricter = self._templates.get(model, ChatTemplate()).stricter(error.detail)
        if stricter is None:
            return False
        log.info("The chat template of %s: %s", model, stricter)
        self._templates[model] = stricter
        return True

    def _learn_tools(self, request: Request, error: ModelError) -> bool:
        """Remember that a model cannot call functions; return whether that was new."""
        if not (refuses_tools(request, error) and self.calls_tools(request.model)):
            return False
        log.info("%s calls no functions", request.model)
        self._toolless.add(request.model)
        return True

    @asynccontextmanager
    async def _open_call(
        self, request: Request, caller: Caller, own: OwnKey | None
    ) -> AsyncGenerator[OpenCall]:
        """Reserve for a request and store its outcome.

        Raises:
            BudgetSpent: A budget leaves no room for it.
        """
        at_most, expected = usage_at_most(request), expected_usage(request)
        async with self._ledger.call(
            request.model, caller, at_most=at_most, expected=expected, own_key=own
        ) as call:
            yield call

    async def _attempt(
        self,
        ask: Callable[[TextModel, Request], Awaitable[C]],
        request: Request,
        caller: Caller,
        own: OwnKey | None,
        deadline: float,
    ) -> C:
        fitted = self._fit(request)
        name = request.model.partition("/")[2]
        async with self._open_call(fitted, caller, own) as call:
            try:
                async with (
                    self._open_vendor(request.model, own) as vendor,
                    _timeout_at(deadline, request.model),
                ):
                    ensure_lease()
                    answer = await ask(vendor, fitted.to(name))
            except ModelError as error:
                # What a vendor says may repeat the key, and a user's is in no log.
                if error.detail and own is None:
                    log.warning("%s failed: %s", request.model, error.detail)
                raise
            call.outcome = CallOutcome.OK
            call.usage = self._ledger.with_cost(request.model, answer.usage)
        answer = replace(answer, usage=call.usage, request_id=request.id)
        if self._request_log is not None:
            self._request_log.add(fitted, answer)
        return answer


@asynccontextmanager
async def _timeout_at(deadline: float, model: str) -> AsyncGenerator[None]:
    """Raise `ModelUnavailable` at a time of the event loop's clock."""
    try:
        async with asyncio.timeout_at(deadline):
            yield
    except TimeoutError as error:
        raise ModelUnavailable(model) from error
