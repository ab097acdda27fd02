"""`/config`: models and their parameters, and who uses which."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.ui import show_list
from cogs.configs.forms import ConfigForm, config_embed
from cogs.configs.page import load_page
from cogs.options import ConfigOption, ModelOption
from services.errors import BotOwnerOnly
from services.llm_configs import LlmConfig


class Configs(commands.GroupCog, group_name="config", group_description="Language models"):
    """Configs: which models are used, and with which parameters."""

    global_group = app_commands.Group(
        name="global", description="Configs for everyone (owner of the bot only)"
    )

    def __init__(self, bot: Bot) -> None:
        self._configs = bot.services.configs

    @app_commands.command()
    @app_commands.describe(model="One that the form's menu does not have")
    async def create(self, interaction: Interaction, model: ModelOption | None = None) -> None:
        """Create a config of your own."""
        await self._open_form(interaction, model=model)

    @app_commands.command()
    @app_commands.describe(config="Which", model="One that the form's menu does not have")
    async def edit(
        self, interaction: Interaction, config: ConfigOption, model: ModelOption | None = None
    ) -> None:
        """Change a config."""
        if config.owner_id is None:
            await self._check(interaction)
        await self._open_form(interaction, config, model=model)

    @app_commands.command(name="list")
    async def list_(self, interaction: Interaction) -> None:
        """Show the configs you can choose."""
        lines = [
            f"**{discord.utils.escape_markdown(config.name)}** · `{config.model}`"
            + (" · for everyone" if config.owner_id is None else " · yours")
            + (" · default" if config.is_default else "")
            for config in await self._configs.available(await interaction_actor(interaction))
        ]
        await show_list(interaction, title="Configs", lines=lines)

    @app_commands.command()
    @app_commands.describe(config="Which; else the one that is used where nobody has chosen one")
    async def view(self, interaction: Interaction, config: ConfigOption | None = None) -> None:
        """Show a config, with buttons if you may change it; `/settings` chooses one."""
        actor = await interaction_actor(interaction)
        available = await self._configs.available(actor)
        config = config or next((each for each in available if each.is_default), None)
        if config is not None and (config.owner_id is not None or actor.is_bot_owner):
            view = await load_page(config.id, interaction)
            await interaction.response.send_message(view=view, ephemeral=True)
        else:
            await interaction.response.send_message(embed=config_embed(config), ephemeral=True)

    @global_group.command(name="create")
    @app_commands.describe(model="One that the form's menu does not have")
    async def global_create(
        self, interaction: Interaction, model: ModelOption | None = None
    ) -> None:
        """Create a config for everyone."""
        await self._check(interaction)
        await self._open_form(interaction, model=model, for_everyone=True)

    @global_group.command(name="default")
    @app_commands.describe(config="Which")
    async def global_default(self, interaction: Interaction, config: ConfigOption) -> None:
        """Choose the config that is used where nobody has chosen one."""
        await self._configs.set_global_default(await interaction_actor(interaction), config)
        await interaction.response.send_message(
            f"**{discord.utils.escape_markdown(config.name)}** is the default.", ephemeral=True
        )

    async def _open_form(
        self,
        interaction: Interaction,
        config: LlmConfig | None = None,
        *,
        model: str | None,
        for_everyone: bool = False,
    ) -> None:
        models = await self._configs.search_models(await interaction_actor(interaction))
        form = ConfigForm(self._configs, models, config, model=model, for_everyone=for_everyone)
        await interaction.response.send_modal(form)

    async def _check(self, interaction: Interaction) -> None:
        """Refuse before a form is filled in; the service checks again."""
        if not (await interaction_actor(interaction)).is_bot_owner:
            raise BotOwnerOnly
