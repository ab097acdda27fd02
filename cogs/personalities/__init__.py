"""`/personality`: create, change and share personalities."""

from bot.discord.client import Bot
from cogs.personalities.commands import Personalities


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Personalities(bot))
