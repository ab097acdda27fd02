"""Converters from discord.py objects to the types of services."""

from dataclasses import replace
from typing import Any

import discord

from bot.discord.message_parts import forwarded_attachments, parts_of, to_attachment
from bot.discord.proxies import Proxies, member_id
from services.access import Situation
from services.message_parts import Cue
from services.texts import printable
from services.types import Actor, Channel, IncomingMessage, Venue


def to_channel(channel: Any, guild: discord.Guild | None) -> Channel:
    """Convert a channel or thread."""
    if guild is None:
        return Channel(channel_id=channel.id, guild_id=None, venue=Venue.DM)
    parent = channel.parent if isinstance(channel, discord.Thread) else None
    return Channel(
        channel_id=channel.id,
        guild_id=guild.id,
        venue=Venue.PUBLIC if _is_public(channel, guild) else Venue.PRIVATE,
        parent_id=parent.id if parent else None,
        age_restricted=_is_age_restricted(channel),
        locale=_chosen_locale(guild),
    )


def _chosen_locale(guild: discord.Guild) -> str | None:
    """Return the language of a server, unless it is the one that servers have at first."""
    locale = guild.preferred_locale
    return None if locale is discord.Locale.american_english else str(locale)


def is_age_restricted(interaction: discord.Interaction[Any]) -> bool:
    """Return whether a command is used in an age-restricted channel."""
    return to_channel(interaction.channel, interaction.guild).age_restricted


def to_actor(
    user: discord.User | discord.Member, channel: Any = None, *, is_bot_owner: bool = False
) -> Actor:
    """Convert a user, with their permissions in a channel."""
    moderates = (
        isinstance(user, discord.Member)
        and hasattr(channel, "permissions_for")
        and _can_moderate(channel.permissions_for(user))
    )
    return Actor(
        discord_id=user.id,
        name=printable(user.display_name),
        is_bot_owner=is_bot_owner,
        moderates=moderates,
        moderates_server=isinstance(user, discord.Member) and _can_moderate(user.guild_permissions),
        manages_server=isinstance(user, discord.Member) and user.guild_permissions.manage_guild,
        role_ids=_role_ids(user),
    )


def _role_ids(user: object) -> frozenset[int]:
    return (
        frozenset(each.id for each in user.roles)
        if isinstance(user, discord.Member)
        else frozenset()
    )


def _can_moderate(permissions: discord.Permissions) -> bool:
    return permissions.manage_messages or permissions.manage_guild


def from_interaction(
    interaction: discord.Interaction[Any],
    message: discord.Message,
    text: str,
    *,
    cue: str = "",
) -> IncomingMessage:
    """Return what a user said or did (`cue`) by a command, which our message shows."""
    return IncomingMessage(
        message_id=message.id,
        channel=to_channel(interaction.channel, interaction.guild),
        author_id=interaction.user.id,
        author_name=printable(interaction.user.display_name),
        content=printable(text),
        parts=(Cue(text=cue),) if cue else (),
        created_at=message.created_at,
        role_ids=_role_ids(interaction.user),
        moderates=to_actor(interaction.user, interaction.channel).moderates,
    )


def from_user_install(
    interaction: discord.Interaction[Any], text: str, *, cue: str = ""
) -> IncomingMessage:
    """Return what a user says or does (`cue`) where the bot may not be; only this is known."""
    user = interaction.user
    is_restricted = bool(getattr(interaction.channel, "nsfw", False))
    return IncomingMessage(
        message_id=interaction.id,
        channel=Channel(
            channel_id=interaction.channel_id or 0,
            guild_id=None,
            venue=Venue.PUBLIC,
            age_restricted=is_restricted,
        ),
        author_id=user.id,
        author_name=printable(user.display_name),
        content=printable(text),
        parts=(Cue(text=cue),) if cue else (),
        created_at=interaction.created_at,
    )


def is_bot_here(interaction: discord.Interaction[Any]) -> bool:
    """Whether a command is used where the bot itself is: in its server, or in a DM with it."""
    if interaction.guild_id is not None:
        return interaction.client.get_guild(interaction.guild_id) is not None
    return not isinstance(interaction.channel, discord.GroupChannel) and (
        interaction.context.dm_channel or not interaction.context.private_channel
    )


def user_install_channel(interaction: discord.Interaction[Any]) -> Channel:
    """Return where a command is used, as far as that is known."""
    guild_id, channel_id = interaction.guild_id, interaction.channel_id or 0
    if guild_id is not None and interaction.client.get_guild(guild_id) is not None:
        return to_channel(interaction.channel, interaction.guild)
    venue = Venue.PUBLIC if guild_id else Venue.DM
    return Channel(channel_id=channel_id, guild_id=guild_id, venue=venue)


def to_incoming_message(
    message: discord.Message, *, bot_id: int, proxies: Proxies
) -> IncomingMessage:
    """Convert a message of a person."""
    reference = message.reference
    account_id = proxies.account_of(message) if proxies.has(message) else None
    author_id = member_id(message, account_id) if proxies.has(message) else message.author.id
    return IncomingMessage(
        message_id=message.id,
        channel=to_channel(message.channel, message.guild),
        author_id=author_id,
        author_name=printable(message.author.display_name),
        account_id=account_id,
        content=printable(message.content),
        created_at=message.created_at,
        attachments=tuple(
            to_attachment(each) for each in (*message.attachments, *forwarded_attachments(message))
        ),
        parts=parts_of(message),
        mentions={each.id: each.display_name for each in message.mentions},
        reply_to=reference.message_id if reference and not message.flags.forwarded else None,
        mentions_bot=any(each.id == bot_id for each in message.mentions),
        role_ids=_role_ids(message.author),
        moderates=to_actor(message.author, message.channel).moderates,
        edited_at=message.edited_at,
    )


def forum_title(message: discord.Message) -> str | None:
    """Return the title of a forum post for its first message, or None."""
    channel = message.channel
    is_first = isinstance(channel, discord.Thread) and channel.id == message.id
    return channel.name if is_first and isinstance(channel, discord.Thread) else None


def is_from_person(message: discord.Message, proxies: Proxies) -> bool:
    """Whether a person wrote a message, directly or through a proxy such as PluralKit."""
    if message.type not in (discord.MessageType.default, discord.MessageType.reply):
        return False
    if message.webhook_id is not None:
        return proxies.has(message)
    return not message.author.bot and not message.author.system


def may_call_bot(message: discord.Message, bot_id: int) -> bool:
    """Whether a message mentions the bot, or may answer what the bot or a personality has said."""
    if any(each.id == bot_id for each in message.mentions):
        return True
    reference = message.reference
    if reference is None or message.flags.forwarded:
        return False
    answered = reference.resolved
    is_of_person = isinstance(answered, discord.Message) and not (
        answered.author.bot or answered.webhook_id
    )
    return not is_of_person


def _is_public(channel: Any, guild: discord.Guild) -> bool:
    if channel.type is discord.ChannelType.private_thread:
        return False
    guild_channel = channel.parent if isinstance(channel, discord.Thread) else channel
    # If permissions are unknown, because the bot is not a member, it counts as private.
    if guild_channel is None or not hasattr(guild_channel, "permissions_for") or not guild.roles:
        return False
    return guild_channel.permissions_for(guild.default_role).view_channel


def _is_age_restricted(channel: Any) -> bool:
    return bool(getattr(channel, "is_nsfw", bool)())


async def interaction_actor(interaction: discord.Interaction[Any], channel: Any = None) -> Actor:
    """Return the user of an interaction, with their permissions in its channel or another."""
    is_bot_owner = await interaction.client.is_owner(interaction.user)
    guild_id = interaction.guild_id
    if guild_id is not None and interaction.client.get_guild(guild_id) is None:
        # The app was installed by a user: nothing of the server is known, and nothing moderated.
        author = from_user_install(interaction, "").author
        return replace(author, is_bot_owner=is_bot_owner, locale=str(interaction.locale))
    actor = to_actor(interaction.user, channel or interaction.channel, is_bot_owner=is_bot_owner)
    return replace(actor, locale=str(interaction.locale))


async def interaction_situation(interaction: discord.Interaction[Any]) -> Situation:
    """Return who uses a command where."""
    channel = to_channel(interaction.channel, interaction.guild) if interaction.channel else None
    return Situation.of(await interaction_actor(interaction), channel)
