"""Where photos are posted on Discord: in a channel, in the voice of their personality."""

import io
from datetime import datetime
from typing import Any

import aiohttp
import discord
from typing_extensions import override

from bot.webhooks import Webhooks, our_errors
from services.chat import MayNotSpeak
from services.media import ObjectStore
from services.social import (
    OutcomeUnknown,
    Outgoing,
    PostRefused,
    Publisher,
    PublisherBusy,
    Receipt,
    Stage,
)
from services.texts import shorten

_LOOKED_AT = 500
_NAME, _ALT = 90, 1000


class DiscordPublisher(Publisher):
    """Posts through the channel's webhook; a message is known again by the name of its file."""

    def __init__(self, bot: discord.Client, webhooks: Webhooks, store: ObjectStore) -> None:
        self._bot = bot
        self._webhooks = webhooks
        self._store = store

    @property
    @override
    def sees_all(self) -> bool:
        """What Discord has taken is in its history."""
        return True

    @override
    async def check(self, outgoing: Outgoing) -> None:
        try:
            async with our_errors():
                channel = await self._channel(outgoing)
                if not await self._webhooks.are_allowed(channel):
                    raise MayNotSpeak("Manage Webhooks")
        except (aiohttp.ClientError, discord.DiscordServerError, OSError) as error:
            raise PublisherBusy("Discord is not answering") from error
        if outgoing.age_restricted and not channel.is_nsfw():
            raise MayNotSpeak("an age-restricted channel")

    @override
    async def publish(self, outgoing: Outgoing) -> Receipt:
        picture = await self._store.get(outgoing.storage_key)
        channel = await self._channel(outgoing)

        async def send(webhook: discord.Webhook) -> discord.WebhookMessage:
            return await webhook.send(
                outgoing.caption,
                username=outgoing.speaker.name,
                avatar_url=outgoing.speaker.avatar_url or discord.utils.MISSING,
                allowed_mentions=discord.AllowedMentions.none(),
                wait=True,
                file=discord.File(
                    io.BytesIO(picture),
                    outgoing.file_name,
                    description=shorten(outgoing.alt_text, _ALT) or None,
                ),
                **_where(channel, outgoing),
            )

        try:
            async with our_errors():
                message = await self._webhooks.using(channel, send)
        except (aiohttp.ClientError, discord.DiscordServerError, OSError) as error:
            raise OutcomeUnknown(type(error).__name__) from error
        except discord.HTTPException as error:
            raise PostRefused(error.text[:200] or "Discord refuses it") from error
        return _receipt(message)

    @override
    async def find(self, outgoing: Outgoing, since: datetime) -> Receipt | None:
        try:
            async with our_errors():
                channel = await self._channel(outgoing)
                for place in await self._places(channel):
                    async for message in place.history(limit=_LOOKED_AT):
                        if any(each.filename == outgoing.file_name for each in message.attachments):
                            return _receipt(message)
        except (aiohttp.ClientError, discord.DiscordServerError, OSError) as error:
            raise PublisherBusy("Discord is not answering") from error
        return None

    async def _channel(self, outgoing: Outgoing) -> Any:
        channel_id = int(outgoing.channel_id)
        return self._bot.get_channel(channel_id) or await self._bot.fetch_channel(channel_id)

    async def _places(self, channel: Any) -> list[Any]:
        """Return where a post can be: the channel, or the newest posts of a forum."""
        if not isinstance(channel, discord.ForumChannel):
            return [channel]
        threads = await channel.guild.active_threads()
        return [each for each in threads if each.parent_id == channel.id][:_LOOKED_AT]


def _where(channel: Any, outgoing: Outgoing) -> dict[str, Any]:
    if isinstance(channel, discord.Thread):
        return {"thread": channel}
    if isinstance(channel, discord.ForumChannel):
        first = outgoing.caption.partition("\n")[0].strip()
        return {"thread_name": shorten(first, _NAME) or "A photo"}
    return {}


def _receipt(message: discord.Message) -> Receipt:
    return Receipt(remote_id=str(message.id), stage=Stage.OUT, link=message.jump_url)
