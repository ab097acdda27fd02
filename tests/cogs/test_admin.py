"""Commands of the bot's owner."""

from tests.cogs.conftest import House
from tests.cogs.forms import content_of, embed, lines


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


async def test_the_audit_log_says_who_did_what(house: House) -> None:
    await house.moderator.slash(
        house.lobby, "block add", where="this server", user=house.bob, mute=True
    )
    await house.moderator.slash(house.lobby, "server settings", bring="moderators")
    await house.boss.slash(house.lobby, "budget set", scope="everything", dollars=2.0)

    listed = await house.boss.slash(house.lobby, "admin audit", server=str(house.guild.id))
    everything = await house.boss.slash(house.lobby, "admin audit")

    text = str(embed(listed).description)
    assert f"{house.moderator.mention} muted: **user bob** · in `{house.guild.id}`" in text
    assert f"{house.moderator.mention} server settings: **bring = moderators**" in text
    assert "budget" not in text
    assert "budget: **all: Limits(usd=2.0, answers=None)**" in str(embed(everything).description)


async def test_nobody_else_may_see_or_do_any_of_it(house: House) -> None:
    for command in ("servers", "sync", "audit"):
        for who in (house.alice, house.moderator):
            result = await who.slash(house.lobby, f"admin {command}")
            assert content_of(result) == "Only the person who runs this bot can do that."
