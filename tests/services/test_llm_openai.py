"""The real OpenAI SDK in front of a stand-in of its API, and of vendors of the same shape."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from aiohttp.test_utils import unused_port

from services.llm import (
    Completion,
    ContextTooLong,
    ListedModel,
    MalformedAnswer,
    ModelError,
    ModelMisconfigured,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
)
from services.llm.openai_compatible import OpenAICompatible
from services.llm.vendors import Dialect
from tests.services.llm_support import (
    EVERYTHING,
    HELLO,
    LOOK,
    NIGHT,
    PIXEL,
    Lamp,
    Night,
    failures,
    pieces_before_failing,
    streamed,
)
from tests.vendors.openai import OpenAIStandIn, Reply

OPENAI = Dialect(max_tokens="max_completion_tokens", cache_key=True, reasoning_effort="none")


def vendor_at(url: str, *, dialect: Dialect = OPENAI, timeout: float = 5) -> OpenAICompatible:
    return OpenAICompatible(
        "openai", api_key="sk-x", base_url=url, dialect=dialect, timeout=timeout
    )


@pytest.fixture
async def vendor(openai: OpenAIStandIn) -> AsyncGenerator[OpenAICompatible]:
    vendor = vendor_at(openai.url)
    yield vendor
    await vendor.close()
    assert openai.complaints == []


def raw(body: Any, *, media_type: str = "application/json") -> Reply:
    text = body if isinstance(body, str) else json.dumps(body)
    return Reply(body=text, headers={"Content-Type": media_type})


async def test_a_completion_has_the_text_the_model_and_the_usage(
    vendor: OpenAICompatible, openai: OpenAIStandIn
) -> None:
    openai.replies.append(Reply("The fog came in.", cached=3))

    answer = await vendor.complete(HELLO)

    assert (answer.text, answer.model) == ("The fog came in.", "openai/m")
    usage = answer.usage
    assert (usage.tokens_in, usage.tokens_cached, usage.tokens_out) == (6, 3, 5)
    assert openai.requests[0]["messages"] == [
        {"role": "system", "content": "You keep a lighthouse."},
        {"role": "user", "content": "Ahoy!"},
    ]


async def test_a_stream_is_pieces_and_then_one_completion(
    vendor: OpenAICompatible, openai: OpenAIStandIn
) -> None:
    openai.replies.append(Reply("The fog came in.", cached=3))

    *pieces, whole = await streamed(vendor, HELLO)

    assert pieces == ["The", " fog", " came", " in."]
    assert isinstance(whole, Completion)
    assert (whole.text, whole.model) == ("The fog came in.", "openai/m")
    assert (whole.usage.tokens_in, whole.usage.tokens_cached) == (6, 3)


async def test_an_answer_takes_the_shape_that_is_asked_for(
    vendor: OpenAICompatible, openai: OpenAIStandIn
) -> None:
    openai.says(NIGHT)

    answer = await vendor.parse(HELLO, Night)

    assert answer.value == Night(lamps=[Lamp(colour="red", turns=2)])
    assert answer.usage.tokens_out > 0


async def test_every_parameter_that_openai_knows_goes_by_its_name(
    vendor: OpenAICompatible, openai: OpenAIStandIn
) -> None:
    await vendor.complete(EVERYTHING)

    del openai.requests[0]["messages"]
    assert openai.requests[0] == {
        "model": "m",
        "temperature": 0.7,
        "top_p": 0.9,
        "frequency_penalty": 0.1,
        "presence_penalty": -0.2,
        "max_completion_tokens": 99,
        "reasoning_effort": "none",
        "prompt_cache_key": "room-1",
        "stream": False,
    }
    assert vendor.unsupported == {"top_k", "repetition_penalty"}


async def test_other_dialects_have_names_of_their_own_for_parameters() -> None:
    extra = (("top_k", "top_k"), ("repetition_penalty", "repeat_penalty"))
    async with OpenAIStandIn(extra=True).running() as stand_in:
        vendor = vendor_at(stand_in.url, dialect=Dialect(extra=extra))

        await vendor.complete(EVERYTHING)

        await vendor.close()
    sent = stand_in.requests[0]
    assert (sent["top_k"], sent["repeat_penalty"], sent["max_tokens"]) == (40, 1.1, 99)
    assert not {"prompt_cache_key", "reasoning_effort", "max_completion_tokens"} & set(sent)
    assert vendor.unsupported == frozenset()


async def test_parameters_that_are_not_set_are_left_to_the_vendor(
    vendor: OpenAICompatible, openai: OpenAIStandIn
) -> None:
    await vendor.complete(HELLO)

    assert set(openai.requests[0]) == {"model", "messages", "reasoning_effort", "stream"}


async def test_pictures_go_along_as_data_urls(
    vendor: OpenAICompatible, openai: OpenAIStandIn
) -> None:
    await vendor.complete(LOOK)

    url = f"data:image/png;base64,{base64.b64encode(PIXEL.data).decode()}"
    assert openai.requests[0]["messages"][0]["content"] == [
        {"type": "text", "text": "Look!"},
        {"type": "image_url", "image_url": {"url": url}},
    ]


async def test_what_the_vendor_says_a_call_cost_is_kept(
    vendor: OpenAICompatible, openai: OpenAIStandIn
) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "Aye."}}
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10, "cost": 0.0042}
    openai.replies.append(raw({"choices": [choice], "usage": usage}))

    answer = await vendor.complete(HELLO)

    assert answer.usage.cost_usd == 0.0042


async def test_models_are_listed_with_the_day_they_are_shut_down(
    vendor: OpenAICompatible, openai: OpenAIStandIn
) -> None:
    openai.models.append({"id": "gpt-4o", "object": "model", "shutdown_date": "2027-01-14"})

    assert await vendor.models() == {
        "gpt-6-luna": ListedModel(),
        "gpt-4o": ListedModel(shutdown_date="2027-01-14"),
    }


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=500), ModelUnavailable),
        (Reply(status=503, body="<html>"), ModelUnavailable),
        (Reply(status=408), ModelUnavailable),
        (raw({"error": {"code": 502, "message": "upstream"}}), ModelUnavailable),
        (raw({"choices": []}), ModelUnavailable),
        (raw("<html>"), ModelUnavailable),
        (raw("<html>", media_type="text/html"), ModelUnavailable),
        (Reply(status=401, code="invalid_api_key"), ModelMisconfigured),
        (Reply(status=402), ModelMisconfigured),
        (Reply(status=403), ModelMisconfigured),
        (Reply(status=404, code="model_not_found"), ModelMisconfigured),
        (Reply(status=404, body="<html>"), ModelMisconfigured),
        (Reply(status=400), ModelMisconfigured),
        (Reply(status=429, code="insufficient_quota"), ModelMisconfigured),
        (Reply(status=429), ModelRateLimited),
        (Reply(status=400, code="context_length_exceeded"), ContextTooLong),
        (Reply(status=400, message="exceeds the available context size"), ContextTooLong),
        (Reply(status=400, code="content_policy_violation"), ModelRefused),
        (Reply("", refusal="I cannot."), ModelRefused),
        (Reply("", finish_reason="content_filter"), ModelRefused),
    ],
)
async def test_a_failure_is_one_of_our_errors(
    vendor: OpenAICompatible, openai: OpenAIStandIn, reply: Reply, error: type[ModelError]
) -> None:
    openai.default = reply

    errors = await failures(vendor)

    assert [(type(each), vars(each)["model"]) for each in errors] == [(error, "openai/m")] * 3


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "Sat, 21 Nov 2026 07:28:00 GMT"}, 0),
        ({"retry-after": "7m12s"}, 432),
        ({"retry-after": "250ms"}, 0.25),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "inf"}, 3600),
        ({"retry-after": "1e400"}, 3600),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
async def test_how_long_to_wait_is_passed_on_in_whatever_form_it_comes(
    vendor: OpenAICompatible, openai: OpenAIStandIn, header: dict[str, str], seconds: float | None
) -> None:
    openai.replies.append(Reply(status=429, headers=header))

    with pytest.raises(ModelRateLimited) as raised:
        await vendor.complete(HELLO)

    assert raised.value.retry_after == seconds


async def test_the_vendors_own_sentence_is_there_for_whoever_runs_the_bot(
    vendor: OpenAICompatible, openai: OpenAIStandIn
) -> None:
    openai.replies.append(Reply(status=404, message="The model does not exist."))

    with pytest.raises(ModelMisconfigured) as raised:
        await vendor.complete(HELLO)

    assert raised.value.detail == "The model does not exist."


@pytest.mark.parametrize(
    "reply",
    [
        Reply("Sure! Here is your JSON."),
        Reply('{"colour": "green", "turns": 1}'),
        Reply('{"colour": "re', finish_reason="length"),
        Reply(""),
    ],
)
async def test_an_answer_out_of_shape_is_malformed(
    vendor: OpenAICompatible, openai: OpenAIStandIn, reply: Reply
) -> None:
    openai.replies.append(reply)

    with pytest.raises(MalformedAnswer):
        await vendor.parse(HELLO, Lamp)


async def test_a_stream_that_is_cut_is_no_answer(
    vendor: OpenAICompatible, openai: OpenAIStandIn
) -> None:
    openai.replies.append(Reply("The fog came in.", cut_after=2))

    pieces, error = await pieces_before_failing(vendor)

    assert pieces == ["The", " fog"]
    assert isinstance(error, ModelUnavailable)


async def test_a_vendor_that_cannot_be_reached_is_unavailable() -> None:
    vendor = vendor_at(f"http://127.0.0.1:{unused_port()}/v1")

    errors = await failures(vendor)

    await vendor.close()
    assert [type(each) for each in errors] == [ModelOverloaded] * 3


async def test_a_vendor_that_says_nothing_is_unavailable(openai: OpenAIStandIn) -> None:
    openai.default = Reply(hold=asyncio.Event())
    vendor = vendor_at(openai.url, timeout=0.05)

    errors = await failures(vendor)

    await vendor.close()
    assert [type(each) for each in errors] == [ModelUnavailable] * 3
