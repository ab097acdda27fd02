"""`/lore`: lorebooks of channels, personas, personalities and servers."""

from bot.discord.buttons.lore import LoreEntryButton
from bot.discord.client import Bot
from cogs.lore.commands import Lore
from cogs.lore.page import BookButton


async def setup(bot: Bot) -> None:
    """Load the cog, and revive its buttons."""
    bot.add_dynamic_items(BookButton, LoreEntryButton)
    await bot.add_cog(Lore(bot))
