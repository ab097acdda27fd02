"""Answers of vendors that are not what is documented: each is a value or an error of ours.

A grammar takes a documented answer and puts something else in some of its places. What comes out is
read by the real adapters through the real SDKs, from a server on loopback.
"""

import copy
import json
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.session import Sessions
from services.buffer import BufferClient, BufferPublisher
from services.errors import DomainError
from services.images import ImageRequest, Prediction
from services.images.replicate import ReplicateImageModel
from services.llm import (
    Completion,
    ContextTooLong,
    ModelError,
    ModelMisconfigured,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
    TextModel,
    Usage,
)
from services.llm.answers import read_completion, read_error
from services.llm.gemini import Gemini
from services.llm.openai_compatible import OpenAICompatible
from services.llm.vendors import Dialect
from services.media import FolderStore
from tests.services.llm_support import HELLO, Night, streamed

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, -(10**18), 10**18, 2.5, 1e308, 10**400]),
    st.sampled_from(["", "a", "\x00", "a\ud83d", "402", "429", "inf", "9" * 400, "error", "stop"]),
    st.sampled_from([[], {}, [None], ["text"], {"text": "t"}, {"message": None}, {"code": 429}]),
    st.sampled_from(
        [
            [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "The tide."}],
            {"code": 402, "message": "Insufficient credits"},
            {"code": "rate_limit_exceeded", "message": {"deep": ["x"]}},
        ]
    ),
)
FUZZ = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every place in a JSON value."""
    yield path
    inside: Any = value
    steps: Iterable[Any] = ()
    if isinstance(value, dict):
        steps = cast("dict[str, Any]", value)
    elif isinstance(value, list):
        steps = range(len(cast("list[Any]", value)))
    for step in steps:
        yield from places(inside[step], (*path, step))


def put(value: Any, path: Sequence[Any], odd: Any) -> Any:
    """Return a copy with something else in a place, or without the place."""
    if not path:
        return odd
    changed: Any = copy.deepcopy(value)
    parent: Any = changed
    for step in path[:-1]:
        parent = parent[step]
    try:
        if odd is ...:
            del parent[path[-1]]
        else:
            parent[path[-1]] = odd
    except (TypeError, LookupError):
        pass  # an earlier change has taken the place away
    return changed


@st.composite
def answers(draw: st.DrawFn, documented: Any) -> Any:
    """Return a documented answer with something odd in up to three of its places."""
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(documented))))
        odd = draw(st.one_of(ODD, st.just(...)))
        documented = put(documented, path, None if odd is ... and not path else odd)
    return documented


@dataclass
class AnyVendor:
    """A server that answers every request with the same body."""

    body: str = ""
    status: int = 200
    media_type: str = "application/json"
    url: str = ""

    async def answer(self, _: web.Request) -> web.Response:
        return web.Response(
            body=self.body.encode("utf-8", "surrogatepass"),
            status=self.status,
            content_type=self.media_type,
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["AnyVendor"]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        async with TestServer(app, host="127.0.0.1") as server:
            self.url = str(server.make_url("")).rstrip("/")
            yield self


@pytest.fixture
async def anyone() -> AsyncGenerator[AnyVendor]:
    async with AnyVendor().running() as vendor:
        yield vendor


@pytest.fixture
async def compatible(anyone: AnyVendor) -> AsyncGenerator[OpenAICompatible]:
    vendor = OpenAICompatible(
        "compatible", api_key="x", base_url=f"{anyone.url}/v1", dialect=Dialect(), timeout=5
    )
    yield vendor
    await vendor.close()


@pytest.fixture
async def gemini(anyone: AnyVendor) -> AsyncGenerator[Gemini]:
    vendor = Gemini(api_key="x", base_url=anyone.url, timeout=5)
    yield vendor
    await vendor.close()


CHAT = {
    "id": "x",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "usage": {
        "prompt_tokens": 5,
        "completion_tokens": 2,
        "total_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 1},
        "cost": 0.1,
    },
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "The tide is out.", "refusal": None},
        }
    ],
}
CHUNK = {
    "id": "x",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
    "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    "choices": [
        {"index": 0, "finish_reason": "stop", "delta": {"role": "assistant", "content": "The tide"}}
    ],
}
GENERATED: dict[str, Any] = {
    "candidates": [
        {
            "content": {"role": "model", "parts": [{"text": "The tide.", "thought": False}]},
            "finishReason": "STOP",
            "index": 0,
        }
    ],
    "promptFeedback": {"safetyRatings": []},
    "usageMetadata": {
        "promptTokenCount": 5,
        "candidatesTokenCount": 2,
        "thoughtsTokenCount": 1,
        "cachedContentTokenCount": 1,
    },
    "modelVersion": "m",
}


async def check(model: TextModel) -> None:
    """Ask in each of the three ways: what comes is a clean answer, or one of our errors."""
    for ask in (model.complete(HELLO), model.parse(HELLO, Night), streamed(model, HELLO)):
        error: ModelError | None = None
        usage: Usage | None = None
        try:
            answer = await ask
        except ModelError as raised:
            error, usage = raised, raised.usage
        else:
            whole = answer[-1] if isinstance(answer, list) else answer
            assert isinstance(whole, Completion)
            assert "\x00" not in whole.text
            assert whole.text.encode() is not None
            usage = whole.usage
        assert type(error) is not ModelError
        if usage is not None:
            for tokens in (usage.tokens_in, usage.tokens_cached, usage.tokens_out):
                assert 0 <= tokens < 2**31
            assert usage.cost_usd is None or 0 <= usage.cost_usd < 10**6


@FUZZ
@given(body=answers(CHAT), status=st.sampled_from([200, 200, 200, 400, 402, 404, 429, 500, 529]))
async def test_an_answer_of_an_openai_shaped_vendor_is_ours(
    anyone: AnyVendor, compatible: OpenAICompatible, body: Any, status: int
) -> None:
    anyone.body, anyone.status, anyone.media_type = json.dumps(body), status, "application/json"
    await check(compatible)


@FUZZ
@given(chunks=st.lists(answers(CHUNK), min_size=1, max_size=3))
async def test_a_stream_of_an_openai_shaped_vendor_is_ours(
    anyone: AnyVendor, compatible: OpenAICompatible, chunks: list[Any]
) -> None:
    events = [f"data: {json.dumps(each)}\n\n" for each in [*chunks, CHUNK]]
    anyone.body, anyone.status = "".join([*events, "data: [DONE]\n\n"]), 200
    anyone.media_type = "text/event-stream"
    await check(compatible)


@FUZZ
@given(body=answers(GENERATED), status=st.sampled_from([200, 200, 200, 400, 403, 429, 500]))
async def test_an_answer_of_gemini_is_ours(
    anyone: AnyVendor, gemini: Gemini, body: Any, status: int
) -> None:
    anyone.body, anyone.status, anyone.media_type = json.dumps(body), status, "application/json"
    await check(gemini)


PREDICTION = {
    "id": "p1",
    "version": "v",
    "status": "succeeded",
    "input": {"prompt": "a gull"},
    "output": ["https://replicate.example/1.jpg"],
    "error": None,
    "created_at": "2026-11-28T10:00:00Z",
    "urls": {"get": "https://replicate.example/p1", "cancel": "https://replicate.example/c"},
}


@FUZZ
@given(body=answers(PREDICTION), status=st.sampled_from([200, 200, 201, 400, 402, 422]))
async def test_an_answer_of_replicate_is_ours(anyone: AnyVendor, body: Any, status: int) -> None:
    anyone.body, anyone.status, anyone.media_type = json.dumps(body), status, "application/json"
    model = ReplicateImageModel(
        api_token="x",
        model="google/nano-banana",
        base_url=anyone.url,
        timeout=5,
    )
    request = ImageRequest(prompt="a gull", references=(), upload_urls=(), aspect="4:5")
    try:
        for ask in (
            model.start(request),
            model.collect(Prediction("p1")),
            model.find_started(request, datetime.now(UTC)),
        ):
            with suppress(DomainError):
                await ask
    finally:
        await model.close()


CREATED: dict[str, Any] = {
    "data": {
        "createPost": {
            "__typename": "PostActionSuccess",
            "post": {
                "id": "post1",
                "status": "scheduled",
                "text": "The lamp.",
                "dueAt": "2026-11-29T10:00:00Z",
                "externalLink": None,
                "error": None,
                "assets": [{"source": "https://a.example/1.jpg"}],
            },
        },
        "post": {"id": "post1", "status": "sent", "sentAt": "2026-11-29T10:00:00Z"},
        "account": {"organizations": [{"id": "o1"}]},
        "channels": [{"id": "c1", "name": "art", "service": "instagram", "timezone": "UTC"}],
    },
    "errors": [],
}


@FUZZ
@given(body=answers(CREATED), status=st.sampled_from([200, 200, 200, 400, 401, 500]))
async def test_an_answer_of_buffer_is_ours(
    anyone: AnyVendor, sessions: Sessions, tmp_path: Any, body: Any, status: int
) -> None:
    anyone.body, anyone.status, anyone.media_type = json.dumps(body), status, "application/json"
    client = BufferClient(sessions, api_key="x", base_url=anyone.url)
    publisher = BufferPublisher(client, FolderStore(tmp_path, base_url="http://x"))
    for ask in (publisher.fetch("post1"), publisher.list_channels()):
        with suppress(DomainError):
            await ask


def choice(**fields: Any) -> dict[str, Any]:
    return {**CHAT, "choices": [{"index": 0, "finish_reason": "stop", **fields}]}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("The tide is out.", "The tide is out."),
        ([{"type": "text", "text": "The "}, {"type": "text", "text": "tide."}], "The tide."),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, "Tide."], "Tide."),
        ([{"type": "reasoning", "text": "hm"}, {"type": "output_text", "text": "Tide."}], "Tide."),
        ([{"type": "text", "text": {"value": "Tide."}}], "Tide."),
        ([{"text": "hm", "thought": True}, {"text": "Tide."}], "Tide."),
        ({"type": "text", "text": "Tide."}, "Tide."),
        ("The\x00 tide\ud83d.\r\n", "The tide.\n"),
        (None, ""),
        (7, ""),
    ],
)
def test_the_text_of_an_answer_is_what_is_meant_to_be_read(content: Any, text: str) -> None:
    assert read_completion(choice(message={"content": content}), "m").text == text


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"finish_reason": "content_filter"}, ModelRefused),
        ({"message": None}, ModelUnavailable),
        ({"finish_reason": "error", "message": {"content": "The fog came"}}, ModelUnavailable),
        ({"error": {"code": 502, "message": "upstream idle"}}, ModelUnavailable),
        ({"error": {"code": 402}, "message": {"content": "The"}}, ModelMisconfigured),
        ({"finish_reason": "error", "error": {"code": "429"}}, ModelRateLimited),
        ({"message": {"content": "", "refusal": "I cannot."}}, ModelRefused),
    ],
)
def test_half_an_answer_is_an_error_and_is_paid(
    fields: dict[str, Any], error: type[ModelError]
) -> None:
    with pytest.raises(error) as raised:
        read_completion(choice(**fields), "m")

    assert raised.value.usage is not None
    assert (raised.value.usage.tokens_in, raised.value.usage.tokens_out) == (5, 2)


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (400, {"message": "prompt is too long: 210000 tokens > 200000 maximum"}, ContextTooLong),
        (400, {"message": "This model's maximum context length is 8192 tokens."}, ContextTooLong),
        (400, {"code": "context_length_exceeded", "message": "x"}, ContextTooLong),
        (413, {"message": "Request too large for model `x`", "code": "x"}, ContextTooLong),
        (
            422,
            "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096",
            ContextTooLong,
        ),
        (
            400,
            "the request exceeds the available context size. try increasing the context size",
            ContextTooLong,
        ),
        (
            400,
            {"message": "The input token count (9) exceeds the maximum number of tokens allowed"},
            ContextTooLong,
        ),
        (400, {"message": "Unknown parameter: 'context_window'."}, ModelMisconfigured),
        (400, {"message": "Invalid value for 'max_tokens'"}, ModelMisconfigured),
        (400, {"message": "The prompt was filtered", "code": "content_filter"}, ModelRefused),
        (403, {"message": "Your chosen model requires moderation: flagged"}, ModelRefused),
        (403, {"message": "No access"}, ModelMisconfigured),
        (429, {"code": "insufficient_quota"}, ModelMisconfigured),
        (429, {"message": "slow down"}, ModelRateLimited),
        (529, {"type": "overloaded_error"}, ModelUnavailable),
        (200, {"code": 402, "message": "Insufficient credits"}, ModelMisconfigured),
        (200, {"code": 403, "message": "Key disabled"}, ModelMisconfigured),
        (200, {"code": 429, "message": "x"}, ModelRateLimited),
        (200, {"code": "rate_limit_exceeded"}, ModelRateLimited),
        (200, {"type": "invalid_request_error", "message": "bad"}, ModelMisconfigured),
        (200, {"code": "server_error"}, ModelUnavailable),
        (200, "upstream went away", ModelUnavailable),
        (200, None, ModelUnavailable),
    ],
)
def test_an_error_is_told_apart_by_its_status_its_code_and_its_words(
    status: int, error: Any, expected: type[ModelError]
) -> None:
    assert type(read_error(error, "m", status=status)) is expected


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        ({"message": "No such model."}, "No such model."),
        ("No such model.", "No such model."),
        ({"detail": "No such model."}, "No such model."),
        ({"detail": [{"loc": ["body"], "msg": "No such model."}]}, "No such model."),
        ({"error": {"message": "No such model."}}, "No such model."),
        ({"message": None}, "HTTP 400"),
        (None, "HTTP 400"),
    ],
)
def test_the_sentence_of_an_error_is_there_for_the_operator(error: Any, detail: str) -> None:
    assert read_error(error, "m", status=400).detail == detail
