"""`/admin`: commands for the owner of the bot."""

from typing import Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.messages import escape
from bot.discord.notifications import reply_address
from bot.discord.ui import show_list
from cogs.options import OwnPersonalityOption
from services.errors import BotOwnerOnly
from services.jobs import JobStatus
from services.texts import shorten

_ID_DIGITS = 20


@app_commands.default_permissions(manage_guild=True)
class Admin(commands.GroupCog, group_name="admin", group_description="For the owner of this bot"):
    """Admin: for the owner of the bot."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._audit = bot.services.audit
        self._jobs = bot.services.jobs
        self._publishing = bot.services.publishing

    @app_commands.command()
    async def servers(self, interaction: Interaction) -> None:
        """Show the servers the bot is in."""
        await self._check(interaction)
        guilds = sorted(self._bot.guilds, key=lambda each: -(each.member_count or 0))
        lines = [
            f"**{discord.utils.escape_markdown(each.name)}** · {each.member_count} members"
            for each in guilds
        ]
        await show_list(interaction, title=f"Servers ({len(guilds)})", lines=lines)

    @app_commands.command()
    async def sync(self, interaction: Interaction) -> None:
        """Register the commands with Discord again."""
        await self._check(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._bot.sync_if_changed(force=True)
        await interaction.followup.send("Discord knows our commands.", ephemeral=True)

    @app_commands.command()
    @app_commands.describe(server="The id of a server, for what was done there")
    async def audit(self, interaction: Interaction, server: str | None = None) -> None:
        """Show who allowed, blocked or admitted something, or changed a budget."""
        guild_id = (
            int(server) if server and server.isdecimal() and len(server) < _ID_DIGITS else None
        )
        entries = await self._audit.list_entries(
            await interaction_actor(interaction), guild_id=guild_id
        )
        lines = [
            f"{discord.utils.format_dt(each.created_at, 'R')} <@{each.actor_id}> {each.action}: "
            f"**{escape(each.subject)}**" + (f" · in `{each.guild_id}`" if each.guild_id else "")
            for each in entries
        ]
        await show_list(interaction, title="Audit log", lines=lines)

    @app_commands.command()
    @app_commands.describe(status="Only jobs with this status")
    async def jobs(
        self,
        interaction: Interaction,
        status: Literal["pending", "running", "done", "failed", "cancelled"] | None = None,
    ) -> None:
        """Show the background jobs."""
        await self._check(interaction)
        depth = await self._jobs.depth()
        listed = await self._jobs.list_jobs(status=JobStatus(status) if status else None)
        lines = [
            f"**{each.kind}** · {each.status} · {discord.utils.format_dt(each.created_at, 'R')} · "
            f"`{each.id}`" + (f"\n{shorten(each.error, 200)}" if each.error else "")
            for each in listed
        ]
        footer = " · ".join(f"{each.count} {each.kind} {each.status}" for each in depth)
        await show_list(interaction, title="Jobs", lines=lines, footer=footer)

    @app_commands.command()
    @app_commands.describe(personality="Whose current version to publish")
    async def publish(self, interaction: Interaction, personality: OwnPersonalityOption) -> None:
        """Publish any personality (for development)."""
        await self._check(interaction)
        attempt = await self._publishing.start(
            await interaction_actor(interaction), personality.id, reply=reply_address(interaction)
        )
        await interaction.response.send_message(f"Job `{attempt.job_id}`.", ephemeral=True)

    async def _check(self, interaction: Interaction) -> None:
        if not (await interaction_actor(interaction)).is_bot_owner:
            raise BotOwnerOnly


async def setup(bot: Bot) -> None:
    """Load the cog."""
    admin = Admin(bot)
    if not bot.development and admin.app_command is not None:
        admin.app_command.remove_command("publish")
    await bot.add_cog(admin)
