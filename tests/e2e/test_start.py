"""A real process that connects to a Discord where it is in many servers, or lacks an intent."""

import asyncio
from pathlib import Path

import pytest

from bot.app.heartbeat import is_alive
from bot.cli.main import HEARTBEAT
from tests.vendors.discord import (
    BOT_ID,
    GUILD_MEMBERS,
    MESSAGE_CONTENT,
    DiscordStandIn,
)
from tests.vendors.discord.processes import bot_process, troupe
from tests.vendors.openai import OpenAIStandIn

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("models", "sessions")]
RUN = ["-m", "bot", "run"]


async def test_a_bot_of_many_servers_asks_for_members_only_where_somebody_answers(
    database_url: str, openai: OpenAIStandIn, tmp_path: Path
) -> None:
    async with DiscordStandIn(guilds=150, members=100).running() as discord:
        environment = {**troupe(database_url, openai), "DATA_DIR": str(tmp_path)}
        async with bot_process(RUN, discord, environment):
            await discord.say(discord.channel_ids[-1], "@Mirela are you there?")
            await discord.until(lambda: discord.shown)

            assert discord.gateway.members_asked <= 1
            assert await is_beating(tmp_path / HEARTBEAT)


@pytest.mark.parametrize("missing", [MESSAGE_CONTENT, MESSAGE_CONTENT | GUILD_MEMBERS])
async def test_without_an_intent_mentions_are_answered(
    database_url: str, openai: OpenAIStandIn, missing: int
) -> None:
    async with DiscordStandIn().running() as discord:
        discord.gateway.disallowed = missing
        (channel_id,) = discord.channel_ids
        openai.says("I am in the tower.")
        async with bot_process(RUN, discord, troupe(database_url, openai)):
            await discord.say(channel_id, f"<@{BOT_ID}> @Mirela where are you?")
            await discord.until(lambda: discord.shown)

    assert discord.shown[0].text == "I am in the tower."


async def is_beating(file: Path) -> bool:
    """Wait until the bot says that it is alive."""
    async with asyncio.timeout(10):
        while not is_alive(file):
            await asyncio.sleep(0.1)
    return True
