"""`/lore`: lorebooks of channels, personas, personalities and servers."""

from bot.discord.client import Bot
from cogs.lore.commands import Lore


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Lore(bot))
