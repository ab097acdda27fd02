"""The publisher of photos on Discord: posts to a channel through its webhook."""

import io
from datetime import datetime, timedelta
from typing import Any

import discord
from typing_extensions import override

from bot.discord.automod import AutoMod
from bot.discord.converters import to_channel
from bot.discord.refusals import translate_errors
from bot.discord.webhooks import Webhooks, resolve_channel
from services.chat import DiscordBusy, DiscordUnavailable, MissingPermission
from services.clock import Clock
from services.media import ObjectStore
from services.social import (
    DeliveryUnconfirmed,
    OutgoingPost,
    Publisher,
    PublisherBusy,
    Receipt,
    RemoteState,
)
from services.texts import shorten
from services.types import Venue

_MAX_HISTORY, _MAX_ARCHIVED = 2000, 100
_CLOCK_SKEW = timedelta(minutes=5)
_MAX_TITLE, _MAX_ALT = 90, 1000


class DiscordPublisher(Publisher):
    """Posts through the webhook of a channel; a message is recognised by its file name."""

    def __init__(
        self,
        bot: discord.Client,
        webhooks: Webhooks,
        automod: AutoMod,
        store: ObjectStore,
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._webhooks = webhooks
        self._automod = automod
        self._store = store
        self._clock = clock

    @property
    @override
    def finds_everything(self) -> bool:
        """Return True: every message is in the history of its channel."""
        return True

    @override
    async def check(self, outgoing: OutgoingPost) -> None:
        try:
            async with translate_errors():
                channel = await self._resolve(outgoing)
                if not await self._webhooks.are_allowed(await self._webhook_channel(channel)):
                    raise MissingPermission("Manage Webhooks")
                await self._automod.check(channel, outgoing.caption)
        except (DiscordUnavailable, DiscordBusy) as error:
            raise _busy(error) from error
        if outgoing.age_restricted and not channel.is_nsfw():
            raise MissingPermission("an age-restricted channel")

    @override
    async def publish(self, outgoing: OutgoingPost) -> Receipt:
        picture = await self._store.get(outgoing.storage_key)

        def file() -> discord.File:
            return discord.File(
                io.BytesIO(picture),
                outgoing.file_name,
                description=shorten(outgoing.alt_text, _MAX_ALT) or None,
            )

        try:
            async with translate_errors():
                channel = await self._resolve(outgoing)
                message = await self._webhooks.send(
                    await self._webhook_channel(channel),
                    outgoing.speaker,
                    outgoing.caption,
                    is_retried=False,
                    file=file,
                    **_destination(channel, outgoing),
                )
        except DiscordUnavailable as error:
            raise DeliveryUnconfirmed from error
        except DiscordBusy as error:
            raise _busy(error) from error
        return _receipt(channel, message.channel.id, message.id)

    @override
    async def find(self, outgoing: OutgoingPost, since: datetime) -> Receipt | None:
        try:
            async with translate_errors():
                channel = await self._resolve(outgoing)
                if isinstance(channel, discord.ForumChannel):
                    return await self._find_in_forum(channel, outgoing)
                max_age = self._clock.now() - since + _CLOCK_SKEW
                checked, newest = 0, None
                async for message in channel.history(limit=_MAX_HISTORY):
                    checked += 1
                    if _matches(message, outgoing):
                        return _receipt(channel, channel.id, message.id)
                    newest = newest or message.created_at
                    if newest - message.created_at > max_age:
                        return None  # by Discord's clock; the rest is older
        except (DiscordUnavailable, DiscordBusy) as error:
            raise _busy(error) from error
        if checked == _MAX_HISTORY:
            raise DeliveryUnconfirmed  # the history is longer than what was checked
        return None

    async def _find_in_forum(
        self, forum: discord.ForumChannel, outgoing: OutgoingPost
    ) -> Receipt | None:
        """Return the forum post of a photo: its first message has the id of the thread."""
        threads = [
            each for each in await forum.guild.active_threads() if each.parent_id == forum.id
        ]
        threads += [each async for each in forum.archived_threads(limit=_MAX_ARCHIVED)]
        for thread in threads:
            if thread.name == _title(outgoing):
                try:
                    message = await thread.fetch_message(thread.id)
                except discord.NotFound:
                    continue  # its first message was deleted
                if _matches(message, outgoing):
                    return _receipt(forum, thread.id, message.id)
        return None

    async def _webhook_channel(self, channel: Any) -> Any:
        """Return the channel of the webhook; the parent of a thread may not be cached."""
        if isinstance(channel, discord.Thread):
            return channel.parent or await self._bot.fetch_channel(channel.parent_id)
        return channel

    async def _resolve(self, outgoing: OutgoingPost) -> Any:
        return await resolve_channel(self._bot, int(outgoing.channel_id))


def _busy(error: DiscordBusy | DiscordUnavailable) -> PublisherBusy:
    if isinstance(error, DiscordBusy):
        return PublisherBusy("Discord is rate-limiting us", max(error.retry_after or 0, 60))
    return PublisherBusy("Discord is not answering")


def _matches(message: discord.Message, outgoing: OutgoingPost) -> bool:
    return any(each.filename == outgoing.file_name for each in message.attachments)


def _destination(channel: Any, outgoing: OutgoingPost) -> dict[str, Any]:
    if isinstance(channel, discord.Thread):
        return {"thread": discord.Object(channel.id)}
    if isinstance(channel, discord.ForumChannel):
        return {"thread_name": _title(outgoing)}
    return {}


def _title(outgoing: OutgoingPost) -> str:
    first = outgoing.caption.partition("\n")[0].strip()
    return shorten(first, _MAX_TITLE) or "A photo"


def _receipt(channel: Any, channel_id: int, message_id: int) -> Receipt:
    guild = channel.guild
    return Receipt(
        remote_id=str(message_id),
        state=RemoteState.OUT,
        link=f"https://discord.com/channels/{guild.id}/{channel_id}/{message_id}",
        is_public=to_channel(channel, guild).venue == Venue.PUBLIC,
    )
