"""The bot: the connection to Discord, with its services and cogs."""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

import discord
from discord import app_commands
from discord.ext import commands
from typing_extensions import override

from bot.app.services import Services
from bot.discord.buttons.votes import reaction_value
from bot.discord.converters import (
    forum_title,
    is_from_person,
    may_call_bot,
    to_channel,
    to_incoming_message,
)
from bot.discord.embeds.help import Reader, command_mention, help_files, help_page
from bot.discord.locales import CATALOGUES, ENGLISH
from bot.discord.messages import Translator
from bot.discord.proxies import Proxies
from bot.discord.ui import Tree
from services.chat import OverheardMessage
from services.errors import DomainError
from services.types import IncomingMessage

log = logging.getLogger(__name__)

# Troupe does not use voice, so the warnings about missing voice dependencies are noise.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False

# For the operator alone: hidden from ordinary members, or only in the operator's own server.
OPERATOR_COMMANDS = ("admin", "budget", "engine", "model", "system-prompt")
_SETTLED_SECONDS, _MAX_USED = 5.0, 1000
_TEAM_OWNERS = (discord.TeamMemberRole.admin, discord.TeamMemberRole.developer)
Interaction: TypeAlias = "discord.Interaction[Bot]"
COGS = (
    "personas", "personalities", "lore", "configs", "models", "prompts", "channels", "chat",
    "answers", "memory", "history", "privacy", "publishing", "discover", "characters", "photos",
    "schedule", "boards", "engine", "servers", "blocks", "usage", "keys", "voice", "time_zone",
    "settings", "play", "my", "help", "admin",
)  # fmt: skip


INTENTS = discord.Intents.default()
INTENTS.message_content = INTENTS.members = True


def granted_intents(flags: discord.ApplicationFlags) -> discord.Intents:
    """Return the intents that the owner of an application has turned on, of those we use."""
    intents = discord.Intents.default()
    intents.message_content = flags.gateway_message_content or flags.gateway_message_content_limited
    intents.members = flags.gateway_guild_members or flags.gateway_guild_members_limited
    return intents


def missing_intents(intents: discord.Intents) -> str:
    """Return what the bot cannot do without the intents that are not among these."""
    missing: list[str] = []
    if not intents.message_content:
        missing.append(
            "without the Message Content Intent only DMs, mentions of the bot, replies that ping, "
            "menus and commands are answered"
        )
    if not intents.members:
        missing.append(
            "without the Server Members Intent a character may take the name of a member who has "
            "not been seen"
        )
    return f"{'; '.join(missing)}: turn it on in the developer portal under Bot, and restart"


class Bot(commands.AutoShardedBot):
    """The Discord client. Its services are assembled in the constructor, as they use it."""

    services: Services

    def __init__(
        self,
        assemble: "Callable[[Bot], Services]",
        *,
        owner_ids: frozenset[int] = frozenset(),
        operator_guild_id: int | None = None,
        proxies: Proxies | None = None,
        always_sync: bool = False,
        development: bool = False,
        has_gateway: bool = True,
        intents: discord.Intents | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            command_prefix=(),
            help_command=None,
            tree_cls=Tree,
            intents=intents or INTENTS,
            # Who the members of a server are is asked where a name is checked.
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
            owner_ids=owner_ids or None,
            **options,
        )
        self._operator_guild = discord.Object(operator_guild_id) if operator_guild_id else None
        self._proxies = proxies or Proxies()
        self._always_sync = always_sync
        self._catching_up: asyncio.Task[None] | None = None
        self.development = development
        self.has_gateway = has_gateway
        # When a command, a button or a form was last used in a server.
        self._used_at: dict[int, float] = {}
        self.services = assemble(self)

    @override
    async def setup_hook(self) -> None:
        self.services.budgets.exempt(self._operator_ids())
        if not self.has_gateway:
            return  # no interactions are received
        if any(catalogue is not ENGLISH for catalogue in CATALOGUES.values()):
            await self.tree.set_translator(Translator(CATALOGUES))
        for name in COGS:
            await self.load_extension(f"cogs.{name}")
        if self._operator_guild is not None:
            for name in OPERATOR_COMMANDS:
                if (command := self.tree.remove_command(name)) is not None:
                    self.tree.add_command(command, guild=self._operator_guild)
        await self.sync_if_changed()

    def _operator_ids(self) -> frozenset[int]:
        """Return the accounts of the operator: those of the settings, else the application's."""
        if self.owner_ids or self.application is None:
            return frozenset(self.owner_ids or ())
        if (team := self.application.team) is None:
            return frozenset({self.application.owner.id})
        # As discord.py tells who owns a bot.
        return frozenset(each.id for each in team.members if each.role in _TEAM_OWNERS)

    async def sync_if_changed(self, *, force: bool = False) -> bool:
        """Sync the application commands if they differ from those that were last synced."""
        payload = await self._command_payload()
        where = self._operator_guild.id if self._operator_guild else None
        synced = json.dumps([payload, where] if where else payload, sort_keys=True)
        digest = hashlib.sha256(synced.encode()).hexdigest()
        application_id = self.application_id or 0
        is_known = await self.services.command_sync.is_current(application_id, digest)
        if is_known and not (force or self._always_sync):
            return False
        await self.tree.sync()
        if self._operator_guild is None or await self._sync_operator_guild(self._operator_guild):
            await self.services.command_sync.save(application_id, digest)
        log.info("Synced %s commands with Discord", len(payload))
        return True

    async def _sync_operator_guild(self, guild: discord.Object) -> bool:
        """Sync the operator's commands; return False if the bot is not in that server."""
        try:
            await self.tree.sync(guild=guild)
        except discord.Forbidden:
            log.error(  # noqa: TRY400 - the operator's mistake, whose trace says nothing
                "OPERATOR_GUILD_ID: the bot is not in server %s, so nobody sees your commands; "
                "invite it there and restart",
                guild.id,
            )
            return False
        return True

    async def _command_payload(self) -> list[dict[str, Any]]:
        commands = self.tree.get_commands()
        if self._operator_guild is not None:
            commands = [*commands, *self.tree.get_commands(guild=self._operator_guild)]
        translator = self.tree.translator
        if translator is None:
            return [command.to_dict(self.tree) for command in commands]
        return [await command.get_translated_payload(self.tree, translator) for command in commands]

    @override
    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        # Most messages call nobody: they cost no task.
        if event_name == "message" and self._passes_by(args[0]):
            return
        if event_name == "interaction":
            self._used_at[args[0].guild_id or 0] = time.monotonic()
            while len(self._used_at) > _MAX_USED:
                del self._used_at[next(iter(self._used_at))]
        super().dispatch(event_name, *args, **kwargs)

    def _passes_by(self, message: discord.Message) -> bool:
        """Whether nothing is to be done about a message, as is known without the database.

        Where somebody has answered lately, the next answer is to know of it.
        """
        if not is_from_person(message, self._proxies):
            return True
        if self.user is None or message.guild is None or self._proxies.has(message):
            return False
        channel_ids = (message.channel.id, getattr(message.channel, "parent_id", None) or 0)
        listening, chat = self.services.listening, self.services.chat
        if (
            not self._knows(message.guild.id)
            or listening.answers_all(channel_ids)
            or listening.is_board(channel_ids)
            or chat.is_answering(message.channel.id, message.author.id, message.created_at)
            or may_call_bot(message, self.user.id)
            or listening.names_somebody(message.content)
        ):
            return False
        self._proxies.remember(message)
        read = partial(to_incoming_message, message, bot_id=self.user.id, proxies=self._proxies)
        overheard = OverheardMessage(message.id, message.guild.id, message.author.id, read)
        chat.overhear(message.channel.id, overheard)
        return True

    @override
    async def on_message(self, message: discord.Message, /) -> None:
        if self.user is None or not is_from_person(message, self._proxies):
            return
        if not self._proxies.has(message):
            self._proxies.remember(message)
        incoming = to_incoming_message(message, bot_id=self.user.id, proxies=self._proxies)
        if incoming.is_empty:
            return
        # Private threads are not part of a board. Ingestion runs beside the answer, to save time.
        is_private = message.channel.type is discord.ChannelType.private_thread
        is_board = not is_private and self._may_be_board(message.channel)
        ingestion = asyncio.create_task(self._ingest(incoming, message)) if is_board else None
        try:
            await self.services.chat.handle_message(incoming)
        except Exception as error:
            log.exception("Message %s was not answered", message.id)
            with suppress(DomainError, discord.HTTPException):
                await self.services.chat_adapter.send_error(incoming, error)
        finally:
            if ingestion is not None:
                await ingestion

    async def _ingest(self, incoming: IncomingMessage, message: discord.Message) -> None:
        """Ingest a message, if it is on a board."""
        try:
            await self.services.board_ingest.ingest(incoming, title=forum_title(message))
        except Exception:
            log.exception("Message %s was not ingested", message.id)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Apply the edit of a person's message; our own edits are saved where they are made."""
        message = payload.message
        # Without a timestamp, the update is by Discord, such as the preview of a link.
        is_preview = message.edited_at is None
        if not is_from_person(message, self._proxies) or (is_preview and not message.embeds):
            return
        is_known = self.services.chat.overhears(message.channel.id)
        if is_preview and not is_known and not self._may_be_board(message.channel):
            return  # it comes a moment after its message, of which nothing is kept
        incoming = to_incoming_message(
            message, bot_id=self.user.id if self.user else 0, proxies=self._proxies
        )
        # Not by a pin, or what else Discord does to a message; of old ones nothing is known.
        before = payload.cached_message
        is_changed = before is not None and before.content != message.content
        await self.services.chat.handle_edit(incoming, is_preview=is_preview, is_changed=is_changed)
        await self.services.board_ingest.apply_edit(incoming)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Delete what is stored of a message."""
        await self._forget_messages([payload.message_id])

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Delete what is stored of messages."""
        await self._forget_messages(sorted(payload.message_ids))

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Delete the post of a thread; in a forum, its message has the id of the thread."""
        await self._forget_messages([payload.thread_id], thread_ids=[payload.thread_id])

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Close the board of a deleted channel."""
        await self.services.boards.close_deleted(channel_id=channel.id)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Close the boards of a server that we have left, and forget it later."""
        await self.services.boards.close_deleted(guild_id=guild.id)
        await self.services.retention.note_left(guild.id)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Keep what was said in a server that we have joined again, and say how to begin."""
        await self.services.retention.note_servers([guild.id])
        channel = guild.system_channel
        if channel is None or not channel.permissions_for(guild.me).send_messages:
            return
        with suppress(discord.HTTPException):
            mention = partial(command_mention, commands=await self.tree.fetch_commands())
            readers = frozenset({Reader.EVERYONE, Reader.MODERATORS})
            await channel.send(view=help_page(mention, readers), files=help_files(readers))

    async def on_guild_channel_update(
        self, _: discord.abc.GuildChannel, channel: discord.abc.GuildChannel
    ) -> None:
        """Apply what a channel has become, age-restricted or private, to what was said there."""
        changed = to_channel(channel, channel.guild)
        await self.services.boards.sync_channel(changed)
        threads: Sequence[discord.Thread] = getattr(channel, "threads", ())
        await self.services.memory.sync_channel(changed, [each.id for each in threads])

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """Count a person's reaction on a board as a vote."""
        if value := reaction_value(payload.emoji.name):
            await self._record_vote(payload, value)

    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        """Remove the vote of a removed reaction."""
        if reaction_value(payload.emoji.name):
            await self._record_vote(payload, 0)

    async def _record_vote(self, payload: discord.RawReactionActionEvent, value: int) -> None:
        is_bot = payload.member is not None and payload.member.bot
        guild = self.get_guild(payload.guild_id or 0)
        if not self._may_be_board(guild and guild.get_channel_or_thread(payload.channel_id)):
            return
        if payload.guild_id is not None and payload.user_id != self.application_id and not is_bot:
            await self.services.board_ingest.react(payload.user_id, payload.message_id, value)

    def _knows(self, guild_id: int) -> bool:
        """Whether it is known what listens in a server, also what was changed there just now."""
        used_at = self._used_at.get(guild_id, float("-inf"))
        is_settled = time.monotonic() - used_at > _SETTLED_SECONDS
        return is_settled and self.services.listening.is_fresh

    def _may_be_board(self, channel: Any) -> bool:
        """Whether a channel is a board, or is not known to be none."""
        guild = getattr(channel, "guild", None)
        if guild is None or not self._knows(guild.id):
            return True
        return self.services.listening.is_board(
            (channel.id, getattr(channel, "parent_id", None) or 0)
        )

    async def _forget_messages(
        self, message_ids: list[int], *, thread_ids: Sequence[int] = ()
    ) -> None:
        await self.services.chat.forget_messages(message_ids)
        await self.services.board_ingest.forget(message_ids, thread_ids=thread_ids)

    async def on_ready(self) -> None:
        """Follow what happened while the bot was down, once."""
        log.info("Ready as %s in %s servers", self.user, len(self.guilds))
        if self._catching_up is None:
            self._catching_up = asyncio.create_task(self._catch_up())

    async def _catch_up(self) -> None:
        def owns(guild_id: int | None) -> bool:
            is_first_shard = self.shard_id in (None, 0) or 0 in (self.shard_ids or ())
            return is_first_shard if guild_id is None else self.get_guild(guild_id) is not None

        def is_on_our_shards(guild_id: int) -> bool:
            shard_id = (guild_id >> 22) % (self.shard_count or 1)
            return self.shard_ids is None or shard_id in self.shard_ids

        try:
            present = [guild.id for guild in self.guilds]
            await self.services.retention.note_servers(present, is_on_our_shards)
            await self.services.chat.catch_up(owns)
        except Exception:
            log.exception("What happened while the bot was down is not followed")

    @override
    async def close(self) -> None:
        if self._catching_up is not None:
            self._catching_up.cancel()
        await super().close()
