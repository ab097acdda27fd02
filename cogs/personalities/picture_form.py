"""Forms for what speaks for a personality, and for how its pictures are drawn."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import discord
from discord import ui
from typing_extensions import override

from bot.app.services import Services
from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, Modal
from services.characters import STYLES
from services.llm_configs import LlmConfig
from services.personalities import (
    ASPECTS,
    MAX_AVOIDED,
    ImageSettings,
    Personality,
    PersonalityDetails,
    PersonalityService,
    SystemPrompt,
)
from services.texts import shorten

_MAX_OPTIONS, _MAX_LABEL = 25, 100  # Discord's limits of menus
_DEFAULT = "default"


class ModelForm(Modal, title="Who speaks for it"):
    """Form for the config and the system prompt of a personality."""

    def __init__(
        self,
        services: Services,
        details: PersonalityDetails,
        *,
        configs: Sequence[LlmConfig],
        prompts: Sequence[SystemPrompt],
    ) -> None:
        super().__init__()
        self._services, self._personality = services, details.personality
        self._configs = {str(each.id): each for each in configs}
        self._prompts = {str(each.id): each for each in prompts}
        config, prompt_id = details.default_config, details.personality.system_prompt_id
        self.config = _menu("config", self._configs, str(config.id) if config else None)
        self.prompt = _menu("prompt", self._prompts, str(prompt_id) if prompt_id else None)
        self.ask("Config", self.config, "Where there are more, /config default takes any.")
        self.ask("System prompt", self.prompt, "What precedes its definition.")

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        actor = await interaction_actor(interaction)
        await self._services.configs.set_personality_default(
            actor, self._personality.id, self._configs.get(self.config.values[0])
        )
        prompt = self._prompts.get(self.prompt.values[0])
        await self._services.personalities.set_system_prompt(
            actor, self._personality.id, prompt.id if prompt else None
        )
        await interaction.response.send_message("Saved.", ephemeral=True)


def _menu(custom_id: str, named: Mapping[str, Any], chosen: str | None) -> ui.Select[Any]:
    """Return a menu of things with names by their ids, the chosen one among them."""
    first = [chosen] if chosen is not None and chosen in named else []
    ids = [*first, *(each for each in named if each != chosen)]
    options = [
        discord.SelectOption(
            label=shorten(named[each].name, _MAX_LABEL), value=each, default=each == chosen
        )
        for each in ids[: _MAX_OPTIONS - 1]
    ]
    default = discord.SelectOption(label="The default", value=_DEFAULT, default=not first)
    return ui.Select(custom_id=custom_id, options=[default, *options])


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
        await interaction.response.send_message("Saved.", ephemeral=True)
