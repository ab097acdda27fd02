"""`/config`: models and their parameters, and who uses which."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, confirm, show_list
from cogs.configs.forms import ConfigForm, config_embed
from cogs.configs.page import show_page
from cogs.options import ConfigOption, ModelOption, OwnPersonalityOption, PersonalityOption
from services.errors import BotOwnerOnly
from services.llm_configs import LlmConfig


class Configs(commands.GroupCog, group_name="config", group_description="Language models"):
    """Configs: which models are used, and with which parameters."""

    global_group = app_commands.Group(
        name="global", description="Configs for everyone (owner of the bot only)"
    )

    def __init__(self, bot: Bot) -> None:
        self._configs = bot.services.configs
        self._channels = bot.services.channels

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

    @app_commands.command(name="open")
    @app_commands.describe(config="Which")
    async def open_(self, interaction: Interaction, config: ConfigOption) -> None:
        """Show everything of a config, each part with a button that changes it."""
        await show_page(interaction, config.id)

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
    @app_commands.describe(
        config="Which", personality="Or the config that this personality uses with you"
    )
    async def view(
        self,
        interaction: Interaction,
        config: ConfigOption | None = None,
        personality: PersonalityOption | None = None,
    ) -> None:
        """Show a config, or which one a personality uses with you and why."""
        if personality is not None:
            actor = await interaction_actor(interaction)
            resolution = await self._channels.resolution(actor, personality.id)
            embed = config_embed(resolution.config)
            embed.set_footer(text=f"For {personality.name}, chosen by {resolution.config_source}")
        else:
            available = await self._configs.available(await interaction_actor(interaction))
            default = next((each for each in available if each.is_default), None)
            embed = config_embed(config or default)
        await interaction.response.send_message(embed=embed, ephemeral=True)

    @app_commands.command()
    @app_commands.describe(config="Which", personality="For whom")
    async def use(
        self, interaction: Interaction, config: ConfigOption, personality: PersonalityOption
    ) -> None:
        """Choose the config that a personality uses with you."""
        await self._configs.set_for_personality(
            await interaction_actor(interaction), config, personality.id
        )
        await interaction.response.send_message(
            f"**{discord.utils.escape_markdown(personality.name)}** speaks to you with "
            f"**{discord.utils.escape_markdown(config.name)}**.",
            ephemeral=True,
        )

    @app_commands.command()
    @app_commands.describe(personality="For whom")
    async def clear(self, interaction: Interaction, personality: PersonalityOption) -> None:
        """Let a personality use its default config with you again."""
        await self._configs.clear_for_personality(
            await interaction_actor(interaction), personality.id
        )
        await interaction.response.send_message(
            f"**{discord.utils.escape_markdown(personality.name)}** speaks to you with its default "
            "again.",
            ephemeral=True,
        )

    @app_commands.command()
    @app_commands.describe(
        personality="Which of yours", config="The config it uses; leave it out to reset"
    )
    async def default(
        self,
        interaction: Interaction,
        personality: OwnPersonalityOption,
        config: ConfigOption | None = None,
    ) -> None:
        """Choose the config of your personality for people who have not chosen one."""
        actor = await interaction_actor(interaction)
        await self._configs.set_personality_default(actor, personality.id, config)
        config_name = (
            f"**{discord.utils.escape_markdown(config.name)}**" if config else "the default"
        )
        await interaction.response.send_message(
            f"**{discord.utils.escape_markdown(personality.name)}** speaks with {config_name}.",
            ephemeral=True,
        )

    @app_commands.command()
    @app_commands.describe(config="Which")
    async def delete(self, interaction: Interaction, config: ConfigOption) -> None:
        """Delete a config."""
        if config.owner_id is None:
            await self._check(interaction)
        name = discord.utils.escape_markdown(config.name)

        async def delete(pressed: AnyInteraction) -> None:
            await self._configs.delete(await interaction_actor(pressed), config)
            await pressed.response.edit_message(content=f"**{name}** is gone.", view=None)

        await confirm(interaction, f"Delete **{name}**?", label="Delete", do=delete)

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
