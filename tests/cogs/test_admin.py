"""Commands of the bot's owner."""

import pytest
from simcord.backend.errors import SetupError

from tests.cogs.conftest import House
from tests.cogs.forms import content_of, embed, lines
from tests.vendors.openai import Reply


async def test_servers_are_listed_the_largest_first(house: House) -> None:
    elsewhere = house.env.create_guild("*Else*where")
    elsewhere.create_text_channel("lobby")
    await house.env.settle()

    listed = await house.boss.slash(house.lobby, "admin servers")

    assert embed(listed).title == "Servers (2)"
    assert [each.split(" · ")[0] for each in lines(listed)] == [
        "**The House**",
        r"**\*Else\*where**",
    ]


async def test_discord_is_told_about_the_commands_again(house: House) -> None:
    def syncs() -> int:
        sent = ((each.method, each.path) for each in house.env.http_requests)
        return sum(method == "PUT" and path.endswith("/commands") for method, path in sent)

    before = syncs()

    result = await house.boss.slash(house.lobby, "admin sync")

    assert content_of(result) == "Discord knows our commands."
    assert syncs() == before + 1


async def test_usage_tells_calls_failures_tokens_and_cost(house: House) -> None:
    house.openai.replies.extend([Reply("Aye.", cached=128), Reply(status=401)])
    await house.alice.send(house.lobby, "@Mirela hello")
    await house.bob.send(house.lobby, "@Mirela hello")

    listed = await house.boss.slash(house.lobby, "admin usage", days=1)

    text = str(embed(listed).description)
    assert embed(listed).title == "Usage (1 d)"
    assert "`openai/gpt-6-luna`" in text
    assert "2 calls (1 failed)" in text
    assert "(128 cached)" in text
    assert str(embed(listed).footer.text).endswith(" in all")
    with pytest.raises(SetupError, match="must be ≤ 365"):
        await house.boss.slash(house.lobby, "admin usage", days=366)


async def test_a_bot_that_was_never_asked_has_used_nothing(house: House) -> None:
    listed = await house.boss.slash(house.lobby, "admin usage")

    assert embed(listed).description == "*Nothing yet.*"
    assert embed(listed).footer.text == "$0.0000 in all"


async def test_nobody_else_may_see_or_do_any_of_it(house: House) -> None:
    for command in ("servers", "sync", "usage"):
        for who in (house.alice, house.moderator):
            result = await who.slash(house.lobby, f"admin {command}")
            assert content_of(result) == "Only the person who runs this bot can do that."
