"""`/voice`: hear how a personality speaks."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor, to_channel
from bot.discord.voice import speech_file
from cogs.options import PersonalityOption

_SAMPLE = "Good evening. My name is {}, and this is how I sound."


class Voices(commands.GroupCog, group_name="voice", group_description="Spoken answers"):
    """Voice: how personalities speak."""

    def __init__(self, bot: Bot) -> None:
        self._tester = bot.services.voice_tester

    @app_commands.command()
    @app_commands.describe(personality="Who speaks", text="What is said; a greeting, if left out")
    async def test(
        self,
        interaction: Interaction,
        personality: PersonalityOption,
        text: app_commands.Range[str, 1, 500] | None = None,
    ) -> None:
        """Hear how a personality speaks."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        name = personality.display_name or personality.name
        speech = await self._tester.speak(
            await interaction_actor(interaction),
            to_channel(interaction.channel, interaction.guild),
            personality,
            text or _SAMPLE.format(name),
        )
        await interaction.followup.send(
            f"**{discord.utils.escape_markdown(name)}**, spoken by a machine:",
            file=speech_file(speech, name),
            ephemeral=True,
        )


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Voices(bot))
