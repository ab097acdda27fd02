"""What personalities remember of a user, in the user's hand."""

from collections.abc import Sequence
from typing import Self, TypeAlias
from uuid import UUID

import discord
from discord import TextStyle, app_commands, ui
from discord.app_commands import Choice, Transform
from discord.ext import commands
from typing_extensions import override

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.ui import AnyInteraction, Modal, confirm, show_list
from cogs.options import Choices, PersonalityOption
from services.memory import Memory, MemoryNotFound, MemoryService
from services.texts import shorten


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
        found = await (memory.search(actor, typed) if typed else memory.listed(actor, None))
        return [
            Choice(name=shorten(f"{name}: {_line(each)}", 100), value=str(each.id))
            for each, name in found[:25]
        ]


MemoryOption: TypeAlias = Transform[Memory, MemoryTransformer]


class MemoryForm(Modal, title="How it really was"):
    """Asks how something really was."""

    def __init__(self, service: MemoryService, memory: Memory) -> None:
        super().__init__()
        self._service, self._memory_id = service, memory.id
        self.content = ui.TextInput[Self](
            custom_id="content", style=TextStyle.long, max_length=4000, default=memory.content
        )
        self.add_item(ui.Label(text="Memory", component=self.content))

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        actor = await interaction_actor(interaction)
        await self._service.edit(actor, self._memory_id, self.content.value)
        await interaction.response.send_message("That is how it was.", ephemeral=True)


class Memories(
    commands.GroupCog, group_name="memory", group_description="What they remember of you"
):
    """Memory: what personalities remember of you."""

    def __init__(self, bot: Bot) -> None:
        self._memory = bot.services.memory

    @app_commands.command(name="list")
    @app_commands.describe(personality="Only what this one remembers")
    async def list_(
        self, interaction: Interaction, personality: PersonalityOption | None = None
    ) -> None:
        """Show what is remembered of you, the newest first."""
        actor = await interaction_actor(interaction)
        found = await self._memory.listed(actor, personality.id if personality else None)
        await show_list(interaction, title="Remembered of you", lines=_lines(found))

    @app_commands.command()
    @app_commands.describe(words="What it was about")
    async def search(self, interaction: Interaction, words: str) -> None:
        """Find what is remembered of something."""
        found = await self._memory.search(await interaction_actor(interaction), words)
        await show_list(interaction, title=f"Remembered of “{words[:80]}”", lines=_lines(found))

    @app_commands.command()
    @app_commands.describe(memory="Begin to type what it was about")
    async def edit(self, interaction: Interaction, memory: MemoryOption) -> None:
        """Say how something really was."""
        await interaction.response.send_modal(MemoryForm(self._memory, memory))

    @app_commands.command()
    @app_commands.describe(memory="Begin to type what it was about")
    async def forget(self, interaction: Interaction, memory: MemoryOption) -> None:
        """Let one thing be forgotten."""
        await self._memory.forget(await interaction_actor(interaction), memory.id)
        await interaction.response.send_message("Forgotten.", ephemeral=True)

    @app_commands.command()
    @app_commands.describe(memory="Begin to type what it was about")
    async def lock(self, interaction: Interaction, memory: MemoryOption) -> None:
        """Keep a memory from being changed or forgotten, or unlock it."""
        locked = await self._memory.toggle_lock(await interaction_actor(interaction), memory.id)
        told = "Locked: it stays as it is." if locked else "Unlocked."
        await interaction.response.send_message(told, ephemeral=True)

    @app_commands.command()
    @app_commands.describe(personality="Only what this one remembers")
    async def purge(
        self, interaction: Interaction, personality: PersonalityOption | None = None
    ) -> None:
        """Let everything be forgotten that is not locked."""
        whom = discord.utils.escape_markdown(personality.name) if personality else "everybody"

        async def purge(pressed: AnyInteraction) -> None:
            actor = await interaction_actor(pressed)
            count = await self._memory.purge(actor, personality.id if personality else None)
            await pressed.response.edit_message(content=f"{count} memories are gone.", view=None)

        question = f"Shall **{whom}** forget everything about you that is not locked?"
        await confirm(interaction, question, label="Forget", do=purge)

    @app_commands.command()
    async def incognito(self, interaction: Interaction) -> None:
        """Have nothing you say written down, or end that."""
        on = await self._memory.toggle_incognito(await interaction_actor(interaction))
        told = (
            "Incognito: what you say is answered, but written down nowhere."
            if on
            else "What you say from now on is remembered again."
        )
        await interaction.response.send_message(told, ephemeral=True)


def _line(memory: Memory) -> str:
    return shorten(memory.content.replace("\n", " / "), 160)


def _lines(found: Sequence[tuple[Memory, str]]) -> list[str]:
    return [
        f"{'🔒 ' if memory.locked else ''}**{discord.utils.escape_markdown(name)}** "
        f"{discord.utils.format_dt(memory.created_at, 'R')}\n"
        f"{discord.utils.escape_markdown(_line(memory))}"
        for memory, name in found
    ]


async def setup(bot: Bot) -> None:
    """Load the cog."""
    await bot.add_cog(Memories(bot))
