"""The page of a config."""

from functools import partial
from typing import ClassVar
from uuid import UUID

import discord
from discord import ui
from typing_extensions import override

from bot.app.services import Services
from bot.discord.converters import interaction_actor
from bot.discord.pages import PagePart, excerpt, page_view
from bot.discord.ui import ActionButton, AnyInteraction, confirm
from cogs.configs.forms import ConfigForm, DescriptionForm, parameter_lines
from services.llm_configs import LlmConfig


async def load_page(config_id: UUID, interaction: AnyInteraction) -> ui.LayoutView:
    """Return the page of a config, for whoever may change it."""
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
        PagePart(
            "Delete",
            "Who has chosen it is answered by the default again",
            ConfigButton("delete", config.id),
        ),
    ]
    heading = f"## {discord.utils.escape_markdown(config.name)}\n-# {state}"
    return page_view(heading, parts)


def _models(config: LlmConfig) -> str:
    named = (
        ("", config.model),
        ("for pictures ", config.vision_model),
        ("fallback ", config.fallback_model),
    )
    return "\n".join(f"{label}`{name}`" for label, name in named if name)


class ConfigButton(
    ActionButton,
    template=r"config:(?P<action>models|parameters|description|delete):(?P<id>[0-9a-f-]{36})",
):
    """Opens what a part of a config's page is changed with."""

    prefix = "config"
    labels: ClassVar = {"delete": "Delete"}
    styles: ClassVar = {"delete": discord.ButtonStyle.danger}

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        configs = interaction.client.services.configs
        actor = await interaction_actor(interaction)
        config = await configs.get_changeable(actor, self.target_id)
        if self.action == "delete":
            await _confirm_deletion(interaction, config)
            return
        form = (
            DescriptionForm(configs, config)
            if self.action == "description"
            else ConfigForm(configs, await configs.search_models(actor), config)
        )
        await form.open_from(partial(load_page, config.id), interaction)


async def _confirm_deletion(interaction: AnyInteraction, config: LlmConfig) -> None:
    name = discord.utils.escape_markdown(config.name)

    async def delete(pressed: AnyInteraction) -> None:
        configs = pressed.client.services.configs
        await configs.delete(await interaction_actor(pressed), config)
        await pressed.response.edit_message(content=f"**{name}** is gone.", view=None)

    await confirm(interaction, f"Delete **{name}**?", label="Delete", do=delete)
