"""The chat adapter: personalities speak through webhooks in servers, and as the bot in DMs."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import aiohttp
import discord
from discord import ui
from typing_extensions import override

from bot.discord.automod import AutoMod
from bot.discord.buttons.answers import stop_view
from bot.discord.buttons.namesakes import NamesakeView
from bot.discord.converters import is_from_person, to_incoming_message
from bot.discord.drafts import DiscordDraft, find_drafts, split_answer
from bot.discord.errors import describe
from bot.discord.member_names import MemberNames
from bot.discord.message_links import read_links, read_missing_reply, read_pins
from bot.discord.message_parts import count_reactions
from bot.discord.proxies import Proxies
from bot.discord.refusals import UNKNOWN_EMOJI, translate_errors
from bot.discord.webhooks import Webhooks, resolve_channel
from services.access import AccessDenied, AccessRefused
from services.chat import (
    AnswerNotFound,
    ChatAdapter,
    CrisisHeard,
    Draft,
    MissingPermission,
    Page,
)
from services.errors import DomainError
from services.media import MAX_BYTES
from services.message_parts import MessagePart
from services.personalities import NamedPersonality
from services.types import Actor, Attachment, Channel, ChannelSnapshot, IncomingMessage, Speaker
from services.voice import VoiceMessageUnheard

log = logging.getLogger(__name__)

CDN_HOSTS = frozenset(
    f"{name}.{domain}"
    for name, domain in (
        ("cdn", "discordapp.com"),
        ("media", "discordapp.net"),
        # Pictures of other sites, which Discord fetches for its users.
        ("images-ext-1", "discordapp.net"),
        ("images-ext-2", "discordapp.net"),
    )
)
# Reactions to messages that get no answer: a rule forbids it, it was not heard, or not now.
_MARKS: Mapping[type, str] = {AccessDenied: "🔒", VoiceMessageUnheard: "🔇"}
_WAIT = "⏳"


class DiscordChatAdapter(ChatAdapter):
    """Sends through one webhook per channel, shared by all personalities and by its threads."""

    def __init__(
        self,
        bot: discord.Client,
        webhooks: Webhooks,
        automod: AutoMod,
        *,
        answer_view: Callable[[UUID, Page | None], ui.View],
        proxies: Proxies,
        cdn_hosts: Collection[str] = CDN_HOSTS,
    ) -> None:
        self._bot = bot
        self._answer_view = answer_view
        self._proxies = proxies
        self._cdn_hosts = cdn_hosts
        self._webhooks = webhooks
        self._automod = automod
        self._member_names = MemberNames()

    @override
    async def send(
        self,
        channel: Channel,
        speaker: Speaker,
        text: str,
        *,
        line_id: UUID,
        page: Page | None = None,
    ) -> list[int]:
        async with translate_errors():
            messageable = await self._resolve(channel)
            await self._automod.check(messageable, text)
            via_webhook = await self._can_use_webhook(channel, messageable)
            pieces = split_answer(channel, speaker, text, via_webhook=via_webhook)
            view = self._answer_view(line_id, page)
            return await self._send_all(messageable, speaker, pieces, view, via_webhook=via_webhook)

    @override
    async def edit(
        self,
        channel: Channel,
        speaker: Speaker,
        message_ids: list[int],
        text: str,
        *,
        line_id: UUID,
        page: Page | None = None,
    ) -> list[int]:
        async with translate_errors():
            messageable = await self._resolve(channel)
            await self._automod.check(messageable, text)
            via_webhook = await self._can_use_webhook(channel, messageable)
            pieces = split_answer(channel, speaker, text, via_webhook=via_webhook)
            buttons = self._answer_view(line_id, page)
            reused_ids = message_ids[: len(pieces)]
            for number, (message_id, piece) in enumerate(
                zip(reused_ids, pieces, strict=False), start=1
            ):
                view = buttons if number == len(pieces) else None
                await self._edit(
                    messageable, message_id, speaker, piece, view, via_webhook=via_webhook
                )
            remaining = pieces[len(reused_ids) :]
            new_ids = await self._send_all(
                messageable, speaker, remaining, buttons, via_webhook=via_webhook
            )
            return [*reused_ids, *new_ids]

    @override
    async def delete(self, channel: Channel, message_ids: list[int]) -> None:
        async with translate_errors():
            await self._delete(await self._resolve(channel), message_ids)

    async def _delete(self, messageable: Any, message_ids: Sequence[int]) -> None:
        for message_id in message_ids:
            if not isinstance(messageable, discord.DMChannel):
                try:
                    await self._webhooks.delete(messageable, message_id)
                    continue
                except discord.NotFound:
                    log.debug("Message %s is none of a webhook", message_id)
            with suppress(discord.NotFound):  # a message of the bot itself
                await messageable.get_partial_message(message_id).delete()

    @override
    async def draft(self, channel: Channel, *, line_id: UUID) -> Draft | None:
        async with translate_errors():
            messageable = await self._resolve(channel)
            via_webhook = channel.guild_id is not None
            if via_webhook and not await self._webhooks.can_stream(messageable):
                return None
            return DiscordDraft(
                messageable,
                self._webhooks if via_webhook else None,
                self._automod,
                split=partial(split_answer, channel, via_webhook=via_webhook),
                stop_view=stop_view(line_id),
                answer_view=self._answer_view(line_id, None),
            )

    @override
    async def remove_draft(
        self, channel_id: int, message_ids: Sequence[int], *, line_id: UUID, after: int
    ) -> None:
        shown = set(message_ids)
        with suppress(DomainError):
            async with translate_errors():
                messageable = await resolve_channel(self._bot, channel_id)
                with suppress(discord.Forbidden):
                    shown |= await find_drafts(messageable, line_id, after=after)
                await self._delete(messageable, sorted(shown))

    @override
    async def send_error(self, message: IncomingMessage, error: Exception) -> None:
        await self._reply(message, f"-# {describe(error)}")

    @override
    async def send_refusal(
        self, message: IncomingMessage, error: AccessRefused, *, in_words: bool
    ) -> None:
        mark = _MARKS.get(type(error), _WAIT)
        with suppress(DomainError):
            async with translate_errors():
                messageable = await self._resolve(message.channel)
                await messageable.get_partial_message(message.message_id).add_reaction(mark)
        if in_words:
            await self._tell(message, describe(error))

    @override
    async def react(self, message: IncomingMessage, emoji: str) -> None:
        async with translate_errors():
            messageable = await self._resolve(message.channel)
            try:
                await messageable.get_partial_message(message.message_id).add_reaction(emoji)
            except discord.HTTPException as error:
                if error.code != UNKNOWN_EMOJI:
                    raise

    async def _tell(self, message: IncomingMessage, text: str) -> None:
        """Tell the author of a message something by DM, if they accept one."""
        where = "" if message.channel.guild_id is None else f"<#{message.channel.channel_id}>: "
        async with translate_errors():
            account_id = message.account
            user = self._bot.get_user(account_id) or await self._bot.fetch_user(account_id)
            await user.send(f"{where}{text}")

    @override
    async def ask_which(
        self, message: IncomingMessage, candidates: Sequence[NamedPersonality]
    ) -> None:
        view = NamesakeView(message, candidates)
        view.question = await self._reply(message, "-# Whom do you mean?", view=view)

    @override
    async def send_crisis_resources(self, message: IncomingMessage) -> None:
        await self._reply(message, describe(CrisisHeard()))

    @override
    @asynccontextmanager
    async def typing(self, channel: Channel) -> AsyncGenerator[None]:
        task = asyncio.create_task(self._keep_typing(channel))
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
                messageable = await self._resolve(channel)
                messages = [
                    message
                    async for message in messageable.history(
                        limit=limit,
                        before=discord.Object(before),
                        after=discord.Object(after) if after else None,
                        oldest_first=False,
                    )
                ]
        except MissingPermission:
            return []  # the permission Read Message History is missing
        return [
            self._to_incoming(message)
            for message in reversed(messages)
            if is_from_person(message, self._proxies)
        ]

    @override
    async def namesakes(self, channel: Channel, name: str) -> frozenset[int]:
        guild = self._bot.get_guild(channel.guild_id) if channel.guild_id else None
        return await self._member_names.find(guild, name) if guild else frozenset()

    @override
    async def is_blocked(self, channel: Channel, text: str) -> bool:
        async with translate_errors():
            return await self._automod.is_blocked(await self._resolve(channel), text)

    @override
    def reads_automod(self, guild_id: int) -> bool:
        guild = self._bot.get_guild(guild_id)
        return guild is not None and self._automod.can_read(guild)

    @override
    async def snapshot(self, channel: Channel, *, after: int, limit: int) -> ChannelSnapshot | None:
        try:
            async with translate_errors():
                messageable = await self._resolve(channel)
                newest = [
                    message
                    async for message in messageable.history(
                        limit=limit, after=discord.Object(after - 1), oldest_first=False
                    )
                ]
        except DomainError as error:
            log.info("Channel %s cannot be compared: %s", channel.channel_id, type(error).__name__)
            return None
        first_id = newest[-1].id if len(newest) == limit else after
        edited = (
            each
            for each in newest
            if each.edited_at is not None and is_from_person(each, self._proxies)
        )
        return ChannelSnapshot(
            first_id=first_id,
            message_ids=frozenset(each.id for each in newest),
            edited=tuple(self._to_incoming(each) for each in edited),
        )

    @override
    async def message(self, channel_id: int, message_id: int) -> IncomingMessage | None:
        try:
            async with translate_errors():
                messageable = await resolve_channel(self._bot, channel_id)
                message = await messageable.fetch_message(message_id)
        except DomainError:
            return None
        return self._to_incoming(message) if is_from_person(message, self._proxies) else None

    def _to_incoming(self, message: discord.Message) -> IncomingMessage:
        bot_id = self._bot.user.id if self._bot.user else 0
        return to_incoming_message(message, bot_id=bot_id, proxies=self._proxies)

    @override
    async def read_references(self, message: IncomingMessage) -> Sequence[MessagePart]:
        replies = await read_missing_reply(self._bot, message)
        return [*replies, *await read_links(self._bot, message)]

    @override
    async def pins(
        self, channel: Channel, actor: Actor, name: str, *, limit: int
    ) -> Sequence[IncomingMessage] | None:
        pins = await read_pins(self._bot, channel, actor, name, limit=limit)
        return None if pins is None else [self._to_incoming(each) for each in pins]

    @override
    def reactions(self, message_ids: Sequence[int]) -> Mapping[str, int]:
        return count_reactions(self._bot, message_ids)

    @override
    async def read(self, attachment: Attachment, *, max_bytes: int = MAX_BYTES) -> bytes | None:
        host = urlsplit(attachment.url).hostname
        if host not in self._cdn_hosts or attachment.size > max_bytes:
            return None
        try:
            return await self._bot.http.get_from_cdn(attachment.url)
        except (discord.HTTPException, aiohttp.ClientError, OSError):
            return None

    async def _can_use_webhook(self, channel: Channel, messageable: Any) -> bool:
        """Whether personalities have their own name and avatar here."""
        return channel.guild_id is not None and await self._webhooks.are_allowed(messageable)

    async def _send_all(
        self,
        messageable: Any,
        speaker: Speaker,
        pieces: list[str],
        buttons: ui.View,
        *,
        via_webhook: bool,
    ) -> list[int]:
        """Send messages; the last one has the button of the answer."""
        message_ids: list[int] = []
        for number, piece in enumerate(pieces, start=1):
            view = buttons if number == len(pieces) else discord.utils.MISSING
            if via_webhook:
                message = await self._webhooks.send(messageable, speaker, piece, view=view)
            else:
                message = await messageable.send(piece, view=view or None)
            message_ids.append(message.id)
        return message_ids

    async def _edit(
        self,
        messageable: Any,
        message_id: int,
        speaker: Speaker,
        piece: str,
        view: ui.View | None,
        *,
        via_webhook: bool,
    ) -> None:
        if not via_webhook:
            message = messageable.get_partial_message(message_id)
            await message.edit(content=piece, view=view, attachments=[])
            return
        try:
            await self._webhooks.edit(messageable, message_id, speaker, piece, view=view)
        except discord.NotFound as error:
            raise AnswerNotFound from error  # its webhook was deleted, so it cannot be edited

    async def _resolve(self, channel: Channel) -> Any:
        return await resolve_channel(self._bot, channel.channel_id)

    async def _reply(
        self, message: IncomingMessage, text: str, *, view: ui.View | None = None
    ) -> discord.Message:
        async with translate_errors():
            messageable = await self._resolve(message.channel)
            reference = discord.MessageReference(
                message_id=message.message_id,
                channel_id=message.channel.channel_id,
                fail_if_not_exists=False,
            )
            return await messageable.send(text, reference=reference, view=view)

    async def _keep_typing(self, channel: Channel) -> None:
        with suppress(discord.HTTPException, aiohttp.ClientError, OSError):
            messageable = await self._resolve(channel)
            async with messageable.typing():
                if channel.guild_id is not None:
                    await self._webhooks.prepare(messageable)
                await asyncio.Event().wait()
