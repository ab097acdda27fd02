"""`/schedule`: plan posts of photos."""

from bot.discord.buttons.posts import SettleButton
from bot.discord.client import Bot
from cogs.schedule.commands import Schedule


async def setup(bot: Bot) -> None:
    """Load the cog and register its persistent buttons."""
    bot.add_dynamic_items(SettleButton)
    await bot.add_cog(Schedule(bot))
