"""An entry of a lorebook, with buttons to correct and delete it, and its form."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self, cast
from uuid import UUID

import discord
from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.converters import interaction_actor
from bot.discord.ui import ActionButton, AnyInteraction, Modal
from services.errors import TextTooLong
from services.lore import EntryTexts, Lorebook, LoreEntry, LoreService, is_found_by_meaning
from services.texts import shorten

MAX_FORM_TEXT = 4000  # Discord's limit for a field of a form
_ALWAYS, _MEANING, _OFF = "always", "meaning", "off"


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
                    label="Also when something near in meaning is said",
                    value=_MEANING,
                    default=entry is not None and is_found_by_meaning(entry),
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
            self.ask(label, cast("ui.Item[Any]", component), description)

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        texts = EntryTexts(
            name=self.name.value,
            keys=_split(self.keys.value),
            secondary_keys=_split(self.secondary_keys.value),
            content=self.content.value,
            constant=_ALWAYS in self.options.values,
            by_meaning=_MEANING in self.options.values,
            enabled=_OFF not in self.options.values,
        )
        entry = await self._lore.save_entry(
            await interaction_actor(interaction), self._book_id, self._entry_id, texts
        )
        name = discord.utils.escape_markdown(entry.name or "An entry without a name")
        await self.confirm_saved(
            interaction, f"**{name}** is saved. `/lore test` shows when it is used."
        )


class LoreEntryButton(
    ActionButton, template=r"lore_entry:(?P<action>edit|delete):(?P<id>[0-9a-f-]{36})"
):
    """Corrects or deletes an entry, for whoever may change its book."""

    prefix = "lore_entry"
    labels: ClassVar = {"edit": "Correct", "delete": "Forget"}
    styles: ClassVar = {"delete": discord.ButtonStyle.danger}

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        lore: LoreService = interaction.client.services.lore
        actor = await interaction_actor(interaction)
        book, entry = await lore.get_entry(actor, self.target_id)
        if self.action == "edit":
            await open_entry(interaction, book, entry)
            return
        await lore.delete(actor, book.id, entry.id)
        name = discord.utils.escape_markdown(entry.name or "The entry")
        await interaction.response.edit_message(
            content=f"**{name}** is no longer in the lorebook.", embed=None, view=None
        )


async def open_entry(interaction: AnyInteraction, book: Lorebook, entry: LoreEntry) -> None:
    """Open the form of an entry.

    Raises:
        TextTooLong: Its text is too long for a form.
    """
    if len(entry.document.get("content") or "") > MAX_FORM_TEXT:
        raise TextTooLong("text of this entry, for a form; `/lore export` has it", MAX_FORM_TEXT)
    lore: LoreService = interaction.client.services.lore
    await interaction.response.send_modal(EntryForm(lore, book, entry))


async def show_entry(interaction: AnyInteraction, entry_id: UUID) -> None:
    """Show an entry to whoever may change it, with what can be done with it.

    Raises:
        LoreEntryNotFound, LorebookNotFound: It was deleted.
        LoreNotYours, OwnersOnly: They may not.
    """
    lore: LoreService = interaction.client.services.lore
    book, entry = await lore.get_entry(await interaction_actor(interaction), entry_id)
    title = f"{entry.name or 'An entry'} · {book.name}"
    text = shorten(entry.document.get("content") or "", MAX_FORM_TEXT)
    embed = discord.Embed(
        title=shorten(discord.utils.escape_markdown(title), 250),
        description=discord.utils.escape_markdown(text)[:MAX_FORM_TEXT],
    )
    view = ui.View(timeout=None)
    for action in ("edit", "delete"):
        view.add_item(LoreEntryButton(action, entry.id))
    await interaction.response.send_message(embed=embed, view=view, ephemeral=True)


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
