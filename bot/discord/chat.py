"""Where personalities speak on Discord: webhooks in servers, a name before the text in DMs."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import aiohttp
import discord
from discord import ui
from typing_extensions import override

from bot.discord.converters import is_from_person, to_incoming_message
from bot.discord.errors import describe
from bot.discord.webhooks import Webhooks, resolve_channel, translate_errors
from services.chat import AnswerNotFound, ChatAdapter, MissingPermission, split
from services.media import MAX_BYTES
from services.types import Attachment, Channel, IncomingMessage, Speaker

CDN_HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
_NO_WEBHOOK = "-# I lack **Manage Webhooks** here, so there is no name and face of my own."
_COMFORT = """\
This is the bot itself, out of character: what you wrote sounds serious, and you matter more than \
any story. Please talk to a person who can help, now:
- <https://findahelpline.com> lists free help lines, by phone and chat, in your country.
- In the US and Canada call or text **988**; in the UK and Ireland call **116 123**; in the EU \
**112** is the emergency number everywhere.
If you are in danger right now, call your local emergency number."""


class DiscordChatAdapter(ChatAdapter):
    """One webhook a channel, shared by all personalities and by its threads."""

    def __init__(
        self,
        bot: discord.Client,
        webhooks: Webhooks,
        *,
        answer_view: Callable[[UUID], ui.View],
        proxies: Collection[int] = (),
        cdn_hosts: Collection[str] = CDN_HOSTS,
    ) -> None:
        self._bot = bot
        self._answer_view = answer_view
        self._proxies = proxies
        self._cdn_hosts = cdn_hosts
        self._webhooks = webhooks

    @override
    async def send(
        self, channel: Channel, speaker: Speaker, text: str, *, line_id: UUID
    ) -> list[int]:
        async with translate_errors():
            messageable = await self._channel(channel)
            masked = await self._is_masked(channel, messageable)
            pieces = _pieces(channel, speaker, text, masked=masked)
            return await self._send_all(messageable, speaker, pieces, line_id, masked=masked)

    @override
    async def edit(
        self,
        channel: Channel,
        speaker: Speaker,
        message_ids: list[int],
        text: str,
        *,
        line_id: UUID,
    ) -> list[int]:
        async with translate_errors():
            messageable = await self._channel(channel)
            masked = await self._is_masked(channel, messageable)
            pieces = _pieces(channel, speaker, text, masked=masked)
            kept = message_ids[: len(pieces)]
            for number, (message_id, piece) in enumerate(zip(kept, pieces, strict=False), start=1):
                view = self._answer_view(line_id) if number == len(pieces) else None
                await self._edit(messageable, message_id, piece, view, masked=masked)
            rest = pieces[len(kept) :]
            more = await self._send_all(messageable, speaker, rest, line_id, masked=masked)
            return [*kept, *more]

    @override
    async def delete(self, channel: Channel, message_ids: list[int]) -> None:
        async with translate_errors():
            messageable = await self._channel(channel)
            for message_id in message_ids:
                with suppress(discord.NotFound):
                    if channel.guild_id is None:
                        await messageable.get_partial_message(message_id).delete()
                    else:
                        webhook = await self._webhooks.get(messageable)
                        await webhook.delete_message(message_id, thread=_thread(messageable))

    @override
    async def send_error(self, message: IncomingMessage, error: Exception) -> None:
        await self._reply(message, f"-# {describe(error)}")

    @override
    async def send_crisis_resources(self, message: IncomingMessage) -> None:
        await self._reply(message, _COMFORT)

    @override
    @asynccontextmanager
    async def typing(self, channel: Channel) -> AsyncGenerator[None]:
        task = asyncio.create_task(self._type(channel))
        try:
            yield
        finally:
            task.cancel()

    @override
    async def history(
        self, channel: Channel, *, after: int | None, before: int, limit: int
    ) -> list[IncomingMessage]:
        try:
            async with translate_errors():
                messageable = await self._channel(channel)
                found = [
                    message
                    async for message in messageable.history(
                        limit=limit,
                        before=discord.Object(before),
                        after=discord.Object(after) if after else None,
                        oldest_first=False,
                    )
                ]
        except MissingPermission:
            return []  # without Read Message History there is no past to know
        me = self._bot.user.id if self._bot.user else 0
        return [
            to_incoming_message(message, bot_id=me)
            for message in reversed(found)
            if is_from_person(message, self._proxies)
        ]

    @override
    async def read(self, attachment: Attachment, *, max_bytes: int = MAX_BYTES) -> bytes | None:
        host = urlsplit(attachment.url).hostname
        if host not in self._cdn_hosts or attachment.size > max_bytes:
            return None
        try:
            return await self._bot.http.get_from_cdn(attachment.url)
        except (discord.HTTPException, aiohttp.ClientError, OSError):
            return None

    async def _is_masked(self, place: Channel, channel: Any) -> bool:
        """Whether personalities speak with a name and face of their own here."""
        return place.guild_id is not None and await self._webhooks.are_allowed(channel)

    async def _send_all(
        self, channel: Any, speaker: Speaker, pieces: list[str], line_id: UUID, *, masked: bool
    ) -> list[int]:
        """Send messages, the last one with the answer's button."""
        message_ids: list[int] = []
        for number, piece in enumerate(pieces, start=1):
            view = self._answer_view(line_id) if number == len(pieces) else discord.utils.MISSING
            if masked:
                message = await self._webhooks.send(channel, speaker, piece, view=view)
            else:
                message = await channel.send(piece, view=view or None)
            message_ids.append(message.id)
        return message_ids

    async def _edit(
        self, channel: Any, message_id: int, piece: str, view: ui.View | None, *, masked: bool
    ) -> None:
        if not masked:
            await channel.get_partial_message(message_id).edit(content=piece, view=view)
            return
        webhook = await self._webhooks.get(channel)
        try:
            await webhook.edit_message(
                message_id, content=piece, view=view, thread=_thread(channel)
            )
        except discord.NotFound as error:
            raise AnswerNotFound from error  # said through a webhook that is gone, so for ever

    async def _channel(self, place: Channel) -> Any:
        return await resolve_channel(self._bot, place.channel_id)

    async def _reply(self, heard: IncomingMessage, text: str) -> None:
        async with translate_errors():
            channel = await self._channel(heard.channel)
            reference = discord.MessageReference(
                message_id=heard.message_id,
                channel_id=heard.channel.channel_id,
                fail_if_not_exists=False,
            )
            await channel.send(text, reference=reference)

    async def _type(self, place: Channel) -> None:
        with suppress(discord.HTTPException):
            channel = await self._channel(place)
            async with channel.typing():
                await asyncio.Event().wait()


def _thread(channel: Any) -> discord.Thread:
    return channel if isinstance(channel, discord.Thread) else discord.utils.MISSING


def _pieces(place: Channel, speaker: Speaker, text: str, *, masked: bool) -> list[str]:
    """Cut an answer into messages; without a face of its own, its name comes first."""
    if masked:
        return split(text)
    named = f"**{discord.utils.escape_markdown(speaker.name)}:** {text}"
    return split(named if place.guild_id is None else f"{named}\n{_NO_WEBHOOK}")
