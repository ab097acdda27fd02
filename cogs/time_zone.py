"""`/timezone`: the clock that personalities go by."""

from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from cogs.options import ZoneOption
from services.time_zones import time_zone_label


class TimeZone(commands.Cog):
    """Time zone: the clock of a user."""

    def __init__(self, bot: Bot) -> None:
        self._people = bot.services.people

    @app_commands.command()
    @app_commands.describe(zone="A city, like Europe/Vienna, or an offset, like UTC+2")
    async def timezone(self, interaction: Interaction, zone: ZoneOption | None = None) -> None:
        """Show or set your time zone."""
        actor = await interaction_actor(interaction)
        if zone is not None:
            label = time_zone_label(await self._people.set_time_zone(actor, zone))
            text = (
                f"Times that you write are in **{label}** from now on, and personalities go by "
                "that clock with you."
            )
        else:
            name, is_set = await self._people.time_zone(actor)
            source = "as you have set it" if is_set else "by the language of your Discord"
            text = (
                f"Your time zone is **{time_zone_label(name)}**, {source}."
                if name
                else "Your time zone is not known. Choose one, and personalities know your time."
            )
        await interaction.response.send_message(text, ephemeral=True)


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(TimeZone(bot))
