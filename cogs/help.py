"""`/help`."""

from functools import partial

import discord
from discord import app_commands
from discord.app_commands import AppCommand
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.embeds.help import command_mention, help_files, help_page, readers_of


class Help(commands.Cog):
    """Help: what one may want to do."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._commands: list[AppCommand] | None = None

    @app_commands.command()
    async def help(self, interaction: Interaction) -> None:
        """What you can do here, and how to begin."""
        mention = partial(command_mention, commands=await self._fetch_commands())
        readers = await readers_of(interaction)
        await interaction.response.send_message(
            view=help_page(mention, readers), files=help_files(readers), ephemeral=True
        )

    async def _fetch_commands(self) -> list[AppCommand]:
        """Return the commands with their ids, asked for once."""
        if self._commands is None:
            try:
                self._commands = await self._bot.tree.fetch_commands()
            except discord.HTTPException:
                return []
        return self._commands


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Help(bot))
