"""The webhooks that personalities speak through, one per channel."""

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

from bot.discord.refusals import (
    INVALID_WEBHOOK_TOKEN,
    THREAD_ARCHIVED,
    TOO_MANY_WEBHOOKS,
    UNKNOWN_WEBHOOK,
    is_name_refused,
)
from services.chat import ChannelNotFound
from services.leases import ensure_lease
from services.types import Speaker

log = logging.getLogger(__name__)
T = TypeVar("T")

WEBHOOK_NAME = "Troupe"
_DEAD_WEBHOOK = frozenset({UNKNOWN_WEBHOOK, INVALID_WEBHOOK_TOKEN})
_MAX_MESSAGE = 2000


class Webhooks:
    """One webhook per channel, shared by all personalities and by the threads of the channel."""

    def __init__(self, bot: discord.Client) -> None:
        self._bot = bot
        self._cache: dict[int, discord.Webhook] = {}
        self._locks: dict[int, asyncio.Lock] = {}
        self._dead: set[int] = set()
        self._refused_names: set[str] = set()
        if isinstance(bot, commands.bot.BotBase):
            bot.add_listener(self._invalidate, "on_webhooks_update")

    async def _invalidate(self, channel: discord.abc.GuildChannel) -> None:
        """Drop the cached webhook of a channel, which may have been moved or deleted."""
        self._cache.pop(channel.id, None)

    async def get(self, channel: Any) -> discord.Webhook:
        """Return our webhook of a channel, or of a thread's parent; create it if there is none."""
        parent = webhook_channel(channel)
        async with self._locks.setdefault(parent.id, asyncio.Lock()):
            if parent.id not in self._cache:
                own_webhooks = [
                    webhook
                    for webhook in await parent.webhooks()
                    if webhook.token
                    and webhook.user == self._bot.user
                    and webhook.id not in self._dead
                ]
                self._cache[parent.id] = (
                    own_webhooks[0]
                    if own_webhooks
                    else await parent.create_webhook(name=WEBHOOK_NAME)
                )
            return self._cache[parent.id]

    async def are_allowed(self, channel: Any) -> bool:
        """Whether we can have a webhook here: permissions and the limit of webhooks allow it."""
        try:
            await self.get(channel)
        except discord.HTTPException as error:
            if isinstance(error, discord.Forbidden) or error.code == TOO_MANY_WEBHOOKS:
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

        Without `is_retried` it is sent only once and server errors are raised: it is unknown then
        whether it was sent. `file` creates a new file for each attempt, as a sent one is closed.
        `options` are those of `discord.Webhook.send`.
        """
        if isinstance(channel, discord.Thread):
            options.setdefault("thread", channel)

        async def send(webhook: discord.Webhook) -> discord.WebhookMessage:
            name, text = speaker.name, content
            if name in self._refused_names:
                name, text = WEBHOOK_NAME, _under_other_name(speaker, content)
            return await (webhook if is_retried else without_retries(webhook)).send(
                text,
                username=name,
                avatar_url=speaker.avatar_url or discord.utils.MISSING,
                allowed_mentions=discord.AllowedMentions.none(),
                wait=True,
                file=file() if file else discord.utils.MISSING,
                **options,
            )

        try:
            return await self.use(channel, send)
        except discord.HTTPException as error:
            if not await self._mend(channel, speaker, error):
                raise
        return await self.use(channel, send)

    async def use(self, channel: Any, operation: Callable[[discord.Webhook], Awaitable[T]]) -> T:
        """Call a function with the channel's webhook; again with a new one if it is dead."""
        webhook = await self.get(channel)
        try:
            return await operation(webhook)
        except discord.HTTPException as error:
            if error.code not in _DEAD_WEBHOOK:
                raise
            log.info("The webhook of channel %s is dead; creating another", channel.id)
            self._dead.add(webhook.id)
            self._cache.pop(webhook_channel(channel).id, None)
            return await operation(await self.get(channel))

    async def _mend(self, channel: Any, speaker: Speaker, error: discord.HTTPException) -> bool:
        """Remove what Discord refuses a message for; return whether it is worth another try."""
        if is_name_refused(error) and speaker.name not in self._refused_names:
            log.info("Discord does not accept the name %s for a webhook", speaker.name)
            self._refused_names.add(speaker.name)
            return True
        if error.code == THREAD_ARCHIVED and isinstance(channel, discord.Thread):
            if channel.locked:
                return False
            try:
                await channel.edit(archived=False)
            except discord.Forbidden:
                return False
            return True
        return False


def is_sent_as(message: discord.Message, speaker: Speaker, content: str) -> bool:
    """Whether a message is what `Webhooks.send` sends for a speaker, whatever name it has."""
    if message.webhook_id is None:
        return False
    sent = (message.author.name, message.content)
    return sent in (
        (speaker.name, content),
        (WEBHOOK_NAME, _under_other_name(speaker, content)),
    )


def _under_other_name(speaker: Speaker, content: str) -> str:
    """Return a message with its speaker's name in it, if there is room."""
    named = f"**{discord.utils.escape_markdown(speaker.name)}:** {content}"
    return named if len(named) <= _MAX_MESSAGE else content


async def resolve_channel(bot: discord.Client, channel_id: int) -> Any:
    """Return a channel or thread from the cache, else from Discord."""
    return bot.get_channel(channel_id) or await bot.fetch_channel(channel_id)


def webhook_channel(channel: Any) -> Any:
    """Return the channel whose webhook is used: of a thread, its parent."""
    if isinstance(channel, discord.Thread):
        if channel.parent is None:
            raise ChannelNotFound
        return channel.parent
    return channel


class _NoRetrySession:
    """A session that looks at the job's lease right before each request.

    It raises server errors as `aiohttp.ClientResponseError`.

    discord.py would retry them, although the first request may have succeeded.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    @asynccontextmanager
    async def request(
        self, method: str, url: str, **options: Any
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        ensure_lease()
        async with self._session.request(method, url, **options) as response:
            if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise aiohttp.ClientResponseError(
                    response.request_info, response.history, status=response.status
                )
            yield response


def without_retries(webhook: discord.Webhook) -> discord.Webhook:
    """Return a copy of a webhook that does not retry after server errors."""
    clone: Any = copy.copy(webhook)
    clone.session = _NoRetrySession(webhook.session)
    return clone
