"""`/settings`: how a personality answers here, who has decided it, and how to change it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

import discord
from discord import app_commands, ui
from discord.ext import commands
from typing_extensions import override

from bot.app.services import Services
from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor, to_channel
from bot.discord.ui import AnyInteraction, Layout
from cogs.history import cleared_text, take_back_view
from cogs.options import PersonalityOption
from services.access import Situation
from services.chat import Preference, Preferences
from services.texts import shorten

_MAX_OPTIONS, _MAX_LABEL = 25, 100
_DEFAULT: Final = "default"
_FOOTER: Final = (
    "-# What you choose wins over the personality's maker, the maker over the operator of this "
    "bot; what moderators forbid here is forbidden."
)

Change = Callable[[AnyInteraction, str], Awaitable[None]]


class Settings(commands.Cog):
    """Settings: what holds here."""

    def __init__(self, bot: Bot) -> None:
        self._services = bot.services

    @app_commands.command()
    @app_commands.describe(personality="Whose settings with you; else of who answers here")
    async def settings(
        self, interaction: Interaction, personality: PersonalityOption | None = None
    ) -> None:
        """Show how you are answered here and why, and change it."""
        page = await SettingsPage.load(interaction, personality.id if personality else None)
        await interaction.response.send_message(view=page, ephemeral=True)
        page.message = await interaction.original_response()


class SettingsPage(Layout):
    """The page: who answers, who one is, the model, memory, language and voice."""

    def __init__(self, user_id: int, services: Services, shown: Preferences) -> None:
        super().__init__(user_id)
        self._services = services
        self._shown = shown
        self._container = ui.Container[Any]()
        self.add_item(self._container)

    @classmethod
    async def load(cls, interaction: AnyInteraction, personality_id: UUID | None) -> "SettingsPage":
        """Return the page for whoever uses an interaction."""
        services: Services = interaction.client.services
        actor = await interaction_actor(interaction)
        channel = to_channel(interaction.channel, interaction.guild)
        shown = await services.preferences.show(actor, channel, personality_id)
        page = cls(interaction.user.id, services, shown)
        names = await services.personalities.names(Situation.of(actor, channel), query="")
        personas = await services.people.list_personas(actor)
        configs = await services.configs.available(actor)
        page.build(
            names=[(name, slug) for name, slug, _ in names],
            personas=[(each.name, str(each.id)) for each in personas.personas],
            configs=[(each.name, each.name) for each in configs],
        )
        return page

    def build(
        self,
        *,
        names: Sequence[tuple[str, str]],
        personas: Sequence[tuple[str, str]],
        configs: Sequence[tuple[str, str]],
    ) -> None:
        """Add the parts; the choices are given as labels and values."""
        resolution = self._shown.resolution
        name = discord.utils.escape_markdown(resolution.personality.name) if resolution else ""
        self._text(f"## How {name} answers you here" if name else "## How you are answered here")
        about = f"About {resolution.personality.name}" if resolution else "About whom?"
        self._select(about, names, self._choose_personality)
        if resolution is not None:
            self._text(
                _line(
                    "You are",
                    Preference(resolution.persona.name, _chosen(resolution.persona_source)),
                )
            )
            if len(personas) > 1:
                self._select(
                    "Be somebody else to it", [("Your default", _DEFAULT), *personas], self._be
                )
            else:
                self._text("-# `/persona create` makes somebody else to be.")
            model = resolution.config.name if resolution.config else "no model"
            self._text(_line("Model", Preference(model, _chosen(resolution.config_source))))
            if len(configs) > 1:
                self._select("Another model", [("Its default", _DEFAULT), *configs], self._use)
            else:
                self._text("-# `/models` shows what else there is, and makes a config of it.")
        self._container.add_item(ui.Separator())
        self._text("\n".join(self._lines()))
        self._buttons()
        self._text(_FOOTER)

    def _lines(self) -> list[str]:
        shown = self._shown
        settings = {
            "Memory": shown.memory,
            "Answers": shown.streaming,
            "Language": shown.language,
            "Voice": shown.voice,
            "Time zone": shown.time_zone,
        }
        return [_line(label, each) for label, each in settings.items() if each is not None]

    def _buttons(self) -> None:
        user = self._shown.user
        row = ui.ActionRow[Any]()
        label = "Let it remember" if user.incognito else "Go incognito"
        row.add_item(_Button(label, self._toggle_incognito))
        streaming = "Answers once whole" if user.streams_answers else "Answers as written"
        row.add_item(_Button(streaming, self._toggle_streaming))
        if self._shown.resolution is not None:
            row.add_item(_Button("Begin anew", self._begin_anew, discord.ButtonStyle.danger))
        self._container.add_item(row)

    def _text(self, text: str) -> None:
        self._container.add_item(ui.TextDisplay(text))

    def _select(self, placeholder: str, choices: Sequence[tuple[str, str]], change: Change) -> None:
        if choices:
            row = ui.ActionRow[Any]()
            row.add_item(_Select(placeholder, choices, change))
            self._container.add_item(row)

    async def _choose_personality(self, interaction: AnyInteraction, slug: str) -> None:
        actor = await interaction_actor(interaction)
        situation = Situation.of(actor, to_channel(interaction.channel, interaction.guild))
        personality = await self._services.personalities.find(slug, situation)
        await self._show_again(interaction, personality.id)

    async def _be(self, interaction: AnyInteraction, chosen: str) -> None:
        actor, personality_id = await interaction_actor(interaction), self._personality_id
        if chosen == _DEFAULT:
            await self._services.people.clear_for_personality(actor, personality_id)
        else:
            persona = await self._services.people.get_by_id(actor, UUID(chosen))
            await self._services.people.set_for_personality(persona, personality_id)
        await self._show_again(interaction, personality_id)

    async def _use(self, interaction: AnyInteraction, chosen: str) -> None:
        actor, personality_id = await interaction_actor(interaction), self._personality_id
        configs = self._services.configs
        if chosen == _DEFAULT:
            await configs.clear_for_personality(actor, personality_id)
        else:
            config = await configs.get(actor, chosen)
            await configs.set_for_personality(actor, config, personality_id)
        await self._show_again(interaction, personality_id)

    async def _toggle_incognito(self, interaction: AnyInteraction) -> None:
        await self._services.memory_modes.toggle_incognito(await interaction_actor(interaction))
        await self._show_again(interaction, self._shown_id)

    async def _toggle_streaming(self, interaction: AnyInteraction) -> None:
        actor = await interaction_actor(interaction)
        await self._services.channels.set_streaming(actor, not self._shown.user.streams_answers)
        await self._show_again(interaction, self._shown_id)

    async def _begin_anew(self, interaction: AnyInteraction) -> None:
        history, user_id = self._services.history, interaction.user.id
        channel = to_channel(interaction.channel, interaction.guild)
        cleared = await history.clear(
            await interaction_actor(interaction),
            channel,
            personality_id=self._personality_id,
            for_everyone=False,
        )
        await self._show_again(interaction, self._shown_id)
        view = take_back_view(user_id, history, channel, cleared, for_everyone=False)
        await interaction.followup.send(
            cleared_text(cleared), view=view or discord.utils.MISSING, ephemeral=True
        )

    @property
    def _shown_id(self) -> UUID | None:
        resolution = self._shown.resolution
        return resolution.personality.id if resolution else None

    @property
    def _personality_id(self) -> UUID:
        assert self._shown.resolution is not None  # noqa: S101 - else there is nothing to press
        return self._shown.resolution.personality.id

    async def _show_again(self, interaction: AnyInteraction, personality_id: UUID | None) -> None:
        page = await SettingsPage.load(interaction, personality_id)
        page.message = self.message
        self.stop()
        await interaction.response.edit_message(view=page)


class _Select(ui.Select[Any]):
    def __init__(
        self, placeholder: str, choices: Sequence[tuple[str, str]], change: Change
    ) -> None:
        options = [
            discord.SelectOption(label=shorten(label, _MAX_LABEL), value=value[:_MAX_LABEL])
            for label, value in choices[:_MAX_OPTIONS]
        ]
        super().__init__(placeholder=shorten(placeholder, _MAX_LABEL), options=options)
        self._change = change

    @override
    async def callback(self, interaction: AnyInteraction) -> None:
        await self._change(interaction, self.values[0])


class _Button(ui.Button[Any]):
    def __init__(
        self,
        label: str,
        press: Callable[[AnyInteraction], Awaitable[None]],
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    ) -> None:
        super().__init__(label=label, style=style)
        self._press = press

    @override
    async def callback(self, interaction: AnyInteraction) -> None:
        await self._press(interaction)


def _line(label: str, each: Preference) -> str:
    value = discord.utils.escape_markdown(each.value)
    return f"**{label}**: {value} · *{each.source}*"


def _chosen(source: str) -> str:
    return f"chosen by {source}"


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Settings(bot))
