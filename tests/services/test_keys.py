"""Keys of users in several processes, and addresses that nobody reaches with one."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest
from sqlalchemy import delete, select

from bot.app.settings import Settings
from bot.app.vendors import vendor_opener
from db.models import LlmCall, Spending, User
from db.session import Sessions
from services.access import (
    OwnKeyGone,
    OwnKeyRefused,
    Payer,
    PayerKind,
    Situation,
    authorize,
)
from services.addresses import public_address
from services.keys import KeyInput, KeyService
from services.llm import ChatMessage, LanguageModels, ModelMisconfigured, Request
from services.personalities import PersonalityService
from services.public_network import PublicTransport
from services.types import Actor, Channel, Venue
from tests.vendors.openai import OpenAIStandIn

ANN = Actor(discord_id=7, name="ann")
KEY = "sk-something-that-nobody-knows"


async def until_gone(keys: KeyService, payer: Payer) -> None:
    async with asyncio.timeout(5):
        while keys.ring.find([payer], "openai"):
            await asyncio.sleep(0.01)


async def test_a_key_goes_with_its_owner_in_every_process(
    sessions: Sessions, keys: KeyService
) -> None:
    async with keys.ring.running():
        await keys.add(ANN, KeyInput(vendor="openai", text=KEY, for_acts=True))
        async with sessions() as session:
            ann = (await session.scalars(select(User))).one()
        payers = [Payer.user(ann.id), Payer(PayerKind.MAKER, ann.id)]
        found = [keys.ring.find([payer], "openai") for payer in payers]

        async with sessions.begin() as session:
            await session.execute(delete(User))

        assert None not in found
        for payer in payers:
            await until_gone(keys, payer)


async def test_a_key_of_openrouter_is_tried_where_not_everybody_gets_an_answer(
    openai: OpenAIStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_BASE_URL", openai.url)
    vendor = vendor_opener(Settings.load())("openrouter", KEY, None)
    openai.refused_keys.add(KEY)

    with pytest.raises(ModelMisconfigured):
        await vendor.check_key()
    openai.refused_keys.clear()

    assert await vendor.check_key() == 1
    assert openai.checked_keys == 1
    await vendor.close()


async def test_only_who_says_so_pays_for_what_personalities_do_by_themselves(
    sessions: Sessions, keys: KeyService
) -> None:
    await keys.add(ANN, KeyInput(vendor="openai", text=KEY))
    async with sessions() as session:
        ann = (await session.scalars(select(User))).one()

    assert keys.ring.find([Payer.user(ann.id)], "openai") is not None
    assert keys.ring.find([Payer(PayerKind.MAKER, ann.id)], "openai") is None


async def test_a_personality_that_acts_by_itself_pays_with_its_makers_key(
    sessions: Sessions, keys: KeyService, models: LanguageModels, openai: OpenAIStandIn
) -> None:
    nyx = await PersonalityService(sessions).create(ANN, {"name": "Nyx"})
    request = Request(model="openai/default", messages=(ChatMessage("user", "Well?"),))

    async def act() -> None:
        async with sessions() as session:
            caller = await authorize(session, "engine post", personality_id=nyx.id)
        await models.complete(request, caller=caller)

    await act()
    await keys.add(ANN, KeyInput(vendor="openai", text=KEY))
    await act()
    await keys.add(ANN, KeyInput(vendor="openai", text=KEY, for_acts=True))
    await act()

    assert openai.keys == ["sk-x", "sk-x", KEY]


async def test_what_only_a_key_may_pay_for_is_not_paid_by_the_operator(
    sessions: Sessions, keys: KeyService, models: LanguageModels, openai: OpenAIStandIn
) -> None:
    await keys.add(ANN, KeyInput(vendor="openai", text=KEY))
    async with sessions() as session:
        caller = await authorize(session, "chat", user=(await session.scalars(select(User))).one())
    dear = "openai/gpt-6-astra"
    request = Request(model=dear, messages=(ChatMessage("user", "Well?"),), keyed=frozenset({dear}))
    await models.complete(request, caller=caller)
    await keys.remove(ANN, "openai")

    with pytest.raises(OwnKeyGone):
        await models.complete(request, caller=caller)

    assert openai.keys == [KEY]


async def test_a_refused_key_costs_its_server_nothing(
    sessions: Sessions, keys: KeyService, models: LanguageModels, openai: OpenAIStandIn
) -> None:
    moderator = Actor(discord_id=8, name="mo", moderates_server=True)
    brought = KeyInput(vendor="openai", text=KEY, guild_id=5, budget_usd=0.01)
    await keys.add(moderator, brought)
    openai.refused_keys.add(KEY)
    place = Channel(channel_id=1, guild_id=5, venue=Venue.PUBLIC)
    async with sessions() as session:
        caller = await authorize(session, "chat", situation=Situation(channel=place))
    request = Request(model="openai/default", messages=(ChatMessage("user", "Well?"),))

    for _ in range(20):
        with pytest.raises(OwnKeyRefused):
            await models.complete(request, caller=caller)

    async with sessions() as session:
        spent = (await session.scalars(select(Spending.usd))).all()
        outcomes = set(await session.scalars(select(LlmCall.outcome)))
    assert (sum(spent), outcomes) == (0, {"misconfigured"})


def resolves(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Have every name stand for these addresses."""

    async def getaddrinfo(*_: Any, **__: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254"),
        *(
            "100.64.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1%eth0",
            "fd00::1",
        ),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.8", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1"),
    ],
)
async def test_no_name_leads_into_a_private_network(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    resolves(monkeypatch, "93.184.215.14", address)
    transport = PublicTransport()

    with pytest.raises(OSError, match="not a public host"):
        await public_address("llm.example.org", 443)
    async with httpx2.AsyncClient(transport=transport) as client:
        with pytest.raises(httpx2.ConnectError, match="not a public address"):
            await client.get("https://llm.example.org/v1/models")


async def test_a_public_name_is_reached_at_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolves(monkeypatch, "93.184.215.14")
    sent: list[httpx2.Request] = []

    async def handle(_: Any, request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200)

    monkeypatch.setattr(httpx2.AsyncHTTPTransport, "handle_async_request", handle)

    async with httpx2.AsyncClient(transport=PublicTransport()) as client:
        await client.get("https://llm.example.org/v1/models")

    assert str(sent[0].url) == "https://93.184.215.14/v1/models"
    assert sent[0].headers["Host"] == "llm.example.org"
    assert sent[0].extensions["sni_hostname"] == "llm.example.org"


async def test_an_answer_without_an_end_is_not_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolves(monkeypatch, "93.184.215.14")
    read = 0

    async def endless() -> AsyncGenerator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 1_000_000

    async def handle(_: Any, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=endless(), request=request)

    monkeypatch.setattr(httpx2.AsyncHTTPTransport, "handle_async_request", handle)

    async with httpx2.AsyncClient(transport=PublicTransport()) as client:
        with pytest.raises(httpx2.ReadError, match="too large"):
            await client.get("https://llm.example.org/v1/models")

    assert read == 11
