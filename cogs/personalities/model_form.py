"""The form for what speaks for a personality: its config and its system prompt."""

from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord import ui
from typing_extensions import override

from bot.app.services import Services
from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, Modal
from services.llm_configs import LlmConfig
from services.personalities import PersonalityDetails, SystemPrompt
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
        self.ask("Config", self.config, "The first 25 that you may choose.")
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
        await self.confirm_saved(interaction, "Saved.")


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
