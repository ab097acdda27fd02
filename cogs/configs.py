"""How language models are asked, and who has chosen what."""

from collections.abc import Mapping
from typing import Any, Self
from uuid import UUID

import discord
from discord import TextStyle, app_commands, ui
from discord.ext import commands
from typing_extensions import override

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, Modal, confirm, show_list
from cogs.options import ConfigOption, PersonalityOption
from services.errors import BotOwnerOnly
from services.llm_configs import (
    PARAMETERS,
    ConfigInput,
    LlmConfig,
    LlmConfigService,
    OutOfRange,
    SavedConfig,
    UnknownParameter,
)


class ConfigForm(Modal):
    """Asks for a config: the models one by one, the parameters as lines `name = number`."""

    def __init__(
        self,
        configs: LlmConfigService,
        config: LlmConfig | None = None,
        *,
        for_everyone: bool = False,
    ) -> None:
        super().__init__(title=f"Edit {config.name[:38]}" if config else "A new config")
        self._configs, self._for_everyone = configs, for_everyone
        self._config_id: UUID | None = config.id if config else None
        self.name = ui.TextInput[Self](
            custom_id="name", max_length=80, default=config.name if config else None
        )
        self.model = ui.TextInput[Self](
            custom_id="model",
            max_length=200,
            placeholder="openai/gpt-6-luna",
            default=config.model if config else None,
        )
        self.vision_model = ui.TextInput[Self](
            custom_id="vision_model",
            max_length=200,
            required=False,
            default=config.vision_model if config else None,
        )
        self.fallback_model = ui.TextInput[Self](
            custom_id="fallback_model",
            max_length=200,
            required=False,
            default=config.fallback_model if config else None,
        )
        self.parameters = ui.TextInput[Self](
            custom_id="parameters",
            style=TextStyle.long,
            required=False,
            max_length=1000,
            placeholder="temperature = 0.9\nmax_tokens = 400",
            default=_written(config) if config else None,
        )
        self.add_item(ui.Label(text="Name", component=self.name))
        self.add_item(ui.Label(text="Model", description="vendor/model", component=self.model))
        self.add_item(
            ui.Label(
                text="Model for pictures",
                description="Sees what people attach.",
                component=self.vision_model,
            )
        )
        self.add_item(
            ui.Label(
                text="Fallback",
                description="Answers while the model does not.",
                component=self.fallback_model,
            )
        )
        self.add_item(
            ui.Label(
                text="Parameters",
                description=f"Lines name = number: {', '.join(PARAMETERS)}"[:100],
                component=self.parameters,
            )
        )

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        actor = await interaction_actor(interaction)
        draft = ConfigInput(
            name=self.name.value,
            model=self.model.value,
            vision_model=self.vision_model.value,
            fallback_model=self.fallback_model.value,
            parameters=_read(self.parameters.value),
        )
        if self._config_id is None:
            saved = await self._configs.create(actor, draft, for_everyone=self._for_everyone)
        else:
            saved = await self._configs.edit(actor, self._config_id, draft)
        await interaction.response.send_message(
            _told(saved), embed=config_embed(saved.config), ephemeral=True
        )


class Configs(commands.GroupCog, group_name="config", group_description="Language models"):
    """Configs: how language models are asked."""

    everyones = app_commands.Group(
        name="global", description="Configs for everyone (whoever runs the bot)"
    )

    def __init__(self, bot: Bot) -> None:
        self._configs = bot.services.configs
        self._channels = bot.services.channels

    @app_commands.command()
    async def create(self, interaction: Interaction) -> None:
        """Make a config of your own."""
        await interaction.response.send_modal(ConfigForm(self._configs))

    @app_commands.command()
    @app_commands.describe(config="Which")
    async def edit(self, interaction: Interaction, config: ConfigOption) -> None:
        """Change a config."""
        if config.owner_id is None:
            await self._check(interaction)
        await interaction.response.send_modal(ConfigForm(self._configs, config))

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
    @app_commands.describe(config="Which", personality="Or: what this one speaks with to you")
    async def view(
        self,
        interaction: Interaction,
        config: ConfigOption | None = None,
        personality: PersonalityOption | None = None,
    ) -> None:
        """Show a config, or what a personality speaks with to you and why."""
        if personality is not None:
            actor = await interaction_actor(interaction)
            found = await self._channels.resolution(actor, personality.id)
            embed = config_embed(found.config)
            embed.set_footer(text=f"For {personality.name}, chosen by {found.config_source}")
        else:
            within = await self._configs.available(await interaction_actor(interaction))
            default = next((each for each in within if each.is_default), None)
            embed = config_embed(config or default)
        await interaction.response.send_message(embed=embed, ephemeral=True)

    @app_commands.command()
    @app_commands.describe(config="Which", personality="For whom")
    async def use(
        self, interaction: Interaction, config: ConfigOption, personality: PersonalityOption
    ) -> None:
        """Let a personality speak to you with a config."""
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
        """Let a personality speak to you with its default again."""
        await self._configs.clear_for_personality(
            await interaction_actor(interaction), personality.id
        )
        await interaction.response.send_message(
            f"**{discord.utils.escape_markdown(personality.name)}** speaks to you with its default "
            "again.",
            ephemeral=True,
        )

    @app_commands.command()
    @app_commands.describe(personality="Which of yours", config="What it speaks with; none clears")
    async def default(
        self,
        interaction: Interaction,
        personality: PersonalityOption,
        config: ConfigOption | None = None,
    ) -> None:
        """Choose what your personality speaks with to whoever has chosen nothing."""
        actor = await interaction_actor(interaction)
        await self._configs.set_personality_default(actor, personality.id, config)
        with_ = f"**{discord.utils.escape_markdown(config.name)}**" if config else "the default"
        await interaction.response.send_message(
            f"**{discord.utils.escape_markdown(personality.name)}** speaks with {with_}.",
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

    @everyones.command(name="create")
    async def global_create(self, interaction: Interaction) -> None:
        """Make a config for everyone."""
        await self._check(interaction)
        await interaction.response.send_modal(ConfigForm(self._configs, for_everyone=True))

    @everyones.command(name="default")
    @app_commands.describe(config="Which")
    async def global_default(self, interaction: Interaction, config: ConfigOption) -> None:
        """Choose what speaks where nobody has chosen anything."""
        await self._configs.set_global_default(await interaction_actor(interaction), config)
        await interaction.response.send_message(
            f"**{discord.utils.escape_markdown(config.name)}** is the default.", ephemeral=True
        )

    async def _check(self, interaction: Interaction) -> None:
        """Refuse before a form is filled in for nothing; the service checks again."""
        if not (await interaction_actor(interaction)).is_bot_owner:
            raise BotOwnerOnly


def config_embed(config: LlmConfig | None) -> discord.Embed:
    """Return a config as people see it."""
    if config is None:
        return discord.Embed(title="None", description="No language model is chosen.")
    name = discord.utils.escape_markdown(config.name)
    embed = discord.Embed(title=name, description=config.description)
    embed.add_field(name="Model", value=f"`{config.model}`")
    if config.vision_model:
        embed.add_field(name="For pictures", value=f"`{config.vision_model}`")
    if config.fallback_model:
        embed.add_field(name="Fallback", value=f"`{config.fallback_model}`")
    for name in PARAMETERS:
        if (value := getattr(config, name)) is not None:
            embed.add_field(name=name, value=f"{value:g}")
    return embed


def _written(config: LlmConfig) -> str | None:
    given: dict[str, Any] = {name: getattr(config, name) for name in PARAMETERS}
    lines = [f"{name} = {value:g}" for name, value in given.items() if value is not None]
    return "\n".join(lines) or None


def _read(text: str) -> Mapping[str, float | None]:
    """Read lines `name = number`.

    Raises:
        OutOfRange: A value is no number.
        UnknownParameter: A name is none of a parameter.
    """
    parameters: dict[str, float | None] = {}
    for line in filter(str.strip, text.splitlines()):
        name, _, number = line.replace(":", "=").partition("=")
        name = name.strip().lower()
        if name not in PARAMETERS:
            raise UnknownParameter(name, ", ".join(PARAMETERS))
        low, high, _ = PARAMETERS[name]
        try:
            parameters[name] = float(number)
        except ValueError as error:
            raise OutOfRange(name, low, high) from error
    return parameters


def _told(saved: SavedConfig) -> str:
    if not saved.unsupported:
        return "Saved."
    vendor = saved.config.model.partition("/")[0]
    names = ", ".join(f"`{name}`" for name in sorted(saved.unsupported))
    return f"Saved. `{vendor}` does not know {names}, so it is left out of requests."


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Configs(bot))
