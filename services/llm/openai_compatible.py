"""Vendors with OpenAI's chat completions API: OpenAI, OpenRouter, Ollama, vLLM, llama.cpp."""

import base64
import contextlib
import json
from collections.abc import AsyncGenerator, Generator, Sequence
from typing import Any, cast

import httpx2
import openai
from openai import AsyncOpenAI, AsyncStream
from pydantic import ValidationError
from typing_extensions import override

from services.llm.answers import (
    check_choice,
    is_cut,
    malformed,
    read,
    read_completion,
    read_error,
    read_listed_model,
    read_text,
    read_usage,
    read_vectors,
)
from services.llm.errors import ModelError, ModelOverloaded, ModelRefused, ModelUnavailable
from services.llm.ports import TextModel
from services.llm.tool_calls import CallReader, with_calls
from services.llm.types import ChatMessage, Completion, ListedModel, Parsed, Request, T
from services.llm.vendors import Dialect
from services.texts import printable

# What the SDK's HTTP client raises before a request has left.
_NO_CONNECTION = ("ConnectError", "ConnectTimeout")


class OpenAICompatible(TextModel):
    """A vendor through the `openai` SDK.

    `key_path` is read to check a key, where anybody may list the models. With `transport`, requests
    go through that, and follow no redirects.
    """

    def __init__(
        self,
        vendor: str,
        *,
        api_key: str,
        base_url: str,
        dialect: Dialect,
        timeout: float = 120,
        key_path: str | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._vendor = vendor
        self._dialect = dialect
        self._key_path = key_path
        client = None
        if transport is not None:
            client = httpx2.AsyncClient(transport=transport, timeout=timeout, trust_env=False)
        # The service retries: only it knows the deadline and the fallback.
        self._client = AsyncOpenAI(
            api_key=api_key, base_url=base_url, timeout=timeout, max_retries=0, http_client=client
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
            return self._read(raw.http_response.json(), request.model)

    @override
    async def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        model = self._full_name(request.model)
        pieces: list[str] = []
        usage: object = None
        end: object = None
        calls = CallReader()
        try:
            with self._translate_errors(request.model):
                # Not by `chat.completions.create`, which makes five objects of each chunk.
                chunks = await self._client.post(
                    "/chat/completions",
                    cast_to=object,
                    body=self._stream_body(request),
                    stream=True,
                    stream_cls=AsyncStream[object],
                )
                if "json" in chunks.response.headers.get("content-type", ""):
                    # The server does not stream: this is the whole answer.
                    body = json.loads(await chunks.response.aread())
                    completion = self._read(body, request.model)
                    yield completion.text
                    yield completion
                    return
                async for chunk in chunks:
                    usage = read(chunk, "usage") or usage
                    if error := read(chunk, "error"):
                        raise read_error(error, model)
                    choice = read(chunk, "choices", 0)
                    check_choice(choice, model)
                    if read(choice, "delta", "refusal"):
                        raise ModelRefused(model)
                    end = choice if read(choice, "finish_reason") else end
                    calls.read(read(choice, "delta"))
                    if piece := printable(read_text(read(choice, "delta", "content"))):
                        pieces.append(piece)
                        yield piece
            if end is None:
                raise ModelUnavailable(model)  # the stream was cut
        except ModelError as error:
            error.usage = read_usage(usage) if usage else None
            raise
        completion = Completion(
            text="".join(pieces), model=model, usage=read_usage(usage), is_cut=is_cut(end)
        )
        yield with_calls(completion, calls)

    @override
    async def parse(self, request: Request, schema: type[T]) -> Parsed[T]:
        with self._translate_errors(request.model):
            # Only the request is the SDK's: its reading fails on an answer that is not OpenAI's.
            raw = await self._client.chat.completions.with_raw_response.parse(
                **self._body(request), response_format=schema
            )
            completion = read_completion(raw.http_response.json(), self._full_name(request.model))
        try:
            value = schema.model_validate_json(completion.text)
        except ValidationError as error:
            raise malformed(completion) from error
        return Parsed(value=value, **vars(completion))

    async def transcribe(
        self, model: str, file: tuple[str, bytes, str], *, prompt: str = "", language: str = ""
    ) -> str:
        """Return what is said in a recording, given by its name, its bytes and their type.

        Raises:
            ModelError: The call failed.
        """
        options: dict[str, Any] = {"prompt": prompt, "language": language}
        with self._translate_errors(model):
            # Only the request is the SDK's: it returns any body that is no JSON as the words.
            create: Any = self._client.audio.transcriptions.with_raw_response.create
            given = {name: each for name, each in options.items() if each}
            raw = await create(model=model, file=file, **given)
            text = read(raw.http_response.json(), "text")
            if not isinstance(text, str):
                raise ModelUnavailable(self._full_name(model))
        return printable(text).strip()

    async def speak(
        self, model: str, text: str, *, voice: str, audio_format: str, speed: float, style: str
    ) -> bytes:
        """Return a text as audio, or whatever the server says is audio.

        Raises:
            ModelError: The call failed.
        """
        options: dict[str, Any] = {"speed": None if speed == 1 else speed, "instructions": style}
        with self._translate_errors(model):
            answer = await self._client.audio.speech.create(
                model=model,
                input=text,
                voice=voice,
                response_format=cast("Any", audio_format),
                **{name: each for name, each in options.items() if each},
            )
            return answer.content

    @override
    async def embed(
        self, model: str, texts: Sequence[str], *, are_questions: bool
    ) -> list[list[float]]:
        with self._translate_errors(model):
            # Only the request is the SDK's: servers answer with vectors of any form.
            raw = await self._client.embeddings.with_raw_response.create(
                model=model, input=list(texts), encoding_format="float"
            )
            return read_vectors(raw.http_response.json(), self._full_name(model), len(texts))

    @override
    async def models(self) -> dict[str, ListedModel]:
        with self._translate_errors("models"):
            return {
                str(model.id): read_listed_model(model)
                async for model in self._client.models.list()
            }

    @override
    async def check_key(self) -> int:
        if self._key_path is not None:
            with self._translate_errors("models"):
                await self._client.get(f"/{self._key_path}", cast_to=object)
        return len(await self.models())

    @override
    async def close(self) -> None:
        await self._client.close()

    def _full_name(self, model: str) -> str:
        return f"{self._vendor}/{model}"

    def _read(self, body: object, model: str) -> Completion:
        """Return a completion with the functions that it calls.

        Raises:
            ModelError: The body is an error or no answer.
        """
        calls = CallReader()
        calls.read(read(body, "choices", 0, "message"))
        return with_calls(read_completion(body, self._full_name(model)), calls)

    def _body(self, request: Request) -> dict[str, Any]:
        parameters = request.sampling.specified()
        extra = {
            field: parameters[name] for name, field in self._dialect.extra if name in parameters
        }
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [_to_wire(each, self._vendor) for each in request.messages],
            **{
                name: parameters[name]
                for name in ("temperature", "top_p", "frequency_penalty", "presence_penalty")
                if name in parameters
            },
        }
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": each.name,
                        "description": each.description,
                        "parameters": each.parameters,
                    },
                }
                for each in request.tools
            ]
            if request.must_answer:
                body["tool_choice"] = "none"
        if "max_tokens" in parameters:
            body[self._dialect.max_tokens] = parameters["max_tokens"]
        if request.candidates > 1 and self._dialect.writes_candidates:
            body["n"] = request.candidates
        if extra:
            body["extra_body"] = extra
        if effort := request.reasoning_effort or self._dialect.reasoning_effort:
            body["reasoning_effort"] = effort
        if self._dialect.cache_key and request.cache_key:
            body["prompt_cache_key"] = request.cache_key
        return body

    def _stream_body(self, request: Request) -> dict[str, Any]:
        body = self._body(request)
        extra = body.pop("extra_body", {})
        return {**body, **extra, "stream": True, "stream_options": {"include_usage": True}}

    @contextlib.contextmanager
    def _translate_errors(self, model: str) -> Generator[None]:
        name = self._full_name(model)
        try:
            yield
        except openai.APIStatusError as error:
            header = error.response.headers.get("retry-after")
            raise read_error(
                error.body, name, status=error.status_code, retry_after=header
            ) from error
        except openai.APIConnectionError as error:
            never_sent = type(error.__cause__).__name__ in _NO_CONNECTION
            raise (ModelOverloaded if never_sent else ModelUnavailable)(name) from error
        except openai.APIError as error:  # an event of a stream
            raise read_error(error.body, name) from error
        # The answer is no JSON, or not what the SDK expects.
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise ModelUnavailable(name) from error


def _to_wire(message: ChatMessage, vendor: str) -> dict[str, Any]:
    if message.answers is not None:
        answered = message.answers.id
        return {"role": "tool", "tool_call_id": answered, "content": message.content}
    if message.native is not None and message.native.vendor == vendor:
        return message.native.value
    if message.calls:
        calls = [
            {
                "id": each.id,
                "type": "function",
                "function": {"name": each.name, "arguments": each.arguments},
            }
            for each in message.calls
        ]
        return {"role": message.role, "content": message.content or None, "tool_calls": calls}
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
