"""The ledger of calls: recording and summing up their cost."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from db.models import CallOutcome, LlmCall
from db.session import Sessions
from services.errors import BotOwnerOnly
from services.llm import (
    Caller,
    LanguageModels,
    Ledger,
    ModelMisconfigured,
    Price,
    Usage,
)
from services.people import get_or_create_user
from services.types import Actor
from tests.services.llm_support import HELLO
from tests.vendors.openai import OpenAIStandIn, Reply

ALICE = Actor(discord_id=1, name="alice")
BOSS = Actor(discord_id=2, name="boss", is_bot_owner=True)
PRICES = {"openai/luna": Price(1000, 100, 5000)}
USAGE = Usage(tokens_in=6, tokens_cached=3, tokens_out=5)


@pytest.fixture
def ledger(sessions: Sessions) -> Ledger:
    return Ledger(sessions, PRICES)


async def record(
    ledger: Ledger,
    model: str,
    caller: Caller,
    outcome: CallOutcome = CallOutcome.OK,
    usage: Usage = USAGE,
) -> None:
    async with ledger.call(model, caller, at_most=usage, expected=usage) as call:
        call.outcome, call.usage = outcome, usage


async def only_call(sessions: Sessions) -> LlmCall:
    async with sessions() as session:
        return (await session.scalars(select(LlmCall))).one()


async def test_a_request_is_a_row_with_what_it_took_and_who_asked(
    models: LanguageModels, openai: OpenAIStandIn, sessions: Sessions
) -> None:
    openai.replies.append(Reply("The fog came in.", cached=3))
    async with sessions.begin() as session:
        user = await get_or_create_user(session, ALICE)
    caller = Caller(purpose="chat", user_id=user.id, guild_id=7)

    answer = await models.complete(HELLO.to("openai/default"), caller=caller)

    row = await only_call(sessions)
    assert (row.model, row.outcome, row.purpose) == ("openai/gpt-6-luna", "ok", "chat")
    assert (row.tokens_in, row.tokens_cached, row.tokens_out) == (6, 3, 5)
    assert row.cost_usd == answer.usage.cost_usd == 0.000003
    assert (row.user_id, row.guild_id, row.personality_id) == (user.id, 7, None)
    assert 0 <= row.duration_ms < 5000


async def test_a_request_that_fails_is_a_row_that_says_how(
    models: LanguageModels, openai: OpenAIStandIn, sessions: Sessions
) -> None:
    openai.replies.append(Reply(status=401))

    with pytest.raises(ModelMisconfigured):
        await models.complete(HELLO.to("openai/default"), caller=Caller(purpose="chat"))

    row = await only_call(sessions)
    assert (row.outcome, row.tokens_in, row.cost_usd) == ("misconfigured", 0, None)


@pytest.mark.parametrize(
    ("model", "vendor_cost", "cost"),
    [
        ("openai/luna", None, 0.0283),
        ("openai/luna", 0.5, 0.5),
        ("openai/unheard-of", None, None),
        ("openai/unheard-of", 0.5, 0.5),
        ("local/smollm2", None, 0),
    ],
)
def test_a_call_costs_what_the_vendor_says_or_else_the_price_list(
    ledger: Ledger, model: str, vendor_cost: float | None, cost: float | None
) -> None:
    usage = Usage(tokens_in=6, tokens_cached=3, tokens_out=5, cost_usd=vendor_cost)

    assert ledger.with_cost(model, usage).cost_usd == cost


async def test_what_was_spent_is_summed_by_model_and_purpose_the_dearest_first(
    ledger: Ledger,
) -> None:
    dear = ledger.with_cost("openai/luna", USAGE)
    for model, purpose, outcome, usage in (
        ("local/x", "memory", CallOutcome.OK, USAGE),
        ("openai/luna", "chat", CallOutcome.OK, dear),
        ("openai/luna", "chat", CallOutcome.OK, dear),
        ("openai/luna", "chat", CallOutcome.RATE_LIMITED, Usage()),
    ):
        await record(ledger, model, Caller(purpose=purpose), outcome, usage)

    chat, memory = await ledger.summary(BOSS, days=1)
    assert (chat.model, chat.purpose, chat.calls, chat.failed) == ("openai/luna", "chat", 3, 1)
    assert (chat.tokens_in, chat.tokens_cached, chat.tokens_out) == (12, 6, 10)
    assert chat.cost_usd == pytest.approx(2 * 0.0283)
    assert (memory.model, memory.purpose) == ("local/x", "memory")
    assert (memory.calls, memory.failed, memory.cost_usd) == (1, 0, 0)


async def test_what_was_spent_before_is_left_out(ledger: Ledger, sessions: Sessions) -> None:
    await record(ledger, "openai/luna", Caller(purpose="chat"))
    async with sessions.begin() as session:
        await session.execute(update(LlmCall).values(created_at=func.now() - timedelta(days=8)))

    assert await ledger.summary(BOSS, days=7) == []
    assert len(await ledger.summary(BOSS, days=9)) == 1


async def test_only_whoever_runs_the_bot_sees_what_was_spent(ledger: Ledger) -> None:
    with pytest.raises(BotOwnerOnly):
        await ledger.summary(ALICE, days=7)


async def test_a_call_is_written_down_when_its_user_is_gone(
    sessions: Sessions, models: LanguageModels
) -> None:
    caller = Caller(purpose="chat", user_id=uuid4(), personality_id=uuid4())

    await record(models.ledger, "openai/gpt-6-luna", caller, usage=Usage(tokens_in=7))

    async with sessions() as session:
        row = (await session.scalars(select(LlmCall))).one()
    assert (row.user_id, row.tokens_in) == (None, 7)
