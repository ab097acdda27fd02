"""Form for the weekly slots of a target."""

from typing import Self

from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.embeds.posts import target_embed
from bot.discord.ui import AnyInteraction, Modal
from services.social import TargetDetails, TargetService, format_slots, parse_slots
from services.time_zones import time_zone_label
from services.types import Actor

_MAX_TEXT, _MAX_ZONE = 1000, 60


class SlotsForm(Modal):
    """Form for weekly slots and their time zone."""

    def __init__(self, actor: Actor, targets: TargetService, details: TargetDetails) -> None:
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
        self.zone = ui.TextInput[Self](
            custom_id="zone",
            default=time_zone_label(details.target.time_zone),
            max_length=_MAX_ZONE,
        )
        self.add_item(ui.Label(text="Days and times", component=self.slots))
        self.add_item(
            ui.Label(text="Time zone", description="Like Europe/Vienna", component=self.zone)
        )

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        details = await self._targets.set_slots(
            self._actor,
            self._target_id,
            parse_slots(self.slots.value),
            time_zone=self.zone.value,
        )
        await interaction.response.send_message(embed=target_embed(details), ephemeral=True)
