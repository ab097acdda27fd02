"""The ledger of calls: recording and summing up their cost."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from db.models import CallOutcome, LlmCall
from db.session import Sessions
from services.errors import BotOwnerOnly, ModeratorsOnly
from services.llm import (
    Caller,
    LanguageModels,
    Ledger,
    ModelMisconfigured,
    Price,
    Usage,
    UsageService,
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


@pytest.fixture
def usage(sessions: Sessions) -> UsageService:
    return UsageService(sessions)


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


async def test_what_was_used_is_summed_the_dearest_first(
    ledger: Ledger, usage: UsageService
) -> None:
    dear = ledger.with_cost("openai/luna", USAGE)
    for model, purpose, outcome, used in (
        ("local/x", "memory", CallOutcome.OK, USAGE),
        ("openai/luna", "chat", CallOutcome.OK, dear),
        ("openai/luna", "chat", CallOutcome.OK, dear),
        ("openai/luna", "chat", CallOutcome.RATE_LIMITED, Usage()),
    ):
        await record(ledger, model, Caller(purpose=purpose), outcome, used)

    report = await usage.of_all(BOSS, days=1)

    assert (report.calls, report.failed) == (4, 1)
    assert (report.tokens_in, report.tokens_cached, report.tokens_out) == (18, 9, 15)
    assert report.cost_usd == pytest.approx(2 * 0.0283)
    assert [(each.name, each.calls) for each in report.models] == [
        ("openai/luna", 3),
        ("local/x", 1),
    ]
    assert [each.name for each in report.purposes] == ["chat", "memory"]


async def test_what_was_used_is_summed_by_day_with_days_of_nothing(
    ledger: Ledger, usage: UsageService, sessions: Sessions
) -> None:
    dear = ledger.with_cost("openai/luna", USAGE)
    for purpose, days_ago in (("chat", 0), ("chat", 0), ("memory", 3), ("engine", 30)):
        await record(ledger, "openai/luna", Caller(purpose=purpose), usage=dear)
        async with sessions.begin() as session:
            call = (
                await session.scalars(select(LlmCall).order_by(LlmCall.created_at.desc()))
            ).first()
            assert call is not None
            call.created_at -= timedelta(days=days_ago)

    of_day = await usage.of_all(BOSS, days=1)
    of_month = await usage.of_all(BOSS, days=30)

    assert [each.calls for each in of_day.by_day] == [0, 0, 0, 1, 0, 0, 2]
    today = of_day.by_day[-1]
    assert today.tokens == 22
    assert today.cost_usd == pytest.approx(2 * 0.0283)
    assert of_day.by_day[3].day == today.day - timedelta(days=3)
    assert (len(of_month.by_day), sum(each.calls for each in of_month.by_day)) == (30, 3)


async def test_everyone_sees_their_own_and_that_of_their_proxied_members(
    ledger: Ledger, usage: UsageService, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        alice = await get_or_create_user(session, ALICE)
        member = await get_or_create_user(
            session, Actor(discord_id=-5, name="Luna", account_id=ALICE.discord_id)
        )
        bob = await get_or_create_user(session, Actor(discord_id=3, name="bob"))
    for user, guild_id in ((alice, 7), (member, 7), (bob, 8)):
        caller = Caller(purpose="chat", user_id=user.id, guild_id=guild_id)
        await record(ledger, "openai/luna", caller)

    own = await usage.own(ALICE, days=1)
    of_server = await usage.of_server(replace(ALICE, moderates_server=True), 7, days=1)
    of_all = await usage.of_all(BOSS, days=1)

    assert (own.calls, own.users, own.servers) == (2, (), ())
    assert [(each.id, each.calls) for each in of_server.users] == [(1, 2)]
    assert [(each.id, each.calls) for each in of_all.servers] == [(7, 2), (8, 1)]


async def test_what_was_used_before_is_left_out(
    ledger: Ledger, usage: UsageService, sessions: Sessions
) -> None:
    await record(ledger, "openai/luna", Caller(purpose="chat"))
    async with sessions.begin() as session:
        await session.execute(update(LlmCall).values(created_at=func.now() - timedelta(days=8)))

    assert (await usage.of_all(BOSS, days=7)).calls == 0
    assert (await usage.of_all(BOSS, days=9)).calls == 1


async def test_only_moderators_and_the_operator_see_what_others_used(usage: UsageService) -> None:
    with pytest.raises(BotOwnerOnly):
        await usage.of_all(ALICE, days=7)
    with pytest.raises(ModeratorsOnly):
        await usage.of_server(ALICE, 7, days=7)


async def test_a_call_is_written_down_when_its_user_is_gone(
    sessions: Sessions, models: LanguageModels
) -> None:
    caller = Caller(purpose="chat", user_id=uuid4(), personality_id=uuid4())

    await record(models.ledger, "openai/gpt-6-luna", caller, usage=Usage(tokens_in=7))

    async with sessions() as session:
        row = (await session.scalars(select(LlmCall))).one()
    assert (row.user_id, row.tokens_in) == (None, 7)
