"""A memory or a fact, with buttons to correct, forget, pin and lock it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, Self
from uuid import UUID

import discord
from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.buttons.lore import show_entry
from bot.discord.converters import interaction_actor
from bot.discord.ui import (
    PAGE,
    ActionButton,
    AnyInteraction,
    ListPager,
    Modal,
    View,
)
from services.memory import (
    MAX_STATEMENT,
    Fact,
    Memory,
    MemoryService,
    OwnFact,
)
from services.texts import on_one_line, shorten

_MAX_FIELD_LABEL = 45
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


class FactForm(Modal, title="Correct what is known of you"):
    """Form to correct a fact."""

    def __init__(self, service: MemoryService, fact: Fact) -> None:
        super().__init__()
        self._service, self._fact_id = service, fact.id
        self.statement = ui.TextInput[Self](
            custom_id="statement", max_length=MAX_STATEMENT, default=fact.statement
        )
        self.ask(shorten(fact.subject, _MAX_FIELD_LABEL), self.statement)

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        actor = await interaction_actor(interaction)
        await self._service.edit_fact(actor, self._fact_id, self.statement.value)
        await interaction.response.send_message("Corrected.", ephemeral=True)


class FactButton(
    ActionButton, template=r"fact:(?P<action>edit|forget|settle):(?P<id>[0-9a-f-]{36})"
):
    """Does something with what is known of whoever presses it."""

    prefix = "fact"
    labels: ClassVar = {"edit": "Correct", "forget": "Forget", "settle": "This is right"}
    styles: ClassVar = {"forget": discord.ButtonStyle.danger}

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        memories: MemoryService = interaction.client.services.memory
        actor = await interaction_actor(interaction)
        match self.action:
            case "edit":
                own = await memories.get_fact(actor, self.target_id)
                await interaction.response.send_modal(FactForm(memories, own.fact))
            case "forget":
                await memories.forget_fact(actor, self.target_id)
                await interaction.response.edit_message(
                    content="Forgotten, with what was said of it.", embed=None, view=None
                )
            case _:
                await memories.settle_fact(actor, self.target_id)
                own = await memories.get_fact(actor, self.target_id)
                await interaction.response.edit_message(**_shown_fact(own))


def _shown_fact(own: OwnFact) -> dict[str, Any]:
    embed = discord.Embed(
        title=f"{shorten(own.personality, 100)} knows of you",
        description=_fact_line(own),
        timestamp=own.fact.since,
    )
    view = ui.View(timeout=None)
    for action in ("settle", "edit", "forget") if own.is_contradicted else ("edit", "forget"):
        view.add_item(FactButton(action, own.fact.id))
    return {"embed": embed, "view": view}


async def show_fact(interaction: AnyInteraction, fact_id: UUID) -> None:
    """Show what is known of whoever asks, with what can be done with it.

    Raises:
        FactNotFound: It is not about them, or was deleted.
    """
    memories: MemoryService = interaction.client.services.memory
    own = await memories.get_fact(await interaction_actor(interaction), fact_id)
    await interaction.response.send_message(**_shown_fact(own), ephemeral=True)


def _fact_line(own: OwnFact) -> str:
    fact = own.fact
    text = discord.utils.escape_markdown(own.text)
    since = discord.utils.format_dt(fact.since, "d")
    if own.ended_at is not None:
        return f"~~{text}~~ ({since} – {discord.utils.format_dt(own.ended_at, 'd')})"
    doubt = " ❓ *something else was said of it, too*" if own.is_contradicted else ""
    return f"{text} (since {since}){doubt}"


class _Menu(ui.Select[Any]):
    """Lets one choose one of some memories or facts, given as ids and texts."""

    def __init__(
        self,
        choices: Sequence[tuple[UUID, str]],
        show: Callable[[AnyInteraction, UUID], Awaitable[None]],
        *,
        placeholder: str,
    ) -> None:
        options = [
            discord.SelectOption(
                label=shorten(on_one_line(text), _MAX_LABEL) or "…", value=str(choice)
            )
            for choice, text in choices[:_MAX_OPTIONS]
        ]
        super().__init__(placeholder=placeholder, options=options)
        self._show = show

    @override
    async def callback(self, interaction: AnyInteraction) -> None:
        await self._show(interaction, UUID(self.values[0]))


def memory_menu(memories: Sequence[tuple[UUID, str]]) -> _Menu:
    """Return a menu of memories, given as ids and texts."""
    return _Menu(memories, show_memory, placeholder="Correct, forget or pin a memory")


def _fact_menu(facts: Sequence[tuple[UUID, str]]) -> _Menu:
    return _Menu(facts, show_fact, placeholder="Correct or forget what is known of you")


def _lore_menu(entries: Sequence[tuple[UUID, str]]) -> _Menu:
    return _Menu(entries, show_entry, placeholder="Correct or forget an entry of lore")


class MemoryMenu(View):
    """Lets one choose a memory, a fact or an entry of lore, to correct or forget it."""

    @classmethod
    def of(
        cls, user_id: int, provenance: Mapping[str, Any], lore: Sequence[tuple[UUID, str]]
    ) -> Self | None:
        """Return the menus of what is the user's own of an answer, or None without any.

        `lore` are the entries that they may change, by their ids, with texts.
        """
        view = cls(user_id)
        for name, menu in (("memories", memory_menu), ("facts", _fact_menu)):
            own = [
                (UUID(each["id"]), str(each["content"]))
                for each in provenance.get(name, ())
                if each.get("is_own")
            ]
            if own:
                view.add_item(menu(own))
        if lore:
            view.add_item(_lore_menu(lore))
        return view if view.children else None


class MenuPager(ListPager):
    """Pages of lines, with a menu of what the open page shows."""

    def __init__(
        self,
        user_id: int,
        choices: Sequence[tuple[UUID, str]],
        menu: Callable[[Sequence[tuple[UUID, str]]], _Menu],
        **options: Any,
    ) -> None:
        super().__init__(user_id, **options)
        self._choices, self._make_menu = choices, menu
        self._menu: ui.Item[Any] | None = None

    @property
    def is_filled(self) -> bool:
        """Whether there is anything to choose."""
        return bool(self._choices)

    @override
    async def rendered(self) -> dict[str, Any]:
        page = await super().rendered()
        if self._menu is not None:
            self.remove_item(self._menu)
        if shown := self._choices[self.page * PAGE : (self.page + 1) * PAGE]:
            self._menu = self._make_menu(shown)
            self.add_item(self._menu)
        return page


def memory_line(listed: tuple[Memory, str]) -> str:
    """Return a memory in a list, with whose it is and since when."""
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
    choices = [(memory.id, memory.content) for memory, _ in memories]
    lines = list(map(memory_line, memories))
    await _show(
        interaction, MenuPager(interaction.user.id, choices, memory_menu, lines=lines, **options)
    )


async def show_facts(interaction: AnyInteraction, facts: Sequence[OwnFact], **options: Any) -> None:
    """Answer with a list of facts that only the asker sees; `options` are those of a list."""
    choices = [(each.fact.id, each.text) for each in facts]
    lines = [
        f"**{discord.utils.escape_markdown(each.personality)}** {_fact_line(each)}"
        for each in facts
    ]
    await _show(
        interaction, MenuPager(interaction.user.id, choices, _fact_menu, lines=lines, **options)
    )


async def _show(interaction: AnyInteraction, pager: MenuPager) -> None:
    page = await pager.rendered()
    if not pager.is_filled:
        await interaction.response.send_message(**page, ephemeral=True)
        return
    if pager.page_count == 1:
        pager.remove_item(pager.back).remove_item(pager.forward)
    await interaction.response.send_message(**page, view=pager, ephemeral=True)
    pager.message = await interaction.original_response()
