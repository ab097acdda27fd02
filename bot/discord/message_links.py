"""Messages that a message links to, as far as its sender may read them.

Whatever is not certain is refused, in the same words, so that nobody learns what there is.
"""

import logging
import re
from typing import Any, Final

import aiohttp
import discord

from bot.discord.message_parts import pictures_of, text_of, to_reply
from bot.discord.webhooks import resolve_channel
from services.message_parts import Link, Reply
from services.texts import printable
from services.types import Actor, Channel, IncomingMessage

log = logging.getLogger(__name__)

MAX_LINKS: Final = 5
_UNREADABLE = Link(author_name=None)
_LINK = re.compile(
    r"(?:https://(?:(?:ptb|canary|www)\.)?discord(?:app)?\.com|discord://-)/channels/"
    r"(?P<guild>\d{1,20}|@me)/(?P<channel>\d{1,20})(?:/(?P<message>\d{1,20}))?(?!\d)"
)


async def read_missing_reply(bot: discord.Client, message: IncomingMessage) -> list[Reply]:
    """Return what a message answers, if Discord has not sent it along: an old message."""
    if message.reply_to is None or any(isinstance(each, Reply) for each in message.parts):
        return []
    try:
        channel: Any = await resolve_channel(bot, message.channel.channel_id)
        return [to_reply(await channel.fetch_message(message.reply_to))]
    except discord.NotFound:
        return [Reply(author_name=None)]
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        log.info("What a message answers is not shown: %r", error)
        return []


async def read_links(bot: discord.Client, message: IncomingMessage) -> list[Link]:
    """Return what the links of a message lead to: five at most, each once, one level deep."""
    links: list[Link] = []
    seen: set[str] = set()
    for match in _LINK.finditer(message.content):
        if match[0] in seen or match["message"] == str(message.message_id):
            continue
        seen.add(match[0])
        try:
            link = await _read(bot, message, match)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.info("A linked message is not shown: %r", error)
            link = _UNREADABLE
        links += [link] if link else []
        if len(seen) == MAX_LINKS:
            break
    return links


async def _read(bot: discord.Client, message: IncomingMessage, match: re.Match[str]) -> Link | None:
    """Return a linked message, if its sender and everybody where it is may read it.

    None is a channel that they may read, which is no message.
    """
    channel_id, room = int(match["channel"]), message.channel
    if room.guild_id is None:
        # Only this very conversation.
        if match["guild"] != "@me" or channel_id != room.channel_id:
            return _UNREADABLE
        source: Any = bot.get_channel(channel_id) or await bot.fetch_channel(channel_id)
    else:
        guild = bot.get_guild(room.guild_id)
        # A proxied member has a negative id, and nobody's rights.
        if guild is None or match["guild"] != str(guild.id) or message.author_id < 0:
            return _UNREADABLE
        source = guild.get_channel_or_thread(channel_id) or await guild.fetch_channel(channel_id)
        member = guild.get_member(message.author_id) or await guild.fetch_member(message.author_id)
        is_readable = _may_read(source, guild.me) and await _is_for(source, member)
        if not (is_readable and _is_for_room(source, message.channel)):
            return _UNREADABLE
    if match["message"] is None and not isinstance(source, discord.Thread):
        return None
    if not isinstance(source, discord.abc.Messageable):
        return _UNREADABLE  # a category or a forum
    # A thread or a post begins with the message of its id.
    return _to_link(await source.fetch_message(int(match["message"] or channel_id)), source)


async def read_pins(
    bot: discord.Client, channel: Channel, actor: Actor, name: str, *, limit: int
) -> list[discord.Message] | None:
    """Return what is pinned in a channel, or in another of its server by the name.

    None: there is no such channel that the actor, and everybody in this one, may read.
    """
    guild = bot.get_guild(channel.guild_id or 0)
    if guild is None or actor.discord_id < 0:
        return None
    wanted = name.strip().removeprefix("#").lower()
    sources: list[Any] = (
        [each for each in guild.text_channels if each.name.lower() == wanted]
        if wanted
        else [guild.get_channel_or_thread(channel.channel_id)]
    )
    try:
        member = guild.get_member(actor.discord_id) or await guild.fetch_member(actor.discord_id)
        for source in sources:
            if source is None or not _may_read(source, guild.me):
                continue
            if await _is_for(source, member) and _is_for_room(source, channel):
                return [each async for each in source.pins(limit=limit)]
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        log.info("Pinned messages are not shown: %r", error)
    return None


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


def _is_for_room(source: Any, room: Channel) -> bool:
    """Whether everybody in a channel may read another."""
    if getattr(source, "is_nsfw", bool)() and not room.age_restricted:
        return False
    rooms = {room.channel_id, room.parent_id or room.channel_id}
    if source.id in rooms:
        return True
    if source.type is discord.ChannelType.private_thread:
        return False
    if getattr(source, "parent_id", None) in rooms and isinstance(source, discord.Thread):
        return True
    return _may_read(getattr(source, "parent", None) or source, source.guild.default_role)


def _to_link(linked: discord.Message, source: Any) -> Link:
    is_first = isinstance(source, discord.Thread) and source.id == linked.id
    title = f"{source.name}\n" if is_first else ""
    return Link(
        author_id=linked.author.id,
        author_name=printable(linked.author.display_name),
        text=printable(title) + text_of(linked),
        mentions={each.id: each.display_name for each in linked.mentions},
        pictures=pictures_of(linked),
    )
