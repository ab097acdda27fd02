"""Message menus of answers: what can be done with one, and why it is what it is."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID

import discord
from discord import app_commands
from discord.ext import commands
from typing_extensions import override

from bot.discord.buttons import answers
from bot.discord.client import Bot, Interaction

MenuAction: TypeAlias = Callable[[Interaction, UUID], Awaitable[None]]
_MENUS: dict[str, MenuAction] = {
    "Answer…": answers.show_panel,
    "Why this reply?": answers.explain_why,
}


class Answers(commands.Cog):
    """What can be done with an answer, from the menu of its message."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    @override
    async def cog_load(self) -> None:
        """Add the menus: decorators cannot define them inside a cog."""
        for name, action in _MENUS.items():
            self._bot.tree.add_command(_menu(name, action))

    @override
    async def cog_unload(self) -> None:
        """Remove the menus."""
        for name in _MENUS:
            self._bot.tree.remove_command(name, type=discord.AppCommandType.message)


def _menu(name: str, action: MenuAction) -> app_commands.ContextMenu:
    async def callback(interaction: Interaction, message: discord.Message) -> None:
        line_id = await interaction.client.services.answers.locate(message.id)
        await action(interaction, line_id)

    return app_commands.ContextMenu(name=name, callback=callback)


async def setup(bot: Bot) -> None:
    """Load the cog and register its persistent buttons."""
    bot.add_dynamic_items(
        answers.MoreButton, answers.ActionButton, answers.TurnButton, answers.StopButton
    )
    await bot.add_cog(Answers(bot))
