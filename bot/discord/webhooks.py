"""The webhooks that personalities speak through: one a channel, kept, found, or made."""

import asyncio
import copy
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp
import discord
from discord.ext import commands

from services.chat import ChannelNotFound, MissingPermission
from services.types import Speaker

log = logging.getLogger(__name__)
T = TypeVar("T")

WEBHOOK_NAME = "Troupe"
_UNKNOWN_WEBHOOK = 10015
_TOO_MANY_WEBHOOKS = 30007


class Webhooks:
    """One webhook a channel, shared by all personalities and by the channel's threads."""

    def __init__(self, bot: discord.Client) -> None:
        self._bot = bot
        self._known: dict[int, discord.Webhook] = {}
        self._locks: dict[int, asyncio.Lock] = {}
        if isinstance(bot, commands.bot.BotBase):
            bot.add_listener(self._changed, "on_webhooks_update")

    async def _changed(self, channel: discord.abc.GuildChannel) -> None:
        """Forget a webhook that somebody may have moved to another channel, or deleted."""
        self._known.pop(channel.id, None)

    async def get(self, channel: Any) -> discord.Webhook:
        """Return our webhook of a channel, or of a thread's parent: kept, found, or made."""
        home = webhook_channel(channel)
        async with self._locks.setdefault(home.id, asyncio.Lock()):
            if home.id not in self._known:
                mine = [
                    webhook
                    for webhook in await home.webhooks()
                    if webhook.token and webhook.user == self._bot.user
                ]
                self._known[home.id] = (
                    mine[0] if mine else await home.create_webhook(name=WEBHOOK_NAME)
                )
            return self._known[home.id]

    async def are_allowed(self, channel: Any) -> bool:
        """Whether we can have a webhook here, by permission and by number."""
        try:
            await self.get(channel)
        except discord.HTTPException as error:
            if isinstance(error, discord.Forbidden) or error.code == _TOO_MANY_WEBHOOKS:
                return False
            raise
        return True

    async def send(
        self,
        channel: Any,
        speaker: Speaker,
        content: str,
        *,
        is_retried: bool = True,
        file: Callable[[], discord.File] | None = None,
        **options: Any,
    ) -> discord.WebhookMessage:
        """Send a message as a personality; in a thread through the webhook of its parent.

        Without `is_retried` it is sent once, and a server's failure is raised: nobody knows then
        whether it is out. `file` makes a new file for each try, since a sent one is closed.
        `options` are those of `discord.Webhook.send`.
        """
        if isinstance(channel, discord.Thread):
            options.setdefault("thread", channel)

        async def send(webhook: discord.Webhook) -> discord.WebhookMessage:
            return await (webhook if is_retried else without_retries(webhook)).send(
                content,
                username=speaker.name,
                avatar_url=speaker.avatar_url or discord.utils.MISSING,
                allowed_mentions=discord.AllowedMentions.none(),
                wait=True,
                file=file() if file else discord.utils.MISSING,
                **options,
            )

        return await self.use(channel, send)

    async def use(self, channel: Any, work: Callable[[discord.Webhook], Awaitable[T]]) -> T:
        """Do something with the channel's webhook; with a new one where a moderator deleted it."""
        try:
            return await work(await self.get(channel))
        except discord.NotFound as error:
            if error.code != _UNKNOWN_WEBHOOK:
                raise
            log.info("The webhook of channel %s was deleted, making another", channel.id)
            self._known.pop(webhook_channel(channel).id, None)
            return await work(await self.get(channel))


async def resolve_channel(bot: discord.Client, channel_id: int) -> Any:
    """Return a channel or thread from the cache, else from Discord."""
    return bot.get_channel(channel_id) or await bot.fetch_channel(channel_id)


def webhook_channel(channel: Any) -> Any:
    """Return the channel that a webhook belongs to: a thread's is its parent's."""
    if isinstance(channel, discord.Thread):
        if channel.parent is None:
            raise ChannelNotFound
        return channel.parent
    return channel


class _NoRetrySession:
    """A session that takes a server's failure for an answer.

    The library would send the same once more, and nobody knows what became of the first.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    @asynccontextmanager
    async def request(
        self, method: str, url: str, **options: Any
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        async with self._session.request(method, url, **options) as response:
            if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise aiohttp.ClientResponseError(
                    response.request_info, response.history, status=response.status
                )
            yield response


def without_retries(webhook: discord.Webhook) -> discord.Webhook:
    """Return a webhook that sends a thing once, and says so where the server fails."""
    once: Any = copy.copy(webhook)
    once.session = _NoRetrySession(webhook.session)
    return once


@asynccontextmanager
async def translate_errors() -> AsyncGenerator[None]:
    """Turn what Discord refuses into what services know."""
    try:
        yield
    except discord.NotFound as error:
        raise ChannelNotFound from error
    except discord.Forbidden as error:
        raise MissingPermission("Send Messages") from error
