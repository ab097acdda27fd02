"""Messages that a message links to, as far as its sender may read them.

Whatever is not certain is refused, in the same words, so that nobody learns what there is.
"""

import logging
import re
from collections.abc import AsyncGenerator
from typing import Any, Final

import aiohttp
import discord

from bot.discord.message_parts import text_of
from services.message_parts import Link
from services.texts import printable
from services.types import IncomingMessage

log = logging.getLogger(__name__)

MAX_LINKS: Final = 5
_LINK = re.compile(
    r"(?:https://(?:(?:ptb|canary|www)\.)?discord(?:app)?\.com|discord://-)/channels/"
    r"(?P<guild>\d{1,20}|@me)/(?P<channel>\d{1,20})(?:/(?P<message>\d{1,20}))?(?!\d)"
)


async def read_links(bot: discord.Client, message: IncomingMessage) -> AsyncGenerator[Link]:
    """Yield what the links of a message lead to: five at most, each once, one level deep."""
    seen: set[tuple[str, str]] = set()
    for match in _LINK.finditer(message.content):
        target = match["channel"], match["message"] or match["channel"]
        if target in seen or int(target[1]) == message.message_id:
            continue
        seen.add(target)
        if len(seen) > MAX_LINKS:
            return
        try:
            yield await _read(bot, message, match) or Link(author_name=None)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.info("A linked message is not shown: %r", error)
            yield Link(author_name=None)


async def _read(bot: discord.Client, message: IncomingMessage, match: re.Match[str]) -> Link | None:
    """Return a linked message; None if the sender, or the channel, may not read it."""
    channel_id, message_id = int(match["channel"]), int(match["message"] or match["channel"])
    room_id, guild_id = message.channel.channel_id, message.channel.guild_id
    if guild_id is None:
        # Only this very conversation.
        if match["guild"] != "@me" or channel_id != room_id:
            return None
        source: Any = bot.get_channel(channel_id) or await bot.fetch_channel(channel_id)
        return _to_link(await source.fetch_message(message_id), source)
    guild = bot.get_guild(guild_id)
    # A proxied member has a negative id, and nobody's rights.
    if guild is None or match["guild"] != str(guild_id) or message.author_id < 0:
        return None
    source = guild.get_channel_or_thread(channel_id) or await guild.fetch_channel(channel_id)
    member = guild.get_member(message.author_id) or await guild.fetch_member(message.author_id)
    if not (_may_read(source, guild.me) and await _is_for(source, member)):
        return None
    if not _is_for_room(source, message):
        return None
    return _to_link(await source.fetch_message(message_id), source)


def _may_read(source: Any, member: discord.Member | discord.Role) -> bool:
    rights = source.permissions_for(member)
    may_enter = rights.connect or not isinstance(
        source, discord.VoiceChannel | discord.StageChannel
    )
    return rights.view_channel and rights.read_message_history and may_enter


async def _is_for(source: Any, member: discord.Member) -> bool:
    """Whether a member may read a channel; a private thread only if they are in it."""
    if not _may_read(source, member):
        return False
    is_private = source.type is discord.ChannelType.private_thread
    if not is_private or source.permissions_for(member).manage_threads:
        return True
    await source.fetch_member(member.id)  # which raises if they are not
    return True


def _is_for_room(source: Any, message: IncomingMessage) -> bool:
    """Whether everybody where a message is may read what it links to."""
    room = message.channel
    if getattr(source, "is_nsfw", bool)() and not room.age_restricted:
        return False
    if source.id in (room.channel_id, room.parent_id):
        return True
    if source.type is discord.ChannelType.private_thread:
        return False
    return _may_read(getattr(source, "parent", None) or source, source.guild.default_role)


def _to_link(linked: discord.Message, source: Any) -> Link:
    is_first = isinstance(source, discord.Thread) and source.id == linked.id
    title = f"{source.name}\n" if is_first and isinstance(source, discord.Thread) else ""
    return Link(
        author_id=linked.author.id,
        author_name=printable(linked.author.display_name),
        text=printable(title) + text_of(linked),
        mentions={each.id: each.display_name for each in linked.mentions},
    )
