"""`/config`: models and their parameters, and who uses which."""

from collections.abc import Mapping, Sequence
from typing import Any, Self
from uuid import UUID

import discord
from discord import TextStyle, app_commands, ui
from discord.ext import commands
from typing_extensions import override

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, Modal, confirm, show_list
from cogs.options import ConfigOption, ModelOption, OwnPersonalityOption, PersonalityOption
from services.errors import BotOwnerOnly
from services.llm import ModelChoice
from services.llm_configs import (
    PARAMETERS,
    ConfigInput,
    LlmConfig,
    LlmConfigService,
    OutOfRange,
    SavedConfig,
    UnknownParameter,
)
from services.texts import shorten

# Discord's limits of menus.
_MAX_OPTIONS, _MAX_OPTION_LENGTH = 25, 100
_EFFORT = "reasoning_effort"
_MORE_MODELS = "One that is not here can be chosen with the command's option."


class ModelMenu(ui.Select["ConfigForm"]):
    """A menu of models, in which the chosen one is marked."""

    def __init__(
        self,
        custom_id: str,
        models: Sequence[ModelChoice],
        chosen: str | None,
        *,
        required: bool = False,
    ) -> None:
        super().__init__(
            custom_id=custom_id,
            placeholder="Choose a model" if required else "None",
            required=required,
            min_values=int(required),
        )
        choices = [each for each in models if each.name != chosen]
        if chosen is not None:
            labels = {each.name: each.label for each in models}
            choices.insert(0, ModelChoice(chosen, labels.get(chosen, chosen)))
        # Values of options are shorter than names may be.
        self._names = {each.name[:_MAX_OPTION_LENGTH]: each.name for each in choices[:_MAX_OPTIONS]}
        for each in choices[:_MAX_OPTIONS]:
            self.add_option(
                label=shorten(each.label, _MAX_OPTION_LENGTH),
                value=each.name[:_MAX_OPTION_LENGTH],
                default=each.name == chosen,
            )

    @property
    def model(self) -> str:
        """Return the model that was selected, or an empty text."""
        return self._names[self.values[0]] if self.values else ""


class ConfigForm(Modal):
    """Form for a config: a field for each model, and the parameters as lines `name = number`."""

    def __init__(
        self,
        configs: LlmConfigService,
        models: Sequence[ModelChoice],
        config: LlmConfig | None = None,
        *,
        model: str | None = None,
        for_everyone: bool = False,
    ) -> None:
        super().__init__(title=f"Edit {config.name[:38]}" if config else "A new config")
        self._configs, self._for_everyone = configs, for_everyone
        self._config_id: UUID | None = config.id if config else None
        self.name = ui.TextInput[Self](
            custom_id="name", max_length=80, default=config.name if config else None
        )
        self.model = ModelMenu("model", models, model or (config and config.model), required=True)
        self.vision_model = ModelMenu("vision_model", models, config and config.vision_model)
        self.fallback_model = ModelMenu("fallback_model", models, config and config.fallback_model)
        self.parameters = ui.TextInput[Self](
            custom_id="parameters",
            style=TextStyle.long,
            required=False,
            max_length=1000,
            placeholder="temperature = 0.9\nmax_tokens = 400",
            default=_format_parameters(config) if config else None,
        )
        self.add_item(ui.Label(text="Name", component=self.name))
        self.add_item(ui.Label(text="Model", description=_MORE_MODELS, component=self.model))
        self.add_item(
            ui.Label(
                text="Model for pictures",
                description="Reads the pictures that people attach.",
                component=self.vision_model,
            )
        )
        self.add_item(
            ui.Label(
                text="Fallback",
                description="Answers when the model does not.",
                component=self.fallback_model,
            )
        )
        self.add_item(
            ui.Label(
                text="Parameters",
                description="One “name = number” a line. A wrong name is answered with all names.",
                component=self.parameters,
            )
        )

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        actor = await interaction_actor(interaction)
        parameters, effort = _parse_parameters(self.parameters.value)
        config_input = ConfigInput(
            name=self.name.value,
            model=self.model.model,
            vision_model=self.vision_model.model,
            fallback_model=self.fallback_model.model,
            reasoning_effort=effort,
            parameters=parameters,
        )
        if self._config_id is None:
            saved = await self._configs.create(actor, config_input, for_everyone=self._for_everyone)
        else:
            saved = await self._configs.edit(actor, self._config_id, config_input)
        await interaction.response.send_message(
            _saved_message(saved), embed=config_embed(saved.config), ephemeral=True
        )


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


def config_embed(config: LlmConfig | None) -> discord.Embed:
    """Return the embed that shows a config."""
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
    if config.reasoning_effort:
        embed.add_field(name=_EFFORT, value=config.reasoning_effort)
    return embed


def _format_parameters(config: LlmConfig) -> str | None:
    values: dict[str, Any] = {name: getattr(config, name) for name in PARAMETERS}
    lines = [f"{name} = {value:g}" for name, value in values.items() if value is not None]
    lines += [f"{_EFFORT} = {config.reasoning_effort}"] if config.reasoning_effort else []
    return "\n".join(lines) or None


def _parse_parameters(text: str) -> tuple[Mapping[str, float | None], str | None]:
    """Parse lines `name = number`, and the reasoning effort, which is a word.

    Raises:
        OutOfRange: A value is not a number.
        UnknownParameter: A name is not the name of a parameter.
    """
    parameters: dict[str, float | None] = {}
    effort: str | None = None
    for line in filter(str.strip, text.splitlines()):
        name, _, number = line.replace(":", "=").partition("=")
        name = name.strip().lower()
        if name == _EFFORT:
            effort = number.strip()
            continue
        if name not in PARAMETERS:
            raise UnknownParameter(name, ", ".join([*PARAMETERS, _EFFORT]))
        low, high, _ = PARAMETERS[name]
        try:
            parameters[name] = float(number)
        except ValueError as error:
            raise OutOfRange(name, low, high) from error
    return parameters, effort


def _saved_message(saved: SavedConfig) -> str:
    if not saved.unsupported:
        return "Saved."
    vendor = saved.config.model.partition("/")[0]
    names = ", ".join(f"`{name}`" for name in sorted(saved.unsupported))
    return f"Saved. `{vendor}` does not know {names}, so it is left out of requests."


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Configs(bot))
