"""`/personality`: create, change and share personalities."""

from bot.discord.client import Bot
from cogs.personalities.commands import Personalities
from cogs.personalities.page import PageButton


async def setup(bot: Bot) -> None:
    """Load the cog."""
    bot.add_dynamic_items(PageButton)
    await bot.add_cog(Personalities(bot))
