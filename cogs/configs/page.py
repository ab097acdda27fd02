"""The page of a config."""

from uuid import UUID

import discord
from typing_extensions import override

from bot.app.services import Services
from bot.discord.converters import interaction_actor
from bot.discord.pages import PagePart, excerpt, page_view
from bot.discord.ui import ActionButton, AnyInteraction
from cogs.configs.forms import ConfigForm, DescriptionForm, parameter_lines
from services.llm_configs import LlmConfig


async def show_page(interaction: AnyInteraction, config_id: UUID) -> None:
    """Answer with the page of a config, for whoever may change it."""
    services: Services = interaction.client.services
    config = await services.configs.get_changeable(await interaction_actor(interaction), config_id)
    state = "for everyone" if config.owner_id is None else "yours"
    if config.is_default:
        state += " · the default"
    parts = [
        PagePart("Models", _models(config), ConfigButton("models", config.id)),
        PagePart("Parameters", parameter_lines(config), ConfigButton("parameters", config.id)),
        PagePart(
            "Description",
            excerpt(config.description or "", 300),
            ConfigButton("description", config.id),
        ),
    ]
    heading = f"## {discord.utils.escape_markdown(config.name)}\n-# {state}"
    await interaction.response.send_message(view=page_view(heading, parts), ephemeral=True)


def _models(config: LlmConfig) -> str:
    named = (
        ("", config.model),
        ("for pictures ", config.vision_model),
        ("fallback ", config.fallback_model),
    )
    return "\n".join(f"{label}`{name}`" for label, name in named if name)


class ConfigButton(
    ActionButton,
    template=r"config:(?P<action>models|parameters|description):(?P<id>[0-9a-f-]{36})",
):
    """Opens what a part of a config's page is changed with."""

    prefix = "config"

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        configs = interaction.client.services.configs
        actor = await interaction_actor(interaction)
        config = await configs.get_changeable(actor, self.target_id)
        if self.action == "description":
            await interaction.response.send_modal(DescriptionForm(configs, config))
            return
        models = await configs.search_models(actor)
        await interaction.response.send_modal(ConfigForm(configs, models, config))
