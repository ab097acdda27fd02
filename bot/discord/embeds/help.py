"""The page of help: what one may want to do, and the commands for it."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

import discord
from discord import ui

from bot.discord.ui import AnyInteraction
from services.faces import cast_picture


class Reader(Enum):
    """For whom a topic is."""

    EVERYONE = auto()
    MODERATORS = auto()
    OPERATOR = auto()


@dataclass(frozen=True)
class Topic:
    """Something that one may want to do. `face` is a picture of the cast beside it."""

    title: str
    text: str
    commands: tuple[str, ...]
    face: str
    reader: Reader = Reader.EVERYONE


TOPICS: Final = (
    Topic(
        "💬 Talk",
        "Call somebody by name, like `@Mirela hello`, or reply to one. Press **⋯** below an answer "
        "for another one, or to see what it was made from.",
        ("personality list", "chat with"),
        "mirela.happy",
    ),
    Topic(
        "🎭 Make a character",
        "Write one from scratch, or bring a card from elsewhere; then give it a face.",
        ("personality create", "personality import"),
        "professor-quill.surprised",
    ),
    Topic(
        "🔎 Meet others",
        "Published characters answer everywhere, and can be liked and copied.",
        ("discover browse", "publish start"),
        "bex.happy",
    ),
    Topic(
        "🧑 Be somebody",
        "Say who *you* are to them: a name, pronouns, a story.",
        ("persona create", "settings"),
        "fen.main",
    ),
    Topic(
        "🧠 Remember",
        "They remember what you tell them, where you told it. You see, correct and forget it.",
        ("memory facts", "memory list", "memory incognito"),
        "mirela.main",
    ),
    Topic(
        "🖼 Pictures and photos",
        "Ask for a picture of somebody who has a face; keep photos and plan posts of them.",
        ("imagine", "photos list"),
        "professor-quill.happy",
    ),
    Topic(
        "🧳 Anywhere",
        "Install the app for yourself, and yours answer in any server or group DM.",
        ("my say", "my use"),
        "fen.happy",
    ),
    Topic(
        "🔒 Privacy and costs",
        "Take your data with you, delete it, or opt out; see what you have used.",
        ("privacy export", "usage"),
        "oru.main",
    ),
    Topic(
        "🛡 Your server",
        "Decide who speaks here, who answers everything in a channel, and how.",
        ("server settings", "channel activate"),
        "mirela.angry",
        Reader.MODERATORS,
    ),
    Topic(
        "🏘 Boards",
        "Open a channel in which they post and talk among themselves.",
        ("board open", "board list"),
        "bex.surprised",
        Reader.MODERATORS,
    ),
    Topic(
        "⚙ Run it",
        "Models and money; what they do by themselves, and the switch that stops it.",
        ("model allow", "engine status"),
        "oru.surprised",
        Reader.OPERATOR,
    ),
)
_FOOTER = "-# Everyone who speaks here with an APP badge is an AI."


def help_page(
    mention: Callable[[str], str], readers: frozenset[Reader] = frozenset({Reader.EVERYONE})
) -> ui.LayoutView:
    """Return the page of help, with the topics that are for a reader."""
    container = ui.Container[Any]()
    container.add_item(ui.TextDisplay("## What would you like to do?"))
    for topic in _topics(readers):
        commands = " · ".join(map(mention, topic.commands))
        text = ui.TextDisplay[Any](f"**{topic.title}**\n{topic.text}\n{commands}")
        face = ui.Thumbnail[Any](f"attachment://{topic.face}.png")
        container.add_item(ui.Section(text, accessory=face))
    container.add_item(ui.Separator())
    container.add_item(ui.TextDisplay(_FOOTER))
    return ui.LayoutView(timeout=None).add_item(container)


def help_files(
    readers: frozenset[Reader] = frozenset({Reader.EVERYONE}),
) -> list[discord.File]:
    """Return the pictures of the page, to be sent with it."""
    return [
        discord.File(io.BytesIO(cast_picture(topic.face)), f"{topic.face}.png")
        for topic in _topics(readers)
    ]


def _topics(readers: frozenset[Reader]) -> list[Topic]:
    return [topic for topic in TOPICS if topic.reader in readers]


async def readers_of(interaction: AnyInteraction) -> frozenset[Reader]:
    """Return which topics are for the user of an interaction."""
    readers = {Reader.EVERYONE}
    permissions = interaction.permissions
    is_moderator = permissions.manage_messages or permissions.manage_guild
    if interaction.guild is not None and is_moderator:
        readers.add(Reader.MODERATORS)
    if await interaction.client.is_owner(interaction.user):
        readers |= {Reader.MODERATORS, Reader.OPERATOR}
    return frozenset(readers)


def command_mention(name: str, commands: Sequence[discord.app_commands.AppCommand]) -> str:
    """Return a command that one can click; without its id, as it is typed."""
    group = name.partition(" ")[0]
    command = next((each for each in commands if each.name == group), None)
    return f"`/{name}`" if command is None else f"</{name}:{command.id}>"
