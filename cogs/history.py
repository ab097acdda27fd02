"""Conversations, begun anew."""

from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor, to_channel
from bot.discord.ui import AnyInteraction, confirm
from cogs.options import PersonalityOption


class History(
    commands.GroupCog, group_name="history", group_description="What was said in this channel"
):
    """History: what was said in a channel."""

    def __init__(self, bot: Bot) -> None:
        self._answers = bot.services.answers

    @app_commands.command()
    @app_commands.describe(
        personality="Only what was said with this one",
        everyones="Everybody's, not only yours (moderators)",
    )
    async def clear(
        self,
        interaction: Interaction,
        personality: PersonalityOption | None = None,
        everyones: bool = False,  # noqa: FBT001, FBT002 - discord.py's way to take an option
    ) -> None:
        """Let the conversation in this channel begin anew. Memories stay."""
        place = to_channel(interaction.channel, interaction.guild)

        async def clear(pressed: AnyInteraction) -> None:
            count = await self._answers.clear(
                await interaction_actor(pressed),
                place,
                personality_id=personality.id if personality else None,
                for_everyone=everyones,
            )
            told = f"{count} lines are no longer read. What was said stays on Discord."
            await pressed.response.edit_message(content=told, view=None)

        await confirm(interaction, "Begin this conversation anew?", label="Begin anew", do=clear)

    @app_commands.command()
    async def undo(self, interaction: Interaction) -> None:
        """Take your last message here and its answer out of the conversation."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        place = to_channel(interaction.channel, interaction.guild)
        name = await self._answers.undo(await interaction_actor(interaction), place)
        await interaction.followup.send(
            f"{name} never heard that, and never answered.", ephemeral=True
        )


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(History(bot))
