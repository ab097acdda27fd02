"""Message menus on answers: regenerate, edit, delete, why."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID

import discord
from discord import app_commands
from discord.ext import commands
from typing_extensions import override

from bot.discord.buttons import answers
from bot.discord.client import Bot, Interaction

Act: TypeAlias = Callable[[Interaction, UUID], Awaitable[None]]
_MENUS: dict[str, Act] = {
    "Regenerate": answers.regenerate,
    "Edit": answers.edit,
    "Delete": answers.delete,
    "Why this reply?": answers.explain_why,
}


class Answers(commands.Cog):
    """What can be done with an answer, from the menu of its message."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    @override
    async def cog_load(self) -> None:
        """Add the menus; decorators cannot make them inside a cog."""
        for name, act in _MENUS.items():
            self._bot.tree.add_command(_menu(name, act))

    @override
    async def cog_unload(self) -> None:
        """Take the menus away."""
        for name in _MENUS:
            self._bot.tree.remove_command(name, type=discord.AppCommandType.message)


def _menu(name: str, act: Act) -> app_commands.ContextMenu:
    async def callback(interaction: Interaction, message: discord.Message) -> None:
        line_id = await interaction.client.services.answers.locate(message.id)
        await act(interaction, line_id)

    return app_commands.ContextMenu(name=name, callback=callback)


async def setup(bot: Bot) -> None:
    """Load the cog and revive its buttons."""
    bot.add_dynamic_items(answers.MoreButton, answers.ActionButton)
    await bot.add_cog(Answers(bot))
