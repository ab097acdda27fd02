"""`/character`: characters from photos, and their galleries."""

from bot.discord.client import Bot
from cogs.characters.commands import Characters


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Characters(bot))
