"""The service in front of the vendors: retries, fallbacks, deadlines."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import select
from tenacity import wait_none

from db.models import LlmCall
from db.session import Sessions
from services.llm import (
    BackgroundCalls,
    Caller,
    ChatMessage,
    ConfiguredVendor,
    ContextTooLong,
    LanguageModels,
    Ledger,
    ListedModel,
    MalformedAnswer,
    ModelError,
    ModelMisconfigured,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
    background_calls,
)
from services.llm.chat_templates import ChatTemplate
from services.llm.openai_compatible import OpenAICompatible
from services.llm.vendors import Dialect
from tests.services.llm_support import HELLO, NIGHT, Lamp, Night
from tests.vendors.openai import OpenAIStandIn, Reply

ASKED = HELLO.to("openai/default")
CHAT = Caller(purpose="chat")
SECONDS = 30

Make = Callable[..., LanguageModels]


@pytest.fixture
async def spare() -> AsyncGenerator[OpenAIStandIn]:
    async with OpenAIStandIn().running() as stand_in:
        yield stand_in


@pytest.fixture
async def make(
    sessions: Sessions, carrier: BackgroundCalls, openai: OpenAIStandIn, spare: OpenAIStandIn
) -> AsyncGenerator[Make]:
    """Make the service with two vendors and no pause of its own between attempts."""
    texts = {
        name: OpenAICompatible(name, api_key="k", base_url=stand_in.url, dialect=Dialect())
        for name, stand_in in (("openai", openai), ("spare", spare))
    }
    vendors = {name: ConfiguredVendor(each, "gpt-6-luna") for name, each in texts.items()}

    def make(*, deadline: float = SECONDS, carrier: BackgroundCalls = carrier) -> LanguageModels:
        ledger = Ledger(sessions, {})
        return LanguageModels(ledger, carrier, vendors, deadline=deadline, wait=wait_none())

    yield make
    for each in texts.values():
        await each.close()
    assert openai.complaints == spare.complaints == []


async def outcomes(sessions: Sessions) -> list[tuple[str, str]]:
    async with sessions() as session:
        rows = await session.scalars(select(LlmCall).order_by(LlmCall.created_at))
        return [(row.model, row.outcome) for row in rows]


def alternating(roles: list[str]) -> str | None:
    """Refuse as the templates of Mistral and Gemma do."""
    turns = roles[1:] if roles[0] == "system" else roles
    wanted = [("user", "assistant")[number % 2] for number in range(len(turns))]
    return None if turns == wanted else "Conversation roles must alternate user/assistant/user/..."


def without_system(roles: list[str]) -> str | None:
    return "System role not supported" if "system" in roles else None


def strictest(roles: list[str]) -> str | None:
    return without_system(roles) or alternating(roles)


@pytest.mark.parametrize(
    ("demand", "status"),
    [(alternating, 400), (alternating, 500), (without_system, 400), (strictest, 400)],
)
async def test_a_chat_template_that_wants_other_roles_is_served_and_remembered(
    make: Make, openai: OpenAIStandIn, demand: Callable[[list[str]], str | None], status: int
) -> None:
    openai.template, openai.template_status = demand, status
    names: dict[str, Any] = {"s": "system", "u": "user", "a": "assistant"}
    models = make()

    for roles in ("suua", "sau", "su", "uauu", "ssuu", "susuau", "a"):
        messages = tuple(
            ChatMessage(names[role], f"line {number}") for number, role in enumerate(roles)
        )
        await models.complete(replace(ASKED, messages=messages), caller=CHAT)
        for number in range(len(roles)):
            assert f"line {number}" in openai.prompts[-1]
        # What was refused once is not tried again.
        openai.template_status = 418

    assert len(openai.requests) == 7


@pytest.mark.parametrize(
    "refusal",
    [
        "After the optional system message, conversation roles must alternate user/assistant",
        "Jinja Exception: Conversation roles must alternate user/assistant/user/assistant/...",
        "Expected last role User or Tool (or Assistant with prefix True) for serving but got x",
        "System role not supported",
        "Developer instruction is not enabled for models/gemma-3-27b-it",
        "This model does not support system messages.",
        "Only user and assistant roles are supported!",
    ],
)
def test_the_refusals_of_templates_are_known(refusal: str) -> None:
    assert ChatTemplate().stricter(refusal)


@pytest.mark.parametrize("refusal", ["", "Invalid value for 'max_tokens'", "Unknown parameter"])
def test_other_refusals_teach_nothing_about_roles(refusal: str) -> None:
    assert ChatTemplate().stricter(refusal) is None


async def test_what_was_paid_for_no_answer_is_in_the_ledger(
    make: Make, openai: OpenAIStandIn, sessions: Sessions
) -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13, "cost": 0.5}
    body = {"choices": [{"finish_reason": "content_filter", "message": None}], "usage": usage}
    openai.replies.append(
        Reply(body=json.dumps(body), headers={"Content-Type": "application/json"})
    )

    with pytest.raises(ModelRefused):
        await make().complete(ASKED, caller=CHAT)

    async with sessions() as session:
        row = (await session.scalars(select(LlmCall))).one()
    assert (row.outcome, row.tokens_in, row.tokens_out, row.cost_usd) == ("refused", 9, 4, 0.5)


async def test_default_is_the_model_of_the_settings(make: Make, openai: OpenAIStandIn) -> None:
    models = make()

    answer = await models.complete(ASKED, caller=CHAT)

    assert openai.requests[0]["model"] == "gpt-6-luna"
    assert answer.model == models.resolve("openai/default") == "openai/gpt-6-luna"
    assert models.resolve("openai/org/model") == "openai/org/model"


@pytest.mark.parametrize("name", ["gpt-6-luna", "openai/", "/x", "gemini/default", ""])
async def test_a_model_of_no_vendor_is_a_mistake_of_whoever_named_it(
    make: Make, sessions: Sessions, name: str
) -> None:
    with pytest.raises(ModelMisconfigured) as raised:
        await make().complete(HELLO.to(name), caller=CHAT)

    assert raised.value.vendors == ("openai", "spare")
    assert await outcomes(sessions) == []


async def test_what_a_vendor_can_and_cannot_do_is_known_by_the_name_of_its_models(
    make: Make,
) -> None:
    models = make()

    assert models.vendors == {"openai", "spare"}
    assert models.unsupported("openai/x", frozenset({"top_k", "temperature"})) == {"top_k"}
    assert models.context_tokens("openai/default") == Dialect().context_tokens
    assert await models.models("openai") == {"gpt-6-luna": ListedModel()}


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (Reply(status=500), "unavailable"),
        (Reply(status=429), "rate_limited"),
        (Reply(status=429, headers={"retry-after": "0.01"}), "rate_limited"),
    ],
)
async def test_what_may_pass_is_tried_again(
    make: Make, openai: OpenAIStandIn, sessions: Sessions, failure: Reply, outcome: str
) -> None:
    openai.replies.extend([failure, failure, Reply("At last.")])

    answer = await make().complete(ASKED, caller=CHAT)

    assert answer.text == "At last."
    assert [each for _, each in await outcomes(sessions)] == [outcome, outcome, "ok"]


async def test_a_vendor_that_stays_broken_is_asked_three_times(
    make: Make, openai: OpenAIStandIn, sessions: Sessions
) -> None:
    openai.default = Reply(status=500)

    with pytest.raises(ModelUnavailable):
        await make().complete(ASKED, caller=CHAT)

    assert await outcomes(sessions) == [("openai/gpt-6-luna", "unavailable")] * 3


@pytest.mark.parametrize(
    ("failure", "error", "outcome"),
    [
        (Reply(status=401), ModelMisconfigured, "misconfigured"),
        (Reply(refusal="I cannot."), ModelRefused, "refused"),
        (Reply(status=400, code="context_length_exceeded"), ContextTooLong, "too_long"),
        (Reply("no JSON"), MalformedAnswer, "malformed"),
        (Reply(status=429, headers={"retry-after": "60"}), ModelRateLimited, "rate_limited"),
    ],
)
async def test_what_cannot_pass_in_time_is_not_tried_again(
    make: Make,
    openai: OpenAIStandIn,
    sessions: Sessions,
    failure: Reply,
    error: type[ModelError],
    outcome: str,
) -> None:
    openai.replies.append(failure)

    with pytest.raises(error):
        await make().parse(ASKED, Lamp, caller=CHAT)

    assert await outcomes(sessions) == [("openai/gpt-6-luna", outcome)]


async def test_a_vendor_is_given_the_time_it_asks_for(make: Make, openai: OpenAIStandIn) -> None:
    openai.replies.append(Reply(status=429, headers={"retry-after": "0.2"}))
    started = perf_counter()

    await make().complete(ASKED, caller=CHAT)

    assert perf_counter() - started > 0.2


@pytest.mark.parametrize("status", [500, 401, 429])
async def test_a_fallback_answers_and_says_so(
    make: Make, openai: OpenAIStandIn, sessions: Sessions, status: int
) -> None:
    openai.default = Reply(status=status)

    answer = await make().complete(ASKED, caller=CHAT, fallback="spare/small")

    assert (answer.text, answer.model) == ("Aye.", "spare/small")
    assert (await outcomes(sessions))[-1] == ("spare/small", "ok")


async def test_a_fallback_takes_a_shape_too(
    make: Make, openai: OpenAIStandIn, spare: OpenAIStandIn
) -> None:
    openai.default = Reply(status=401)
    spare.says(NIGHT)

    answer = await make().parse(ASKED, Night, caller=CHAT, fallback="spare/default")

    assert answer.value.lamps[0].turns == 2
    assert answer.model == "spare/gpt-6-luna"


async def test_when_the_fallback_fails_too_it_is_the_models_error_that_counts(
    make: Make, openai: OpenAIStandIn, spare: OpenAIStandIn
) -> None:
    openai.default = Reply(status=429, headers={"retry-after": "60"})
    spare.default = Reply(status=401)

    with pytest.raises(ModelRateLimited) as raised:
        await make().complete(ASKED, caller=CHAT, fallback="spare/small")

    assert raised.value.model == "openai/gpt-6-luna"
    assert isinstance(raised.value.__cause__, ModelMisconfigured)


async def test_a_refusal_is_not_taken_to_another_model(
    make: Make, openai: OpenAIStandIn, spare: OpenAIStandIn
) -> None:
    openai.replies.append(Reply(refusal="I cannot."))

    with pytest.raises(ModelRefused):
        await make().complete(ASKED, caller=CHAT, fallback="spare/small")

    assert spare.requests == []


async def test_a_hanging_vendor_is_given_up_at_the_deadline(
    make: Make, openai: OpenAIStandIn, sessions: Sessions
) -> None:
    openai.default = Reply(hold=asyncio.Event())

    # On a busy core the deadline may pass before anything was sent.
    while not openai.requested.is_set():
        with pytest.raises(ModelUnavailable):
            await make(deadline=0.1).complete(ASKED, caller=CHAT)

    async with asyncio.timeout(SECONDS):
        await openai.abandoned.wait()
    assert set(await outcomes(sessions)) == {("openai/gpt-6-luna", "unavailable")}


async def test_whoever_stops_waiting_stops_the_call(
    make: Make, openai: OpenAIStandIn, sessions: Sessions
) -> None:
    openai.default = Reply(hold=asyncio.Event())
    async with background_calls() as carrier, asyncio.timeout(SECONDS):
        waiting = asyncio.create_task(make(carrier=carrier).complete(ASKED, caller=CHAT))
        await openai.requested.wait()

        waiting.cancel()

        await openai.abandoned.wait()
    assert waiting.cancelled()
    assert await outcomes(sessions) == [("openai/gpt-6-luna", "cancelled")]


async def test_the_house_closes_when_the_last_call_is_written_down(
    make: Make, openai: OpenAIStandIn, sessions: Sessions
) -> None:
    openai.default = Reply(hold=asyncio.Event())
    async with background_calls() as carrier, asyncio.timeout(SECONDS):
        waiting = asyncio.create_task(make(carrier=carrier).complete(ASKED, caller=CHAT))
        await openai.requested.wait()

    assert waiting.cancelled()
    assert await outcomes(sessions) == [("openai/gpt-6-luna", "cancelled")]
