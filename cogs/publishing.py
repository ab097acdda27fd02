"""`/publish`: make personalities public, and withdraw them."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.buttons.publishing import ReviewButton, review_view
from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.embeds.publishing import attempt_line, publish_status_embed, review_embed
from bot.discord.notifications import reply_address
from bot.discord.ui import AnyInteraction, confirm, show_list
from cogs.options import OwnPersonalityOption


class Publishing(
    commands.GroupCog, group_name="publish", group_description="Show a personality to everyone"
):
    """Publishing: personalities for everyone."""

    def __init__(self, bot: Bot) -> None:
        self._publishing = bot.services.publishing

    @app_commands.command()
    @app_commands.describe(
        personality="Which of yours",
        review="Whether to show you what will be public before it is (on by default)",
        dm="Whether to send you a DM if it takes longer than 15 minutes",
    )
    async def start(
        self,
        interaction: Interaction,
        personality: OwnPersonalityOption,
        review: bool = True,  # noqa: FBT001, FBT002 - discord.py's way to take an option
        dm: bool = False,  # noqa: FBT001, FBT002 - the same
    ) -> None:
        """Publish the current version of a personality."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        actor = await interaction_actor(interaction)
        await self._publishing.start(
            actor,
            personality.id,
            review=review,
            reply=reply_address(interaction),
            wants_dm=dm,
        )
        name = discord.utils.escape_markdown(personality.name)
        await interaction.edit_original_response(
            content=f"⏳ **{name}** is being published: a model finds tags, a rating, a headline. "
            "This message will show what it found; `/publish status` shows the progress."
        )

    @app_commands.command()
    @app_commands.describe(personality="Which of yours")
    async def status(self, interaction: Interaction, personality: OwnPersonalityOption) -> None:
        """Show the progress of a publication."""
        publish_status = await self._publishing.status(
            await interaction_actor(interaction), personality.id
        )
        if publish_status.review is None:
            await interaction.response.send_message(
                embed=publish_status_embed(publish_status), ephemeral=True
            )
            return
        await interaction.response.send_message(
            embeds=[publish_status_embed(publish_status), review_embed(publish_status.review)],
            view=review_view(publish_status.review.attempt.id),
            ephemeral=True,
        )

    @app_commands.command()
    @app_commands.describe(personality="Which of yours")
    async def history(self, interaction: Interaction, personality: OwnPersonalityOption) -> None:
        """Show every attempt to publish a personality."""
        attempts = await self._publishing.history(
            await interaction_actor(interaction), personality.id
        )
        name = discord.utils.escape_markdown(personality.name)
        await show_list(
            interaction, title=f"Publishing {name}", lines=[attempt_line(each) for each in attempts]
        )

    @app_commands.command()
    @app_commands.describe(personality="Which of yours")
    async def unpublish(self, interaction: Interaction, personality: OwnPersonalityOption) -> None:
        """Remove a personality from the public catalogue."""
        actor = await interaction_actor(interaction)
        publish_status = await self._publishing.status(actor, personality.id)
        name = discord.utils.escape_markdown(publish_status.personality.name)

        async def unpublish(pressed: AnyInteraction) -> None:
            await self._publishing.unpublish(await interaction_actor(pressed), personality.id)
            await pressed.response.edit_message(content=f"**{name}** is unlisted now.", view=None)

        question = (
            f"Remove **{name}** from the catalogue? Whoever knows its name can still call it."
        )
        await confirm(interaction, question, label="Unpublish", do=unpublish)


async def setup(bot: Bot) -> None:
    """Load the cog, and revive its buttons."""
    bot.add_dynamic_items(ReviewButton)
    await bot.add_cog(Publishing(bot))
