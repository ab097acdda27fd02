"""The form of an entry of a lorebook."""

from collections.abc import Sequence
from typing import Any, Self, cast
from uuid import UUID

import discord
from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, Modal
from services.lore import (
    DEFAULT_NOTE_DEPTH,
    EntryTexts,
    Lorebook,
    LoreEntry,
    LoreService,
    LoreTarget,
)
from services.texts import shorten

MAX_FORM_TEXT = 4000  # Discord's limit for a field of a form
_ALWAYS, _OFF = "always", "off"


class EntryForm(Modal):
    """Form for an entry: name, keys, text, and whether it is always used."""

    def __init__(self, lore: LoreService, book: Lorebook, entry: LoreEntry | None = None) -> None:
        super().__init__(title=shorten(f"{'Edit' if entry else 'New entry'} · {book.name}", 45))
        self._lore, self._book_id = lore, book.id
        self._entry_id: UUID | None = entry.id if entry else None
        document = entry.document if entry else {}
        self.name = ui.TextInput[Self](
            custom_id="name", required=False, max_length=80, default=document.get("comment") or None
        )
        self.keys = _keys_input("keys", document.get("keys"))
        self.secondary_keys = _keys_input("secondary_keys", document.get("secondary_keys"))
        self.content = ui.TextInput[Self](
            custom_id="content",
            style=TextStyle.long,
            max_length=MAX_FORM_TEXT,
            default=document.get("content") or None,
        )
        self.options = ui.CheckboxGroup[Self](
            custom_id="options",
            required=False,
            options=[
                discord.CheckboxGroupOption(
                    label="Always used, whatever is said",
                    value=_ALWAYS,
                    default=bool(document.get("constant")),
                ),
                discord.CheckboxGroupOption(
                    label="Switched off", value=_OFF, default=document.get("enabled") is False
                ),
            ],
        )
        for label, description, component in (
            ("Name", "For you; the first key if empty.", self.name),
            ("Keys", "One of these words or /patterns/ is said. Commas or lines.", self.keys),
            ("Secondary keys", "One of these has to be said, too.", self.secondary_keys),
            ("Text", "What is known then. @@depth and others may begin it.", self.content),
            ("Options", None, self.options),
        ):
            self.add_item(
                ui.Label(
                    text=label, description=description, component=cast("ui.Item[Any]", component)
                )
            )

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        texts = EntryTexts(
            name=self.name.value,
            keys=_split(self.keys.value),
            secondary_keys=_split(self.secondary_keys.value),
            content=self.content.value,
            constant=_ALWAYS in self.options.values,
            enabled=_OFF not in self.options.values,
        )
        entry = await self._lore.save_entry(
            await interaction_actor(interaction), self._book_id, self._entry_id, texts
        )
        name = discord.utils.escape_markdown(entry.name or "An entry without a name")
        await interaction.response.send_message(
            f"**{name}** is saved. `/lore test` shows when it is used.", ephemeral=True
        )


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
        self.add_item(
            ui.Label(
                text="Note",
                description="What everyone who answers here is reminded of. Empty for none.",
                component=self.text,
            )
        )
        self.add_item(
            ui.Label(
                text="Depth",
                description="How many messages before the end it stands.",
                component=self.depth,
            )
        )

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        depth = int(self.depth.value) if self.depth.value.isdecimal() else DEFAULT_NOTE_DEPTH
        actor = await interaction_actor(interaction)
        await self._lore.set_note(actor, self._target, self.text.value, depth)
        state = "is in every prompt here" if self.text.value.strip() else "is gone"
        await interaction.response.send_message(f"The note {state}.", ephemeral=True)


def _keys_input(custom_id: str, keys: Any) -> ui.TextInput[EntryForm]:
    shown = "\n".join(map(str, cast("Sequence[Any]", keys or ())))
    return ui.TextInput[EntryForm](
        custom_id=custom_id,
        style=TextStyle.long,
        required=False,
        max_length=MAX_FORM_TEXT,
        default=shorten(shown, MAX_FORM_TEXT) or None,
    )


def _split(text: str) -> list[str]:
    """Return keys that are separated by lines or commas; a pattern has a line of its own."""
    lines = (line.strip() for line in text.splitlines())
    parts = (
        part.strip() for line in lines for part in ([line] if line[:1] == "/" else line.split(","))
    )
    return [part for part in parts if part]
