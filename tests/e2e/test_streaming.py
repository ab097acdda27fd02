"""A real process that is killed in the middle of its answers, on a Discord that sees it all."""

import asyncio

import pytest

from tests.vendors.discord import DiscordStandIn
from tests.vendors.discord.processes import bot_process, troupe
from tests.vendors.openai import OpenAIStandIn

pytestmark = pytest.mark.slow

WORDS = [f"The keeper counts ship {number}, and it passes." for number in range(24)]


@pytest.mark.usefixtures("models", "sessions")
async def test_wherever_it_is_killed_there_is_one_whole_answer_in_the_end(
    database_url: str, openai: OpenAIStandIn
) -> None:
    openai.pace = 0.02
    openai.answer = lambda _: " ".join(WORDS)
    async with DiscordStandIn().running() as discord:
        (channel_id,) = discord.channel_ids
        run, environment = ["-m", "bot", "run"], troupe(database_url, openai)
        for killed_at in (1, 2):
            async with bot_process(run, discord, environment) as bot:
                if killed_at == 1:
                    await discord.say(channel_id, "@Mirela what do you do all night?")
                seen = len(discord.shown)
                await discord.until(lambda: len(discord.shown) >= seen + killed_at)  # noqa: B023
                bot.kill()
        async with bot_process(run, discord, environment):
            await discord.until(lambda: discord.shown[-1].text.endswith(WORDS[-1]))
            await asyncio.sleep(0.5)

        texts = [each["content"] for _, each in sorted(discord.messages.items())]

    assert texts == ["@Mirela what do you do all night?", " ".join(WORDS)]
    assert (discord.refused, discord.unknown) == ([], [])
