"""`/photos`: photo libraries."""

from bot.discord.client import Bot
from cogs.photos.commands import Photos


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Photos(bot))
