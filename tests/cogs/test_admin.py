"""Commands of the bot's owner."""

import logging

import pytest
from discord import Object

from bot.discord.client import OPERATOR_COMMANDS
from db.session import Sessions
from services.embeddings import WordLlamaEmbedder
from services.llm import LanguageModels
from tests.cogs.conftest import House, make_bot
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


async def test_in_a_server_of_the_operator_only_that_has_the_commands(
    house: House, sessions: Sessions, models: LanguageModels, embedder: WordLlamaEmbedder
) -> None:
    other = house.env.create_guild("Elsewhere")
    bot = make_bot(sessions, models, house.studio, embedder, operator_guild_id=house.guild.id)
    await house.env.restart_bot(bot)

    everywhere = {each.name for each in await bot.tree.fetch_commands()}
    here = {each.name for each in await bot.tree.fetch_commands(guild=Object(house.guild.id))}
    there = await bot.tree.fetch_commands(guild=Object(other.id))

    assert here == set(OPERATOR_COMMANDS)
    assert not everywhere & here
    assert there == []


async def test_a_server_of_the_operator_that_the_bot_is_not_in_is_named(
    house: House,
    sessions: Sessions,
    models: LanguageModels,
    embedder: WordLlamaEmbedder,
    caplog: pytest.LogCaptureFixture,
) -> None:
    refused = "/applications/*/guilds/77/commands"
    house.env.inject_error("PUT", refused, status=403, code=50001, times=1)
    bot = make_bot(sessions, models, house.studio, embedder, operator_guild_id=77)
    await house.env.restart_bot(bot)

    errors = [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR]
    caplog.clear()
    assert errors == [
        "OPERATOR_GUILD_ID: the bot is not in server 77, so nobody sees your commands; invite it "
        "there and restart"
    ]
