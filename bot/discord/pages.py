"""Pages: a message of components with a part for everything that can be changed of something."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.discord.ui import ActionButton
from services.texts import on_one_line, shorten

_MAX_PARTS = 12
_EMPTY = "*Nothing yet.*"


@dataclass(frozen=True)
class PagePart:
    """A part of a page: its label, what is there, and the button that opens it."""

    label: str
    text: str
    button: ActionButton


def page_view(
    heading: str, parts: Sequence[PagePart], *, thumbnail: str | None = None
) -> ui.LayoutView:
    """Return a page. Twelve parts fit into what Discord takes: 40 components a message.

    With twelve, there is no separator: a page with a picture has exactly 40 without it.
    """
    container = ui.Container[Any]()
    title = ui.TextDisplay[Any](heading)
    container.add_item(ui.Section(title, accessory=ui.Thumbnail(thumbnail)) if thumbnail else title)
    if len(parts) < _MAX_PARTS:
        container.add_item(ui.Separator())
    for part in parts:
        text = ui.TextDisplay[Any](f"**{part.label}**\n{part.text or _EMPTY}")
        container.add_item(ui.Section(text, accessory=part.button))
    return ui.LayoutView(timeout=None).add_item(container)


def excerpt(text: str, limit: int) -> str:
    """Return the beginning of a text on one line, without markup."""
    return discord.utils.escape_markdown(shorten(on_one_line(text), limit))
