"""`/usage` and `/budget`: what was used, and what may be used."""

import pytest

from db.models import Budget, BudgetScope
from db.session import Sessions
from tests.cogs.concurrent import answers, pass_debounce
from tests.cogs.conftest import House
from tests.cogs.forms import answer, content_of, embed, fields, lines
from tests.vendors.openai import Reply


async def ask(house: House, text: str = "@Mirela hello") -> None:
    pass_debounce(house)
    await house.alice.send(house.lobby, text)


async def test_usage_shows_calls_tokens_and_cost_by_personality_and_model(house: House) -> None:
    house.openai.replies.extend([Reply("Aye.", cached=128), Reply(status=401)])
    await ask(house)
    await ask(house, "@Bex hello")

    mine = await house.alice.slash(house.lobby, "usage")
    bobs = await house.bob.slash(house.lobby, "usage", period="month")

    assert embed(mine).title == "What you used (day)"
    assert "2 calls (1 failed)" in (embed(mine).description or "")
    assert "(128 cached)" in (embed(mine).description or "")
    by_personality = (fields(mine)["By personality"] or "").split("\n")
    assert by_personality[0].startswith("▰▰▰▰▰▰▰▰▰▰ **Mirela** · $0.00")
    assert "**openai/gpt-6-luna**" in (fields(mine)["By model"] or "")
    assert "By user" not in fields(mine)
    assert "0 calls" in (embed(bobs).description or "")
    (picture,), (bobs_picture,) = answer(mine).attachments, answer(bobs).attachments
    assert "and 2 calls in the last 7 days" in (picture.description or "")
    assert "2 calls" in (fields(mine)["By day (UTC)"] or "")
    assert bobs_picture.description == "Nothing was used in the last 30 days."


async def test_the_operator_sees_who_used_most(house: House) -> None:
    await ask(house)

    shown = await house.boss.slash(house.lobby, "usage", of="everything")

    assert "**alice**" in (fields(shown)["By user"] or "")
    assert "**The House**" in (fields(shown)["By server"] or "")
    assert "**In all**: $0.00" in (fields(shown)["Budgets of 24 hours"] or "")


async def test_a_budget_is_set_shown_and_left_to_the_default(house: House) -> None:
    await house.boss.slash(house.lobby, "budget set", scope="everything", dollars=5.0)
    await house.boss.slash(house.lobby, "budget set", server="77", answers=100)
    shown = await house.boss.slash(house.lobby, "budget set", user=house.bob, dollars=0.5)
    cleared = await house.boss.slash(house.lobby, "budget set", scope="everything")

    assert lines(shown) == [
        "**In all**: $0.00 of $5.00 · 0 calls",
        "**everything** : $5",
        "**server** `77`: 100 answers",
        f"**user** {house.bob.mention}: $0.5",
    ]
    assert lines(cleared)[0] == "**In all**: $0.00 · 0 calls"


@pytest.mark.parametrize("target", [{}, {"scope": "everything", "server": "7"}, {"server": "x"}])
async def test_a_budget_is_for_one_thing(house: House, target: dict[str, str]) -> None:
    result = await house.boss.slash(house.lobby, "budget set", dollars=1.0, **target)

    assert content_of(result).startswith("Choose one thing")


async def test_a_new_bot_may_spend_a_dollar_a_day_and_says_so(
    house: House, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        session.add(Budget(scope=BudgetScope.ALL, usd=1))

    shown = await house.boss.slash(house.lobby, "budget show")

    assert lines(shown) == [
        "**In all**: $0.00 of $1.00 · 0 calls",
        "**everything** : $1 · the default of a new bot",
    ]


async def test_a_budget_of_nothing_is_spent(house: House) -> None:
    await house.boss.slash(house.lobby, "budget set", scope="everything", dollars=0.0)

    await ask(house)
    told = [m.content for m in house.alice.user.dm_channel.history()]

    assert answers(house.lobby) == []
    assert told[0].endswith("Until then `/usage` shows what you have used.")
