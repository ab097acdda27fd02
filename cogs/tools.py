"""Choosing tools: what personalities may use, and what moderators let them use in a server."""

from collections.abc import Collection, Sequence
from typing import Any, Self

import discord
from discord import ui
from typing_extensions import override

from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, Modal
from services.access import ServerService
from services.tools import AnyTool, Toolbox

_MAX_OPTIONS = 10  # Discord's limit for checkboxes


def tool_choice(tools: Sequence[AnyTool], chosen: Collection[str]) -> ui.CheckboxGroup[Any]:
    """Return checkboxes of tools."""
    return ui.CheckboxGroup(
        custom_id="tools",
        required=False,
        options=[
            discord.CheckboxGroupOption(
                label=each.label, value=each.name, default=each.name in chosen
            )
            for each in tools[:_MAX_OPTIONS]
        ],
    )


class ServerToolsForm(Modal, title="Tools in this server"):
    """Form for the tools that personalities may use in a server."""

    def __init__(
        self, servers: ServerService, guild_id: int, toolbox: Toolbox, forbidden: Collection[str]
    ) -> None:
        super().__init__()
        self._servers, self._guild_id = servers, guild_id
        self._names = [each.name for each in toolbox.tools]
        self.tools: ui.CheckboxGroup[Self] = tool_choice(
            toolbox.tools, {*self._names} - {*forbidden}
        )
        self.ask("What they may do here", self.tools, "As far as their makers let them.")

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        forbidden = [each for each in self._names if each not in self.tools.values]
        await self._servers.forbid_tools(
            await interaction_actor(interaction), self._guild_id, forbidden
        )
        await interaction.response.send_message("Saved.", ephemeral=True)
