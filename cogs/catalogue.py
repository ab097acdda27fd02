"""The catalogue of public personalities: a page of faces, with what one can do with each."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import discord
from discord import ui
from typing_extensions import override

from bot.app.services import Services
from bot.discord.converters import interaction_actor, is_age_restricted, to_channel
from bot.discord.embeds.publishing import listing_text
from bot.discord.ui import AnyInteraction, Layout
from services.publishing import Listing
from services.texts import counted

_PAGE = 5  # with it, all components are fewer than the 40 that Discord takes
_ALL = "*"
_Press: TypeAlias = Callable[[AnyInteraction], Awaitable[None]]


class CatalogueView(Layout):
    """Pages of listings, the most liked first, by a tag or by words; drawn anew each time."""

    def __init__(
        self, interaction: AnyInteraction, *, tag: str | None = None, words: str | None = None
    ) -> None:
        super().__init__(interaction.user.id)
        self._services: Services = interaction.client.services
        self._age_restricted = is_age_restricted(interaction)
        self._tag, self._words = tag, words
        self._page = 0

    async def open(self, interaction: AnyInteraction) -> None:
        """Answer with the first page."""
        await self._draw()
        await interaction.response.send_message(view=self, ephemeral=True)
        self.message = await interaction.original_response()

    async def _redraw(self, interaction: AnyInteraction) -> None:
        await self._draw()
        await interaction.response.edit_message(view=self)

    async def _draw(self) -> None:
        listings = await self._services.publishing.browse(
            age_restricted=self._age_restricted, tag=self._tag, words=self._words
        )
        last = max(0, (len(listings) - 1) // _PAGE)
        self._page = min(self._page, last)
        container = ui.Container[Any](ui.TextDisplay(self._heading(len(listings), last)))
        for listing in listings[self._page * _PAGE : (self._page + 1) * _PAGE]:
            self._add_listing(container, listing)
        self.clear_items()
        self.add_item(container)
        self.add_item(ui.ActionRow(_TagMenu(self, await self._services.publishing.used_tags())))
        if last:
            self.add_item(ui.ActionRow(self._turn("Back", -1), self._turn("Next", 1, last=last)))

    def _heading(self, count: int, last: int) -> str:
        escape = discord.utils.escape_markdown
        which = f": {escape(self._tag)}" if self._tag else ""
        which = f" with {escape(self._words)}" if self._words else which
        page = f" · page {self._page + 1} of {last + 1}" if last else ""
        if not count:
            return f"## Personalities{which}\n*Nothing yet.* `/publish start` makes yours public."
        return f"## Personalities{which}\n-# {counted(count, 'personality', 'personalities')}{page}"

    def _add_listing(self, container: ui.Container[Any], listing: Listing) -> None:
        text = ui.TextDisplay[Any](listing_text(listing))
        thumbnail = ui.Thumbnail[Any](listing.avatar_url) if listing.avatar_url else None
        container.add_item(ui.Section(text, accessory=thumbnail) if thumbnail else text)

        async def like(interaction: AnyInteraction) -> None:
            await self._services.publishing.toggle_like(
                await interaction_actor(interaction),
                listing.personality.id,
                age_restricted=self._age_restricted,
            )
            await self._redraw(interaction)

        async def meet(interaction: AnyInteraction) -> None:
            await _meet(interaction, self._services, listing)

        likes = f"{listing.personality.likes_count:,}"
        container.add_item(
            ui.ActionRow(_Action(like, label=likes, emoji="♥"), _Action(meet, label="Talk"))
        )

    def _turn(self, label: str, step: int, *, last: int | None = None) -> ui.Button[Any]:
        async def turn(interaction: AnyInteraction) -> None:
            self._page = max(0, self._page + step)
            await self._redraw(interaction)

        return _Action(turn, label=label, disabled=self._page == (0 if last is None else last))

    async def filter(self, interaction: AnyInteraction, tag: str | None) -> None:
        """Show those with a tag, or all."""
        self._tag, self._words, self._page = tag, None, 0
        await self._redraw(interaction)


async def _meet(interaction: AnyInteraction, services: Services, listing: Listing) -> None:
    """Let a personality answer one's direct messages, and greet there."""
    actor, personality = await interaction_actor(interaction), listing.personality
    await interaction.response.defer(ephemeral=True, thinking=True)
    await services.channels.set_dm_personality(actor, personality)
    name = discord.utils.escape_markdown(personality.public_name or personality.name)
    try:
        dm = await interaction.user.create_dm()
    except discord.HTTPException:
        dm = None
    if dm is None:
        text = f"I cannot write to you. Say `@{personality.name} hello` where I am, or write to me."
    else:
        await services.greetings.greet(actor, to_channel(dm, None), personality.id)
        text = f"**{name}** answers your direct messages now: <#{dm.id}>"
    await interaction.followup.send(text, ephemeral=True)


class _Action(ui.Button[Any]):
    """A button that does what it was made for."""

    def __init__(
        self,
        do: _Press,
        *,
        label: str,
        emoji: str | None = None,
        disabled: bool = False,
    ) -> None:
        super().__init__(
            label=label, emoji=emoji, disabled=disabled, style=discord.ButtonStyle.secondary
        )
        self._do = do

    @override
    async def callback(self, interaction: AnyInteraction) -> None:
        await self._do(interaction)


class _TagMenu(ui.Select[Any]):
    """Chooses the tag of the personalities that are shown."""

    def __init__(self, catalogue: CatalogueView, tags: Sequence[str]) -> None:
        super().__init__(
            placeholder="Filter by a tag",
            options=[
                discord.SelectOption(label="All of them", value=_ALL),
                *(discord.SelectOption(label=tag, value=tag) for tag in tags),
            ],
        )
        self._catalogue = catalogue

    @override
    async def callback(self, interaction: AnyInteraction) -> None:
        chosen = self.values[0]
        await self._catalogue.filter(interaction, None if chosen == _ALL else chosen)
