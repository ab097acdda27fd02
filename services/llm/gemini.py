"""Google's Gemini."""

import contextlib
import json
import re
from collections.abc import AsyncGenerator, Generator, Sequence
from typing import Any, cast

import aiohttp
from google import genai
from google.genai import errors, types
from pydantic import ValidationError
from typing_extensions import override

from services.llm.errors import (
    ContextTooLong,
    MalformedAnswer,
    ModelMisconfigured,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
)
from services.llm.ports import TextModel
from services.llm.types import ChatMessage, Completion, Image, Parsed, Request, T, Usage

VENDOR = "gemini"
CONTEXT_TOKENS = 200_000

_REFUSALS = {
    *("SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "RECITATION", "SPII"),
    *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
}
# What our users may say to each other is for Discord and the server's moderators to judge.
_HARMS = (
    types.HarmCategory.HARM_CATEGORY_HARASSMENT,
    types.HarmCategory.HARM_CATEGORY_HATE_SPEECH,
    types.HarmCategory.HARM_CATEGORY_SEXUALLY_EXPLICIT,
    types.HarmCategory.HARM_CATEGORY_DANGEROUS_CONTENT,
)
_THRESHOLD = types.HarmBlockThreshold.BLOCK_ONLY_HIGH


class Gemini(TextModel):
    """Gemini behind the `google-genai` SDK."""

    def __init__(self, *, api_key: str, base_url: str | None = None, timeout: float = 120) -> None:
        self._client = genai.Client(
            api_key=api_key,
            # The SDK counts in milliseconds, and without a number waits for ever.
            http_options=types.HttpOptions(
                base_url=base_url,
                timeout=int(timeout * 1000),
                # Retries are the service's; left alone, the SDK sleeps and tries once more.
                retry_options=types.HttpRetryOptions(attempts=1),
            ),
        )

    @property
    @override
    def lacks(self) -> frozenset[str]:
        return frozenset({"repetition_penalty"})

    @override
    def context_tokens(self, model: str) -> int:
        return CONTEXT_TOKENS

    @override
    async def complete(self, request: Request) -> Completion:
        with _our_errors(request.model):
            answer = await self._client.aio.models.generate_content(
                model=request.model, contents=_contents(request), config=_config(request)
            )
        _refuse_blocked(answer, request.model)
        return _completion(answer, request.model)

    @override
    async def stream(self, request: Request) -> AsyncGenerator[str | Completion]:
        pieces: list[str] = []
        last = types.GenerateContentResponse()
        finished = False
        with _our_errors(request.model):
            chunks = await self._client.aio.models.generate_content_stream(
                model=request.model, contents=_contents(request), config=_config(request)
            )
            async for chunk in chunks:
                last = chunk
                finished = finished or _finish_reason(chunk) is not None
                _refuse_blocked(chunk, request.model)
                if piece := _text(chunk):
                    pieces.append(piece)
                    yield piece
        if not finished:
            raise ModelUnavailable(_name(request.model))  # the stream was cut
        yield Completion(text="".join(pieces), model=_name(request.model), usage=_usage(last))

    @override
    async def parse(self, request: Request, shape: type[T]) -> Parsed[T]:
        config = _config(request)
        config.response_mime_type = "application/json"
        config.response_json_schema = shape.model_json_schema()
        with _our_errors(request.model):
            answer = await self._client.aio.models.generate_content(
                model=request.model, contents=_contents(request), config=config
            )
        _refuse_blocked(answer, request.model)
        completion = _completion(answer, request.model)
        try:
            value = shape.model_validate_json(completion.text)
        except ValidationError as error:
            raise MalformedAnswer(completion.model) from error
        return Parsed(value=value, **vars(completion))

    async def picture(
        self, model: str, prompt: str, *, like: Sequence[Image], aspect: str
    ) -> bytes | None:
        """Return a picture, or None where the model has given words alone.

        Raises:
            ModelError: It did not answer.
        """
        parts = [types.Part.from_bytes(data=each.data, mime_type=each.media_type) for each in like]
        config = types.GenerateContentConfig(
            response_modalities=["IMAGE"],
            image_config=types.ImageConfig(aspect_ratio=aspect),
            safety_settings=[types.SafetySetting(category=c, threshold=_THRESHOLD) for c in _HARMS],
        )
        contents = types.Content(role="user", parts=[*parts, types.Part(text=prompt)])
        with _our_errors(model):
            try:
                answer = await self._client.aio.models.generate_content(
                    model=model, contents=contents, config=config
                )
            except errors.ServerError as error:
                raise ModelOverloaded(_name(model)) from error
        _refuse_blocked(answer, model)
        content = answer.candidates[0].content if answer.candidates else None
        files = (part.inline_data for part in (content.parts if content else None) or ())
        return next((file.data for file in files if file and file.data), None)

    async def embed(self, model: str, part: Image | str, *, dimensions: int) -> list[float]:
        """Return the vector of a picture, or of words, of so many numbers.

        Raises:
            ModelError: It did not answer.
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
        config = types.EmbedContentConfig(output_dimensionality=dimensions)
        with _our_errors(model):
            answer = await self._client.aio.models.embed_content(
                model=model, contents=content, config=config
            )
        found = answer.embeddings[0].values if answer.embeddings else None
        if not found:
            raise ModelUnavailable(_name(model))
        return found

    @override
    async def models(self) -> dict[str, str | None]:
        with _our_errors("models"):
            pager = await self._client.aio.models.list()
            return {(model.name or "").removeprefix("models/"): None async for model in pager}

    @override
    async def close(self) -> None:
        await self._client.aio.aclose()
        self._client.close()


def _name(model: str) -> str:
    return f"{VENDOR}/{model}"


def _contents(request: Request) -> list[types.ContentUnionDict]:
    return [_content(message) for message in request.messages if message.role != "system"]


def _content(message: ChatMessage) -> types.Content:
    # A picture may come without words, and a text that is empty is refused.
    parts = [types.Part(text=message.content)] if message.content else []
    parts += [
        types.Part.from_bytes(data=image.data, mime_type=image.media_type)
        for image in message.images
    ]
    return types.Content(role="model" if message.role == "assistant" else "user", parts=parts)


def _config(request: Request) -> types.GenerateContentConfig:
    sampling = request.sampling
    system = "\n\n".join(m.content for m in request.messages if m.role == "system")
    return types.GenerateContentConfig(
        system_instruction=system or None,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        frequency_penalty=sampling.frequency_penalty,
        presence_penalty=sampling.presence_penalty,
        max_output_tokens=sampling.max_tokens,
        safety_settings=[types.SafetySetting(category=c, threshold=_THRESHOLD) for c in _HARMS],
    )


def _finish_reason(answer: types.GenerateContentResponse) -> str | None:
    reason = answer.candidates[0].finish_reason if answer.candidates else None
    return reason.name if reason else None


def _refuse_blocked(answer: types.GenerateContentResponse, model: str) -> None:
    blocked = answer.prompt_feedback and answer.prompt_feedback.block_reason
    if blocked or _finish_reason(answer) in _REFUSALS:
        raise ModelRefused(_name(model))


def _text(answer: types.GenerateContentResponse) -> str:
    """Return the text without thoughts. `answer.text` would warn about parts that are no text."""
    content = answer.candidates[0].content if answer.candidates else None
    parts = (content.parts if content else None) or []
    return "".join(part.text for part in parts if part.text and not part.thought)


def _completion(answer: types.GenerateContentResponse, model: str) -> Completion:
    if not answer.candidates:
        raise ModelUnavailable(_name(model))  # neither an answer nor a reason for none
    return Completion(
        text=_text(answer),
        model=_name(model),
        usage=_usage(answer),
        is_cut=_finish_reason(answer) == "MAX_TOKENS",
    )


def _usage(answer: types.GenerateContentResponse) -> Usage:
    usage = answer.usage_metadata
    if usage is None:
        return Usage()
    return Usage(
        tokens_in=usage.prompt_token_count or 0,
        tokens_cached=usage.cached_content_token_count or 0,
        tokens_out=(usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
    )


@contextlib.contextmanager
def _our_errors(model: str) -> Generator[None]:
    name = _name(model)
    try:
        yield
    except errors.ClientError as error:
        raise _client_error(name, error) from error
    except (
        errors.APIError,
        errors.UnknownApiResponseError,
        aiohttp.ClientError,
        TimeoutError,
        json.JSONDecodeError,
        ValidationError,
    ) as error:
        raise ModelUnavailable(name) from error


def _client_error(name: str, error: errors.ClientError) -> Exception:
    message = (error.message or "")[:200]
    if error.code == 429:  # noqa: PLR2004 - HTTP's own number
        return ModelRateLimited(name, _retry_after(error))
    if "token count" in message:
        return ContextTooLong(name)
    return ModelMisconfigured(name, message or f"HTTP {error.code}")


def _retry_after(error: errors.ClientError) -> float | None:
    """Read `retryDelay` ("3s") of google.rpc.RetryInfo in the error's details."""
    found = re.search(r"'retryDelay': '([\d.]+)s'", str(cast("Any", error).details))
    return float(found[1]) if found else None
