"""Showing, adding and removing the targets of a personality."""

from dataclasses import dataclass
from typing import TypeAlias

import discord

from bot.discord.client import Interaction
from bot.discord.converters import interaction_actor, to_channel
from bot.discord.embeds.posts import target_embed, target_lines, target_name
from bot.discord.ui import AnyInteraction, confirm, show_list
from services.personalities import Personality
from services.social import SocialTarget, TargetChannel, TargetService
from services.texts import counted
from services.types import Actor, Venue

Channel: TypeAlias = discord.TextChannel | discord.ForumChannel | discord.Thread


@dataclass(frozen=True)
class TargetChanges:
    """A target to remove or add; one counts: `remove`, else `channel`, else `buffer`."""

    channel: Channel | None
    buffer: str | None
    remove: SocialTarget | None


async def change_targets(
    interaction: Interaction,
    targets: TargetService,
    personality: Personality,
    changes: TargetChanges,
) -> None:
    """Add or remove a target of a personality, or show its targets."""
    actor = await interaction_actor(interaction)
    if changes.remove is not None:
        await _confirm_removal(interaction, targets, actor, changes.remove)
        return
    if changes.channel is None and changes.buffer is None:
        configured = await targets.list_targets(actor, personality.id)
        title = f"Where {personality.name} posts"
        empty = "`/schedule targets channel:` adds a channel, `buffer:` one of Buffer."
        await show_list(interaction, title=title, lines=target_lines(configured), empty=empty)
        return
    await interaction.response.defer(ephemeral=True, thinking=True)
    if changes.channel is not None:
        added = await _add_channel(interaction, targets, personality, changes.channel)
    else:
        added = await targets.add_buffer_channel(actor, personality.id, changes.buffer or "")
    details = await targets.details(actor, added.id)
    await interaction.followup.send(embed=target_embed(details), ephemeral=True)


async def _add_channel(
    interaction: Interaction, targets: TargetService, personality: Personality, channel: Channel
) -> SocialTarget:
    # The actor must moderate the target channel, not the one where the command is used.
    actor = await interaction_actor(interaction, channel)
    target_channel = TargetChannel(
        channel_id=channel.id,
        guild_id=channel.guild.id,
        name=channel.name,
        is_public=to_channel(channel, channel.guild).venue == Venue.PUBLIC,
    )
    return await targets.add_discord_channel(actor, personality.id, target_channel)


async def _confirm_removal(
    interaction: Interaction, targets: TargetService, actor: Actor, target: SocialTarget
) -> None:
    details = await targets.details(actor, target.id)

    async def remove(pressed: AnyInteraction) -> None:
        await targets.remove(await interaction_actor(pressed), target.id)
        await pressed.response.edit_message(
            content=f"Nothing is posted on {target_name(target)} any more.", view=None
        )

    count = counted(details.waiting, "post is", "posts are")
    consequence = f" {count} cancelled." if details.waiting else ""
    question = f"Stop posting on {target_name(target)}?{consequence}"
    await confirm(interaction, question, label="Remove", do=remove)
