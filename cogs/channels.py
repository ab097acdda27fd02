"""`/channel`: channels in which personalities answer every message."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor, to_channel
from bot.discord.ui import show_list
from cogs.options import PersonalityOption


@app_commands.guild_only()
@app_commands.default_permissions(manage_messages=True)
class Channels(
    commands.GroupCog, group_name="channel", group_description="Where they answer everything"
):
    """Channels: where personalities answer every message."""

    def __init__(self, bot: Bot) -> None:
        self._channels = bot.services.channels
        self._greetings = bot.services.greetings

    @app_commands.command()
    @app_commands.describe(personality="Who should answer everything here")
    async def activate(self, interaction: Interaction, personality: PersonalityOption) -> None:
        """Let a personality answer every message in this channel."""
        channel = to_channel(interaction.channel, interaction.guild)
        await self._channels.activate(await interaction_actor(interaction), channel, personality)
        await interaction.response.send_message(
            f"**{discord.utils.escape_markdown(personality.name)}** answers every message "
            "here from now on."
        )
        await self._greetings.greet(await interaction_actor(interaction), channel, personality.id)

    @app_commands.command()
    @app_commands.describe(personality="Who should answer only when called")
    async def deactivate(self, interaction: Interaction, personality: PersonalityOption) -> None:
        """Let a personality answer only when it is called."""
        channel = to_channel(interaction.channel, interaction.guild)
        await self._channels.deactivate(await interaction_actor(interaction), channel, personality)
        await interaction.response.send_message(
            f"**{discord.utils.escape_markdown(personality.name)}** answers only when called."
        )

    @app_commands.command(name="list")
    async def list_(self, interaction: Interaction) -> None:
        """Show who answers everything where."""
        activated = await self._channels.list_activated(interaction.guild_id or 0)
        lines = [
            f"<#{channel_id}> · **{discord.utils.escape_markdown(name)}**"
            for channel_id, name in activated
        ]
        empty = "`/channel activate` lets a personality answer everything in a channel."
        await show_list(interaction, title="Active channels", lines=lines, empty=empty)


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Channels(bot))
