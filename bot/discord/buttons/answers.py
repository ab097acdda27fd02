"""The button below each answer, and the panel that it opens."""

import re
from typing import Any, Self
from uuid import UUID

import discord
from discord import TextStyle, ui
from typing_extensions import override

from bot.discord.converters import interaction_actor, to_channel
from bot.discord.ui import AnyInteraction, Modal, PersistentButton
from services.chat import AnswerService, Page, Provenance
from services.texts import shorten

_MAX_FIELD = 1024  # Discord's limit for a field of an embed
_ID = r"(?P<id>[0-9a-f-]{36})"


def answers_of(interaction: AnyInteraction) -> AnswerService:
    """Return the service for answers."""
    return interaction.client.services.answers


def answer_view(line_id: UUID, page: Page | None = None) -> ui.View:
    """Return the view below an answer; of several pages, with buttons to turn them."""
    view = ui.View(timeout=None)
    if page is not None and page.count > 1:
        view.add_item(TurnButton(line_id, page.index - 1, label="◀", disabled=page.index == 0))
        number = f"{page.index + 1}/{page.count}"
        view.add_item(TurnButton(line_id, page.index, label=number, disabled=True))
        is_last = page.index == page.count - 1
        view.add_item(TurnButton(line_id, page.index + 1, label="▶", disabled=is_last))
    return view.add_item(MoreButton(line_id))


def stop_view(line_id: UUID) -> ui.View:
    """Return the view below an answer that is still being written."""
    return ui.View(timeout=None).add_item(StopButton(line_id))


def has_stop_button(message: discord.Message, line_id: UUID) -> bool:
    """Whether a message is the beginning of an answer."""
    custom_id = StopButton(line_id).custom_id
    return any(
        getattr(each, "custom_id", None) == custom_id
        for row in message.components
        for each in getattr(row, "children", ())
    )


class StopButton(PersistentButton, template=rf"stop:{_ID}"):
    """Stops an answer that is being written, for whoever asked and for moderators."""

    def __init__(self, line_id: UUID) -> None:
        super().__init__(ui.Button(label="✕", custom_id=f"stop:{line_id}"))
        self._line_id = line_id

    @classmethod
    @override
    def of(cls, match: re.Match[str]) -> Self:
        return cls(UUID(match["id"]))

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        actor = await interaction_actor(interaction)
        has_text = interaction.client.services.chat.stop(actor, self._line_id)
        if not has_text:
            await interaction.response.send_message("Stopped.", ephemeral=True)
            return
        view = ui.View(timeout=None).add_item(ActionButton("delete", self._line_id))
        text = "Stopped. What is there stays, unless you delete it."
        await interaction.response.send_message(text, view=view, ephemeral=True)


class TurnButton(PersistentButton, template=rf"page:(?P<index>-?\d{{1,4}}):{_ID}"):
    """Turns first words to others."""

    def __init__(
        self, line_id: UUID, index: int, *, label: str = "", disabled: bool = False
    ) -> None:
        super().__init__(
            ui.Button(label=label, disabled=disabled, custom_id=f"page:{index}:{line_id}")
        )
        self._line_id, self._index = line_id, index

    @classmethod
    @override
    def of(cls, match: re.Match[str]) -> Self:
        return cls(UUID(match["id"]), int(match["index"]))

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        await interaction.response.defer()
        await interaction.client.services.greetings.turn(
            await interaction_actor(interaction), _channel(interaction), self._line_id, self._index
        )


class MoreButton(PersistentButton, template=rf"answer:{_ID}"):
    """Opens the panel of an answer for the user who presses it."""

    def __init__(self, line_id: UUID) -> None:
        super().__init__(ui.Button(label="⋯", custom_id=f"answer:{line_id}"))
        self._line_id = line_id

    @classmethod
    @override
    def of(cls, match: re.Match[str]) -> Self:
        return cls(UUID(match["id"]))

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        await answers_of(interaction).text(await interaction_actor(interaction), self._line_id)
        view = ui.View(timeout=None)
        for action in ACTIONS:
            view.add_item(ActionButton(action, self._line_id))
        await interaction.response.send_message("This answer:", view=view, ephemeral=True)


class ActionButton(PersistentButton, template=rf"answer:(?P<action>[a-z]+):{_ID}"):
    """An action on an answer."""

    def __init__(self, action: str, line_id: UUID) -> None:
        label, style = ACTIONS[action]
        super().__init__(
            ui.Button(label=label, style=style, custom_id=f"answer:{action}:{line_id}")
        )
        self._action, self._line_id = action, line_id

    @classmethod
    @override
    def of(cls, match: re.Match[str]) -> Self:
        return cls(match["action"], UUID(match["id"]))

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        match self._action:
            case "regenerate":
                await regenerate(interaction, self._line_id)
            case "edit":
                await edit(interaction, self._line_id)
            case "delete":
                await delete(interaction, self._line_id)
            case _:
                await explain_why(interaction, self._line_id)


ACTIONS: dict[str, tuple[str, discord.ButtonStyle]] = {
    "regenerate": ("Regenerate", discord.ButtonStyle.primary),
    "edit": ("Edit", discord.ButtonStyle.secondary),
    "delete": ("Delete", discord.ButtonStyle.danger),
    "why": ("Why this reply?", discord.ButtonStyle.secondary),
}


class EditAnswer(Modal, title="Edit the answer"):
    """Asks for a new text of an answer."""

    def __init__(self, line_id: UUID, text: str) -> None:
        super().__init__()
        self._line_id = line_id
        self.text = ui.TextInput[Self](
            custom_id="text", style=TextStyle.long, default=text[:4000], max_length=4000
        )
        self.ask("Answer", self.text)

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await answers_of(interaction).edit(
            await interaction_actor(interaction),
            _channel(interaction),
            self._line_id,
            self.text.value,
        )
        await interaction.followup.send("Changed.", ephemeral=True)


async def regenerate(interaction: AnyInteraction, line_id: UUID) -> None:
    """Regenerate an answer."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    answers = answers_of(interaction)
    await answers.regenerate(await interaction_actor(interaction), _channel(interaction), line_id)
    await interaction.followup.send("The answer was regenerated.", ephemeral=True)


async def edit(interaction: AnyInteraction, line_id: UUID) -> None:
    """Open the form to edit an answer."""
    text = await answers_of(interaction).text(await interaction_actor(interaction), line_id)
    await interaction.response.send_modal(EditAnswer(line_id, text))


async def delete(interaction: AnyInteraction, line_id: UUID) -> None:
    """Delete an answer."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    await answers_of(interaction).delete(
        await interaction_actor(interaction), _channel(interaction), line_id
    )
    await interaction.followup.send("The answer was deleted and forgotten.", ephemeral=True)


async def explain_why(interaction: AnyInteraction, line_id: UUID) -> None:
    """Show the provenance of an answer."""
    answer = await answers_of(interaction).why(await interaction_actor(interaction), line_id)
    await interaction.response.send_message(embed=_provenance_embed(answer), ephemeral=True)


def _channel(interaction: AnyInteraction) -> Any:
    return to_channel(interaction.channel, interaction.guild)


def _provenance_embed(answer: Provenance) -> discord.Embed:
    provenance = answer.provenance
    embed = discord.Embed(title=f"Why {answer.name} said that")
    embed.add_field(name="Model", value=f"`{provenance.get('model', 'unknown')}`")
    embed.add_field(name="Config", value=_with_source(provenance, "config"))
    embed.add_field(name="Persona", value=_with_source(provenance, "persona"))
    embed.add_field(name="Personality", value=f"version {provenance.get('version', '?')}")
    embed.add_field(
        name="Tokens",
        value=f"{provenance.get('tokens_in', 0):,} read "
        f"({provenance.get('tokens_cached', 0):,} cached), "
        f"{provenance.get('tokens_out', 0):,} written",
    )
    cost = provenance.get("cost_usd")
    spent = f"${cost:.6f}" if cost else "nothing"
    embed.add_field(name="Cost", value="unknown" if cost is None else spent)
    memories = provenance.get("memories") or ()
    memory_lines = "\n".join(
        f"- ({memory['score']:.2f}) {shorten(memory['content'].replace(chr(10), ' / '), 150)}"
        for memory in memories
    )
    embed.add_field(name="Memories used", value=memory_lines[:1024] or "none", inline=False)
    if lore := provenance.get("lore"):
        lines = "\n".join(map(_lore_line, lore))
        embed.add_field(name="Lore used", value=shorten(lines, _MAX_FIELD), inline=False)
    return embed


def _lore_line(entry: dict[str, Any]) -> str:
    name, book = (discord.utils.escape_markdown(entry[each]) for each in ("entry", "book"))
    key = discord.utils.escape_markdown(shorten(entry["key"], 60))
    why = f"“{key}”" if key else entry["reason"]
    return f"- **{name}** of {book}: {why}, {entry['tokens']:,} tokens"


def _with_source(provenance: dict[str, Any], name: str) -> str:
    source = provenance.get(f"{name}_source", "nobody")
    return f"{provenance.get(name, 'unknown')}\n*chosen by {source}*"
