"""`/key`: keys that users bring, who pays with them, and what is never seen of them."""

import json
import logging
from typing import Any

import pytest
from sqlalchemy import func, select, text

from db.models import ApiKey, LlmCall, Spending
from db.session import Sessions
from services.access import BudgetScope
from services.keys import KeyService
from tests.cogs.concurrent import answers, invent, pass_debounce
from tests.cogs.conftest import House
from tests.cogs.forms import (
    answer,
    content_of,
    embed,
    fields,
    fill,
    inputs,
    lines,
    set_default_config,
    submit,
    suggestions,
    use_config,
)
from tests.cogs.test_access import dms_to, marks

CANARY = "sk-canary-5f0c9d2b7e14"
DEAR = "openai/gpt-6-astra"


async def bring(house: House, key: str = CANARY, *, who: Any = None, **options: Any) -> str:
    values = {"key": key, **{name: options.pop(name) for name in ("budget",) if name in options}}
    options = {"vendor": "OpenAI", **options}
    return content_of(await fill(house, who or house.alice, "key add", values, **options))


async def ask(house: House, who: Any, words: str = "@Mirela hello") -> str | None:
    """Say something; return the key that its answer was paid with, if it was answered."""
    pass_debounce(house)
    before = len(house.openai.keys)
    await who.send(house.lobby, words)
    return house.openai.keys[-1] if len(house.openai.keys) > before else None


async def spend_everything(house: House) -> None:
    await house.boss.slash(house.lobby, "budget set", scope="everything", dollars=0.0)


async def test_whoever_brings_a_key_pays_with_it_and_is_bound_by_no_budget(
    house: House, sessions: Sessions
) -> None:
    added = await bring(house)
    await spend_everything(house)

    paid = [await ask(house, house.alice), await ask(house, house.bob)]

    assert added == (
        "The key works, and opens 1 model. From now on you pay with it for answers of `openai/…`; "
        "`/config create` chooses among its models."
    )
    assert paid == [CANARY, None]
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(Spending)) == 0
        assert len((await session.scalars(select(LlmCall.key_id))).all()) == 1
    used = embed(await house.alice.slash(house.lobby, "usage"))
    assert "of it on keys that users have brought" in (used.description or "")


async def test_any_model_may_be_chosen_with_a_key_of_its_vendor(house: House) -> None:
    refused = await fill(house, house.bob, "config create", {"name": "Dear"}, model=DEAR)
    await bring(house)
    offered = await suggestions(house, house.alice, "config create", "model", DEAR)
    saved = await fill(
        house,
        house.alice,
        "config create",
        {"name": "Dear", "parameters": "max_tokens = 20000"},
        model=DEAR,
    )
    await use_config(house, house.alice, "Dear", "Mirela")
    paid = await ask(house, house.alice)
    shown = await house.alice.slash(house.lobby, "models")

    assert "may not be chosen here" in content_of(refused)
    assert offered == [f"{DEAR} (your key)"]
    assert content_of(saved) == "Saved."
    assert paid == CANARY
    request = house.openai.requests[-1]
    assert (request["model"], request["max_tokens"]) == ("gpt-6-astra", 20000)
    assert (
        fields(shown)["With your key"]
        == "All that your key opens: `openai/…`, in `/config create`."
    )


async def test_others_get_the_default_of_a_personality_whose_maker_has_a_key(house: House) -> None:
    await bring(house)
    own = await invent(house, house.alice, "Nyx")
    await fill(house, house.alice, "config create", {"name": "Dear"}, model=DEAR)
    await set_default_config(house, house.alice, own.name, "Dear")

    paid = [await ask(house, who, "@Nyx hello") for who in (house.alice, house.bob)]

    assert paid == [CANARY, "sk-x"]
    assert [each["model"] for each in house.openai.requests] == ["gpt-6-astra", "gpt-6-luna"]
    assert answers(house.lobby) == ["Aye.", "Aye."]


async def test_nobody_pays_with_their_key_for_what_somebody_else_chose(house: House) -> None:
    await bring(house)
    other = "sk-another-4a7d1c9e2b60"
    own = await invent(house, house.alice, "Nyx")
    await fill(house, house.alice, "config create", {"name": "Dear"}, model=DEAR)
    await set_default_config(house, house.alice, own.name, "Dear")
    await bring(house, other, who=house.bob)

    paid = await ask(house, house.bob, "@Nyx hello")

    assert (paid, house.openai.requests[-1]["model"]) == (other, "gpt-6-luna")


async def test_a_key_that_is_revoked_is_told_to_its_owner_in_words(house: House) -> None:
    await bring(house)
    house.openai.refused_keys.add(CANARY)

    paid = await ask(house, house.alice)
    listed = await house.alice.slash(house.lobby, "key list")
    tested = await house.alice.slash(house.lobby, "key test", vendor="OpenAI")
    house.openai.refused_keys.clear()
    again = await house.alice.slash(house.lobby, "key test", vendor="OpenAI")
    fine = await house.alice.slash(house.lobby, "key list")

    assert paid is None
    assert answers(house.lobby) == []
    assert dms_to(house.alice) == [
        f"{house.lobby.mention}: The vendor OpenAI does not accept your key: it does not know it, "
        "or does not let it be used. `/key test` tries it again, `/key add` replaces it, "
        "`/key remove` takes it away."
    ]
    assert "refused since" in lines(listed)[0]
    assert content_of(tested) == "That key is not accepted by OpenAI."
    assert content_of(again) == "It works, and opens 1 model."
    assert lines(fine) == ["**OpenAI**"]


async def test_moderators_bring_a_key_for_everyone_with_a_budget_of_its_own(
    house: House, sessions: Sessions
) -> None:
    refused = await house.alice.slash(
        house.lobby, "key add", vendor="OpenAI", whose="this server's"
    )
    added = await bring(house, who=house.moderator, whose="this server's", budget="0.0001")
    await spend_everything(house)

    paid = [await ask(house, house.alice)]
    await bring(house, who=house.moderator, whose="this server's", budget="2.50")
    paid += [await ask(house, who) for who in (house.alice, house.bob)]
    listed = await house.moderator.slash(house.lobby, "key list")
    hidden = await house.alice.slash(house.lobby, "key list")

    assert content_of(refused) == (
        "Only members with **Manage Messages** in this channel can do that."
    )
    assert "everyone here pays" in added
    assert paid == [None, CANARY, CANARY]
    assert marks(house) == ["⏳"]
    assert "the key that was brought for this server is spent" in dms_to(house.alice)[0]
    assert lines(listed) == ["**OpenAI** · for this server, up to $2.5 in 24 hours"]
    assert lines(hidden) == []
    async with sessions() as session:
        scopes = set(await session.scalars(select(Spending.scope)))
    assert scopes == {BudgetScope.KEY}


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("sk-with a space in it", "a key is one word of letters, digits and signs"),
        ("sk-short", "a key has between 16 and 500 characters"),
        ("sk-or-v1-0123456789abcdef", "it looks like one of another vendor (OpenRouter)"),
        ("AIzaSyD-0123456789abcdef", "it looks like one of another vendor (Gemini)"),
    ],
)
async def test_what_cannot_be_a_key_is_said_and_not_kept(
    house: House, sessions: Sessions, key: str, words: str
) -> None:
    said = await bring(house, key)

    assert said == f"That is no key of OpenAI: {words}."
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(ApiKey)) == 0


async def test_a_key_that_its_vendor_refuses_is_not_stored_and_not_shown_again(
    house: House, sessions: Sessions
) -> None:
    house.openai.refused_keys.add(CANARY)
    opened = await house.alice.slash(house.lobby, "key add", vendor="OpenAI")
    refused = await submit(house.alice, opened, {"key": CANARY})
    reopened = await house.alice.click(answer(refused), label="Change what I wrote")

    assert content_of(refused) == "That key is not accepted by OpenAI."
    assert inputs(reopened)["key"].get("value") is None
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(ApiKey)) == 0


@pytest.mark.parametrize(
    "address",
    ["http://llm.example.org/v1", "https://127.0.0.1/v1", "https://[::1", "https://evil.org"],
)
async def test_an_address_that_the_operator_does_not_allow_is_refused(
    house: House, address: str
) -> None:
    opened = await house.alice.slash(house.lobby, "key add", vendor="another address")
    refused = await submit(
        house.alice, opened, {"key": CANARY, "address": address, "model": "llama"}
    )

    assert "llm.example.org" in content_of(refused)
    assert "cannot be brought" in content_of(refused)


async def test_a_key_that_would_pay_for_nothing_in_a_server_is_not_taken(house: House) -> None:
    refused = await house.moderator.slash(
        house.lobby, "key add", vendor="Gemini", whose="this server's"
    )

    assert content_of(refused) == "Nothing here would be paid with a key of that vendor."


async def test_whoever_brought_a_key_to_a_server_takes_it_back(house: House) -> None:
    await bring(house, who=house.moderator, whose="this server's")
    others = await house.alice.slash(
        house.lobby, "key remove", vendor="OpenAI", server=str(house.guild.id)
    )
    taken = await house.moderator.slash(
        house.lobby, "key remove", vendor="OpenAI", server=str(house.guild.id)
    )

    assert content_of(others).startswith("There is no key of OpenAI.")
    assert content_of(taken) == "The key is deleted."


async def test_a_removed_key_pays_no_more(house: House) -> None:
    await bring(house)
    removed = await house.alice.slash(house.lobby, "key remove", vendor="OpenAI")
    missing = await house.alice.slash(house.lobby, "key remove", vendor="OpenAI")

    assert content_of(removed) == "The key is deleted."
    assert content_of(missing).startswith("There is no key of OpenAI.")
    assert await ask(house, house.alice) == "sk-x"


async def test_a_key_is_nowhere_in_clear(
    house: House, sessions: Sessions, keys: KeyService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await bring(house)
    await ask(house, house.alice)
    house.openai.refused_keys.add(CANARY)
    await ask(house, house.alice)
    exported = await house.alice.slash(house.lobby, "privacy export")
    shown = [
        json.dumps(each.json, default=str)
        for each in house.env.http_requests
        if each.json is not None
    ]
    async with sessions() as session:
        tables = (
            await session.scalars(
                text("SELECT table_name FROM information_schema.tables WHERE table_schema='public'")
            )
        ).all()
        rows = [
            str(row)
            for table in tables
            for row in (await session.execute(text(f'SELECT t::text FROM "{table}" t'))).all()  # noqa: S608
        ]
        key = (await session.scalars(select(ApiKey))).one()

    assert len(rows) > len(tables)
    for places in (rows, shown, [caplog.text], [str(exported)], [repr(key), repr(keys)]):
        assert not [each for each in places if CANARY in each]
    assert CANARY.encode() not in key.sealed
