"""Vendors with OpenAI's chat completions API: OpenAI, OpenRouter, Ollama, vLLM, llama.cpp."""

import base64
import contextlib
import json
from collections.abc import AsyncGenerator, Generator
from typing import Any, cast

import httpx2
import openai
from openai import AsyncOpenAI
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion
from pydantic import ValidationError
from typing_extensions import override

from services.llm.errors import (
    ContextTooLong,
    MalformedAnswer,
    ModelError,
    ModelMisconfigured,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
)
from services.llm.ports import TextModel
from services.llm.types import ChatMessage, Completion, Parsed, Request, T, Usage
from services.llm.vendors import Dialect

_NO_CREDIT_CODES = {"insufficient_quota", "billing_not_active"}
_TRANSIENT_STATUSES = {408, 409}  # request timeout and conflict


class OpenAICompatible(TextModel):
    """A vendor through the `openai` SDK."""

    def __init__(
        self, vendor: str, *, api_key: str, base_url: str, dialect: Dialect, timeout: float = 120
    ) -> None:
        self._vendor = vendor
        self._dialect = dialect
        # The service retries: only it knows the deadline and the fallback.
        self._client = AsyncOpenAI(
            api_key=api_key, base_url=base_url, timeout=timeout, max_retries=0
        )

    @property
    @override
    def unsupported(self) -> frozenset[str]:
        return self._dialect.unsupported

    @override
    def context_tokens(self, model: str) -> int:
        return self._dialect.context_tokens

    @override
    async def complete(self, request: Request) -> Completion:
        with self._translate_errors(request.model):
            raw = await self._client.chat.completions.with_raw_response.create(
                **self._body(request), stream=False
            )
            self._require_choices(raw.http_response, request.model)
            return self._completion(raw.parse(), request.model)

    @override
    async def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        pieces: list[str] = []
        usage: CompletionUsage | None = None
        finish_reason: str | None = None
        is_refused = False
        with self._translate_errors(request.model):
            chunks = await self._client.chat.completions.create(
                **self._body(request), stream=True, stream_options={"include_usage": True}
            )
            async for chunk in chunks:
                usage = chunk.usage or usage
                for choice in chunk.choices or ():
                    finish_reason = choice.finish_reason or finish_reason
                    is_refused = is_refused or bool(choice.delta.refusal)
                    if piece := choice.delta.content:
                        pieces.append(piece)
                        yield piece
        if finish_reason is None:
            raise ModelUnavailable(self._full_name(request.model))  # the stream was cut
        if is_refused or finish_reason == "content_filter":
            raise ModelRefused(self._full_name(request.model))
        yield Completion(
            text="".join(pieces), model=self._full_name(request.model), usage=_usage(usage)
        )

    @override
    async def parse(self, request: Request, schema: type[T]) -> Parsed[T]:
        with self._translate_errors(request.model):
            raw = await self._client.chat.completions.with_raw_response.parse(
                **self._body(request), response_format=schema
            )
            self._require_choices(raw.http_response, request.model)
            answer = raw.parse()
            completion = self._completion(answer, request.model)
            value = answer.choices[0].message.parsed
        if value is None:
            raise MalformedAnswer(self._full_name(request.model))
        return Parsed(value=value, **vars(completion))

    @override
    async def models(self) -> dict[str, str | None]:
        with self._translate_errors("models"):
            return {
                model.id: _date(model.model_dump().get("shutdown_date"))
                async for model in self._client.models.list()
            }

    @override
    async def close(self) -> None:
        await self._client.close()

    def _full_name(self, model: str) -> str:
        return f"{self._vendor}/{model}"

    def _body(self, request: Request) -> dict[str, Any]:
        parameters = request.sampling.specified()
        extra = {
            field: parameters[name] for name, field in self._dialect.extra if name in parameters
        }
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [_to_wire(message) for message in request.messages],
            **{
                name: parameters[name]
                for name in ("temperature", "top_p", "frequency_penalty", "presence_penalty")
                if name in parameters
            },
        }
        if "max_tokens" in parameters:
            body[self._dialect.max_tokens] = parameters["max_tokens"]
        if extra:
            body["extra_body"] = extra
        if self._dialect.reasoning_effort:
            body["reasoning_effort"] = self._dialect.reasoning_effort
        if self._dialect.cache_key and request.cache_key:
            body["prompt_cache_key"] = request.cache_key
        return body

    def _require_choices(self, response: httpx2.Response, model: str) -> None:
        """Check that a 200 is an answer; OpenRouter returns errors as 200, proxies HTML pages.

        The SDK would fail on either with an unrelated exception.
        """
        body = response.json()
        if not isinstance(body, dict) or not cast("dict[str, Any]", body).get("choices"):
            raise ModelUnavailable(self._full_name(model))

    def _completion(self, answer: ChatCompletion, model: str) -> Completion:
        choice = answer.choices[0]
        if choice.message.refusal or choice.finish_reason == "content_filter":
            raise ModelRefused(self._full_name(model))
        return Completion(
            text=choice.message.content or "",
            model=self._full_name(model),
            usage=_usage(answer.usage),
            is_cut=choice.finish_reason == "length",
        )

    @contextlib.contextmanager
    def _translate_errors(self, model: str) -> Generator[None]:
        name = self._full_name(model)
        try:
            yield
        except openai.APIStatusError as error:
            raise _status_error(name, error) from error
        except openai.ContentFilterFinishReasonError as error:
            raise ModelRefused(name) from error
        except (openai.LengthFinishReasonError, ValidationError) as error:
            raise MalformedAnswer(name) from error
        except (openai.APIError, json.JSONDecodeError) as error:
            raise ModelUnavailable(name) from error


def _to_wire(message: ChatMessage) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.content}
    data_urls = [
        f"data:{image.media_type};base64,{base64.b64encode(image.data).decode()}"
        for image in message.images
    ]
    return {
        "role": message.role,
        "content": [
            {"type": "text", "text": message.content},
            *({"type": "image_url", "image_url": {"url": url}} for url in data_urls),
        ],
    }


def _usage(usage: CompletionUsage | None) -> Usage:
    if usage is None:
        return Usage()
    details = usage.prompt_tokens_details
    cost = (usage.model_extra or {}).get("cost")
    return Usage(
        tokens_in=usage.prompt_tokens,
        tokens_cached=(details.cached_tokens or 0) if details else 0,
        tokens_out=usage.completion_tokens,
        cost_usd=float(cost) if isinstance(cost, int | float) else None,
    )


def _status_error(name: str, error: openai.APIStatusError) -> ModelError:
    detail = _error_detail(error)
    if error.code in _NO_CREDIT_CODES:
        return ModelMisconfigured(name, "The account has no credit left.")
    if isinstance(error, openai.RateLimitError):
        return ModelRateLimited(name, _retry_after(error))
    if isinstance(error, openai.InternalServerError) or error.status_code in _TRANSIENT_STATUSES:
        return ModelUnavailable(name)
    if isinstance(error, openai.BadRequestError) and "context" in f"{error.code} {detail}".lower():
        return ContextTooLong(name)
    if error.code == "content_policy_violation":
        return ModelRefused(name)
    return ModelMisconfigured(name, detail)


def _retry_after(error: openai.APIStatusError) -> float | None:
    try:
        return float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None


def _error_detail(error: openai.APIStatusError) -> str:
    body = error.body
    if isinstance(body, dict):
        message = cast("dict[str, Any]", body).get("message")
        if isinstance(message, str):
            return message[:200]
    return f"HTTP {error.status_code}"


def _date(value: object) -> str | None:
    return str(value) if value else None
