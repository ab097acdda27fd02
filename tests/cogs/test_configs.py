"""`/config`: models and parameters, and who uses which."""

import re
from typing import Any

import pytest

from db.models import ModelRule
from db.session import Sessions
from services.llm import Price
from tests.cogs.concurrent import invent
from tests.cogs.conftest import House
from tests.cogs.forms import (
    answer,
    content_of,
    embed,
    fill,
    inputs,
    lines,
    open_part,
    pings,
    prefilled,
    press,
    set_default_config,
    shown,
    submit,
    suggestions,
    use_config,
)

QUICK = {
    "name": "Quick",
    "model": "openai/gpt-6-nano",
    "vision_model": "openai/gpt-6-luna",
    "fallback_model": "openai/default",
    "parameters": "temperature = 0.5\nmax_tokens = 200",
}
PAGE = """## Quick
-# yours
**Models**
`openai/gpt-6-nano`
for pictures `openai/gpt-6-luna`
fallback `openai/default`
**Parameters**
temperature = 0.5
max_tokens = 200
**Description**
*Nothing yet.*
**Delete**
Who has chosen it is answered by the default again"""
BOSS_ONLY = "Only the person who runs this bot can do that."
GLOBAL = "**OpenAI** · `openai/default` · for everyone"


@pytest.fixture(autouse=True)
async def listed_models(house: House, sessions: Sessions) -> None:
    """Three models that users may choose, and others that OpenAI lists."""
    house.openai.models += [
        {"id": name, "object": "model"}
        for name in ("gpt-6-nano", "gpt-6-astra", "text-embedding-3-small")
    ]
    async with sessions.begin() as session:
        for name in ("openai/gpt-6-nano", "openai/gpt-5", "openai/gpt-6-luna"):
            session.add(ModelRule(model=name, is_allowed=True, max_tokens=300))
    house.services.ledger.set_rule_prices({"openai/gpt-6-nano": Price(0.05, 0.01, 0.2)})


async def config_in_use(house: House, personality: str = "Mirela") -> tuple[str, str]:
    """Return the config that a personality uses with Alice, and who chose it."""
    page = await house.alice.slash(house.lobby, "settings", personality=personality)
    return re.findall(r"\*\*Model\*\*: (.*) · \*chosen by (.*)\*", shown(page))[0]


async def test_a_config_is_created_listed_viewed_and_used(house: House) -> None:
    created = await fill(house, house.alice, "config create", QUICK)
    used = await use_config(house, house.alice, "Quick", "Mirela")

    await house.alice.send(house.lobby, "@Mirela hello")
    await house.bob.send(house.lobby, "@Mirela hello")
    listed = await house.alice.slash(house.lobby, "config list")
    viewed = await house.alice.slash(house.lobby, "config view", config="QUICK")
    alices, bobs = house.openai.requests
    assert content_of(created) == "Saved."
    assert "**Model**: Quick · *chosen by you*" in shown(used)
    assert lines(listed) == [f"{GLOBAL} · default", "**Quick** · `openai/gpt-6-nano` · yours"]
    assert shown(viewed) == PAGE
    assert (alices["model"], alices["temperature"]) == ("gpt-6-nano", 0.5)
    assert bobs["model"] == "gpt-6-luna"


async def test_the_form_of_an_edit_holds_what_is_there(house: House) -> None:
    await fill(house, house.alice, "config create", QUICK)

    opened = await house.alice.slash(house.lobby, "config edit", config="Quick")
    cleared = {"vision_model": "", "fallback_model": "", "parameters": "\n top_p : 1 \n\n"}
    await submit(house.alice, opened, {**QUICK, **cleared})

    viewed = await house.alice.slash(house.lobby, "config view", config="Quick")
    assert prefilled(opened) == QUICK
    assert "**Models**\n`openai/gpt-6-nano`\n**Parameters**\ntop_p = 1\n" in shown(viewed)


async def test_what_a_vendor_does_not_know_is_said_to_be_left_out(house: House) -> None:
    parameters = {"parameters": "top_k = 40\nrepetition_penalty = 1.1"}

    created = await fill(house, house.alice, "config create", {**QUICK, **parameters})

    assert content_of(created) == (
        "Saved. `openai` does not know `repetition_penalty`, `top_k`, so it is left out of "
        "requests."
    )


async def test_what_cannot_be_saved_is_refused_in_words(house: House) -> None:
    await fill(house, house.alice, "config create", QUICK)
    await fill(house, house.alice, "config create", {**QUICK, "name": "Other"})
    unseen = "The name is empty or has no visible text."
    refusals: list[tuple[dict[str, str], str]] = [
        ({"name": "QUICK"}, "There is already a config called **QUICK**."),
        ({"name": "\u200b"}, unseen),
        ({"name": "  "}, unseen),
        ({"name": "\u0958" * 80}, "The name is too long: the limit is 80 characters."),
        ({"parameters": "temperature = 2.1"}, "`temperature` must be a number between 0 and 2."),
        ({"parameters": "temperature = nan"}, "`temperature` must be a number between 0 and 2."),
        ({"parameters": "max_tokens = 1.5"}, "`max_tokens` must be a number between 1 and 32000."),
        ({"parameters": "top_k = many"}, "`top_k` must be a number between 1 and 1000."),
        ({"parameters": "memory_limit"}, "`memory_limit` must be a number between 0 and 50."),
        (
            {"parameters": "magic = 1"},
            "There is no parameter `magic`. The parameters are: temperature,",
        ),
    ]

    for values, refusal in refusals:
        created = await fill(
            house, house.alice, "config create", {**QUICK, "name": "New", **values}
        )
        edited = await fill(house, house.alice, "config edit", values, config="Other")
        assert refusal in content_of(created)
        assert refusal in content_of(edited)
    for model, refusal in (
        ("gpt-6", "models are written vendor/model"),
        ("acme/gpt", "The vendors here: openai."),
        ("openai/", "cannot be used"),
        ("/x", "cannot be used"),
    ):
        created = await fill(house, house.alice, "config create", {"name": "New"}, model=model)
        edited = await fill(house, house.alice, "config edit", {}, config="Other", model=model)
        assert refusal in content_of(created)
        assert refusal in content_of(edited)
    listed = await house.alice.slash(house.lobby, "config list")
    assert len(lines(listed)) == 3


async def test_a_name_in_markdown_is_shown_plainly_and_pings_nobody(house: House) -> None:
    for name in ("*@everyone*", "🦊", "שלום"):
        await fill(house, house.alice, "config create", {**QUICK, "name": name})

    used = [
        shown(await use_config(house, house.alice, name, "Bex"))
        for name in ("*@everyone*", "🦊", "שלום")
    ]

    for page, plain in zip(used, (r"\*@everyone\*", "🦊", "שלום"), strict=True):
        assert f"**Model**: {plain} ·" in page
    assert pings(house) == []


async def test_a_config_is_its_owners_and_others_do_not_find_it(house: House) -> None:
    await fill(house, house.alice, "config create", QUICK)
    commands: dict[str, dict[str, Any]] = {
        "config edit": {},
        "config view": {},
        "config global default": {},
    }

    for command, options in commands.items():
        result = await house.bob.slash(house.lobby, command, config="Quick", **options)
        suggested = await suggestions(house, house.bob, command, "config", "")

        assert content_of(result) == "There is no config called **Quick** that you can use here."
        assert suggested == ["OpenAI"]


async def test_configs_are_suggested_by_how_they_begin(house: House) -> None:
    for name in ("Quick", "Quiet", "openai"):
        await fill(house, house.alice, "config create", {**QUICK, "name": name})

    suggested = {
        typed: await suggestions(house, house.alice, "config view", "config", typed)
        for typed in ("QUI", "o", "%")
    }

    assert suggested["QUI"] == ["Quick", "Quiet"]
    assert sorted(suggested["o"]) == ["OpenAI", "openai"]
    assert suggested["%"] == []


async def test_own_choice_wins_over_the_personalitys_and_that_over_everybodys(
    house: House,
) -> None:
    await invent(house, house.alice, "Zed")
    for name in ("Mine", "Zeds"):
        await fill(house, house.alice, "config create", {**QUICK, "name": name})

    assert await config_in_use(house, "Zed") == ("OpenAI", "the global default")
    await set_default_config(house, house.alice, "Zed", "Zeds")
    assert await config_in_use(house, "Zed") == ("Zeds", "the personality")
    await use_config(house, house.alice, "Mine", "Zed")
    assert await config_in_use(house, "Zed") == ("Mine", "you")
    await use_config(house, house.alice, "Its default", "Zed")
    assert await config_in_use(house, "Zed") == ("Zeds", "the personality")
    await set_default_config(house, house.alice, "Zed", "The default")
    assert await config_in_use(house, "Zed") == ("OpenAI", "the global default")


async def test_a_deleted_config_leaves_who_chose_it_to_the_default(house: House) -> None:
    await fill(house, house.alice, "config create", QUICK)
    await use_config(house, house.alice, "Quick", "Mirela")

    cancelled = await press(
        house, house.alice, "Cancel", "config view", part="delete", config="Quick"
    )
    unchanged = await config_in_use(house)
    confirmation = await open_part(house, house.alice, "config view", "delete", config="Quick")
    deleted = await press(
        house, house.alice, "Delete", "config view", part="delete", config="Quick"
    )
    again = await house.alice.click(answer(confirmation), label="Delete")

    assert content_of(cancelled) == "Nothing was changed."
    assert unchanged[0] == "Quick"
    assert content_of(deleted) == "**Quick** is gone."
    assert content_of(again).startswith("There is no config called **Quick**")
    assert await config_in_use(house) == ("OpenAI", "the global default")


async def test_whoever_runs_the_bot_makes_configs_for_everyone(house: House) -> None:
    created = await fill(house, house.boss, "config global create", QUICK)
    chosen = await house.boss.slash(house.lobby, "config global default", config="Quick")

    listed = await house.alice.slash(house.lobby, "config list")
    viewed = await house.alice.slash(house.lobby, "config view")
    edited = await fill(
        house, house.boss, "config edit", {"parameters": "temperature = 0"}, config="Quick"
    )
    await house.alice.send(house.lobby, "@Mirela hello")
    assert content_of(created) == content_of(edited) == "Saved."
    assert content_of(chosen) == "**Quick** is the default."
    assert lines(listed) == [GLOBAL, "**Quick** · `openai/gpt-6-nano` · for everyone · default"]
    assert embed(viewed).title == "Quick"
    assert house.openai.requests[-1]["temperature"] == 0


async def test_the_global_default_is_not_deleted_even_if_it_became_so_meanwhile(
    house: House,
) -> None:
    await fill(house, house.boss, "config global create", QUICK)
    confirmation = await open_part(house, house.boss, "config view", "delete", config="Quick")
    await house.boss.slash(house.lobby, "config global default", config="Quick")

    refused = await house.boss.click(answer(confirmation), label="Delete")
    await house.boss.slash(house.lobby, "config global default", config="OpenAI")
    await house.boss.click(answer(confirmation), label="Delete")

    listed = await house.alice.slash(house.lobby, "config list")
    assert (
        content_of(refused)
        == "**Quick** is the global default. Make another config the default first."
    )
    assert lines(listed) == [f"{GLOBAL} · default"]


async def test_what_is_everybodys_is_only_for_whoever_runs_the_bot_to_change(
    house: House,
) -> None:
    own = await fill(house, house.boss, "config create", {**QUICK, "name": "Boss"})
    commands: dict[str, dict[str, str]] = {
        "config global create": {},
        "config global default": {"config": "OpenAI"},
        "config edit": {"config": "OpenAI"},
    }

    for command, options in commands.items():
        result = await house.alice.slash(house.lobby, command, **options)
        assert content_of(result) == BOSS_ONLY
    private = await house.boss.slash(house.lobby, "config global default", config="Boss")
    assert content_of(own) == "Saved."
    assert content_of(private) == "There is no config called **Boss** that you can use here."


async def test_only_owners_choose_what_a_personality_speaks_with(house: House) -> None:
    await invent(house, house.alice, "Zed")

    result = await set_default_config(house, house.bob, "Zed", "OpenAI")

    assert content_of(result) == "Only the owners of **Zed** can do that."


async def test_users_choose_what_was_allowed_and_the_operator_from_all(house: House) -> None:
    opened = await house.alice.slash(house.lobby, "config create")
    typed = await suggestions(house, house.alice, "config create", "model", "NANO")
    other = await fill(
        house, house.alice, "config create", {"name": "Own"}, model="openai/gpt-6-astra"
    )
    operators = await house.boss.slash(house.lobby, "config create")

    menu = [each["value"] for each in inputs(opened)["model"]["options"]]
    labels = [each["label"] for each in inputs(opened)["model"]["options"]]
    assert menu == ["openai/default", "openai/gpt-5", "openai/gpt-6-luna", "openai/gpt-6-nano"]
    assert labels[0] == "openai/default (now gpt-6-luna)"
    assert typed == ["openai/gpt-6-nano"]
    assert content_of(other).startswith("`openai/gpt-6-astra` may not be chosen here.")
    offered = [each["value"] for each in inputs(operators)["model"]["options"]]
    assert offered == [
        *("openai/default", "openai/gpt-6-luna", "openai/gpt-6-astra", "openai/gpt-6-nano")
    ]
    assert inputs(opened)["vision_model"]["required"] is False


async def test_without_an_answer_of_the_vendor_its_default_can_be_chosen(house: House) -> None:
    house.openai.models = []

    opened = await house.boss.slash(house.lobby, "config create")

    menu = [each["value"] for each in inputs(opened)["model"]["options"]]
    assert menu == ["openai/default"]


async def test_a_form_takes_no_more_than_is_kept(house: House) -> None:
    opened = await house.alice.slash(house.lobby, "config create")

    limits = {
        name: each["max_length"] for name, each in inputs(opened).items() if "max_length" in each
    }
    assert limits == {"name": 80, "parameters": 1000}
