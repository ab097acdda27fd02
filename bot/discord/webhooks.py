"""The webhooks that personalities speak through: two per channel at most."""

import asyncio
import copy
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp
import discord
from discord import ui
from discord.ext import commands

from bot.discord.refusals import (
    DEAD_WEBHOOK,
    THREAD_ARCHIVED,
    TOO_MANY_WEBHOOKS,
    UNKNOWN_MESSAGE,
    is_name_refused,
)
from services.chat import ChannelNotFound
from services.leases import ensure_lease
from services.types import Speaker

log = logging.getLogger(__name__)
T = TypeVar("T")

WEBHOOK_NAME, STREAM_NAME = "Troupe", "Troupe live"
_MAX_MESSAGE = 2000
# How many messages of second webhooks are known as such; of others Discord is asked.
_MAX_STREAMED = 5000
# How long it is remembered that a channel cannot have a second webhook.
_REFUSED_SECONDS = 600


class Webhooks:
    """The webhooks of channels, shared by all personalities and by the threads of a channel.

    A channel has one, and another for answers that are shown while they are written: all calls of a
    webhook wait for each other, and for Discord's limits.
    """

    def __init__(self, bot: discord.Client) -> None:
        self._bot = bot
        self._cache: dict[tuple[int, str], discord.Webhook] = {}
        self._locks: dict[int, asyncio.Lock] = {}
        self._dead: set[int] = set()
        self._refused_names: set[str] = set()
        # Messages of the second webhook, and channels that cannot have it.
        self._streamed: deque[int] = deque(maxlen=_MAX_STREAMED)
        self._unstreamed_until: dict[int, float] = {}
        if isinstance(bot, commands.bot.BotBase):
            bot.add_listener(self._invalidate, "on_webhooks_update")

    async def _invalidate(self, channel: discord.abc.GuildChannel) -> None:
        """Drop the cached webhooks of a channel, which may have been moved or deleted."""
        self._drop(channel.id)
        self._unstreamed_until.pop(channel.id, None)

    def _drop(self, channel_id: int) -> None:
        for name in (WEBHOOK_NAME, STREAM_NAME):
            self._cache.pop((channel_id, name), None)

    async def get(self, channel: Any, *, is_streamed: bool = False) -> discord.Webhook:
        """Return our webhook of a channel, or of a thread's parent; create it if there is none."""
        parent = webhook_channel(channel)
        name = STREAM_NAME if is_streamed else WEBHOOK_NAME
        async with self._locks.setdefault(parent.id, asyncio.Lock()):
            if (parent.id, name) not in self._cache:
                for webhook in await parent.webhooks():
                    is_ours = webhook.token and webhook.user == self._bot.user
                    if is_ours and webhook.id not in self._dead:
                        purpose = STREAM_NAME if webhook.name == STREAM_NAME else WEBHOOK_NAME
                        self._cache.setdefault((parent.id, purpose), webhook)
            if (parent.id, name) not in self._cache:
                self._cache[parent.id, name] = await parent.create_webhook(name=name)
            return self._cache[parent.id, name]

    async def prepare(self, channel: Any) -> None:
        """Have the webhook of a channel at hand, for what is said in a moment."""
        with suppress(ChannelNotFound, discord.HTTPException, aiohttp.ClientError, OSError):
            if (webhook_channel(channel).id, WEBHOOK_NAME) not in self._cache:
                await self.get(channel)

    async def are_allowed(self, channel: Any) -> bool:
        """Whether we can have a webhook here: permissions and the limit of webhooks allow it."""
        try:
            await self.get(channel)
        except discord.HTTPException as error:
            if isinstance(error, discord.Forbidden) or error.code == TOO_MANY_WEBHOOKS:
                return False
            raise
        return True

    async def can_stream(self, channel: Any) -> bool:
        """Whether we can have the second webhook here; a refusal is remembered for a while."""
        parent_id = webhook_channel(channel).id
        if time.monotonic() < self._unstreamed_until.get(parent_id, 0):
            return False
        try:
            await self.get(channel, is_streamed=True)
        except discord.HTTPException as error:
            log.info("Answers in channel %s are not streamed: %s", parent_id, error)
            self._unstreamed_until[parent_id] = time.monotonic() + _REFUSED_SECONDS
            return False
        return True

    async def send(
        self,
        channel: Any,
        speaker: Speaker,
        content: str,
        *,
        is_retried: bool = True,
        is_streamed: bool = False,
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
            is_refused = speaker.name in self._refused_names
            return await (webhook if is_retried else without_retries(webhook)).send(
                self.shown_text(speaker, content),
                username=WEBHOOK_NAME if is_refused else speaker.name,
                avatar_url=speaker.avatar_url or discord.utils.MISSING,
                allowed_mentions=discord.AllowedMentions.none(),
                wait=True,
                file=file() if file else discord.utils.MISSING,
                **options,
            )

        try:
            message = await self.use(channel, send, is_streamed=is_streamed)
        except discord.HTTPException as error:
            if not await self._mend(channel, speaker, error):
                raise
            message = await self.use(channel, send, is_streamed=is_streamed)
        if is_streamed:
            self._streamed.append(message.id)
        return message

    async def edit(
        self,
        channel: Any,
        message_id: int,
        speaker: Speaker,
        content: str,
        *,
        view: ui.View | None,
    ) -> None:
        """Edit a message of a personality by the webhook that has sent it.

        A file that is attached to it goes: it is the old text as speech.
        """
        text, thread = self.shown_text(speaker, content), thread_of(channel)

        async def edit(webhook: discord.Webhook) -> None:
            await webhook.edit_message(
                message_id, content=text, view=view, attachments=[], thread=thread
            )

        await self._change(channel, message_id, edit)

    async def attach(self, channel: Any, message_id: int, file: Callable[[], discord.File]) -> None:
        """Attach a file to a message of a personality, instead of what is attached to it."""
        thread = thread_of(channel)

        async def attach(webhook: discord.Webhook) -> None:
            await webhook.edit_message(message_id, attachments=[file()], thread=thread)

        await self._change(channel, message_id, attach)

    async def delete(self, channel: Any, message_id: int) -> None:
        """Delete a message of a personality by the webhook that has sent it."""
        thread = thread_of(channel)

        async def delete(webhook: discord.Webhook) -> None:
            await webhook.delete_message(message_id, thread=thread)

        await self._change(channel, message_id, delete)

    async def _change(
        self,
        channel: Any,
        message_id: int,
        change: Callable[[discord.Webhook], Awaitable[None]],
    ) -> None:
        """Change a message by the webhook that has sent it: only that one may."""
        first = message_id in self._streamed
        try:
            await change(await self.get(channel, is_streamed=first))
        except discord.NotFound as error:
            if error.code != UNKNOWN_MESSAGE or not self._has_both(channel):
                raise
            await change(await self.get(channel, is_streamed=not first))

    def _has_both(self, channel: Any) -> bool:
        parent_id = webhook_channel(channel).id
        return {(parent_id, WEBHOOK_NAME), (parent_id, STREAM_NAME)} <= self._cache.keys()

    def shown_text(self, speaker: Speaker, content: str) -> str:
        """Return a message, with its speaker's name in it if Discord does not take that."""
        is_refused = speaker.name in self._refused_names
        return _under_other_name(speaker, content) if is_refused else content

    async def use(
        self,
        channel: Any,
        operation: Callable[[discord.Webhook], Awaitable[T]],
        *,
        is_streamed: bool = False,
    ) -> T:
        """Call a function with the channel's webhook; again with a new one if it is dead."""
        webhook = await self.get(channel, is_streamed=is_streamed)
        try:
            return await operation(webhook)
        except discord.HTTPException as error:
            if error.code not in DEAD_WEBHOOK:
                raise
            log.info("The webhook of channel %s is dead; creating another", channel.id)
            self._dead.add(webhook.id)
            self._drop(webhook_channel(channel).id)
            return await operation(await self.get(channel, is_streamed=is_streamed))

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


def thread_of(channel: Any) -> discord.Thread:
    """Return what discord.py takes as the `thread` of a webhook's call."""
    return channel if isinstance(channel, discord.Thread) else discord.utils.MISSING


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
