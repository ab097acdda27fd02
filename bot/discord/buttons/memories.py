"""A memory, with buttons to correct, forget, pin and lock it."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self
from uuid import UUID

import discord
from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.converters import interaction_actor
from bot.discord.ui import PAGE, ActionButton, AnyInteraction, ListPager, Modal, View
from services.memory import Memory, MemoryService
from services.texts import on_one_line, shorten

_MAX_OPTIONS, _MAX_LABEL, _MAX_LINE, _MAX_SHOWN = 25, 100, 160, 4000


class MemoryForm(Modal, title="Correct a memory"):
    """Form to correct a memory."""

    def __init__(self, service: MemoryService, memory: Memory) -> None:
        super().__init__()
        self._service, self._memory_id = service, memory.id
        self.content = ui.TextInput[Self](
            custom_id="content", style=TextStyle.long, max_length=4000, default=memory.content
        )
        self.ask("Memory", self.content)

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        actor = await interaction_actor(interaction)
        await self._service.edit(actor, self._memory_id, self.content.value)
        await interaction.response.send_message("Corrected.", ephemeral=True)


class MemoryButton(
    ActionButton, template=r"memory:(?P<action>edit|forget|pin|lock):(?P<id>[0-9a-f-]{36})"
):
    """Does something with a memory of whoever presses it."""

    prefix = "memory"
    labels: ClassVar = {"edit": "Correct", "forget": "Forget"}
    styles: ClassVar = {"forget": discord.ButtonStyle.danger}

    def __init__(self, action: str, target_id: UUID, label: str = "") -> None:
        super().__init__(action, target_id)
        if label:
            self.item.label = label

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        memories: MemoryService = interaction.client.services.memory
        actor = await interaction_actor(interaction)
        match self.action:
            case "edit":
                memory = await memories.get(actor, self.target_id)
                await interaction.response.send_modal(MemoryForm(memories, memory))
            case "forget":
                await memories.forget(actor, self.target_id)
                await interaction.response.edit_message(
                    content="Forgotten, with what was said of it.", embed=None, view=None
                )
            case "pin":
                await memories.toggle_pin(actor, self.target_id)
                await _show_again(interaction, self.target_id)
            case _:
                await memories.toggle_lock(actor, self.target_id)
                await _show_again(interaction, self.target_id)


def marks(memory: Memory) -> str:
    """Return the signs of a memory that is locked or pinned."""
    return f"{'🔒 ' if memory.locked else ''}{'📌 ' if memory.is_pinned else ''}"


def _shown(memory: Memory) -> dict[str, Any]:
    text = discord.utils.escape_markdown(shorten(memory.content, _MAX_SHOWN))
    embed = discord.Embed(
        title=f"{marks(memory)}A memory of you", description=text, timestamp=memory.created_at
    )
    view = ui.View(timeout=None)
    for action, label in {
        "edit": "Correct",
        "forget": "Forget",
        "pin": "Unpin" if memory.is_pinned else "Pin",
        "lock": "Unlock" if memory.locked else "Lock",
    }.items():
        view.add_item(MemoryButton(action, memory.id, label))
    return {"embed": embed, "view": view}


async def _show_again(interaction: AnyInteraction, memory_id: UUID) -> None:
    memories: MemoryService = interaction.client.services.memory
    memory = await memories.get(await interaction_actor(interaction), memory_id)
    await interaction.response.edit_message(**_shown(memory))


async def show_memory(interaction: AnyInteraction, memory_id: UUID) -> None:
    """Show a memory of whoever asks, with what can be done with it.

    Raises:
        MemoryNotFound: It is not theirs, or was deleted.
    """
    memories: MemoryService = interaction.client.services.memory
    memory = await memories.get(await interaction_actor(interaction), memory_id)
    await interaction.response.send_message(**_shown(memory), ephemeral=True)


class _Menu(ui.Select[Any]):
    """Lets one choose one of some memories, given as ids and texts."""

    def __init__(self, memories: Sequence[tuple[UUID, str]]) -> None:
        options = [
            discord.SelectOption(
                label=shorten(on_one_line(text), _MAX_LABEL) or "…", value=str(memory_id)
            )
            for memory_id, text in memories[:_MAX_OPTIONS]
        ]
        super().__init__(placeholder="Correct, forget or pin a memory", options=options)

    @override
    async def callback(self, interaction: AnyInteraction) -> None:
        await show_memory(interaction, UUID(self.values[0]))


class MemoryMenu(View):
    """Lets one choose one of the memories of an answer, to correct or forget it."""

    def __init__(self, user_id: int, memories: Sequence[tuple[UUID, str]]) -> None:
        super().__init__(user_id)
        self.add_item(_Menu(memories))

    @classmethod
    def of(cls, user_id: int, used: Sequence[Mapping[str, Any]]) -> Self | None:
        """Return the menu of those that are the user's own, or None without any."""
        own = [(UUID(each["id"]), str(each["content"])) for each in used if each.get("is_own")]
        return cls(user_id, own) if own else None


class MemoryPager(ListPager):
    """Pages of memories, with a menu of those on the open page."""

    def __init__(
        self, user_id: int, memories: Sequence[tuple[Memory, str]], **options: Any
    ) -> None:
        super().__init__(user_id, lines=list(map(_line, memories)), **options)
        self._memories = [(memory.id, memory.content) for memory, _ in memories]
        self._menu: ui.Item[Any] | None = None

    @override
    async def rendered(self) -> dict[str, Any]:
        page = await super().rendered()
        if self._menu is not None:
            self.remove_item(self._menu)
        if shown := self._memories[self.page * PAGE : (self.page + 1) * PAGE]:
            self._menu = _Menu(shown)
            self.add_item(self._menu)
        return page


def _line(listed: tuple[Memory, str]) -> str:
    memory, name = listed
    text = shorten(memory.content.replace("\n", " / "), _MAX_LINE)
    return (
        f"{marks(memory)}**{discord.utils.escape_markdown(name)}** "
        f"{discord.utils.format_dt(memory.created_at, 'R')}\n"
        f"{discord.utils.escape_markdown(text)}"
    )


async def show_memories(
    interaction: AnyInteraction, memories: Sequence[tuple[Memory, str]], **options: Any
) -> None:
    """Answer with a list of memories that only the asker sees; `options` are those of a list."""
    pager = MemoryPager(interaction.user.id, memories, **options)
    page = await pager.rendered()
    if not memories:
        await interaction.response.send_message(**page, ephemeral=True)
        return
    if pager.page_count == 1:
        pager.remove_item(pager.back).remove_item(pager.forward)
    await interaction.response.send_message(**page, view=pager, ephemeral=True)
    pager.message = await interaction.original_response()
