"""The board adapter: posts with vote buttons, and comments in threads."""

import io
from functools import partial
from typing import Any
from uuid import UUID

import discord
from typing_extensions import override

from bot.discord.automod import AutoMod
from bot.discord.buttons.votes import UP, vote_view
from bot.discord.refusals import THREAD_EXISTS, translate_errors
from bot.discord.webhooks import Webhooks, is_sent_as, resolve_channel
from services.chat import MissingPermission
from services.engine import BoardAdapter, BoardLocation, ImageAttachment, SentMessages
from services.texts import shorten
from services.types import Speaker

_MAX_HISTORY = 500
_MAX_TITLE, _MAX_ALT = 90, 1000


class DiscordBoardAdapter(BoardAdapter):
    """Posts and comments through webhooks."""

    def __init__(self, bot: discord.Client, webhooks: Webhooks, automod: AutoMod) -> None:
        self._bot = bot
        self._webhooks = webhooks
        self._automod = automod

    @override
    async def check(self, location: BoardLocation) -> None:
        async with translate_errors():
            board = await self._board(location)
            if not await self._webhooks.are_allowed(board):
                raise MissingPermission("Manage Webhooks")
        if location.age_restricted and not board.is_nsfw():
            raise MissingPermission("an age-restricted channel")

    @override
    async def post(
        self,
        location: BoardLocation,
        speaker: Speaker,
        *,
        title: str,
        text: str,
        post_id: UUID,
        picture: ImageAttachment | None = None,
    ) -> SentMessages:
        options: dict[str, Any] = {"view": vote_view(post_id, 0, 0)}
        if location.is_forum:
            options["thread_name"] = title[:_MAX_TITLE]
        async with translate_errors():
            message = await self._send(await self._board(location), speaker, text, options, picture)
        thread_id = message.channel.id if location.is_forum else None
        return SentMessages(message_ids=[message.id], thread_id=thread_id)

    @override
    async def comment(
        self, location: BoardLocation, speaker: Speaker, *, text: str, answering: int | None
    ) -> SentMessages:
        async with translate_errors():
            board = await self._board(location)
            thread_id = location.thread_id or await self._create_thread(board, location)
            content = _linked(location, thread_id, text, answering)
            options = {"thread": discord.Object(thread_id)}
            message = await self._send(board, speaker, content, options)
        return SentMessages(message_ids=[message.id], thread_id=thread_id)

    @override
    async def find(
        self,
        location: BoardLocation,
        speaker: Speaker,
        *,
        title: str,
        text: str,
        answering: int | None,
    ) -> SentMessages | None:
        async with translate_errors():
            if title and location.is_forum:
                return await self._find_in_forum(location, speaker, title, text)
            if title:
                message_id = await self._find(await self._board(location), speaker, text)
                return SentMessages(message_ids=[message_id]) if message_id else None
            thread_id = location.thread_id or location.post_message_id
            if thread_id is None:
                return None
            try:
                thread: Any = await self._channel(thread_id)
            except discord.NotFound:
                return None  # there are no comments yet
            content = _linked(location, thread_id, text, answering)
            message_id = await self._find(thread, speaker, content)
            return (
                SentMessages(message_ids=[message_id], thread_id=thread_id) if message_id else None
            )

    @override
    async def show_votes(
        self,
        location: BoardLocation,
        message_id: int,
        *,
        post_id: UUID,
        ups: int,
        downs: int,
        is_ours: bool,
    ) -> None:
        async with translate_errors():
            board = await self._board(location)
            if not is_ours:
                channel: Any = (
                    await self._channel(location.thread_id) if location.is_forum else board
                )
                await channel.get_partial_message(message_id).add_reaction(UP)
                return
            thread = discord.Object(location.thread_id or 0)
            webhook = await self._webhooks.get(board)
            await webhook.edit_message(
                message_id,
                view=vote_view(post_id, ups, downs),
                thread=thread if location.is_forum else discord.utils.MISSING,
            )

    async def _send(
        self,
        board: Any,
        speaker: Speaker,
        text: str,
        options: dict[str, Any],
        picture: ImageAttachment | None = None,
    ) -> discord.WebhookMessage:
        if not await self._webhooks.are_allowed(board):
            raise MissingPermission("Manage Webhooks")
        await self._automod.check(board, f"{options.get('thread_name', '')}\n{text}")
        return await self._webhooks.send(
            board,
            speaker,
            text,
            is_retried=False,
            file=partial(_file, picture) if picture else None,
            **options,
        )

    async def _create_thread(self, board: Any, location: BoardLocation) -> int:
        """Create the thread of a post, or return the one that was created meanwhile."""
        if location.post_message_id is None:
            raise MissingPermission("Create Public Threads")
        message = board.get_partial_message(location.post_message_id)
        try:
            return (await message.create_thread(name=location.title[:_MAX_TITLE] or "Comments")).id
        except discord.HTTPException as error:
            if error.code != THREAD_EXISTS:
                raise
            return location.post_message_id  # the thread of a message has the message's id

    async def _find(self, channel: Any, speaker: Speaker, content: str) -> int | None:
        async for message in channel.history(limit=_MAX_HISTORY):
            if is_sent_as(message, speaker, content):
                return message.id
        return None

    async def _find_in_forum(
        self, location: BoardLocation, speaker: Speaker, title: str, text: str
    ) -> SentMessages | None:
        board = await self._board(location)
        threads = [
            thread
            for thread in await board.guild.active_threads()
            if thread.parent_id == board.id and thread.name == title[:_MAX_TITLE]
        ]
        for thread in threads:
            if message_id := await self._find(thread, speaker, text):
                return SentMessages(message_ids=[message_id], thread_id=thread.id)
        return None

    async def _board(self, location: BoardLocation) -> Any:
        return await self._channel(location.channel_id)

    async def _channel(self, channel_id: int | None) -> Any:
        return await resolve_channel(self._bot, channel_id or 0)


def _file(picture: ImageAttachment) -> discord.File:
    """Return an image as a file to send."""
    alt = shorten(picture.alt, _MAX_ALT)
    return discord.File(io.BytesIO(picture.data), "picture.jpg", description=alt)


def _linked(location: BoardLocation, thread_id: int, text: str, answering: int | None) -> str:
    """Return text below a link to the message it answers: webhooks cannot reply."""
    if answering is None:
        return text
    return f"-# ↪ https://discord.com/channels/{location.guild_id}/{thread_id}/{answering}\n{text}"
