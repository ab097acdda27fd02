"""Answers that are followed while they are written."""

import asyncio

import pytest
from sqlalchemy import select
from typing_extensions import override

from db.models import LlmCall
from db.session import Sessions
from services.llm import (
    BackgroundCalls,
    Caller,
    Completion,
    ConfiguredVendor,
    LanguageModels,
    Ledger,
    ModelRefused,
    ModelUnavailable,
    TextListener,
)
from services.llm.openai_compatible import OpenAICompatible
from services.llm.vendors import Dialect
from tests.services.llm_support import HELLO
from tests.vendors.openai import OpenAIStandIn, Reply

ASKED = HELLO.to("openai/default")
CHAT = Caller(purpose="chat")


class Listener(TextListener):
    """Notes the pieces of each attempt."""

    def __init__(self) -> None:
        self.attempts: list[list[str]] = []
        self.has_heard = asyncio.Event()

    @override
    def begin(self) -> None:
        self.attempts.append([])

    @override
    def write(self, piece: str) -> None:
        self.attempts[-1].append(piece)
        self.has_heard.set()


@pytest.fixture
def listener() -> Listener:
    return Listener()


async def outcomes(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        rows = await session.scalars(select(LlmCall).order_by(LlmCall.created_at))
        return [row.outcome for row in rows]


async def test_an_answer_is_heard_in_pieces_and_returned_whole_with_its_cost(
    models: LanguageModels, openai: OpenAIStandIn, sessions: Sessions, listener: Listener
) -> None:
    openai.says("The fog came in.")

    whole = await models.complete(ASKED, caller=CHAT, listener=listener)

    assert listener.attempts == [["The", " fog", " came", " in."]]
    assert isinstance(whole, Completion)
    async with sessions() as session:
        row = (await session.scalars(select(LlmCall))).one()
    assert (whole.text, whole.model) == ("The fog came in.", "openai/gpt-6-luna")
    assert (row.model, row.outcome) == (whole.model, "ok")
    assert row.cost_usd == whole.usage.cost_usd == 0.000003
    assert (row.tokens_in, row.tokens_out) == (whole.usage.tokens_in, whole.usage.tokens_out)


async def test_an_answer_that_breaks_off_is_begun_anew(
    models: LanguageModels, openai: OpenAIStandIn, sessions: Sessions, listener: Listener
) -> None:
    openai.replies.append(Reply("The fog came in.", cut_after=1))
    openai.says("Aye, fog.")

    whole = await models.complete(ASKED, caller=CHAT, listener=listener)

    assert (whole.text, listener.attempts) == ("Aye, fog.", [["The"], ["Aye,", " fog."]])
    assert await outcomes(sessions) == ["unavailable", "ok"]


async def test_a_refusal_in_the_middle_is_not_tried_again(
    models: LanguageModels, openai: OpenAIStandIn, sessions: Sessions, listener: Listener
) -> None:
    openai.replies.append(Reply("I", refusal="cannot."))

    with pytest.raises(ModelRefused):
        await models.complete(ASKED, caller=CHAT, listener=listener)

    assert await outcomes(sessions) == ["refused"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=400, message="stream is not supported"),
        Reply(status=422, message="Unrecognized request argument: stream_options"),
        Reply(body="", headers={"Content-Type": "text/event-stream"}),
    ],
)
async def test_a_server_that_cannot_stream_is_asked_for_the_whole(
    models: LanguageModels, openai: OpenAIStandIn, listener: Listener, reply: Reply
) -> None:
    openai.replies.append(reply)
    openai.says("The fog came in.")

    whole = await models.complete(ASKED, caller=CHAT, listener=listener)

    assert whole.text == "The fog came in."
    assert openai.requests[-1]["stream"] is False
    assert all(pieces == [] for pieces in listener.attempts)


async def test_that_a_server_cannot_stream_is_remembered(
    models: LanguageModels, openai: OpenAIStandIn, listener: Listener
) -> None:
    openai.replies.append(Reply(status=400, message="stream_options is not supported"))

    for _ in range(2):
        await models.complete(ASKED, caller=CHAT, listener=listener)

    assert [each["stream"] for each in openai.requests] == [True, False, False]


async def test_a_server_that_answers_as_if_it_had_not_been_asked_for_pieces(
    models: LanguageModels, openai: OpenAIStandIn, listener: Listener
) -> None:
    openai.replies.append(Reply(body='{"choices": [{"message": {"content": "Aye."}}]}'))

    whole = await models.complete(ASKED, caller=CHAT, listener=listener)

    assert (whole.text, listener.attempts) == ("Aye.", [["Aye."]])
    assert len(openai.requests) == 1


async def test_whoever_is_cancelled_stops_the_call(
    models: LanguageModels, openai: OpenAIStandIn, sessions: Sessions, listener: Listener
) -> None:
    openai.replies.append(Reply("The fog came in.", hold=asyncio.Event(), hold_after=1))

    async with asyncio.timeout(5):
        asking = asyncio.create_task(models.complete(ASKED, caller=CHAT, listener=listener))
        await listener.has_heard.wait()

        asking.cancel()

        await openai.abandoned.wait()
        await asyncio.wait([asking])
        while not await outcomes(sessions):
            await asyncio.sleep(0.01)
    assert asking.cancelled()
    assert await outcomes(sessions) == ["cancelled"]


async def test_an_answer_that_stalls_is_given_up_at_the_deadline(
    carrier: BackgroundCalls, openai: OpenAIStandIn, sessions: Sessions, listener: Listener
) -> None:
    openai.replies.append(Reply("The fog came in.", hold=asyncio.Event(), hold_after=1))
    vendor = OpenAICompatible("openai", api_key="k", base_url=openai.url, dialect=Dialect())
    vendors = {"openai": ConfiguredVendor(vendor, "gpt-6-luna")}
    models = LanguageModels(Ledger(sessions, {}), carrier, vendors, deadline=0.2)

    with pytest.raises(ModelUnavailable):
        await models.complete(ASKED, caller=CHAT, listener=listener)

    await vendor.close()
    assert await outcomes(sessions) == ["unavailable"]
