"""What a server's AutoMod blocks, no personality says there."""

import discord
import pytest

from services.keywords import KeywordRule, find_blocked
from tests.cogs.concurrent import answers, pass_debounce
from tests.cogs.conftest import House
from tests.cogs.forms import fields

BLOCK = discord.AutoModRuleAction(custom_message="No.")


async def forbid(house: House, *words: str, exempt: bool = False) -> discord.AutoModRule:
    """Add a keyword rule, as moderators do in the settings of the server."""
    guild = house.bot.get_guild(house.guild.id)
    assert guild is not None
    lobby = guild.get_channel(house.lobby.id)
    assert lobby is not None
    return await guild.create_automod_rule(
        name="words",
        event_type=discord.AutoModRuleEventType.message_send,
        trigger=discord.AutoModTrigger(keyword_filter=list(words)),
        actions=[BLOCK],
        enabled=True,
        exempt_channels=[lobby] if exempt else [],
    )


async def ask(house: House, *answers_: str) -> None:
    house.openai.says(*answers_)
    pass_debounce(house)
    await house.alice.send(house.lobby, "@Mirela hello")


async def test_an_answer_that_is_blocked_is_made_again(house: House) -> None:
    await forbid(house, "whisky*")

    await ask(house, "Have some whiskys.", "Have some tea.")

    assert answers(house.lobby) == ["Have some tea."]


async def test_where_every_answer_is_blocked_the_person_is_told(house: House) -> None:
    await forbid(house, "tea")

    await ask(house, "Tea?", "Some tea.", "TEA!")

    assert answers(house.lobby) == []
    assert "this server's AutoMod blocked it" in house.lobby.history()[-1].content


async def test_rules_are_kept_fresh(house: House) -> None:
    await ask(house, "Have some tea.")
    rule = await forbid(house, "tea")
    await ask(house, "Have some tea.", "Have some rum.")
    await rule.delete()
    await ask(house, "Have more tea.")

    assert answers(house.lobby) == ["Have some tea.", "Have some rum.", "Have more tea."]


async def test_an_exempt_channel_is_exempt(house: House) -> None:
    await forbid(house, "tea", exempt=True)

    await ask(house, "Have some tea.")

    assert answers(house.lobby) == ["Have some tea."]


async def test_moderators_see_whether_the_rules_can_be_read(house: House) -> None:
    readable = await house.moderator.slash(house.lobby, "server settings")

    assert fields(readable)["AutoMod"] == "No personality says what its keyword rules block."


@pytest.mark.parametrize(
    ("rule", "text", "is_blocked"),
    [
        (KeywordRule(keywords=["cat"]), "The CAT sat.", True),
        (KeywordRule(keywords=["cat"]), "concatenate", False),
        (KeywordRule(keywords=["cat*"]), "catalogue", True),
        (KeywordRule(keywords=["cat*"]), "concat", False),
        (KeywordRule(keywords=["*cat"]), "concat.", True),
        (KeywordRule(keywords=["*cat*"]), "concatenate", True),
        (KeywordRule(keywords=["bad words"]), "such bad,  words!", True),
        (KeywordRule(keywords=["cat"], allowed=["the cat"]), "the cat", False),
        (KeywordRule(keywords=["cat"], allowed=["the cat"]), "the cat and a cat", True),
        (KeywordRule(keywords=["наркотик*"]), "НАРКОТИКИ", True),
        (KeywordRule(keywords=["*", "***", ""]), "anything", False),
        (KeywordRule(patterns=[r"b[a@]d\d+"]), "so B@D77", True),
        (KeywordRule(patterns=["(", r"\p{L}{20}"]), "x" * 20, True),
    ],
    ids=str,
)
async def test_what_a_rule_blocks(rule: KeywordRule, text: str, *, is_blocked: bool) -> None:
    assert (await find_blocked([rule], text) is not None) == is_blocked


async def test_a_pattern_that_never_ends_is_given_up() -> None:
    rules = [KeywordRule(patterns=[r"(a|aa)+$", r"(a|a)*b", "ok"])]
    found = await find_blocked(rules, "a" * 2000 + " ok")

    assert found == "ok"
