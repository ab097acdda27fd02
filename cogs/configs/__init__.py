"""`/config`: models and their parameters, and who uses which."""

from bot.discord.client import Bot
from cogs.configs.commands import Configs
from cogs.configs.page import ConfigButton


async def setup(bot: Bot) -> None:
    """Load the cog, and revive its buttons."""
    bot.add_dynamic_items(ConfigButton)
    await bot.add_cog(Configs(bot))
