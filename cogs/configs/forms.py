"""Forms for configs, and the embed that shows one."""

from collections.abc import Mapping, Sequence
from typing import Any, Self
from uuid import UUID

import discord
from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, Modal
from services.llm import ModelChoice
from services.llm_configs import (
    DESCRIPTION_LENGTH,
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
            default=parameter_lines(config) or None if config else None,
        )
        self.ask("Name", self.name)
        self.ask("Model", self.model, _MORE_MODELS)
        self.ask("Model for pictures", self.vision_model, "Reads the pictures that people attach.")
        self.ask("Fallback", self.fallback_model, "Answers when the model does not.")
        self.ask(
            "Parameters",
            self.parameters,
            "One “name = number” a line. A wrong name is answered with all names.",
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
        await self.confirm_saved(
            interaction, _saved_message(saved), embed=config_embed(saved.config)
        )


class DescriptionForm(Modal, title="What it is for"):
    """Form for the description of a config."""

    def __init__(self, configs: LlmConfigService, config: LlmConfig) -> None:
        super().__init__()
        self._configs, self._config_id = configs, config.id
        self.description = ui.TextInput[Self](
            custom_id="description",
            style=TextStyle.long,
            required=False,
            max_length=DESCRIPTION_LENGTH,
            default=config.description or None,
        )
        self.ask("Description", self.description, "Whoever may choose it sees this.")

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        config = await self._configs.describe(
            await interaction_actor(interaction), self._config_id, self.description.value
        )
        await self.confirm_saved(interaction, "Saved.", embed=config_embed(config))


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


def parameter_lines(config: LlmConfig) -> str:
    """Return the parameters of a config, one `name = number` a line."""
    values: dict[str, Any] = {name: getattr(config, name) for name in PARAMETERS}
    lines = [f"{name} = {value:g}" for name, value in values.items() if value is not None]
    lines += [f"{_EFFORT} = {config.reasoning_effort}"] if config.reasoning_effort else []
    return "\n".join(lines)


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
