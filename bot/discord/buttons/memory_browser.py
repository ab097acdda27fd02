"""The memories of whoever asks, with menus of whom, of which kind and from when."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import discord
from discord import ui
from typing_extensions import override

from bot.discord.buttons.memories import memory_line, memory_menu
from bot.discord.converters import interaction_actor
from bot.discord.ui import PAGE, AnyInteraction, Pager, show_list
from services.memory import MemoryAge, MemoryFilter, MemoryKind, MemoryService
from services.personalities import Personality
from services.texts import shorten
from services.types import Actor

_EVERYBODY = "everybody"
_MAX_OPTIONS, _MAX_LABEL = 25, 100  # Discord's limits of menus
_LAST_ROW = 4


class _Filter(ui.Select["MemoryBrowser"]):
    """Chooses which memories are shown; `values` are given with their labels."""

    def __init__(self, values: Mapping[str, str], chosen: str) -> None:
        super().__init__(
            options=[
                discord.SelectOption(
                    label=shorten(label, _MAX_LABEL), value=value, default=value == chosen
                )
                for value, label in values.items()
            ]
        )

    @override
    async def callback(self, interaction: AnyInteraction) -> None:
        for option in self.options:
            option.default = option.value in self.values
        assert self.view is not None  # noqa: S101 - it is in one
        self.view.page = 0
        await self.view.turn(interaction)

    @property
    def chosen(self) -> str:
        """Return the value that is chosen."""
        return next(each.value for each in self.options if each.default)


class MemoryBrowser(Pager):
    """The memories of whoever asks: of whom, of which kind and from when, ten to a page.

    `who` are the names of those who remember them, by their ids; those of one are shown first.
    """

    def __init__(
        self,
        actor: Actor,
        memories: MemoryService,
        who: Mapping[str, str],
        *,
        of: str | None,
        footer: str,
    ) -> None:
        super().__init__(actor.discord_id)
        self._actor, self._memories, self._footer = actor, memories, footer
        self._total = 0
        self._menu: ui.Item[Any] | None = None
        self._who = _Filter({_EVERYBODY: "Of everybody", **who}, of or _EVERYBODY)
        self._kind = _Filter({each: each.capitalize() for each in MemoryKind}, MemoryKind.EVERY)
        self._age = _Filter({each: each.capitalize() for each in MemoryAge}, MemoryAge.ANY)
        buttons = (self.back, self.forward)
        for button in buttons:
            self.remove_item(button)
            button.row = _LAST_ROW
        for each in (self._who, self._kind, self._age, *buttons):
            self.add_item(each)

    @property
    @override
    def page_count(self) -> int:
        return max(1, -(-self._total // PAGE))

    @override
    async def render(self) -> dict[str, Any]:
        who = self._who.chosen
        wanted = MemoryFilter(
            personality_id=None if who == _EVERYBODY else UUID(who),
            kind=MemoryKind(self._kind.chosen),
            age=MemoryAge(self._age.chosen),
        )
        found, self._total = await self._memories.browse(
            self._actor, wanted, offset=self.page * PAGE, limit=PAGE
        )
        if self._menu is not None:
            self.remove_item(self._menu)
            self._menu = None
        if found:
            self._menu = memory_menu([(memory.id, memory.content) for memory, _ in found])
            self.add_item(self._menu)
        embed = discord.Embed(
            title="Remembered of you",
            description="\n".join(map(memory_line, found)) or "*Nothing of this kind.*",
        )
        pages = f"{self._total:,} in all · page {self.page + 1} of {self.page_count}"
        embed.set_footer(text=" · ".join(filter(None, (self._footer, pages))))
        return {"embed": embed}


async def browse_memories(
    interaction: AnyInteraction, memories: MemoryService, *, of: Personality | None, footer: str
) -> None:
    """Answer with the memories of whoever asks, of one personality first or of all."""
    actor = await interaction_actor(interaction)
    rememberers = await memories.rememberers(actor, _MAX_OPTIONS - 2)
    if not rememberers:
        await show_list(
            interaction,
            title="Remembered of you",
            lines=[],
            empty="What you talk about with a personality is remembered.",
        )
        return
    who = {str(id_): f"{name} ({count:,})" for id_, name, count in rememberers}
    if of is not None:
        who.setdefault(str(of.id), of.name)
    pager = MemoryBrowser(actor, memories, who, of=str(of.id) if of else None, footer=footer)
    await interaction.response.send_message(**await pager.rendered(), view=pager, ephemeral=True)
    pager.message = await interaction.original_response()
