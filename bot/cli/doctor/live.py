"""A face on the real Discord, for the operator to look at: nothing documents that it shows."""

from importlib.resources import files
from typing import Any

import aiohttp
import discord

from bot.app.settings import Settings
from bot.cli.doctor.diagnostics import CheckResult, CheckState
from bot.discord.emojis import ApplicationEmojis
from bot.discord.errors import explain
from services.errors import DomainError
from services.faces import EMOJI_PREFIX

_QUESTION = "Does this message have a face: a woman with a red cap? This is a test of faces."
_HINT = "The bot needs Manage Webhooks in that channel, and its id (Developer Mode, Copy ID)."


async def post_face(settings: Settings, channel_id: int) -> CheckResult:
    """Post a message whose avatar is an emoji of the application, for somebody to look at."""
    if settings.discord_token is None:
        return CheckResult("A face", CheckState.BAD, "no token", "Set DISCORD_TOKEN.")
    async with discord.Client(intents=discord.Intents.none()) as client:
        try:
            await client.login(settings.discord_token.get_secret_value())
            link = await _post(client, channel_id)
        except DomainError as error:
            return CheckResult("A face", CheckState.BAD, explain(error) or "not published")
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            return CheckResult("A face", CheckState.BAD, str(error)[:200], _HINT)
    return CheckResult(
        "A face",
        CheckState.DOUBTFUL,
        f"posted: {link}",
        "Look at it. If it has no face, set MEDIA_PUBLIC_URL. A later start removes its emoji.",
    )


async def _post(client: discord.Client, channel_id: int) -> str:
    picture = (files("services.faces") / "cast" / "mirela.main.png").read_bytes()
    face = await ApplicationEmojis(client).publish(f"{EMOJI_PREFIX}of_the_doctor", picture)
    channel: Any = await client.fetch_channel(channel_id)
    if not isinstance(channel, discord.TextChannel):
        raise discord.ClientException("that is no text channel of a server")
    webhook = await channel.create_webhook(name="A test of faces")
    try:
        message = await webhook.send(_QUESTION, username="Mirela", avatar_url=face.url, wait=True)
    finally:
        await webhook.delete()
    return f"https://discord.com/channels/{channel.guild.id}/{channel.id}/{message.id}"
