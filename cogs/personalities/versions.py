"""The versions of a personality, to compare, restore and name."""

from collections.abc import Sequence
from typing import Any, Self
from uuid import UUID

import discord
from discord import ui
from typing_extensions import override

from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, Modal, View
from cogs.personalities.labels import label_of
from services.personalities import LABEL_LIMIT, Difference, Personality, Version, VersionService
from services.texts import on_one_line, shorten

_MAX_OPTIONS, _MAX_FIELD, _MAX_FIELDS, _MAX_TEXT = 25, 1024, 6, 4096
_MARKS = {" ": "{}", "-": "~~{}~~", "+": "**{}**"}


class VersionsView(View):
    """A list of versions; the chosen one is shown with what it changed."""

    def __init__(
        self,
        user_id: int,
        service: VersionService,
        personality: Personality,
        versions: Sequence[Version],
    ) -> None:
        super().__init__(user_id)
        self._service = service
        self._personality_id, self._name = personality.id, personality.name
        self._versions = versions
        self._chosen = versions[0]
        self.choice = ui.Select[Self](
            custom_id="version",
            placeholder="Look at a version",
            options=[_option(each) for each in versions[:_MAX_OPTIONS]],
        )
        self.choice.callback = self._choose
        self.add_item(self.choice)
        self._show_buttons()

    def overview(self) -> discord.Embed:
        """Return the list of versions."""
        lines = [version_line(each) for each in self._versions]
        title = shorten(f"Versions of {discord.utils.escape_markdown(self._name)}", 250)
        return discord.Embed(title=title, description=shorten("\n".join(lines), _MAX_TEXT))

    def _show_buttons(self) -> None:
        self.restore.disabled = self.with_current.disabled = self._chosen.is_current

    async def _choose(self, interaction: AnyInteraction) -> None:
        number = int(self.choice.values[0])
        self._chosen = next(each for each in self._versions if each.number == number)
        for option in self.choice.options:
            option.default = option.value == str(number)
        await self._show(interaction, number - 1)

    async def _show(self, interaction: AnyInteraction, other: int) -> None:
        actor = await interaction_actor(interaction)
        differences = await self._service.compare(
            actor, self._personality_id, self._chosen.number, other
        )
        self._show_buttons()
        embed = version_embed(self._chosen, differences, other)
        await interaction.response.edit_message(embed=embed, view=self)

    @ui.button(label="Restore", style=discord.ButtonStyle.primary, row=1)
    async def restore(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Make the texts of the chosen version those of a new one."""
        personality = await self._service.restore(
            await interaction_actor(interaction), self._personality_id, self._chosen.number
        )
        self.stop()
        text = f"Version {personality.version} has the texts of version {self._chosen.number}."
        await interaction.response.edit_message(content=text, embed=None, view=None)

    @ui.button(label="Compare with now", style=discord.ButtonStyle.secondary, row=1)
    async def with_current(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Show what is different in the chosen version from the current one."""
        await self._show(interaction, self._versions[0].number)

    @ui.button(label="Name it", style=discord.ButtonStyle.secondary, row=1)
    async def rename(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Give the chosen version a name."""
        await interaction.response.send_modal(
            VersionNameForm(self._service, self._personality_id, self._chosen)
        )


class VersionNameForm(Modal, title="Name a version"):
    """Form for the name of a version."""

    def __init__(self, service: VersionService, personality_id: UUID, version: Version) -> None:
        super().__init__()
        self._service, self._personality_id, self._version = service, personality_id, version
        self.label = ui.TextInput[Any](
            custom_id="label",
            required=False,
            max_length=LABEL_LIMIT,
            default=version.row.label or None,
        )
        self.ask("Name", self.label)

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        number = self._version.number
        await self._service.name(
            await interaction_actor(interaction), self._personality_id, number, self.label.value
        )
        await interaction.response.send_message(f"Version {number} is named.", ephemeral=True)


def version_line(version: Version) -> str:
    """Return a version on one line: when, by whom, what changed."""
    parts = [
        f"**{version.number}**",
        discord.utils.format_dt(version.row.created_at, "R"),
        *([discord.utils.escape_markdown(version.editor)] if version.editor else []),
        *([f"*{discord.utils.escape_markdown(version.row.label)}*"] if version.row.label else []),
        shorten(", ".join(label_of(each).lower() for each in version.changed), 120),
        *(["**public**"] if version.is_public else []),
        *(["now"] if version.is_current else []),
    ]
    return " · ".join(part for part in parts if part)


def version_embed(version: Version, differences: Sequence[Difference], other: int) -> discord.Embed:
    """Return what a version changed since another, word by word."""
    description = version_line(version)
    if not differences:
        description += "\n\n*Nothing is different.*"
    since = f"Since version {other}" if other > 0 else "From the beginning"
    embed = discord.Embed(title=f"Version {version.number}", description=description)
    for each in differences[:_MAX_FIELDS]:
        embed.add_field(name=label_of(each.column), value=_marked(each.pieces), inline=False)
    embed.set_footer(text=f"{since}. Struck out is removed, bold is added.")
    return embed


def _marked(pieces: Sequence[tuple[str, str]]) -> str:
    text = ""
    for kind, piece in pieces:
        plain = discord.utils.escape_markdown(on_one_line(shorten(piece, 300)))
        marked = _MARKS[kind].format(plain) if plain else ""
        if len(text) + len(marked) > _MAX_FIELD - 2:
            return f"{text} …"
        text = f"{text} {marked}".strip()
    return text or "*empty*"


def _option(version: Version) -> discord.SelectOption:
    changed = ", ".join(label_of(each).lower() for each in version.changed)
    return discord.SelectOption(
        label=shorten(f"Version {version.number} {version.row.label or ''}".strip(), 100),
        value=str(version.number),
        description=shorten(changed, 100) or None,
    )
