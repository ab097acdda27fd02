"""Gemini's generateContent, its stream and its list of models, as documented, on loopback.

A request that the documented API does not allow is answered with its 400 and recorded in
`complaints`, so that a test can assert that there were none.
"""

import asyncio
import base64
import json
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from aiohttp import web
from aiohttp.test_utils import TestServer

Body: TypeAlias = dict[str, Any]

# https://ai.google.dev/api/generate-content: the type and bounds of each field.
_FIELDS: dict[str, Callable[[Any], bool]] = {
    "contents": lambda v: bool(v) and all(_is_content(each, {"user", "model"}) for each in v),
    "systemInstruction": lambda v: (
        _is_content(v, {"user"}) and all("text" in p for p in v["parts"])
    ),
    "safetySettings": lambda v: (
        len({each["category"] for each in v}) == len(v)
        and all(each["threshold"] in _THRESHOLDS for each in v)
    ),
    "tools": lambda v: all(
        set(tool) == {"functionDeclarations"}
        and all(_is_function(each) for each in tool["functionDeclarations"])
        for tool in v
    ),
    "toolConfig": lambda v: v == {"functionCallingConfig": {"mode": "NONE"}},
    "generationConfig": lambda v: (
        set(v) <= set(_CONFIG) and all(_CONFIG[name](value) for name, value in v.items())
    ),
}
_CONFIG: dict[str, Callable[[Any], bool]] = {
    "temperature": lambda v: 0 <= v <= 2,
    "topP": lambda v: 0 <= v <= 1,
    "topK": lambda v: v == int(v) > 0,
    "frequencyPenalty": lambda v: -2 <= v < 2,
    "presencePenalty": lambda v: -2 <= v < 2,
    "maxOutputTokens": lambda v: isinstance(v, int) and v > 0,
    "responseModalities": lambda v: v in (["IMAGE"], ["AUDIO"]),
    "speechConfig": lambda v: {*map(_camel, v)} <= {"languageCode", "voiceConfig"},
    "imageConfig": lambda v: set(v) == {"aspectRatio"} and v["aspectRatio"] in _ASPECTS,
    "responseMimeType": lambda v: v in {"text/plain", "application/json"},
    "responseJsonSchema": lambda v: _is_schema(v),  # noqa: PLW0108 - defined below
}
_ASPECTS = {"1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"}
_FREE = {"args", "response", "parametersJsonSchema", "responseJsonSchema"}
_SIGNATURE = "c2lnbmVk"
_THRESHOLDS = {"BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "OFF"}
_SCHEMA_WORDS = {
    *("$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum"),
    *("items", "prefixItems", "minItems", "maxItems", "minimum", "maximum", "anyOf", "oneOf"),
    *("properties", "additionalProperties", "required", "propertyOrdering"),
}


@dataclass
class Reply:
    """One answer of the stand-in, which waits for `hold` before it is sent."""

    text: str = "Aye."
    status: int = 200
    message: str = "as scripted"
    retry_delay: str | None = None
    body: str | None = None
    content_type: str = "application/json"
    finish_reason: str = "STOP"
    block_reason: str | None = None
    thought: str | None = None
    cached: int = 0
    cut_after: int | None = None
    hold: asyncio.Event | None = None
    picture: bytes | None = None
    # Functions that it calls by name with their arguments, with a signature to be sent back.
    calls: tuple[tuple[str, Body], ...] = ()
    # The type of the picture, or of audio in its place.
    media_type: str = "image/png"


class GeminiStandIn:
    """Answers from `replies`, then with `default`; records every request."""

    def __init__(self) -> None:
        self.requests: list[Body] = []
        self.complaints: list[str] = []
        self.replies: deque[Reply] = deque()
        self.default = Reply()
        self.models = ["gemini-3.8-flash", "gemini-3.5-flash-lite"]
        self.vectors: Callable[[str | None], list[float]] = lambda _: [1.0, 0.0]
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["GeminiStandIn"]:
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/models/{model}:generateContent", self._generate)
        app.router.add_post("/v1/models/{model}:batchEmbedContents", self._embed)
        app.router.add_post("/v1/models/{model}:streamGenerateContent", self._generate)
        async with TestServer(app, host="127.0.0.1") as server:
            self.url = str(server.make_url("/"))
            yield self

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"models": [{"name": f"models/{name}"} for name in self.models]})

    async def _embed(self, request: web.Request) -> web.Response:
        """Answer as https://ai.google.dev/api/embeddings does, one content at a time."""
        body: Body = await request.json()
        (embed_request,) = body["requests"]
        (part,) = embed_request["content"]["parts"]
        is_known = set(embed_request) == {"model", "content", "outputDimensionality"}
        if not is_known or not 128 <= embed_request["outputDimensionality"] <= 3072:
            self.complaints.append("Invalid embedding request")
        words = part.get("text")
        if words is None and part["inline_data"]["mime_type"] not in {"image/jpeg", "image/png"}:
            self.complaints.append("Unsupported MIME type")
        return web.json_response({"embeddings": [{"values": self.vectors(words)}]})

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        body: Body = _in_camel(await request.json())
        if complaint := _complaint(request, body):
            self.complaints.append(complaint)
            return _error(Reply(status=400, message=complaint))
        self.requests.append({"model": request.match_info["model"], **body})
        reply = self.replies.popleft() if self.replies else self.default
        if reply.hold is not None:
            await reply.hold.wait()
        if reply.body is not None:
            return web.Response(
                text=reply.body, status=reply.status, content_type=reply.content_type
            )
        if reply.status != 200:
            return _error(reply)
        if "stream" in request.path:
            return await _stream(request, body, reply)
        return web.json_response(_response(body, reply, reply.text, reply.finish_reason))


def _complaint(request: web.Request, body: Body) -> str | None:
    if not request.headers.get("x-goog-api-key"):
        return "Method doesn't allow unregistered callers."
    if "stream" in request.path and request.query.get("alt") != "sse":
        return "the stream was not asked for as server-sent events"
    if unknown := set(body) - set(_FIELDS):
        return f"Invalid JSON payload received. Unknown names: {sorted(unknown)}"
    wrong = [name for name, value in body.items() if not _fits(name, value)]
    config = body.get("generationConfig", {})
    if "responseJsonSchema" in config and config.get("responseMimeType") != "application/json":
        wrong.append("responseMimeType")
    if not _is_answered(body.get("contents", [])):
        wrong.append("contents: a call of a function without its signature, or without a response")
    if wrong or "contents" not in body:
        return f"Request contains an invalid argument: {wrong or ['contents']}"
    return None


def _fits(name: str, value: Any) -> bool:
    try:
        return _FIELDS[name](value)
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def _in_camel(value: Any) -> Any:
    """Return JSON with the names of fields as documented, except within what users define."""
    if isinstance(value, list):
        return [_in_camel(each) for each in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    named = {_camel(name): inner for name, inner in cast("Body", value).items()}
    return {name: v if name in _FREE else _in_camel(v) for name, v in named.items()}


def _camel(name: str) -> str:
    """Return the name of a field as documented; the SDK mixes both spellings."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _is_content(content: Any, roles: set[str]) -> bool:
    return (
        set(content) <= {"role", "parts"}
        and content.get("role", "user") in roles
        and bool(content["parts"])
        and all(_is_part(part) for part in content["parts"])
    )


def _is_function(function: Any) -> bool:
    is_known = set(function) == {"name", "description", "parametersJsonSchema"}
    return is_known and _is_schema(function["parametersJsonSchema"])


def _is_answered(contents: list[Body]) -> bool:
    """Whether calls of functions have their signatures, and are answered in the next content."""
    waiting: list[str] = []
    for content in contents:
        answered = [
            part["functionResponse"]["name"]
            for part in content["parts"]
            if "functionResponse" in part
        ]
        if answered != waiting:
            return False
        called = [part for part in content["parts"] if "functionCall" in part]
        if called and called[0].get("thoughtSignature") != _SIGNATURE:
            return False
        waiting = [part["functionCall"]["name"] for part in called]
    return not waiting


def _is_part(part: Any) -> bool:
    """Whether a part is one of the kinds that we send: text, a file, a function's call or result.

    What the model has thought comes back with the calls that it led to.
    """
    if "functionCall" in part:
        return set(part) <= {"functionCall", "thoughtSignature"}
    if "functionResponse" in part:
        return set(part["functionResponse"]["response"]) == {"result"}
    if part.get("thought") is True:
        return set(part) == {"text", "thought"}
    if set(part) == {"text"}:
        return isinstance(part["text"], str) and bool(part["text"])
    # Names of fields are read in both spellings, and the SDK mixes them.
    blob = {name.replace("mime_type", "mimeType"): v for name, v in part["inlineData"].items()}
    return (
        set(part) == {"inlineData"}
        and set(blob) == {"mimeType", "data"}
        and blob["mimeType"].startswith(("image/", "audio/"))
        and bool(base64.b64decode(blob["data"], altchars=b"-_", validate=True))
    )


def _is_schema(schema: Any) -> bool:
    """Whether a schema uses only keywords that the API knows, at every depth."""
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    inner += [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())]
    return set(schema) <= _SCHEMA_WORDS and all(_is_schema(each) for each in inner)


async def _stream(request: web.Request, body: Body, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    words = reply.text.split(" ")
    for number, word in enumerate(words):
        if number == reply.cut_after:
            if request.transport is not None:
                request.transport.abort()
            return response
        reason = reply.finish_reason if number == len(words) - 1 else None
        chunk = _response(body, reply, word if number == 0 else f" {word}", reason)
        await response.write(f"data: {json.dumps(chunk)}\r\n\r\n".encode())
    return response


def _response(body: Body, reply: Reply, text: str, finish_reason: str | None) -> Body:
    prompt = len(json.dumps(body["contents"])) // 4
    usage: Body = {"promptTokenCount": prompt, "totalTokenCount": prompt}
    if reply.cached:
        usage["cachedContentTokenCount"] = reply.cached
    if reply.block_reason:
        return {"promptFeedback": {"blockReason": reply.block_reason}, "usageMetadata": usage}
    thoughts = [{"text": reply.thought, "thought": True}] if reply.thought else []
    part: Body = {"text": text}
    if reply.picture is not None:
        data = base64.b64encode(reply.picture).decode()
        part = {"inlineData": {"mimeType": reply.media_type, "data": data}}
    parts = [*thoughts, *([part] if text or not reply.calls else [])]
    for number, (name, arguments) in enumerate(reply.calls if finish_reason else ()):
        signature = {} if number else {"thoughtSignature": _SIGNATURE}
        parts.append({"functionCall": {"name": name, "args": arguments}, **signature})
    candidate: Body = {
        "content": {"role": "model", "parts": parts},
        "index": 0,
        "safetyRatings": [
            {"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE"},
        ],
    }
    if finish_reason:
        candidate["finishReason"] = finish_reason
    usage["candidatesTokenCount"] = len(reply.text) // 4 + 1
    usage["thoughtsTokenCount"] = len(reply.thought or "")
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "1"}


_STATUSES = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED"}


def _error(reply: Reply) -> web.Response:
    error: Body = {
        "code": reply.status,
        "message": reply.message,
        "status": _STATUSES.get(reply.status, "UNKNOWN"),
    }
    if reply.retry_delay:
        retry = "type.googleapis.com/google.rpc.RetryInfo"
        error["details"] = [{"@type": retry, "retryDelay": reply.retry_delay}]
    return web.json_response({"error": error}, status=reply.status)
