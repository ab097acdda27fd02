"""`/memory`: show, correct and forget what personalities remember of a user."""

from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

import discord
from discord import app_commands
from discord.app_commands import Choice, Transform
from discord.ext import commands
from typing_extensions import override

from bot.discord.buttons.memories import (
    FactButton,
    MemoryButton,
    MemoryForm,
    show_facts,
    show_memories,
)
from bot.discord.buttons.memory_browser import browse_memories
from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor, to_channel
from bot.discord.ui import AnyInteraction, confirm, to_file
from cogs.options import Choices, PersonalityOption
from services.chat import PointedMessage
from services.memory import Author, Memory, MemoryNotFound, Mode
from services.texts import shorten
from services.types import Venue


class MemoryTransformer(app_commands.Transformer[Bot]):
    """A chosen suggestion as one of the user's memories."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> Memory:
        try:
            memory_id = UUID(value)
        except ValueError as error:
            raise MemoryNotFound(value) from error
        return await interaction.client.services.memory.get(
            await interaction_actor(interaction), memory_id
        )

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        typed = str(value)
        memory, actor = interaction.client.services.memory, await interaction_actor(interaction)
        memories = await (
            memory.search(actor, typed, by_model=False)
            if typed
            else memory.list_memories(actor, None)
        )
        return [
            Choice(name=shorten(f"{name}: {_line(each)}", 100), value=str(each.id))
            for each, name in memories[:25]
        ]


class DurationTransformer(app_commands.Transformer[Bot]):
    """A chosen duration."""

    @property
    @override
    def choices(self) -> list[Choice[str | int | float]]:
        return [Choice(name=name, value=name) for name in _DURATIONS]

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> timedelta:
        return _DURATIONS[value]


_MENU = "Remember this"
_DURATIONS = {
    "1 hour": timedelta(hours=1),
    "8 hours": timedelta(hours=8),
    "1 day": timedelta(days=1),
    "1 week": timedelta(days=7),
}
# Where what was said in a venue may be recalled.
_WHERE = {
    Venue.DM: "in DMs with you",
    Venue.PRIVATE: "in this channel and its threads",
    Venue.PUBLIC: "in this server",
}

DurationOption: TypeAlias = Transform[timedelta, DurationTransformer]
MemoryOption: TypeAlias = Transform[Memory, MemoryTransformer]


class Memories(
    commands.GroupCog, group_name="memory", group_description="What they remember of you"
):
    """Memory: what personalities remember of you."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._memory = bot.services.memory
        self._modes = bot.services.memory_modes
        self._message_memory = bot.services.message_memory
        self._menu = app_commands.ContextMenu(name=_MENU, callback=self._remember)

    @override
    async def cog_load(self) -> None:
        """Add the menu: decorators cannot define it inside a cog."""
        self._bot.tree.add_command(self._menu)

    @override
    async def cog_unload(self) -> None:
        """Remove the menu."""
        self._bot.tree.remove_command(_MENU, type=discord.AppCommandType.message)

    @app_commands.command(name="list")
    @app_commands.describe(personality="Only what this one remembers")
    async def list_(
        self, interaction: Interaction, personality: PersonalityOption | None = None
    ) -> None:
        """Show what is remembered of you: of whom, of which kind, and from when."""
        actor = await interaction_actor(interaction)
        limit = await self._memory.full_at(actor)
        footer = "" if limit is None else f"{limit:,} are all you may have: nothing new is added."
        await browse_memories(interaction, self._memory, of=personality, footer=footer)

    @app_commands.command()
    @app_commands.describe(
        personality="Who should remember it",
        text="What is to be remembered",
        pin="Whether it is told to them with every message of yours",
    )
    async def add(
        self,
        interaction: Interaction,
        personality: PersonalityOption,
        text: app_commands.Range[str, 1, 1000],
        pin: bool = False,  # noqa: FBT001, FBT002 - discord.py's way to take an option
    ) -> None:
        """Have a personality remember something about you, here or wherever it may recall it."""
        channel = to_channel(interaction.channel, interaction.guild)
        actor = await interaction_actor(interaction)
        await self._memory.add(actor, personality, channel, text, pin=pin)
        name = discord.utils.escape_markdown(personality.name)
        where = _WHERE[channel.venue]
        await interaction.response.send_message(
            f"**{name}** {'always knows' if pin else 'remembers'} it, {where}.", ephemeral=True
        )

    @app_commands.command()
    @app_commands.describe(memory="Start typing what it is about")
    async def pin(self, interaction: Interaction, memory: MemoryOption) -> None:
        """Have a memory told with every message of yours, or no longer."""
        pinned = await self._memory.toggle_pin(await interaction_actor(interaction), memory.id)
        text = (
            "Pinned: it is told with every message of yours, where it may be."
            if pinned
            else "Unpinned: it is told when it fits."
        )
        await interaction.response.send_message(text, ephemeral=True)

    @app_commands.command()
    @app_commands.describe(words="What it is about")
    async def search(self, interaction: Interaction, words: str) -> None:
        """Search what is remembered of you."""
        memories = await self._memory.search(await interaction_actor(interaction), words)
        await show_memories(
            interaction,
            memories,
            title=f"Remembered of “{words[:80]}”",
            empty="`/memory list` shows all that is remembered of you.",
        )

    @app_commands.command()
    @app_commands.describe(personality="Only what this one knows")
    async def facts(
        self, interaction: Interaction, personality: PersonalityOption | None = None
    ) -> None:
        """Show what is known of you, since when, and what it was before."""
        actor = await interaction_actor(interaction)
        facts = await self._memory.list_facts(actor, personality.id if personality else None)
        await show_facts(
            interaction,
            facts,
            title="Known of you",
            empty="Say where you live, or what your cat is called, and it stands here.",
        )

    @app_commands.command()
    @app_commands.describe(memory="Start typing what it is about")
    async def edit(self, interaction: Interaction, memory: MemoryOption) -> None:
        """Correct a memory."""
        await interaction.response.send_modal(MemoryForm(self._memory, memory))

    @app_commands.command()
    @app_commands.describe(memory="Start typing what it is about")
    async def forget(self, interaction: Interaction, memory: MemoryOption) -> None:
        """Forget one memory."""
        await self._memory.forget(await interaction_actor(interaction), memory.id)
        await interaction.response.send_message("Forgotten.", ephemeral=True)

    @app_commands.command()
    @app_commands.describe(memory="Start typing what it is about")
    async def lock(self, interaction: Interaction, memory: MemoryOption) -> None:
        """Protect a memory from being changed or forgotten, or unlock it."""
        locked = await self._memory.toggle_lock(await interaction_actor(interaction), memory.id)
        text = "Locked: it stays as it is." if locked else "Unlocked."
        await interaction.response.send_message(text, ephemeral=True)

    @app_commands.command()
    @app_commands.describe(personality="Only what this one remembers")
    async def purge(
        self, interaction: Interaction, personality: PersonalityOption | None = None
    ) -> None:
        """Forget everything that is not locked."""
        name = discord.utils.escape_markdown(personality.name) if personality else "everybody"

        async def purge(pressed: AnyInteraction) -> None:
            actor = await interaction_actor(pressed)
            count = await self._memory.purge(actor, personality.id if personality else None)
            await pressed.response.edit_message(content=f"{count} memories are gone.", view=None)

        question = f"Let **{name}** forget everything about you that is not locked?"
        await confirm(interaction, question, label="Forget", do=purge)

    @app_commands.command()
    @app_commands.describe(duration="For how long; else until you end it")
    async def incognito(
        self, interaction: Interaction, duration: DurationOption | None = None
    ) -> None:
        """Stop storing what you say, for a while or until you start again."""
        actor = await interaction_actor(interaction)
        mode = await self._modes.toggle_incognito(actor, duration)
        text = (
            f"Incognito{_until(mode)}: what you say is answered, but not stored."
            if mode.is_on
            else "What you say from now on is remembered again."
        )
        await interaction.response.send_message(text, ephemeral=True)

    @app_commands.command()
    @app_commands.describe(duration="For how long; else until you end it")
    async def fresh(self, interaction: Interaction, duration: DurationOption | None = None) -> None:
        """Talk as if for the first time: what is remembered of you is not read, but kept."""
        mode = await self._modes.toggle_fresh(await interaction_actor(interaction), duration)
        text = (
            f"A fresh start{_until(mode)}: nothing that is remembered of you is read. What you say "
            "is still remembered."
            if mode.is_on
            else "What is remembered of you is read again."
        )
        await interaction.response.send_message(text, ephemeral=True)

    @app_commands.command()
    async def share(self, interaction: Interaction) -> None:
        """Let all personalities that you have made know what you tell one of them, or no longer."""
        is_shared = await self._modes.toggle_sharing(await interaction_actor(interaction))
        text = (
            "What you tell one of the personalities that you have made is known to all of them, "
            "where it may be."
            if is_shared
            else "What you tell one of your personalities is known to that one alone."
        )
        await interaction.response.send_message(text, ephemeral=True)

    @app_commands.command()
    async def export(self, interaction: Interaction) -> None:
        """Get what is remembered and known of you as a file."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        document = await self._memory.export(await interaction_actor(interaction))
        file = await to_file(interaction, document, "memories.md")
        await interaction.followup.send(file=file, ephemeral=True)

    async def _remember(self, interaction: Interaction, message: discord.Message) -> None:
        channel = to_channel(interaction.channel, interaction.guild)
        pointed = PointedMessage(
            message_id=message.id,
            author=Author(message.author.id, message.author.display_name),
            text=message.content,
        )
        actor = await interaction_actor(interaction)
        remembered = await self._message_memory.remember(actor, channel, pointed)
        name = discord.utils.escape_markdown(remembered.personality)
        text = (
            f"**{name}** always knows it now, {_WHERE[channel.venue]}: it is pinned."
            if remembered.is_pinned
            else f"**{name}** remembers it, {_WHERE[channel.venue]}."
        )
        await interaction.response.send_message(text, ephemeral=True)


def _until(mode: Mode) -> str:
    return f" until {discord.utils.format_dt(mode.until, 'f')}" if mode.until else ""


def _line(memory: Memory) -> str:
    return shorten(memory.content.replace("\n", " / "), 160)


async def setup(bot: Bot) -> None:
    """Load the cog, and revive its buttons."""
    bot.add_dynamic_items(FactButton, MemoryButton)
    await bot.add_cog(Memories(bot))
