"""Pictures of personalities on Discord."""

import io
from typing import Any, Final
from uuid import UUID

import discord
from typing_extensions import override

from bot.discord.automod import AutoMod
from bot.discord.buttons.answers import answer_view, has_answer_button
from bot.discord.errors import describe
from bot.discord.refusals import translate_errors
from bot.discord.webhooks import Webhooks, resolve_channel
from services.pictures import PictureAdapter
from services.types import Channel, Speaker

_LABEL: Final = "-# AI-generated picture"
_FILE: Final = "picture.jpg"
# How many messages after an answer its picture is looked for.
_MAX_DISTANCE: Final = 100


class DiscordPictureAdapter(PictureAdapter):
    """Sends pictures as personalities: by a webhook in servers, by the bot itself in DMs."""

    def __init__(self, bot: discord.Client, webhooks: Webhooks, automod: AutoMod) -> None:
        self._bot = bot
        self._webhooks = webhooks
        self._automod = automod

    @override
    async def send(
        self, channel: Channel, speaker: Speaker, picture: bytes, *, alt: str, line_id: UUID
    ) -> int:
        def file() -> discord.File:
            return discord.File(io.BytesIO(picture), _FILE, description=alt)

        async with translate_errors():
            messageable: Any = await resolve_channel(self._bot, channel.channel_id)
            view = answer_view(line_id)
            if channel.guild_id is not None:
                await self._automod.check(messageable, alt)
                if await self._webhooks.are_allowed(messageable):
                    sent = await self._webhooks.send(
                        messageable, speaker, _LABEL, is_retried=False, file=file, view=view
                    )
                    return sent.id
            name = discord.utils.escape_markdown(speaker.name)
            sent = await messageable.send(f"**{name}**\n{_LABEL}", file=file(), view=view)
            return sent.id

    @override
    async def find(self, channel: Channel, line_id: UUID, *, after: int) -> int | None:
        async with translate_errors():
            messageable: Any = await resolve_channel(self._bot, channel.channel_id)
            history = messageable.history(after=discord.Object(after), limit=_MAX_DISTANCE)
            async for message in history:
                if has_answer_button(message, line_id):
                    return message.id
        return None

    @override
    async def report(self, channel: Channel, message_id: int, error: Exception) -> None:
        async with translate_errors():
            messageable: Any = await resolve_channel(self._bot, channel.channel_id)
            reference = discord.MessageReference(
                message_id=message_id, channel_id=channel.channel_id, fail_if_not_exists=False
            )
            await messageable.send(f"-# No picture: {describe(error)}", reference=reference)
