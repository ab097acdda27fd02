"""What people may ask of their data."""

from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, confirm, to_file
from services.texts import counted


class Privacy(commands.GroupCog, group_name="privacy", group_description="What is kept of you"):
    """Privacy: what is kept of you."""

    def __init__(self, bot: Bot) -> None:
        self._privacy = bot.services.privacy
        self._chat = bot.services.chat

    @app_commands.command()
    async def export(self, interaction: Interaction) -> None:
        """Get everything that is kept of you, as a file."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        export = await self._privacy.export(await interaction_actor(interaction))
        file = await to_file(interaction, export.data, "troupe-export.json")
        await interaction.followup.send(
            f"This is all that is kept of you: {counted(export.rows, 'record')}.",
            file=file,
            ephemeral=True,
        )

    @app_commands.command()
    async def delete(self, interaction: Interaction) -> None:
        """Delete everything that is kept of you."""

        async def delete(pressed: AnyInteraction) -> None:
            await self._privacy.delete(await interaction_actor(pressed))
            self._chat.forget_person(pressed.user.id)
            text = (
                "Nothing is kept of you any more, nor what answers to others repeat of you word "
                "for word. What somebody said of you in other words cannot be found. Your messages "
                "stay on Discord."
            )
            await pressed.response.edit_message(content=text, view=None)

        question = (
            "Delete all your personas, conversations, memories and configs, and the personalities "
            "that are yours alone? This cannot be undone."
        )
        await confirm(interaction, question, label="Delete everything", do=delete)

    @app_commands.command()
    async def optout(self, interaction: Interaction) -> None:
        """Opt out: the bot neither reads nor stores what you write. Or opt in again."""
        actor = await interaction_actor(interaction)
        if await self._privacy.is_opted_out(actor):
            await self._privacy.opt_in(actor)
            await interaction.response.send_message("You have opted in again.", ephemeral=True)
            return

        async def opt_out(pressed: AnyInteraction) -> None:
            await self._privacy.opt_out(await interaction_actor(pressed))
            self._chat.forget_person(pressed.user.id)
            text = "From now on nothing you say is read or kept, and what was kept is deleted."
            await pressed.response.edit_message(content=text, view=None)

        question = (
            "Opt out? Your messages are then neither stored nor shown to a model, others who "
            "mention you mention “[someone]”, and no personality answers you."
        )
        await confirm(interaction, question, label="Opt out", do=opt_out)


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Privacy(bot))
