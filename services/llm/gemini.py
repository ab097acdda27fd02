"""Google's Gemini models."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncGenerator, Generator, Sequence
from dataclasses import replace
from typing import Any, cast

import aiohttp
from google import genai
from google.genai import errors, types
from pydantic import ValidationError
from typing_extensions import override

from services.llm.answers import malformed, read_error, to_tokens
from services.llm.errors import (
    ModelError,
    ModelOverloaded,
    ModelRefused,
    ModelUnavailable,
)
from services.llm.gemini_requests import VENDOR, config_of, contents_of, unmoderated
from services.llm.ports import TextModel
from services.llm.types import (
    Completion,
    Image,
    ListedModel,
    NativeTurn,
    Parsed,
    Request,
    T,
    ToolCall,
    Usage,
)
from services.llm.vendors import VENDORS
from services.texts import printable

_RETRY_DELAY = re.compile(r"'retryDelay': '([\d.]{1,20}s)'")
_REFUSALS = {
    *("SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "RECITATION", "SPII"),
    *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
}
_MAX_CALLS = 8
# Of vectors: one of the sizes that Google recommends (ai.google.dev/gemini-api/docs/embeddings).
_DIMENSIONS = 768
_EMBEDDED_AT_ONCE = 8


class Gemini(TextModel):
    """Gemini through the `google-genai` SDK."""

    def __init__(self, *, api_key: str, base_url: str | None = None, timeout: float = 120) -> None:
        self._client = genai.Client(
            api_key=api_key,
            # In milliseconds; without a value the SDK has no timeout.
            http_options=types.HttpOptions(
                base_url=base_url,
                timeout=int(timeout * 1000),
                # The service retries; by default the SDK would sleep and retry once.
                retry_options=types.HttpRetryOptions(attempts=1),
            ),
        )

    @property
    @override
    def unsupported(self) -> frozenset[str]:
        return VENDORS[VENDOR].unsupported

    @override
    def context_tokens(self, model: str) -> int:
        return VENDORS[VENDOR].context_tokens

    @override
    async def complete(self, request: Request) -> Completion:
        with _translate_errors(request.model):
            answer = await self._client.aio.models.generate_content(
                model=request.model, contents=contents_of(request), config=config_of(request)
            )
        _raise_if_blocked(answer, request.model)
        return _completion(answer, request.model)

    @override
    async def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        pieces: list[str] = []
        parts: list[types.Part] = []
        last = types.GenerateContentResponse()
        is_finished = False
        with _translate_errors(request.model):
            chunks = await self._client.aio.models.generate_content_stream(
                model=request.model, contents=contents_of(request), config=config_of(request)
            )
            async for chunk in chunks:
                last = chunk
                is_finished = is_finished or _finish_reason(chunk) is not None
                _raise_if_blocked(chunk, request.model)
                parts += _parts(chunk)
                if piece := _text(chunk):
                    pieces.append(piece)
                    yield piece
        if not is_finished:
            raise ModelUnavailable(_full_name(request.model))  # the stream was cut
        completion = Completion(
            text="".join(pieces),
            model=_full_name(request.model),
            usage=_usage(last),
            is_cut=_finish_reason(last) == "MAX_TOKENS",
        )
        yield _with_calls(completion, parts)

    @override
    async def parse(self, request: Request, schema: type[T]) -> Parsed[T]:
        config = config_of(request)
        config.response_mime_type = "application/json"
        config.response_json_schema = schema.model_json_schema()
        with _translate_errors(request.model):
            answer = await self._client.aio.models.generate_content(
                model=request.model, contents=contents_of(request), config=config
            )
        _raise_if_blocked(answer, request.model)
        completion = _completion(answer, request.model)
        try:
            value = schema.model_validate_json(completion.text)
        except ValidationError as error:
            raise malformed(completion) from error
        return Parsed(value=value, **vars(completion))

    async def generate_image(
        self, model: str, prompt: str, *, references: Sequence[Image], aspect_ratio: str
    ) -> bytes | None:
        """Return an image, or None if the model answered with text only.

        Raises:
            ModelError: The call failed.
        """
        parts = [
            types.Part.from_bytes(data=each.data, mime_type=each.media_type) for each in references
        ]
        config = unmoderated()
        config.response_modalities = ["IMAGE"]
        config.image_config = types.ImageConfig(aspect_ratio=aspect_ratio)
        contents = types.Content(role="user", parts=[*parts, types.Part(text=prompt)])
        with _translate_errors(model):
            try:
                answer = await self._client.aio.models.generate_content(
                    model=model, contents=contents, config=config
                )
            except errors.ServerError as error:
                raise ModelOverloaded(_full_name(model)) from error
        _raise_if_blocked(answer, model)
        picture = _first_file(answer)
        return picture.data if picture else None

    async def transcribe(self, model: str, data: bytes, media_type: str, *, prompt: str) -> str:
        """Return what is said in a recording.

        Raises:
            ModelError: The call failed.
        """
        parts = [types.Part(text=prompt), types.Part.from_bytes(data=data, mime_type=media_type)]
        with _translate_errors(model):
            answer = await self._client.aio.models.generate_content(
                model=model, contents=types.Content(role="user", parts=parts), config=unmoderated()
            )
        _raise_if_blocked(answer, model)
        return _completion(answer, model).text.strip()

    async def speak(self, model: str, text: str, *, voice: str) -> tuple[bytes, str]:
        """Return a text as audio, and its type, such as `audio/L16;codec=pcm;rate=24000`.

        Raises:
            ModelError: The call failed.
        """
        config = unmoderated()
        config.response_modalities = ["AUDIO"]
        config.speech_config = types.SpeechConfig(
            voice_config=types.VoiceConfig(
                prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name=voice)
            )
        )
        with _translate_errors(model):
            answer = await self._client.aio.models.generate_content(
                model=model, contents=text, config=config
            )
        _raise_if_blocked(answer, model)
        spoken = _first_file(answer)
        if spoken is None or not spoken.data:
            raise ModelUnavailable(_full_name(model))
        return spoken.data, spoken.mime_type or ""

    @override
    async def embed(
        self, model: str, texts: Sequence[str], *, are_questions: bool
    ) -> list[list[float]]:
        # Of several texts at once, gemini-embedding-2 makes one vector.
        slots = asyncio.Semaphore(_EMBEDDED_AT_ONCE)

        async def embed(text: str) -> list[float]:
            async with slots:
                return await self.embed_part(model, text)

        return await asyncio.gather(*map(embed, texts))

    async def embed_part(self, model: str, part: Image | str) -> list[float]:
        """Return the embedding of an image or a text.

        Raises:
            ModelError: The call failed.
        """
        is_text = isinstance(part, str)
        content = types.Content(
            role="user",
            parts=[
                types.Part(text=part)
                if is_text
                else types.Part.from_bytes(data=part.data, mime_type=part.media_type)
            ],
        )
        config = types.EmbedContentConfig(output_dimensionality=_DIMENSIONS)
        with _translate_errors(model):
            answer = await self._client.aio.models.embed_content(
                model=model, contents=content, config=config
            )
        values = answer.embeddings[0].values if answer.embeddings else None
        if not values:
            raise ModelUnavailable(_full_name(model))
        return values

    @override
    async def models(self) -> dict[str, ListedModel]:
        with _translate_errors("models"):
            pager = await self._client.aio.models.list()
            return {
                (model.name or "").removeprefix("models/"): ListedModel(
                    context_tokens=model.input_token_limit
                )
                async for model in pager
            }

    @override
    async def close(self) -> None:
        await self._client.aio.aclose()
        self._client.close()


def _full_name(model: str) -> str:
    return f"{VENDOR}/{model}"


def _first_file(answer: types.GenerateContentResponse) -> types.Blob | None:
    content = answer.candidates[0].content if answer.candidates else None
    files = (part.inline_data for part in (content.parts if content else None) or ())
    return next((file for file in files if file and file.data), None)


def _finish_reason(answer: types.GenerateContentResponse) -> str | None:
    reason = answer.candidates[0].finish_reason if answer.candidates else None
    return reason.name if reason else None


def _raise_if_blocked(answer: types.GenerateContentResponse, model: str) -> None:
    block_reason = answer.prompt_feedback and answer.prompt_feedback.block_reason
    if block_reason or _finish_reason(answer) in _REFUSALS:
        refused = ModelRefused(_full_name(model))
        refused.usage = _usage(answer)
        raise refused


def _text(answer: types.GenerateContentResponse) -> str:
    """Return the text without thoughts. `answer.text` would warn about other kinds of parts."""
    return printable(
        "".join(part.text for part in _parts(answer) if part.text and not part.thought)
    )


def _parts(answer: types.GenerateContentResponse) -> list[types.Part]:
    content = answer.candidates[0].content if answer.candidates else None
    return (content.parts if content else None) or []


def _completion(answer: types.GenerateContentResponse, model: str) -> Completion:
    if not answer.candidates:
        raise ModelUnavailable(
            _full_name(model)
        )  # neither an answer nor a reason why there is none
    completion = Completion(
        text=_text(answer),
        model=_full_name(model),
        usage=_usage(answer),
        is_cut=_finish_reason(answer) == "MAX_TOKENS",
    )
    return _with_calls(completion, _parts(answer))


def _with_calls(completion: Completion, parts: Sequence[types.Part]) -> Completion:
    """Return a completion with the functions that its model calls.

    The turn goes back with all of its parts: some have signatures without which it is refused.
    """
    called = [part.function_call for part in parts if part.function_call is not None]
    calls = tuple(
        ToolCall(
            id=each.id or f"call_{number}",
            name=printable(each.name or ""),
            arguments=json.dumps(each.args or {}),
        )
        for number, each in enumerate(called[:_MAX_CALLS], start=1)
    )
    if not calls:
        return completion
    turn = NativeTurn(VENDOR, types.Content(role="model", parts=list(parts)))
    return replace(completion, calls=calls, native=turn)


def _usage(answer: types.GenerateContentResponse) -> Usage:
    usage = answer.usage_metadata
    if usage is None:
        return Usage()
    answered, thought = usage.candidates_token_count, usage.thoughts_token_count
    return Usage(
        tokens_in=to_tokens(usage.prompt_token_count),
        tokens_cached=to_tokens(usage.cached_content_token_count),
        tokens_out=to_tokens(to_tokens(answered) + to_tokens(thought)),
    )


@contextlib.contextmanager
def _translate_errors(model: str) -> Generator[None]:
    name = _full_name(model)
    try:
        yield
    except errors.ClientError as error:
        raise _client_error(name, error) from error
    except errors.ServerError as error:
        raise read_error({"message": error.message}, name, status=error.code) from error
    except aiohttp.ClientConnectorError as error:
        raise ModelOverloaded(name) from error
    except (
        errors.APIError,
        errors.UnknownApiResponseError,
        aiohttp.ClientError,
        TimeoutError,
        # The answer is no JSON, or not what the SDK expects.
        *(AttributeError, LookupError, RecursionError, TypeError, ValueError),
    ) as error:
        raise ModelUnavailable(name) from error


def _client_error(name: str, error: errors.ClientError) -> ModelError:
    return read_error(
        {"message": error.message, "status": error.status},
        name,
        status=error.code,
        retry_after=_retry_after(error),
    )


def _retry_after(error: errors.ClientError) -> str | None:
    """Return `retryDelay` ("3s") of google.rpc.RetryInfo in the error's details."""
    match = _RETRY_DELAY.search(str(cast("Any", error).details)[:10_000])
    return match[1] if match else None
