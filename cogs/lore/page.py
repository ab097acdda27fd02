"""The page of a lorebook."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Self
from uuid import UUID

import discord
from discord import ui
from typing_extensions import override

from bot.app.services import Services
from bot.discord.buttons.lore import EntryForm, open_entry
from bot.discord.converters import interaction_actor
from bot.discord.pages import PagePart, excerpt, page_view
from bot.discord.ui import ActionButton, AnyInteraction, Modal, View, show_list
from cogs.lore.embeds import entry_line
from cogs.lore.forms import BookForm
from services.lore import Lorebook, LoreEntry, LoreService
from services.texts import counted, shorten

_MAX_OPTIONS, _MAX_LABEL = 25, 100  # Discord's limits of menus


async def load_page(book_id: UUID, interaction: AnyInteraction) -> ui.LayoutView:
    """Return the page of a book, for whoever may change it."""
    services: Services = interaction.client.services
    book = await services.lore.get(await interaction_actor(interaction), book_id)
    entries = await services.lore.entries(book_id)
    names = ", ".join(excerpt(each.name or "?", 40) for each in entries[:8])
    texts = {
        "use": ("How it is used", _use(book)),
        "list": ("Entries", f"{counted(len(entries), 'entry', 'entries')} · {names}"),
        "add": ("A new entry", "Keys, and what is known when one of them is said"),
        "find": ("Change an entry", "By its name, its number, a key or words of its text"),
    }
    parts = [
        PagePart(label, text, BookButton(action, book.id))
        for action, (label, text) in texts.items()
    ]
    heading = f"## {discord.utils.escape_markdown(book.name)}\n-# lorebook of: {book.scope}"
    return page_view(heading, parts)


def _use(book: Lorebook) -> str:
    settings = book.document
    return " · ".join(
        [
            "used" if book.enabled else "switched off",
            *(
                f"{label} {settings[name]}"
                for name, label in (("scan_depth", "scan depth"), ("token_budget", "tokens"))
                if settings.get(name) is not None
            ),
            *(["recursive"] if settings.get("recursive_scanning") else []),
        ]
    )


class BookButton(
    ActionButton, template=r"lore:(?P<action>use|list|add|find):(?P<id>[0-9a-f-]{36})"
):
    """Opens what a part of a book's page is changed with."""

    prefix = "lore"
    labels: ClassVar = {"list": "Show", "add": "Add", "find": "Find"}

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        lore: LoreService = interaction.client.services.lore
        book = await lore.get(await interaction_actor(interaction), self.target_id)
        if self.action == "list":
            entries = enumerate(await lore.entries(book.id), start=1)
            await show_list(
                interaction,
                title=discord.utils.escape_markdown(book.name),
                lines=[entry_line(number, each) for number, each in entries],
                empty="`/lore edit` adds an entry.",
            )
            return
        forms: Mapping[str, Modal] = {
            "use": BookForm(lore, book),
            "add": EntryForm(lore, book),
            "find": FindForm(lore, book),
        }
        await forms[self.action].open_from(partial(load_page, book.id), interaction)


class FindForm(Modal, title="Change an entry"):
    """Form that looks for entries of a book."""

    def __init__(self, lore: LoreService, book: Lorebook) -> None:
        super().__init__()
        self._lore, self._book = lore, book
        self.words = ui.TextInput[Self](custom_id="words", required=False, max_length=100)
        self.ask(
            "What to look for",
            self.words,
            "In names, keys and texts; a number, or nothing for the first ones.",
        )

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        found = await self._lore.search_entries(self._book.id, self.words.value)
        if not found:
            await interaction.response.send_message("Nothing was found.", ephemeral=True)
            return
        more = f" The first {_MAX_OPTIONS} of {len(found):,}." if len(found) > _MAX_OPTIONS else ""
        view = _FoundView(interaction.user.id, self._book, found[:_MAX_OPTIONS])
        await interaction.response.send_message(
            f"Which entry is it?{more}", view=view, ephemeral=True
        )
        view.message = await interaction.original_response()


class _FoundView(View):
    """Lets one choose among the entries that were found."""

    def __init__(
        self, user_id: int, book: Lorebook, found: Sequence[tuple[int, LoreEntry]]
    ) -> None:
        super().__init__(user_id)
        self._book = book
        self._entries = {str(entry.id): entry for _, entry in found}
        menu = ui.Select[Any](
            options=[
                discord.SelectOption(
                    label=shorten(f"#{number} {entry.name or 'without a name'}", _MAX_LABEL),
                    value=str(entry.id),
                )
                for number, entry in found
            ]
        )
        menu.callback = self._choose
        self._menu = menu
        self.add_item(menu)

    async def _choose(self, interaction: AnyInteraction) -> None:
        await open_entry(interaction, self._book, self._entries[self._menu.values[0]])
