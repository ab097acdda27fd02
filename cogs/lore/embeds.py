"""Embeds and lines that show lorebooks."""

from collections.abc import Sequence
from typing import Any, cast

import discord

from services.lore import Activated, Activation, LoreEntry, LoreNote
from services.texts import counted, on_one_line, shorten

_MAX_SHOWN, _MAX_FIELD, _MAX_TEXT = 12, 1024, 4000
_NOTHING = "*Nothing. Keys are looked for in what is said, without regard to case.*"


def entry_line(number: int, entry: LoreEntry) -> str:
    """Return the number, name and keys of an entry."""
    document = entry.document
    keys = shorten(", ".join(map(str, cast("Sequence[Any]", document.get("keys") or ()))), 80)
    state = "always" if document.get("constant") else keys or "no keys"
    off = " · switched off" if document.get("enabled") is False else ""
    name = discord.utils.escape_markdown(entry.name or "without a name")
    return f"`#{number}` **{name}**{off}\n{discord.utils.escape_markdown(state)}"


def entry_embed(entry: LoreEntry) -> discord.Embed:
    """Return an entry as it is written."""
    document = entry.document
    embed = discord.Embed(
        title=discord.utils.escape_markdown(entry.name or "An entry"),
        description=shorten(str(document.get("content") or ""), _MAX_TEXT),
    )
    for label, name in (("Keys", "keys"), ("Secondary keys", "secondary_keys")):
        keys = ", ".join(map(str, cast("Sequence[Any]", document.get(name) or ())))
        if keys:
            value = shorten(discord.utils.escape_markdown(keys), _MAX_FIELD)
            embed.add_field(name=label, value=value)
    return embed


def test_embed(text: str, activation: Activation) -> discord.Embed:
    """Return what a message brings up, what it does not, and why."""
    embed = discord.Embed(
        title="What would be known",
        description=f"> {shorten(discord.utils.escape_markdown(on_one_line(text)), 500)}",
    )
    used = "\n".join(map(_used_line, activation.activated[:_MAX_SHOWN]))
    embed.add_field(name="Used", value=shorten(used, _MAX_FIELD) or _NOTHING, inline=False)
    if activation.skipped:
        lines = (
            f"- **{discord.utils.escape_markdown(each.entry.name or '?')}**: {each.reason.value}"
            for each in activation.skipped[:_MAX_SHOWN]
        )
        embed.add_field(name="Left out", value=shorten("\n".join(lines), _MAX_FIELD), inline=False)
    if activation.timed_out:
        sources = ", ".join(f"`/{shorten(each.source, 60)}/`" for each in activation.timed_out)
        embed.add_field(name="Too slow, and off until changed", value=sources[:_MAX_FIELD])
    embed.set_footer(
        text=f"{counted(len(activation.activated), 'entry', 'entries')} · "
        f"{counted(activation.tokens, 'token')}"
    )
    return embed


def _used_line(activated: Activated) -> str:
    name, book, key = (
        discord.utils.escape_markdown(text)
        for text in (activated.entry.name or "?", activated.book.name, shorten(activated.key, 60))
    )
    why = f"“{key}”" if key else activated.reason.value
    by = ", brought up by another entry" if activated.level > 1 else ""
    return f"- **{name}** of {book}: {why}{by}, {activated.tokens:,} tokens"


def note_lines(notes: Sequence[LoreNote]) -> list[str]:
    """Return what is to be said of the entries of an imported book."""
    return [
        f"- **{discord.utils.escape_markdown(each.entry)}** {each.kind.value}" for each in notes
    ]
