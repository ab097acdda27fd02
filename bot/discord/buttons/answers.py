"""The button below each answer, and the panel that it opens."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Self, TypeAlias
from uuid import UUID

import discord
from discord import TextStyle, ui
from typing_extensions import override

from bot.app.services import Services
from bot.discord.buttons.memories import MemoryMenu
from bot.discord.buttons.turns import turns_view
from bot.discord.converters import interaction_actor, to_channel
from bot.discord.embeds.provenance import provenance_embed
from bot.discord.message_parts import to_attachment
from bot.discord.ui import AnyInteraction, Modal, PersistentButton
from services.chat import MAX_HINT, AnswerRights, AnswerService, Page
from services.photos import ImportOutcome

# What is turned: first words, or takes of an answer.
_PAGE, _TAKE = "page", "take"
_ID = r"(?P<id>[0-9a-f-]{36})"


def answers_of(interaction: AnyInteraction) -> AnswerService:
    """Return the service for answers."""
    return interaction.client.services.answers


def answer_view(line_id: UUID, page: Page | None = None) -> ui.View:
    """Return the view below an answer; of several pages, with buttons to turn them."""
    view = ui.View(timeout=None)
    if page is not None and page.count > 1:
        kind = _TAKE if page.is_take else _PAGE
        turns = (
            (page.index - 1, "◀", page.index == 0),
            (page.index, f"{page.index + 1}/{page.count}", True),
            (page.index + 1, "▶", page.index == page.count - 1),
        )
        for index, label, is_off in turns:
            view.add_item(TurnButton(line_id, kind, index, label=label, disabled=is_off))
    return view.add_item(MoreButton(line_id))


def stop_view(line_id: UUID) -> ui.View:
    """Return the view below an answer that is still being written."""
    return ui.View(timeout=None).add_item(StopButton(line_id))


def has_stop_button(message: discord.Message, line_id: UUID) -> bool:
    """Whether a message is the beginning of an answer."""
    return _has_button(message, StopButton(line_id))


def has_answer_button(message: discord.Message, line_id: UUID) -> bool:
    """Whether a message is the whole answer of a line, or its picture."""
    return _has_button(message, MoreButton(line_id))


def _has_button(message: discord.Message, button: PersistentButton) -> bool:
    custom_id = button.custom_id
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


class TurnButton(
    PersistentButton, template=rf"(?P<kind>{_PAGE}|{_TAKE}):(?P<index>-?\d{{1,4}}):{_ID}"
):
    """Turns first words to others, or an answer to another take."""

    def __init__(
        self, line_id: UUID, kind: str, index: int, *, label: str = "", disabled: bool = False
    ) -> None:
        super().__init__(
            ui.Button(label=label, disabled=disabled, custom_id=f"{kind}:{index}:{line_id}")
        )
        self._line_id, self._kind, self._index = line_id, kind, index

    @classmethod
    @override
    def of(cls, match: re.Match[str]) -> Self:
        return cls(UUID(match["id"]), match["kind"], int(match["index"]))

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        await interaction.response.defer()
        services = interaction.client.services
        turn = services.answers.turn if self._kind == _TAKE else services.greetings.turn
        actor = await interaction_actor(interaction)
        await turn(actor, _channel(interaction), self._line_id, self._index)


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
        await show_panel(interaction, self._line_id)


async def show_panel(interaction: AnyInteraction, line_id: UUID) -> None:
    """Show what whoever asks may do with an answer."""
    rights = await answers_of(interaction).rights(await interaction_actor(interaction), line_id)
    view = ui.View(timeout=None)
    for action in _actions(rights):
        view.add_item(ActionButton(action, line_id))
    text = "This picture:" if rights.is_picture else "This answer:"
    await interaction.response.send_message(text, view=view, ephemeral=True)


class ActionButton(PersistentButton, template=rf"answer:(?P<action>[a-z]+):{_ID}"):
    """An action on an answer."""

    def __init__(self, action: str, line_id: UUID) -> None:
        label, style, _ = ACTIONS[action]
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
        _, _, act = ACTIONS[self._action]
        await act(interaction, self._line_id)


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


class RewriteAnswer(Modal, title="Rewrite the answer"):
    """Asks what should be different."""

    def __init__(self, line_id: UUID) -> None:
        super().__init__()
        self._line_id = line_id
        self.hint = ui.TextInput[Self](
            custom_id="hint", style=TextStyle.long, max_length=MAX_HINT, placeholder="shorter, sad…"
        )
        self.ask("What should be different?", self.hint)

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await answers_of(interaction).regenerate(
            await interaction_actor(interaction),
            _channel(interaction),
            self._line_id,
            hint=self.hint.value,
        )
        await interaction.followup.send("The answer was written again.", ephemeral=True)


async def regenerate(interaction: AnyInteraction, line_id: UUID) -> None:
    """Regenerate an answer."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    answers = answers_of(interaction)
    await answers.regenerate(await interaction_actor(interaction), _channel(interaction), line_id)
    await interaction.followup.send("The answer was regenerated.", ephemeral=True)


async def rewrite(interaction: AnyInteraction, line_id: UUID) -> None:
    """Open the form that asks what should be different in an answer."""
    await answers_of(interaction).text(await interaction_actor(interaction), line_id)
    await interaction.response.send_modal(RewriteAnswer(line_id))


async def go_on(interaction: AnyInteraction, line_id: UUID) -> None:
    """Let a personality go on with an answer."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    answers = answers_of(interaction)
    await answers.go_on(await interaction_actor(interaction), _channel(interaction), line_id)
    await interaction.followup.send("The answer goes on.", ephemeral=True)


async def play_on(interaction: AnyInteraction, line_id: UUID) -> None:
    """Ask how often those who are here play on."""
    await answers_of(interaction).text(await interaction_actor(interaction), line_id)
    text = "How often do they go on, without anybody else?"
    await interaction.response.send_message(text, view=turns_view(), ephemeral=True)


async def rate(interaction: AnyInteraction, line_id: UUID, *, is_liked: bool) -> None:
    """Store what somebody thinks of an answer."""
    actor = await interaction_actor(interaction)
    await answers_of(interaction).rate(actor, line_id, is_liked=is_liked)
    text = f"{'👍' if is_liked else '👎'} Noted. The maker sees how many, not whose."
    await interaction.response.send_message(text, ephemeral=True)


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


async def keep(interaction: AnyInteraction, line_id: UUID) -> None:
    """Put a picture into the photo library of who has sent it."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    services: Services = interaction.client.services
    actor = await interaction_actor(interaction)
    picture = await services.answers.picture(actor, line_id)
    channel: Any = interaction.channel
    message: discord.Message = await channel.fetch_message(picture.message_id)
    sources = [
        source
        for each in message.attachments
        for source in await services.photos.unpack(to_attachment(each))
    ]
    kept = [
        each
        async for each in services.photos.add(
            actor, picture.personality_id, sources, is_ai_generated=True
        )
    ]
    for each in kept:
        if each.outcome is ImportOutcome.ADDED and each.photo is not None:
            await services.photos.set_alt_text(actor, each.photo.id, picture.subject)
    is_kept = any(each.photo is not None for each in kept)
    text = "It is in the library: `/photos list`." if is_kept else "It is gone, or no photo."
    await interaction.followup.send(text, ephemeral=True)


async def explain_why(interaction: AnyInteraction, line_id: UUID) -> None:
    """Show the provenance of an answer."""
    actor = await interaction_actor(interaction)
    answer = await answers_of(interaction).why(actor, line_id)
    used = [UUID(each["id"]) for each in answer.provenance.get("lore", ()) if "id" in each]
    lore = await interaction.client.services.lore.changeable(actor, used)
    menu = MemoryMenu.of(interaction.user.id, answer.provenance, lore)
    view, embed = menu or discord.utils.MISSING, provenance_embed(answer)
    await interaction.response.send_message(embed=embed, view=view, ephemeral=True)
    if menu is not None:
        menu.message = await interaction.original_response()


Action: TypeAlias = Callable[[AnyInteraction, UUID], Awaitable[None]]
ACTIONS: dict[str, tuple[str, discord.ButtonStyle, Action]] = {
    "regenerate": ("Regenerate", discord.ButtonStyle.primary, regenerate),
    "rewrite": ("Rewrite with a hint", discord.ButtonStyle.secondary, rewrite),
    "continue": ("Continue", discord.ButtonStyle.secondary, go_on),
    "play": ("Go on…", discord.ButtonStyle.secondary, play_on),
    "edit": ("Edit", discord.ButtonStyle.secondary, edit),
    "delete": ("Delete", discord.ButtonStyle.danger, delete),
    "why": ("Why this reply?", discord.ButtonStyle.secondary, explain_why),
    "like": ("👍", discord.ButtonStyle.secondary, partial(rate, is_liked=True)),
    "dislike": ("👎", discord.ButtonStyle.secondary, partial(rate, is_liked=False)),
    "keep": ("Keep in the library", discord.ButtonStyle.primary, keep),
}


def _actions(rights: AnswerRights) -> list[str]:
    """Return what somebody may do with an answer."""
    if not rights.is_picture:
        return [each for each in ACTIONS if each != "keep"]
    return [
        *(["keep"] if rights.may_keep else []),
        *(["delete", "why"] if rights.may_change else []),
    ]


def _channel(interaction: AnyInteraction) -> Any:
    return to_channel(interaction.channel, interaction.guild)
