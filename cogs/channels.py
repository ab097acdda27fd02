"""`/channel`: channels in which personalities answer every message."""

from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor, to_channel
from bot.discord.ui import show_list
from cogs.options import PersonalityOption
from services.chat import Callers, ChannelSettings
from services.texts import counted


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

    @app_commands.command()
    @app_commands.describe(
        chattiness="Of a hundred messages that call nobody, how many are answered",
        quiet_from="From which hour on nobody answers what calls nobody, 0 to 23",
        quiet_until="Until which hour; the same hour as the first ends quiet hours",
        cooldown="For how many seconds after an answer nobody answers what calls nobody",
        callers="Who gets answers here; with a role, everyone",
        role="The only role that gets answers here, beside moderators",
        threads_by_name="Whether in threads only those answer who are called",
        max_answers="How many answer a message that calls nobody, at most",
        max_turns="How often they answer each other without a person",
    )
    async def settings(
        self,
        interaction: Interaction,
        chattiness: app_commands.Range[int, 0, 100] | None = None,
        quiet_from: app_commands.Range[int, 0, 23] | None = None,
        quiet_until: app_commands.Range[int, 0, 23] | None = None,
        cooldown: app_commands.Range[int, 0, 3600] | None = None,
        callers: Literal["everyone", "moderators"] | None = None,
        role: discord.Role | None = None,
        threads_by_name: bool | None = None,  # noqa: FBT001 - discord.py's way to take an option
        max_answers: app_commands.Range[int, 1, 5] | None = None,
        max_turns: app_commands.Range[int, 0, 5] | None = None,
    ) -> None:
        """Show or change how personalities speak in this channel and its threads."""
        typed = {
            "chattiness": chattiness,
            "quiet_from": quiet_from,
            "quiet_until": quiet_until,
            "cooldown_seconds": cooldown,
            "callers": Callers.ROLE if role else Callers(callers) if callers else None,
            "caller_role_id": role.id if role else None,
            "threads_by_name": threads_by_name,
            "max_answers": max_answers,
            "max_turns": max_turns,
        }
        changes: Any = {name: value for name, value in typed.items() if value is not None}
        settings = await self._channels.change_settings(
            await interaction_actor(interaction),
            to_channel(interaction.channel, interaction.guild),
            **changes,
        )
        await interaction.response.send_message(embed=settings_embed(settings), ephemeral=True)

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


def settings_embed(settings: ChannelSettings) -> discord.Embed:
    """Return the embed that shows how personalities speak in a channel."""
    embed = discord.Embed(title="How they speak here")
    quiet = "none"
    if settings.quiet_from is not None and settings.quiet_from != settings.quiet_until:
        quiet = f"{settings.quiet_from}:00 to {settings.quiet_until or 0}:00 by the server's clock"
    callers = {
        Callers.EVERYONE: "everyone",
        Callers.MODERATORS: "moderators",
        Callers.ROLE: f"<@&{settings.caller_role_id}> and moderators",
    }
    for name, value in (
        ("Chattiness", f"{settings.chattiness} of 100"),
        ("Quiet hours", quiet),
        ("Pause after an answer", counted(settings.cooldown_seconds, "second")),
        ("Who gets answers", callers[Callers(settings.callers)]),
        ("In threads", "only if called" if settings.threads_by_name else "as here"),
        ("Answers to one message", f"{settings.max_answers} at most"),
        ("Turns without a person", f"{settings.max_turns} at most"),
    ):
        embed.add_field(name=name, value=value)
    embed.set_footer(text="Whoever is called by name always answers · /channel activate · /scene")
    return embed


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Channels(bot))
