"""Streamed answers through the service."""

import asyncio
import gc
from contextlib import aclosing

import pytest
from sqlalchemy import select

from db.models import LlmCall
from db.session import Sessions
from services.llm import (
    BackgroundCalls,
    Caller,
    Completion,
    ConfiguredVendor,
    LanguageModels,
    Ledger,
    ModelError,
    ModelRefused,
    ModelUnavailable,
)
from services.llm.openai_compatible import OpenAICompatible
from services.llm.vendors import Dialect
from tests.services.llm_support import HELLO
from tests.vendors.openai import OpenAIStandIn, Reply

ASKED = HELLO.to("openai/default")
CHAT = Caller(purpose="chat")


async def only_call(sessions: Sessions) -> LlmCall:
    async with sessions() as session:
        return (await session.scalars(select(LlmCall))).one()


async def test_a_stream_is_pieces_then_the_whole_with_its_cost(
    models: LanguageModels, openai: OpenAIStandIn, sessions: Sessions
) -> None:
    openai.says("The fog came in.")

    *pieces, whole = [piece async for piece in models.stream(ASKED, caller=CHAT)]

    assert pieces == ["The", " fog", " came", " in."]
    assert isinstance(whole, Completion)
    row = await only_call(sessions)
    assert (row.model, row.outcome) == (whole.model, "ok") == ("openai/gpt-6-luna", "ok")
    assert row.cost_usd == whole.usage.cost_usd == 0.000003
    assert (row.tokens_in, row.tokens_out) == (whole.usage.tokens_in, whole.usage.tokens_out)


@pytest.mark.parametrize(
    ("reply", "error", "outcome"),
    [
        (Reply("The fog", cut_after=1), ModelUnavailable, "unavailable"),
        (Reply("I", refusal="cannot."), ModelRefused, "refused"),
        (Reply(status=500), ModelUnavailable, "unavailable"),
    ],
)
async def test_a_stream_that_fails_is_not_begun_again(
    models: LanguageModels,
    openai: OpenAIStandIn,
    sessions: Sessions,
    reply: Reply,
    error: type[ModelError],
    outcome: str,
) -> None:
    openai.replies.append(reply)

    with pytest.raises(error):
        [piece async for piece in models.stream(ASKED, caller=CHAT)]

    assert (await only_call(sessions)).outcome == outcome


async def test_whoever_stops_listening_stops_the_call(
    models: LanguageModels, openai: OpenAIStandIn, sessions: Sessions
) -> None:
    openai.replies.append(Reply("The fog came in.", hold=asyncio.Event(), hold_after=1))

    async with aclosing(models.stream(ASKED, caller=CHAT)) as pieces:
        first = await anext(pieces)

    assert first == "The"
    async with asyncio.timeout(5):
        await openai.abandoned.wait()
    assert (await only_call(sessions)).outcome == "cancelled"


async def test_a_listener_who_is_cancelled_stops_the_call(
    models: LanguageModels, openai: OpenAIStandIn, sessions: Sessions
) -> None:
    openai.replies.append(Reply("The fog came in.", hold=asyncio.Event(), hold_after=1))
    started = asyncio.Event()

    async def listen() -> None:
        async for _ in models.stream(ASKED, caller=CHAT):
            started.set()

    async with asyncio.timeout(5):
        listening = asyncio.create_task(listen())
        await started.wait()

        listening.cancel()

        await openai.abandoned.wait()
        await asyncio.wait([listening])
    assert listening.cancelled()
    assert (await only_call(sessions)).outcome == "cancelled"


async def test_a_stream_may_break_after_its_listener_has_gone_quietly(
    models: LanguageModels, openai: OpenAIStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    openai.replies.append(Reply("The fog came in.", cut_after=1))

    async with aclosing(models.stream(ASKED, caller=CHAT)) as pieces:
        await anext(pieces)
        await models.complete(ASKED, caller=CHAT)  # the stream has long been cut by then
    gc.collect()

    assert caplog.records == []


async def test_a_stream_that_stalls_is_given_up_at_the_deadline(
    carrier: BackgroundCalls, openai: OpenAIStandIn, sessions: Sessions
) -> None:
    openai.replies.append(Reply("The fog came in.", hold=asyncio.Event(), hold_after=1))
    vendor = OpenAICompatible("openai", api_key="k", base_url=openai.url, dialect=Dialect())
    vendors = {"openai": ConfiguredVendor(vendor, "gpt-6-luna")}
    models = LanguageModels(Ledger(sessions, {}), carrier, vendors, deadline=0.2)

    with pytest.raises(ModelUnavailable):
        [piece async for piece in models.stream(ASKED, caller=CHAT)]

    await vendor.close()
    assert (await only_call(sessions)).outcome == "unavailable"
