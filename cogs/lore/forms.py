"""The forms of a lorebook, and of the note of a channel."""

from typing import Any, Self, cast

import discord
from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.buttons.lore import MAX_FORM_TEXT
from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, Modal
from services.lore import DEFAULT_NOTE_DEPTH, Lorebook, LoreService, LoreTarget
from services.texts import read_number, shorten

_USED, _RECURSIVE = "used", "recursive"
_MAX_SCAN_DEPTH, _MAX_BUDGET, _MAX_DEPTH = 100, 4000, 999


class BookForm(Modal, title="How it is used"):
    """Form for the settings of a book; what is left empty is as everywhere."""

    def __init__(self, lore: LoreService, book: Lorebook) -> None:
        super().__init__()
        self._lore, self._book_id = lore, book.id
        settings = book.document
        self.flags = ui.CheckboxGroup[Self](
            custom_id="flags",
            required=False,
            options=[
                discord.CheckboxGroupOption(label="It is used", value=_USED, default=book.enabled),
                discord.CheckboxGroupOption(
                    label="The text of an entry may bring up others",
                    value=_RECURSIVE,
                    default=bool(settings.get("recursive_scanning")),
                ),
            ],
        )
        self.scan_depth = _number_input("scan_depth", settings.get("scan_depth"))
        self.token_budget = _number_input("token_budget", settings.get("token_budget"))
        for label, description, component in (
            ("What holds", None, self.flags),
            ("Scan depth", "In how many of the last messages keys count: 0-100", self.scan_depth),
            ("Budget", "How many tokens its entries take at once: 1-4000", self.token_budget),
        ):
            self.ask(label, cast("ui.Item[Any]", component), description)

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        book = await self._lore.configure(
            await interaction_actor(interaction),
            self._book_id,
            enabled=_USED in self.flags.values,
            recursive_scanning=_RECURSIVE in self.flags.values,
            scan_depth=read_number(
                self.scan_depth.value, field="scan depth", low=0, high=_MAX_SCAN_DEPTH
            ),
            token_budget=read_number(
                self.token_budget.value, field="budget", low=1, high=_MAX_BUDGET
            ),
        )
        title = discord.utils.escape_markdown(book.name)
        state = "is used" if book.enabled else "is switched off"
        await self.confirm_saved(interaction, f"**{title}** {state}.")


class NoteForm(Modal, title="Author's note"):
    """Form for the note that stands in the conversations of a channel."""

    def __init__(self, lore: LoreService, target: LoreTarget, text: str, depth: int) -> None:
        super().__init__()
        self._lore, self._target = lore, target
        self.text = ui.TextInput[Self](
            custom_id="text",
            style=TextStyle.long,
            required=False,
            max_length=MAX_FORM_TEXT,
            default=shorten(text, MAX_FORM_TEXT) or None,
        )
        self.depth = ui.TextInput[Self](custom_id="depth", max_length=3, default=str(depth))
        self.ask(
            "Note", self.text, "What everyone who answers here is reminded of. Empty for none."
        )
        self.ask("Depth", self.depth, "How many messages before the end it stands.")

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        depth = read_number(self.depth.value, field="depth", low=0, high=_MAX_DEPTH)
        actor = await interaction_actor(interaction)
        await self._lore.set_note(
            actor, self._target, self.text.value, DEFAULT_NOTE_DEPTH if depth is None else depth
        )
        state = "is in every prompt here" if self.text.value.strip() else "is gone"
        await interaction.response.send_message(f"The note {state}.", ephemeral=True)


def _number_input(custom_id: str, value: Any) -> ui.TextInput[BookForm]:
    return ui.TextInput[BookForm](
        custom_id=custom_id, required=False, max_length=4, default=str(value) if value else None
    )
