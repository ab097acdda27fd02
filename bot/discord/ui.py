"""The bases of everything people press, and the four doors to `bot.discord.errors.report`."""

import asyncio
import gzip
import io
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self, TypeAlias, cast, final
from uuid import UUID

import discord
from discord import app_commands, ui
from discord.ui.select import BaseSelect
from typing_extensions import override

from bot.app.logs import INTERACTION
from bot.discord.errors import report, unwrap
from services.access import TooManyUploads
from services.errors import DomainError
from services.texts import printable, shorten

AnyInteraction: TypeAlias = discord.Interaction[Any]
Page: TypeAlias = Callable[[AnyInteraction], Awaitable[ui.LayoutView]]
PAGE = 10
_LIFETIME = 600  # seconds
_EMBED_LIMIT = 4096  # what Discord lets the text of an embed hold


def _make_printable(options: Iterable[dict[str, Any]]) -> None:
    """Take out of typed options what neither Discord nor a database accepts."""
    for option in options:
        if isinstance(value := option.get("value"), str):
            option["value"] = printable(value)
        _make_printable(option.get("options", ()))


class Tree(app_commands.CommandTree[Any]):
    """The tree of commands; failures are answered in words, and uploads are limited."""

    @override
    async def interaction_check(self, interaction: AnyInteraction, /) -> bool:
        INTERACTION.set(interaction.id)
        data = cast("dict[str, Any]", interaction.data or {})
        _make_printable(data.get("options", ()))
        # Not while an option is being typed, for which the files are sent along, too.
        is_command = interaction.type is discord.InteractionType.application_command
        is_upload = is_command and "attachments" in data.get("resolved", ())
        if is_upload and not await interaction.client.is_owner(interaction.user):
            try:
                interaction.client.services.uploads.count(interaction.user.id)
            except TooManyUploads as error:
                await report(interaction, error)
                return False
        return True

    @override
    async def on_error(
        self, interaction: AnyInteraction, error: app_commands.AppCommandError, /
    ) -> None:
        await report(interaction, error)


class _Personal(ui.view.BaseView):
    """Components of one person that live as long as the process, and for ten minutes at most."""

    _user_id: int
    message: discord.InteractionMessage | None

    @override
    async def interaction_check(self, interaction: AnyInteraction, /) -> bool:
        INTERACTION.set(interaction.id)
        if interaction.user.id == self._user_id:
            return True
        await interaction.response.send_message(
            "These buttons belong to someone else.", ephemeral=True
        )
        return False

    @override
    async def on_error(
        self, interaction: AnyInteraction, error: Exception, item: ui.Item[Any], /
    ) -> None:
        await report(interaction, error)

    @override
    async def on_timeout(self) -> None:
        for item in self.walk_children():
            if isinstance(item, (ui.Button, BaseSelect)):
                item.disabled = True
        if self.message is not None:
            try:
                await self.message.edit(view=cast("ui.View", self))
            except discord.HTTPException:
                return  # it was dismissed, or its token ran out


class View(_Personal, ui.View):
    """Buttons of one person below a text or an embed."""

    def __init__(self, user_id: int) -> None:
        super().__init__(timeout=_LIFETIME)
        self._user_id = user_id
        self.message = None


class Layout(_Personal, ui.LayoutView):
    """A message of one person that is made of components."""

    def __init__(self, user_id: int) -> None:
        super().__init__(timeout=_LIFETIME)
        self._user_id = user_id
        self.message = None


class SecretInput(ui.TextInput[ui.View]):
    """A field whose content is not shown again when its form is opened again."""


class Modal(ui.Modal):
    """A form; failures are answered in words, and what was typed can be changed then."""

    _page: Page | None = None
    _page_message_id: int | None = None

    async def open_from(self, page: Page, interaction: AnyInteraction) -> None:
        """Open the form from the page on which a button was pressed."""
        self._page = page
        self._page_message_id = interaction.message.id if interaction.message else None
        await interaction.response.send_modal(self)

    async def confirm_saved(self, interaction: AnyInteraction, text: str, **options: Any) -> None:
        """Say that it is saved; the page from which the form was opened shows what holds now."""
        message = interaction.message
        if self._page is None or message is None or message.id != self._page_message_id:
            await interaction.response.send_message(text, ephemeral=True, **options)
            return
        await interaction.response.edit_message(view=await self._page(interaction))
        await interaction.followup.send(text, ephemeral=True, **options)

    def ask(self, text: str, component: ui.Item[Any], description: str | None = None) -> None:
        """Add a field under its label, with a description of what is wanted."""
        self.add_item(ui.Label(text=text, component=component, description=description))

    @override
    async def interaction_check(self, interaction: AnyInteraction, /) -> bool:
        INTERACTION.set(interaction.id)
        return True

    @override
    async def on_error(self, interaction: AnyInteraction, error: Exception, /) -> None:
        if not isinstance(unwrap(error), DomainError):
            await report(interaction, error)
            return
        for item in self.walk_children():
            if isinstance(item, ui.TextInput) and not isinstance(item, SecretInput):
                item.default = item.value or None
            elif isinstance(item, ui.Select):
                for option in item.options:
                    option.default = option.value in item.values
        await report(interaction, error, view=_ReopenView(interaction.user.id, self))


class _ReopenView(View):
    """Opens a form again, with what was typed in it."""

    def __init__(self, user_id: int, form: Modal) -> None:
        super().__init__(user_id)
        self._form = form

    @ui.button(label="Change what I wrote", style=discord.ButtonStyle.secondary)
    async def reopen(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Open it; it can be closed and opened again."""
        await interaction.response.send_modal(self._form)


class PersistentButton(ui.DynamicItem[ui.Button[ui.View]], template=r"(?!)"):
    """A button that outlives the process: all its state is in the `custom_id`.

    `from_custom_id` only parses; what may be refused is checked in `press`.
    """

    async def press(self, interaction: AnyInteraction) -> None:
        """Do what the button is for."""
        raise NotImplementedError  # each button says what it does

    @final
    @override
    async def callback(self, interaction: AnyInteraction) -> None:
        INTERACTION.set(interaction.id)
        try:
            await self.press(interaction)
        except Exception as error:  # noqa: BLE001 - the last door
            await report(interaction, error)

    @classmethod
    @override
    async def from_custom_id(
        cls, interaction: AnyInteraction, item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls.of(match)

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        """Return the button that a `custom_id` describes."""
        raise NotImplementedError  # each button knows its own state


class ActionButton(PersistentButton, template=r"(?!)"):
    """A persistent button that does one of several things with something: `prefix:action:id`."""

    prefix: ClassVar[str]
    labels: ClassVar[Mapping[str, str]] = {}
    styles: ClassVar[Mapping[str, discord.ButtonStyle]] = {}

    def __init__(self, action: str, target_id: UUID) -> None:
        super().__init__(
            ui.Button(
                label=self.labels.get(action, "Edit"),
                style=self.styles.get(action, discord.ButtonStyle.secondary),
                custom_id=f"{self.prefix}:{action}:{target_id}",
            )
        )
        self.action, self.target_id = action, target_id

    @classmethod
    @override
    def of(cls, match: re.Match[str]) -> Self:
        return cls(match["action"], UUID(match["id"]))


class Pager(View):
    """Pages that one turns; a subclass draws them.

    The page is drawn anew each time, so that it is up to date.
    """

    def __init__(self, user_id: int) -> None:
        super().__init__(user_id)
        self.page = 0

    @property
    def page_count(self) -> int:
        """Return how many pages there are, at least one."""
        raise NotImplementedError  # each pager knows its own pages

    async def render(self) -> dict[str, Any]:
        """Return the open page as keyword arguments of an edited message, without the view."""
        raise NotImplementedError  # each pager draws its own pages

    async def open(self, interaction: AnyInteraction) -> None:
        """Show the first page as the answer to a command that was deferred."""
        await interaction.edit_original_response(**await self.rendered(), view=self)
        self.message = await interaction.original_response()

    async def rendered(self) -> dict[str, Any]:
        """Return the open page, with the buttons as they are on it."""
        page = await self.render()
        self.page = min(max(self.page, 0), self.page_count - 1)
        self.back.disabled = self.page == 0
        self.forward.disabled = self.page == self.page_count - 1
        return page

    async def turn(self, interaction: AnyInteraction, step: int = 0) -> None:
        """Turn so many pages, or draw the open one again."""
        self.page = min(max(self.page + step, 0), self.page_count - 1)
        await interaction.response.defer()
        await interaction.edit_original_response(**await self.rendered(), view=self)

    @ui.button(label="Back", style=discord.ButtonStyle.secondary, row=1)
    async def back(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Turn a page back."""
        await self.turn(interaction, -1)

    @ui.button(label="Next", style=discord.ButtonStyle.secondary, row=1)
    async def forward(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Turn a page."""
        await self.turn(interaction, 1)


class ListPager(Pager):
    """A list of lines, ten to a page."""

    def __init__(
        self, user_id: int, *, title: str, lines: Sequence[str], footer: str = "", empty: str = ""
    ) -> None:
        super().__init__(user_id)
        self._title, self._lines, self._footer = title, lines, footer
        self._empty = f"*Nothing yet.* {empty}".rstrip()

    @property
    @override
    def page_count(self) -> int:
        return max(1, -(-len(self._lines) // PAGE))

    @override
    async def render(self) -> dict[str, Any]:
        lines = self._lines[self.page * PAGE : (self.page + 1) * PAGE]
        text = shorten("\n".join(lines), _EMBED_LIMIT) or self._empty
        embed = discord.Embed(title=self._title, description=text)
        count = self.page_count
        pages = f"Page {self.page + 1} of {count}" if count > 1 else ""
        embed.set_footer(text=" · ".join(part for part in (self._footer, pages) if part) or None)
        return {"embed": embed}


async def show_list(
    interaction: AnyInteraction,
    *,
    title: str,
    lines: Sequence[str],
    footer: str = "",
    empty: str = "",
) -> None:
    """Answer with a list that only the asker sees, in pages where it is long.

    `empty` is the next step where there is nothing to list.
    """
    pager = ListPager(interaction.user.id, title=title, lines=lines, footer=footer, empty=empty)
    page = await pager.rendered()
    if len(lines) <= PAGE:
        await interaction.response.send_message(**page, ephemeral=True)
        return
    await interaction.response.send_message(**page, view=pager, ephemeral=True)
    pager.message = await interaction.original_response()


async def to_file(interaction: AnyInteraction, data: bytes, name: str) -> discord.File:
    """Return data as a file, compressed by gzip if Discord would not take it else."""
    if len(data) > interaction.filesize_limit:
        data, name = await asyncio.to_thread(gzip.compress, data), f"{name}.gz"
    return discord.File(io.BytesIO(data), filename=name)


class ActionView(View):
    """Offers one thing to do."""

    def __init__(
        self, user_id: int, *, label: str, do: Callable[[AnyInteraction], Awaitable[None]]
    ) -> None:
        super().__init__(user_id)
        self._do = do
        self.act.label = label

    @ui.button(style=discord.ButtonStyle.secondary)
    async def act(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Do it, once."""
        await self._do(interaction)
        self.stop()


class ConfirmView(View):
    """Asks before something that cannot be undone, or that costs."""

    def __init__(
        self,
        user_id: int,
        *,
        label: str,
        do: Callable[[AnyInteraction], Awaitable[None]],
        style: discord.ButtonStyle,
    ) -> None:
        super().__init__(user_id)
        self._do = do
        self.yes.label, self.yes.style = label, style

    @ui.button()
    async def yes(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Do it; what is refused can be mended, and tried again."""
        await self._do(interaction)
        self.stop()

    @ui.button(label="Cancel", style=discord.ButtonStyle.secondary)
    async def no(self, interaction: AnyInteraction, _: ui.Button[Self]) -> None:
        """Leave it."""
        self.stop()
        await interaction.response.edit_message(content="Nothing was changed.", view=None)


async def confirm(
    interaction: AnyInteraction,
    question: str,
    *,
    label: str,
    do: Callable[[AnyInteraction], Awaitable[None]],
    style: discord.ButtonStyle = discord.ButtonStyle.danger,
) -> None:
    """Ask whether to do something; `do` answers by editing the question."""
    view = ConfirmView(interaction.user.id, label=label, do=do, style=style)
    await interaction.response.send_message(question, view=view, ephemeral=True)
    view.message = await interaction.original_response()
