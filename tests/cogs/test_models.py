"""`/models` and `/model`: which models users may choose, with which limits, at which price."""

from typing import Any

import pytest

from tests.cogs.concurrent import answers, pass_debounce
from tests.cogs.conftest import House
from tests.cogs.forms import (
    answer,
    content_of,
    embed,
    fill,
    inputs,
    lines,
    use_config,
)

DEAR = "openai/gpt-6-astra"
PRICES = {"price_read": 10.0, "price_written": 30.0}


async def allow(house: House, **options: Any) -> str:
    return content_of(await house.boss.slash(house.lobby, "model allow", **options))


async def use(house: House, model: str, parameters: str = "") -> str:
    """Let Alice speak with Mirela by a config of her own."""
    created = await fill(
        house, house.alice, "config create", {"name": "Own", "parameters": parameters}, model=model
    )
    if "Saved" in content_of(created):
        await use_config(house, house.alice, "Own", "Mirela")
    return content_of(created)


async def ask(house: House) -> dict[str, Any]:
    pass_debounce(house)
    await house.alice.send(house.lobby, "@Mirela hello")
    return house.openai.requests[-1]


async def test_users_are_offered_the_models_of_the_global_configs(house: House) -> None:
    listed = await house.alice.slash(house.lobby, "models")
    chosen = await house.alice.select(answer(listed), ["openai/gpt-6-luna"])

    assert embed(listed).description == (
        "`openai/gpt-6-luna` · $0.1 · $0.01 · $0.5 · 16,000 tokens · answers up to 4,096"
    )
    options = inputs(chosen)["model"]["options"]
    assert [each["value"] for each in options if each.get("default")] == ["openai/gpt-6-luna"]


async def test_a_dear_model_is_the_operators_to_allow(house: House) -> None:
    refused = await use(house, DEAR)
    shown = await allow(house, model=DEAR, max_tokens=200, **PRICES)
    saved = await use(house, DEAR, "max_tokens = 32000\nreasoning_effort = low")
    request = await ask(house)

    assert refused == (
        "`openai/gpt-6-astra` may not be chosen here. You can choose openai/gpt-6-luna. `/models` "
        "shows more of them; the person who runs this bot can allow others."
    )
    assert shown == ("`openai/gpt-6-astra` · $10 · $10 · $30 · 16,000 tokens · answers up to 200")
    assert saved == "Saved."
    assert (request["model"], request["max_completion_tokens"]) == ("gpt-6-astra", 200)
    assert request["reasoning_effort"] == "low"


async def test_a_model_that_is_denied_falls_back_and_says_so(house: House) -> None:
    await allow(house, model=DEAR, **PRICES)
    await use(house, DEAR)
    denied = await house.boss.slash(house.lobby, "model deny", model=DEAR)
    request = await ask(house)
    rules = await house.boss.slash(house.lobby, "model list")

    assert content_of(denied) == "Users may not choose `openai/gpt-6-astra`."
    assert request["model"] == "gpt-6-luna"
    assert answers(house.lobby) == [
        "Aye.\n-# openai/gpt-6-astra may not be chosen here any more, so this came from "
        "openai/gpt-6-luna. `/models` shows those that may."
    ]
    assert embed(rules).description == ("`openai/gpt-6-astra` · denied · price from the operator")


@pytest.mark.parametrize(
    ("pricing", "shown"),
    [
        ({"prompt": "0.000002", "completion": "0.000008"}, "$2 · $2 · $8"),
        (
            {"prompt": "0.000002", "completion": "0.000008", "input_cache_read": "0.0000002"},
            "$2 · $0.2 · $8",
        ),
        ({"prompt": "0", "completion": "0"}, "free"),
    ],
)
async def test_the_vendors_own_list_has_prices(
    house: House, pricing: dict[str, str], shown: str
) -> None:
    modalities = {"input_modalities": ["text", "image"]}
    house.openai.models.append(
        {
            "id": "gpt-6-astra",
            "object": "model",
            "pricing": pricing,
            "context_length": 99_000,
            "architecture": modalities,
        }
    )

    line = await allow(house, model=DEAR)

    assert line == f"`{DEAR}` · {shown} · 99,000 tokens · sees pictures · answers up to 4,096"


@pytest.mark.parametrize("pricing", [None, {}, {"prompt": "-1", "completion": "-1"}, "dear"])
async def test_a_model_that_nobody_prices_cannot_be_chosen(house: House, pricing: Any) -> None:
    house.openai.models.append({"id": "gpt-6-astra", "object": "model", "pricing": pricing})

    allowed = await allow(house, model=DEAR)
    everybodys = await fill(house, house.boss, "config global create", {"name": "Dear"}, model=DEAR)

    assert allowed.startswith("Nobody knows what `openai/gpt-6-astra` costs")
    assert content_of(everybodys).startswith("Nobody knows what `openai/gpt-6-astra` costs")


async def test_a_list_that_becomes_empty_leaves_the_default_to_everyone(house: House) -> None:
    await house.boss.slash(house.lobby, "model deny", model="openai/default")

    listed = await house.alice.slash(house.lobby, "models")
    refused = content_of(await house.alice.slash(house.lobby, "config create"))
    await ask(house)

    assert embed(listed).description == "*None.*"
    assert refused.startswith("The person who runs this bot lets nobody choose a model")
    assert answers(house.lobby) == ["Aye."]


async def test_limits_have_bounds_and_models_a_vendor(house: House) -> None:
    assert "models are written vendor/model" in await allow(house, model="gpt-6-luna")
    assert lines(await house.boss.slash(house.lobby, "model list")) == []
