"""OpenAI's chat completions, models and embeddings, as documented, on loopback.

A request that the documented API does not allow is answered with its 400 and recorded in
`complaints`, so that a test can assert that there were none.
"""

import asyncio
import json
import re
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aiohttp import web
from aiohttp.test_utils import TestServer
from aiohttp.typedefs import Handler

Body: TypeAlias = dict[str, Any]

# https://platform.openai.com/docs/api-reference/chat/create: the type and bounds of each field.
_FIELDS: dict[str, Callable[[Any], bool]] = {
    "model": lambda v: isinstance(v, str) and bool(v),
    "messages": lambda v: bool(v) and all(_is_message(each) for each in v),
    "temperature": lambda v: 0 <= v <= 2,
    "top_p": lambda v: 0 <= v <= 1,
    "frequency_penalty": lambda v: -2 <= v <= 2,
    "presence_penalty": lambda v: -2 <= v <= 2,
    "max_completion_tokens": lambda v: isinstance(v, int) and v > 0,
    "max_tokens": lambda v: isinstance(v, int) and v > 0,
    "stream": lambda v: isinstance(v, bool),
    "stream_options": lambda v: set(v) <= {"include_usage"},
    "response_format": lambda v: _is_response_format(v),  # noqa: PLW0108 - defined below
    "reasoning_effort": lambda v: v in {"none", "minimal", "low", "medium", "high", "max"},
    "tools": lambda v: bool(v) and all(_is_tool(each) for each in v),
    "tool_choice": lambda v: v in {"none", "auto", "required"},
    "prompt_cache_key": lambda v: isinstance(v, str) and len(v) <= 64,
}
# What other vendors with this API take in addition.
_EXTRA = {"top_k", "repetition_penalty", "repeat_penalty"}


@dataclass
class Reply:
    """One answer of the stand-in.

    It waits for `hold` before it is sent, or in a stream after `hold_after` words. With `calls`, of
    functions by name with their arguments, it ends as a call of these.
    """

    text: str = "Aye."
    status: int = 200
    message: str = "as scripted"
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: str | None = None
    finish_reason: str = "stop"
    refusal: str | None = None
    cached: int = 0
    cut_after: int | None = None
    hold: asyncio.Event | None = None
    hold_after: int = 0
    calls: tuple[tuple[str, str], ...] = ()

    @property
    def tool_calls(self) -> list[Body]:
        """Return the calls as they stand in a message."""
        return [
            {
                "id": f"call_{name}_{number}",
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            }
            for number, (name, arguments) in enumerate(self.calls)
        ]

    def fixed(self) -> web.Response | None:
        """Return what is answered whatever was asked, if it is that."""
        if self.body is not None:
            kind = {"Content-Type": "application/json", **self.headers}
            return web.Response(text=self.body, status=self.status, headers=kind)
        if self.status != 200:
            return _error(self.status, self.message, self.code, self.headers)
        return None


class OpenAIStandIn:
    """Answers from `replies`, then with `default`; records every request.

    `requested` is set by the first request, `abandoned` when a caller disconnects while its answer
    is held back.
    """

    def __init__(self, *, extra: bool = False) -> None:
        self.requests: list[Body] = []
        # The key of each completion, and keys that are refused.
        self.keys: list[str] = []
        self.refused_keys: set[str] = set()
        self.checked_keys = 0
        self.complaints: list[str] = []
        self.replies: deque[Reply] = deque()
        self.default = Reply()
        self.requested = asyncio.Event()
        self.abandoned = asyncio.Event()
        self.answer: Callable[[Body], str] | None = None
        # What a chat template refuses in a request, with the status that it is refused with.
        self.template: Callable[[list[str]], str | None] | None = None
        self.template_status = 400
        # What each text that is embedded means, and what is answered instead, whatever it means.
        self.meaning: Callable[[str], list[float]] = lambda _: [1.0, 0.0]
        self.embedding: Reply | None = None
        self.embedded: list[str] = []
        self.models: list[Body] = [{"id": "gpt-6-luna", "object": "model"}]
        self.url = ""
        # What the answers took, as they said it: tokens read and written.
        self.tokens_in = self.tokens_out = 0
        # Seconds between the words of a stream, and when the first word of each text was sent.
        self.pace = 0.0
        # When each text was asked for, begun and ended.
        self.asked_at: dict[str, float] = {}
        self.begun_at: dict[str, float] = {}
        self.ended_at: dict[str, float] = {}
        self._known = set(_FIELDS) | (_EXTRA if extra else set[str]())

    def says(self, *texts: str) -> None:
        """Answer the next requests with these texts."""
        self.replies.extend(Reply(text) for text in texts)

    @property
    def prompts(self) -> list[str]:
        """Return the messages of each request as one text."""
        return ["\n".join(map(_text, each["messages"])) for each in self.requests]

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["OpenAIStandIn"]:
        app = web.Application(middlewares=[self._check_key])
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_post("/v1/embeddings", self._embed)
        app.router.add_get("/v1/models", self._models)
        # OpenRouter's, where anybody may list the models.
        app.router.add_get("/v1/key", self._own_key)
        async with TestServer(app, host="127.0.0.1") as server:
            self.url = str(server.make_url("/v1"))
            yield self

    @web.middleware
    async def _check_key(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if _key(request) in self.refused_keys:
            return _error(401, f"Incorrect API key provided: {_key(request)}.")
        return await handler(request)

    async def _own_key(self, _: web.Request) -> web.Response:
        self.checked_keys += 1
        return web.json_response({"data": {"label": "sk-or-v1-0e6...1c96", "limit": None}})

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": self.models})

    async def _embed(self, request: web.Request) -> web.StreamResponse:
        """Answer as https://platform.openai.com/docs/api-reference/embeddings/create does."""
        body: Body = await request.json()
        texts = body["input"]
        is_valid = 0 < len(texts) <= 2048 and all(isinstance(each, str) and each for each in texts)
        if set(body) != {"model", "input", "encoding_format"} or not is_valid:
            self.complaints.append("Invalid embedding request")
            return _error(400, "invalid embedding request")
        self.embedded += texts
        if self.embedding is not None and (fixed := self.embedding.fixed()) is not None:
            return fixed
        data = [
            {"object": "embedding", "index": index, "embedding": self.meaning(text)}
            for index, text in enumerate(texts)
        ]
        return web.json_response({"object": "list", "data": data, "model": body["model"]})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        at = time.perf_counter()
        body: Body = await request.json()
        if complaint := self._complaint(request, body):
            self.complaints.append(complaint)
            return _error(400, complaint)
        roles = [each["role"] for each in body["messages"]]
        if self.template is not None and (refusal := self.template(roles)):
            return _error(self.template_status, refusal)
        self.requests.append(body)
        self.keys.append(_key(request))
        self.requested.set()
        reply = self.replies.popleft() if self.replies else self.default
        if self.answer is not None and reply is self.default:
            reply = Reply(self.answer(body))
        self.asked_at[reply.text] = at
        if reply.hold is not None and not reply.hold_after:
            await self._wait(reply.hold)
        if (fixed := reply.fixed()) is not None:
            return fixed
        usage = _usage(body, reply)
        self.tokens_in += usage["prompt_tokens"]
        self.tokens_out += usage["completion_tokens"]
        if body.get("stream"):
            return await self._stream(request, body, reply)
        await asyncio.sleep(self.pace * len(reply.text.split(" ")))
        self.begun_at.setdefault(reply.text, time.perf_counter())
        self.ended_at[reply.text] = time.perf_counter()
        return web.json_response(_completion(body, reply))

    async def _wait(self, hold: asyncio.Event) -> None:
        try:
            await hold.wait()
        except asyncio.CancelledError:
            self.abandoned.set()
            raise

    async def _stream(self, request: web.Request, body: Body, reply: Reply) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        words, pace = reply.text.split(" "), self.pace
        for number, word in enumerate(words if reply.text else []):
            if number == reply.cut_after:
                if request.transport is not None:
                    request.transport.abort()
                return response
            if reply.hold is not None and number == reply.hold_after:
                await self._wait(reply.hold)
            await asyncio.sleep(pace)
            piece = word if number == 0 else f" {word}"
            await _send(response, body, {"content": piece}, None, None)
            self.begun_at.setdefault(reply.text, time.perf_counter())
        for number, call in enumerate(reply.tool_calls):
            function = call["function"]
            half = len(function["arguments"]) // 2
            begun = {**call, "function": {**function, "arguments": function["arguments"][:half]}}
            rest = {"function": {"arguments": function["arguments"][half:]}}
            for piece in (begun, rest):
                delta = {"tool_calls": [{"index": number, **piece}]}
                await _send(response, body, delta, None, None)
        last = {"refusal": reply.refusal} if reply.refusal else {}
        finish_reason = "tool_calls" if reply.calls else reply.finish_reason
        await _send(response, body, last, finish_reason, None)
        await _send(response, body, None, None, _usage(body, reply))
        await response.write(b"data: [DONE]\n\n")
        self.ended_at[reply.text] = time.perf_counter()
        return response

    def _complaint(self, request: web.Request, body: Body) -> str | None:
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return "no bearer token"
        if unknown := set(body) - self._known:
            return f"unrecognized request arguments: {sorted(unknown)}"
        wrong = [name for name, fits in _FIELDS.items() if name in body and not fits(body[name])]
        missing = {"model", "messages"} - set(body)
        if wrong or missing:
            return f"invalid: {wrong}, missing: {sorted(missing)}"
        return _complaint_about_calls(body["messages"])


def _complaint_about_calls(messages: list[Body]) -> str | None:
    """Return what is wrong with calls of functions: each is answered at once, and nothing else."""
    open_calls: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                return "messages with role 'tool' must be a response to a preceding 'tool_calls'"
            open_calls.remove(message["tool_call_id"])
        elif open_calls:
            return "an assistant message with 'tool_calls' must be followed by tool messages"
        open_calls += [each["id"] for each in message.get("tool_calls", ())]
    return None


def _is_tool(tool: Any) -> bool:
    function = tool["function"]
    return (
        set(tool) == {"type", "function"}
        and tool["type"] == "function"
        and set(function) == {"name", "description", "parameters"}
        and re.fullmatch(r"[\w-]{1,64}", function["name"]) is not None
        and function["parameters"]["type"] == "object"
    )


def _is_message(message: Any) -> bool:
    if message["role"] == "tool":
        return set(message) == {"role", "content", "tool_call_id"}
    if "tool_calls" in message:
        return message["role"] == "assistant" and all(
            set(each) == {"id", "type", "function"} for each in message["tool_calls"]
        )
    if set(message) != {"role", "content"} or message["role"] not in {
        "system",
        "user",
        "assistant",
    }:
        return False
    content = message["content"]
    if isinstance(content, str):
        return True
    return all(
        (part["type"] == "text" and isinstance(part["text"], str))
        or (part["type"] == "image_url" and part["image_url"]["url"].startswith("data:image/"))
        for part in content
    )


def _is_response_format(value: Any) -> bool:
    """Whether a schema is strict: every property required, no others and no defaults."""
    if value["type"] != "json_schema":
        return False
    schema = value["json_schema"]["schema"]
    return (
        value["json_schema"].get("strict") is True
        and schema.get("additionalProperties") is False
        and set(schema.get("required", ())) == set(schema["properties"])
        and "default" not in json.dumps(schema)
    )


def _text(message: Body) -> str:
    content = message["content"] or ""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "[image]") for part in content)


def _usage(body: Body, reply: Reply) -> Body:
    prompt = sum(len(_text(message)) for message in body["messages"]) // 4
    written = len(reply.text) // 4 + 1
    return {
        "prompt_tokens": prompt,
        "completion_tokens": written,
        "total_tokens": prompt + written,
        "prompt_tokens_details": {"cached_tokens": reply.cached},
    }


def _completion(body: Body, reply: Reply) -> Body:
    message: Body = {"role": "assistant", "content": reply.text, "refusal": reply.refusal}
    if reply.calls:
        message |= {"content": reply.text or None, "tool_calls": reply.tool_calls}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "message": message,
                "finish_reason": "tool_calls" if reply.calls else reply.finish_reason,
            }
        ],
        "usage": _usage(body, reply),
    }


async def _send(
    response: web.StreamResponse,
    body: Body,
    delta: Body | None,
    finish_reason: str | None,
    usage: Body | None,
) -> None:
    choices = (
        [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
    )
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": body["model"],
        "choices": choices,
        "usage": usage,
    }
    await response.write(f"data: {json.dumps(chunk)}\n\n".encode())


def _key(request: web.Request) -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


def _error(
    status: int, message: str, code: str | None = None, headers: dict[str, str] | None = None
) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return web.json_response({"error": error}, status=status, headers=headers)
