"""Form for the weekly slots of a target."""

from typing import Self

from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.embeds.posts import target_embed
from bot.discord.ui import AnyInteraction, Modal
from services.social import TargetDetails, TargetService, format_slots, parse_slots
from services.texts import shorten
from services.time_zones import time_zone_label
from services.types import Actor

_MAX_TEXT, _MAX_LABEL = 1000, 45


class SlotsForm(Modal):
    """Form for weekly slots, by the clock of a time zone."""

    def __init__(
        self, actor: Actor, targets: TargetService, details: TargetDetails, zone: str
    ) -> None:
        super().__init__(title=f"The week of {details.target.name}"[:45])
        self._actor = actor
        self._targets = targets
        self._target_id = details.target.id
        self.slots = ui.TextInput[Self](
            custom_id="slots",
            style=TextStyle.long,
            default=format_slots(details.slots) or None,
            placeholder="Mon-Fri 09:00, 18:30\nSun 11:00",
            required=False,
            max_length=_MAX_TEXT,
        )
        self._zone = zone
        label = f"Days and times, in {time_zone_label(zone)}"
        self.ask(
            shorten(label, _MAX_LABEL),
            self.slots,
            "Another time zone is chosen with the command's option.",
        )

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        details = await self._targets.set_slots(
            self._actor,
            self._target_id,
            parse_slots(self.slots.value),
            time_zone=self._zone,
        )
        await interaction.response.send_message(embed=target_embed(details), ephemeral=True)
