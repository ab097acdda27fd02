"""`/lore` and its commands."""

import io
from typing import Literal, TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.buttons.lore import EntryForm, open_entry
from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, confirm, show_list
from cogs.lore.embeds import entry_embed, note_lines, test_embed
from cogs.lore.forms import NoteForm
from cogs.lore.options import BookOption, EntryOption, owner_label, place_of
from cogs.lore.page import load_page
from cogs.options import OwnPersonalityOption, PersonalityOption, PersonaOption
from services.lore import LIMIT_MB, MAX_ENTRIES, LorebookTooLarge, LoreScope, LoreTarget
from services.people import Persona
from services.personalities import Personality
from services.texts import counted

ScopeOption: TypeAlias = Literal["channel", "persona", "personality", "server", "everywhere"]


class Lore(
    commands.GroupCog,
    group_name="lore",
    group_description="Lorebooks: what personalities know when it is spoken of",
):
    """Lorebooks: what personalities know of when it is spoken of."""

    def __init__(self, bot: Bot) -> None:
        self._lore = bot.services.lore

    @app_commands.command()
    @app_commands.describe(
        name="What it is called",
        scope="Where it is used",
        personality="Which of yours, for one of a personality",
        persona="Which of yours, for one of a persona",
    )
    async def create(
        self,
        interaction: Interaction,
        name: str,
        scope: ScopeOption,
        personality: OwnPersonalityOption | None = None,
        persona: PersonaOption | None = None,
    ) -> None:
        """Create an empty lorebook."""
        book = await self._lore.create(
            await interaction_actor(interaction),
            await _target(interaction, scope, personality, persona),
            name,
        )
        title = discord.utils.escape_markdown(book.name)
        await interaction.response.send_message(
            f"**{title}** is there. `/lore edit` adds entries to it.", ephemeral=True
        )

    @app_commands.command()
    @app_commands.describe(book="Which lorebook", entry="Which entry; a new one if you leave it")
    async def edit(
        self, interaction: Interaction, book: BookOption, entry: EntryOption | None = None
    ) -> None:
        """Change an entry of a lorebook, or add one."""
        if entry is None:
            await interaction.response.send_modal(EntryForm(self._lore, book))
            return
        await open_entry(interaction, book, await self._lore.find_entry(book, entry))

    @app_commands.command(name="list")
    async def list_(self, interaction: Interaction) -> None:
        """Show your lorebooks, and those of this place that you may change."""
        listed = await self._lore.list_books(
            await interaction_actor(interaction), await place_of(interaction)
        )
        lines = [
            f"**{discord.utils.escape_markdown(each.book.name)}** · "
            f"{discord.utils.escape_markdown(owner_label(each))} · "
            f"{counted(each.entry_count, 'entry', 'entries')}"
            f"{'' if each.book.enabled else ' · switched off'}"
            for each in listed
        ]
        await show_list(
            interaction, title="Lorebooks", lines=lines, empty="`/lore import` brings one."
        )

    @app_commands.command()
    @app_commands.describe(book="Which lorebook", entry="Which entry, to read it whole")
    async def view(
        self, interaction: Interaction, book: BookOption, entry: EntryOption | None = None
    ) -> None:
        """Show a lorebook, with buttons to change it, or an entry."""
        if entry is not None:
            found = await self._lore.find_entry(book, entry)
            await interaction.response.send_message(embed=entry_embed(found), ephemeral=True)
            return
        view = await load_page(book.id, interaction)
        await interaction.response.send_message(view=view, ephemeral=True)

    @app_commands.command()
    async def note(self, interaction: Interaction) -> None:
        """Change the author's note of this channel: what everyone here is reminded of."""
        target = await _target(interaction, "channel", None, None)
        text, depth = await self._lore.note(await interaction_actor(interaction), target)
        await interaction.response.send_modal(NoteForm(self._lore, target, text, depth))

    @app_commands.command()
    @app_commands.describe(
        text="What somebody could say", personality="Who would answer; else lore of this place"
    )
    async def test(
        self, interaction: Interaction, text: str, personality: PersonalityOption
    ) -> None:
        """Show which entries a message would bring up, and why."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        activation = await self._lore.test(
            await interaction_actor(interaction), await place_of(interaction), text, personality
        )
        await interaction.followup.send(embed=test_embed(text, activation), ephemeral=True)

    @app_commands.command(name="import")
    @app_commands.describe(
        file="World Info, or a lorebook of a card or another program, as JSON",
        scope="Where it is used",
        personality="Which of yours, for one of a personality",
        persona="Which of yours, for one of a persona",
    )
    async def import_(
        self,
        interaction: Interaction,
        file: discord.Attachment,
        scope: ScopeOption,
        personality: OwnPersonalityOption | None = None,
        persona: PersonaOption | None = None,
    ) -> None:
        """Create a lorebook from a file."""
        if file.size > LIMIT_MB * 1_000_000:
            raise LorebookTooLarge(LIMIT_MB, MAX_ENTRIES)
        await interaction.response.defer(ephemeral=True, thinking=True)
        imported = await self._lore.import_book(
            await interaction_actor(interaction),
            await _target(interaction, scope, personality, persona),
            await file.read(),
            name=file.filename.rpartition(".")[0] or file.filename,
        )
        title = discord.utils.escape_markdown(imported.book.name)
        lines = [
            f"**{title}** is there, with {counted(imported.entry_count, 'entry', 'entries')}.",
            *note_lines(imported.notes),
        ]
        await interaction.followup.send("\n".join(lines)[:2000], ephemeral=True)

    @app_commands.command()
    @app_commands.describe(book="Which lorebook", kind="For which program")
    async def export(
        self,
        interaction: Interaction,
        book: BookOption,
        kind: Literal["World Info", "character book"] = "World Info",
    ) -> None:
        """Export a lorebook as a file."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        exported = await self._lore.export(
            await interaction_actor(interaction), book.id, as_world_info=kind == "World Info"
        )
        file = discord.File(io.BytesIO(exported.data), filename=exported.filename)
        await interaction.followup.send(file=file, ephemeral=True)

    @app_commands.command()
    @app_commands.describe(book="Which lorebook", entry="Which entry; all of it if you leave it")
    async def delete(
        self, interaction: Interaction, book: BookOption, entry: EntryOption | None = None
    ) -> None:
        """Delete a lorebook, or an entry of it."""
        found = await self._lore.find_entry(book, entry) if entry else None
        name = discord.utils.escape_markdown((found.name if found else book.name) or "this entry")

        async def delete(pressed: AnyInteraction) -> None:
            await self._lore.delete(
                await interaction_actor(pressed), book.id, found.id if found else None
            )
            await pressed.response.edit_message(content=f"**{name}** is gone.", view=None)

        await confirm(interaction, f"Delete **{name}**?", label="Delete", do=delete)


async def _target(
    interaction: Interaction,
    scope: ScopeOption,
    personality: Personality | None,
    persona: Persona | None,
) -> LoreTarget:
    place, kind = await place_of(interaction), LoreScope(scope)
    return LoreTarget(
        scope=kind,
        channel_id=place.channel_ids[0] if kind is LoreScope.CHANNEL else None,
        guild_id=place.guild_id if kind in (LoreScope.CHANNEL, LoreScope.SERVER) else None,
        personality_id=personality.id if personality and kind is LoreScope.PERSONALITY else None,
        persona_id=persona.id if persona and kind is LoreScope.PERSONA else None,
    )
