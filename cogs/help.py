"""`/help`."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction

_TEXT = """\
Call a personality by name anywhere, like `@Mirela hello`, or reply to one; \
`/personality list` and `/discover browse` show who there is, `/personality create` creates \
another, and `/publish start` shows it to everyone. \
`/persona create` says who *you* are to them, and `/chat with` chooses who answers your DMs. \
They remember what you tell them where you told it: `/memory` shows, corrects and forgets, and \
`/privacy` hands out or deletes everything. \
`/character create` draws somebody from a photo, and `/character use` makes that a face. \
Press **⋯** below an answer (or open its *Apps* menu) to get another one, to change it, or to see \
what it was made from."""


class Help(commands.Cog):
    """Help, in five sentences."""

    @app_commands.command()
    async def help(self, interaction: Interaction) -> None:
        """What this bot is, and how to begin."""
        embed = discord.Embed(title="A company of AI characters", description=_TEXT)
        embed.set_footer(text="Everyone you talk to here with an APP badge is an AI.")
        await interaction.response.send_message(embed=embed, ephemeral=True)


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Help())
