"""The question which of several personalities of one name is meant."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import discord
from discord import ui
from typing_extensions import override

from bot.discord.ui import AnyInteraction, View
from services.personalities import NamedPersonality
from services.texts import on_one_line
from services.types import IncomingMessage

_SECONDS = 60
_MAX_BUTTONS, _MAX_LABEL = 5, 80


class NamesakeView(View):
    """A button for each personality; only whoever called the name can press one.

    The question is deleted after the choice, or after a minute.
    """

    def __init__(self, message: IncomingMessage, candidates: Sequence[NamedPersonality]) -> None:
        super().__init__(message.account)
        self.timeout = _SECONDS
        self.question: discord.Message | None = None
        self._asked_about = message
        for each in candidates[:_MAX_BUTTONS]:
            label = f"{each.name} by {each.maker}" if each.maker else each.name
            self.add_item(_NamesakeButton(each.id, label=on_one_line(label)[:_MAX_LABEL]))

    async def choose(self, interaction: AnyInteraction, personality_id: UUID) -> None:
        """Let one of them answer."""
        self.stop()
        await interaction.response.defer()
        await self._delete_question()
        chat = interaction.client.services.chat
        await chat.answer_command(self._asked_about, personality_id)

    @override
    async def on_timeout(self) -> None:
        await self._delete_question()

    async def _delete_question(self) -> None:
        if self.question is not None:
            with suppress(discord.HTTPException):
                await self.question.delete()


class _NamesakeButton(ui.Button[NamesakeView]):
    """Lets one personality answer."""

    def __init__(self, personality_id: UUID, *, label: str) -> None:
        super().__init__(label=label)
        self._personality_id = personality_id

    @override
    async def callback(self, interaction: AnyInteraction) -> None:
        if self.view is not None:
            await self.view.choose(interaction, self._personality_id)
