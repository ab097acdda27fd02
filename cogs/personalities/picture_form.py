"""The form for how pictures of a personality are drawn."""

from typing import Self

import discord
from discord import ui
from typing_extensions import override

from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, Modal
from services.characters import STYLES
from services.personalities import (
    ASPECTS,
    MAX_AVOIDED,
    ImageSettings,
    Personality,
    PersonalityService,
)

_DEFAULT = "default"


class PictureForm(Modal, title="Pictures of it"):
    """Form for how pictures of a personality are drawn."""

    def __init__(self, personalities: PersonalityService, personality: Personality) -> None:
        super().__init__()
        self._personalities, self._personality = personalities, personality
        settings = ImageSettings.read(personality.image_settings)
        self.style = ui.Select[Self](
            custom_id="style",
            options=[
                discord.SelectOption(label="None", value=_DEFAULT, default=not settings.style),
                *(
                    discord.SelectOption(
                        label=style.label, value=name, default=name == settings.style
                    )
                    for name, style in STYLES.items()
                    if style.for_all
                ),
            ],
        )
        self.aspect = ui.Select[Self](
            custom_id="aspect",
            options=[
                discord.SelectOption(label=each, value=each, default=each == settings.aspect)
                for each in ASPECTS
            ],
        )
        self.shows_face = ui.Checkbox[Self](custom_id="shows_face", default=settings.shows_face)
        self.avoid = ui.TextInput[Self](
            custom_id="avoid",
            required=False,
            max_length=MAX_AVOIDED,
            default=settings.avoid or None,
        )
        self.ask("Style", self.style)
        self.ask("Width to height", self.aspect)
        self.ask("Looks like its face", self.shows_face, "The face is sent to the image model.")
        self.ask("Not in the picture", self.avoid, "Words, with commas")

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        style = self.style.values[0]
        settings = ImageSettings.model_validate(
            {
                "style": "" if style == _DEFAULT else style,
                "aspect": self.aspect.values[0],
                "shows_face": self.shows_face.value,
                "avoid": self.avoid.value,
            }
        )
        await self._personalities.set_image_settings(
            await interaction_actor(interaction), self._personality.id, settings
        )
        await self.confirm_saved(interaction, "Saved.")
