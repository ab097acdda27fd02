"""Options of `/lore`: books and entries, by their names."""

from typing import TypeAlias, cast

from discord import app_commands
from discord.app_commands import Choice, Transform
from typing_extensions import override

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor, interaction_situation
from cogs.options import Choices
from services.lore import ListedBook, Lorebook, LorePlace, LoreScope

_MAX_CHOICES, _MAX_LENGTH = 25, 100


async def place_of(interaction: Interaction) -> LorePlace:
    """Return where a command is used, as lore is looked for."""
    situation = await interaction_situation(interaction)
    guild_id = situation.channel.guild_id if situation.channel else None
    return LorePlace(channel_ids=situation.channel_ids, guild_id=guild_id)


def book_label(listed: ListedBook) -> str:
    """Return the name of a book with what it belongs to."""
    return f"{listed.book.name} · {owner_label(listed)}"


def owner_label(listed: ListedBook) -> str:
    """Return what a book belongs to."""
    match LoreScope(listed.book.scope):
        case LoreScope.CHANNEL:
            return "this channel"
        case LoreScope.SERVER:
            return "this server"
        case LoreScope.EVERYWHERE:
            return "everywhere"
        case _:
            return listed.owner_name


class BookTransformer(app_commands.Transformer[Bot]):
    """A typed name as a lorebook that the user may change here."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> Lorebook:
        return await interaction.client.services.lore.find(
            await interaction_actor(interaction), value, await place_of(interaction)
        )

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        listed = await interaction.client.services.lore.list_books(
            await interaction_actor(interaction), await place_of(interaction)
        )
        typed = str(value).lower()
        found = [each for each in listed if typed in each.book.name.lower()]
        return [
            Choice(name=book_label(each)[:_MAX_LENGTH], value=str(each.book.id))
            for each in found[:_MAX_CHOICES]
        ]


class EntryTransformer(app_commands.Transformer[Bot]):
    """A typed name or number of an entry; the book that was chosen before completes it."""

    @override
    async def transform(self, interaction: Interaction, value: str, /) -> str:
        return value

    @override
    async def autocomplete(self, interaction: Interaction, value: str | float, /) -> Choices:
        lore, typed = interaction.client.services.lore, str(value).lower()
        chosen = cast("str | None", getattr(interaction.namespace, "book", None))
        if not chosen:
            return []
        book = await lore.find(
            await interaction_actor(interaction), chosen, await place_of(interaction)
        )
        names = [
            (f"#{number} {entry.name}"[:_MAX_LENGTH], f"#{number}")
            for number, entry in enumerate(await lore.entries(book.id), start=1)
        ]
        found = [each for each in names if typed in each[0].lower()]
        return [Choice(name=name, value=value) for name, value in found[:_MAX_CHOICES]]


BookOption: TypeAlias = Transform[Lorebook, BookTransformer]
EntryOption: TypeAlias = Transform[str, EntryTransformer]
