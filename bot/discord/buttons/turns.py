"""Buttons that let personalities play on without a person, and that stop them."""

import re
from typing import Self

import discord
from discord import ui
from typing_extensions import override

from bot.discord.converters import from_interaction, interaction_actor, to_channel
from bot.discord.ui import AnyInteraction, PersistentButton
from services.chat import GO_ON
from services.texts import counted, on_one_line

TURNS = (1, 3, 5)


def turns_view() -> ui.View:
    """Return the choice of how often personalities play on."""
    view = ui.View(timeout=None)
    for count in TURNS:
        view.add_item(TurnsButton(count))
    return view


class TurnsButton(PersistentButton, template=r"turns:(?P<count>[135])"):
    """Lets those who are here play on so often."""

    def __init__(self, count: int) -> None:
        super().__init__(ui.Button(label=counted(count, "turn"), custom_id=f"turns:{count}"))
        self._count = count

    @classmethod
    @override
    def of(cls, match: re.Match[str]) -> Self:
        return cls(int(match["count"]))

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        channel = to_channel(interaction.channel, interaction.guild)
        # Before everybody is shown that they go on.
        actor = await interaction_actor(interaction)
        await interaction.client.services.turns.choose_speaker(actor, channel, at_random=False)
        name = discord.utils.escape_markdown(on_one_line(interaction.user.display_name))
        view = ui.View(timeout=None).add_item(StopTurnsButton())
        turns = counted(self._count, "turn")
        await interaction.response.send_message(f"-# {name} lets them go on: {turns}", view=view)
        shown = await interaction.original_response()
        message = from_interaction(interaction, shown, "", cue=GO_ON)
        await interaction.client.services.chat.answer_command(message, None, turns=self._count)
        await interaction.edit_original_response(view=None)


class StopTurnsButton(PersistentButton, template=r"turns:stop"):
    """Lets nobody speak after the current answer, for whoever asked and for moderators."""

    def __init__(self) -> None:
        super().__init__(ui.Button(label="✕", custom_id="turns:stop"))

    @classmethod
    @override
    def of(cls, match: re.Match[str]) -> Self:
        return cls()

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        message = interaction.message
        interaction.client.services.chat.stop_turns(
            await interaction_actor(interaction), message.id if message else 0
        )
        await interaction.response.send_message("Nobody goes on after this.", ephemeral=True)
