"""`/system-prompt`: instructions for every personality, for the owner of the bot."""

from typing import Self
from uuid import UUID

import discord
from discord import TextStyle, app_commands, ui
from discord.ext import commands
from typing_extensions import override

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, Modal, confirm, show_list
from cogs.options import PromptOption
from services.errors import BotOwnerOnly
from services.personalities import SystemPrompt, SystemPromptService
from services.texts import shorten


class PromptForm(Modal):
    """Form for a system prompt."""

    def __init__(self, prompts: SystemPromptService, prompt: SystemPrompt | None = None) -> None:
        super().__init__(title=f"Edit {prompt.name[:38]}" if prompt else "A new system prompt")
        self._prompts = prompts
        self._prompt_id: UUID | None = prompt.id if prompt else None
        self.name = ui.TextInput[Self](
            custom_id="name", max_length=80, default=prompt.name if prompt else None
        )
        self.content = ui.TextInput[Self](
            custom_id="content",
            style=TextStyle.long,
            max_length=4000,
            default=prompt.content if prompt else None,
        )
        self.ask("Name", self.name)
        self.ask(
            "Instructions", self.content, "They precede every personality that has no other prompt."
        )

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        actor = await interaction_actor(interaction)
        name, content = self.name.value, self.content.value
        if self._prompt_id is None:
            prompt = await self._prompts.create(actor, name, content)
        else:
            prompt = await self._prompts.edit(actor, self._prompt_id, name, content)
        await interaction.response.send_message(
            f"Saved **{discord.utils.escape_markdown(prompt.name)}**.", ephemeral=True
        )


@app_commands.default_permissions(manage_guild=True)
class Prompts(
    commands.GroupCog,
    group_name="system-prompt",
    group_description="Instructions for every personality (owner of the bot only)",
):
    """System prompts: instructions for every personality."""

    def __init__(self, bot: Bot) -> None:
        self._prompts = bot.services.system_prompts

    @app_commands.command()
    async def create(self, interaction: Interaction) -> None:
        """Write a system prompt."""
        await self._check(interaction)
        await interaction.response.send_modal(PromptForm(self._prompts))

    @app_commands.command()
    @app_commands.describe(prompt="Which")
    async def edit(self, interaction: Interaction, prompt: PromptOption) -> None:
        """Change a system prompt."""
        await self._check(interaction)
        await interaction.response.send_modal(PromptForm(self._prompts, prompt))

    @app_commands.command(name="list")
    async def list_(self, interaction: Interaction) -> None:
        """Show the system prompts."""
        lines = [
            f"**{discord.utils.escape_markdown(prompt.name)}**"
            + (" · default" if prompt.is_default else "")
            + f"\n{shorten(prompt.content.replace(chr(10), ' '), 120)}"
            for prompt in await self._prompts.all()
        ]
        await show_list(
            interaction,
            title="System prompts",
            lines=lines,
            empty="`/system-prompt create` writes one.",
        )

    @app_commands.command()
    @app_commands.describe(prompt="Which")
    async def default(self, interaction: Interaction, prompt: PromptOption) -> None:
        """Use a prompt for every personality that has no other."""
        await self._prompts.make_default(await interaction_actor(interaction), prompt)
        await interaction.response.send_message(
            f"**{discord.utils.escape_markdown(prompt.name)}** is the default.", ephemeral=True
        )

    @app_commands.command()
    @app_commands.describe(prompt="Which")
    async def delete(self, interaction: Interaction, prompt: PromptOption) -> None:
        """Delete a system prompt."""
        await self._check(interaction)
        name = discord.utils.escape_markdown(prompt.name)

        async def delete(pressed: AnyInteraction) -> None:
            await self._prompts.delete(await interaction_actor(pressed), prompt)
            await pressed.response.edit_message(content=f"**{name}** is gone.", view=None)

        await confirm(interaction, f"Delete **{name}**?", label="Delete", do=delete)

    async def _check(self, interaction: Interaction) -> None:
        """Refuse before a form is filled in; the service checks again."""
        if not (await interaction_actor(interaction)).is_bot_owner:
            raise BotOwnerOnly


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Prompts(bot))
