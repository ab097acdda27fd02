"""How an answer came about, as *Why this reply?* shows it."""

from typing import Any

import discord

from services.chat import Provenance
from services.texts import on_one_line, shorten

_MAX_FIELD = 1024  # Discord's limit for a field of an embed


def provenance_embed(answer: Provenance) -> discord.Embed:
    """Return what is known of how an answer came about."""
    provenance = answer.provenance
    if "picture" in provenance:
        return _picture_embed(answer)
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
    embed.add_field(name="Cost", value=_cost(provenance))
    memories = "\n".join(map(_memory_line, provenance.get("memories") or ()))
    embed.add_field(name="Memories used", value=memories[:_MAX_FIELD] or "none", inline=False)
    if lines := "\n".join(f"- {each['content']}" for each in provenance.get("facts", ())):
        embed.add_field(name="Known of you", value=shorten(lines, _MAX_FIELD), inline=False)
    if answer.differences:
        changes = (f"{each.name}: {each.before} → {each.after}" for each in answer.differences)
        lines = "\n".join(changes)
        name = f"Take {answer.take + 1} of {answer.takes}: what is different"
        embed.add_field(name=name, value=shorten(lines, _MAX_FIELD), inline=False)
    if tools := provenance.get("tools"):
        lines = "\n".join(map(_tool_line, tools))
        embed.add_field(name="Tools called", value=shorten(lines, _MAX_FIELD), inline=False)
    if lore := provenance.get("lore"):
        lines = "\n".join(map(_lore_line, lore))
        embed.add_field(name="Lore used", value=shorten(lines, _MAX_FIELD), inline=False)
    return embed


def _picture_embed(answer: Provenance) -> discord.Embed:
    provenance = answer.provenance
    subject = discord.utils.escape_markdown(provenance["picture"])
    embed = discord.Embed(title=f"A picture by {answer.name}", description=shorten(subject, 2000))
    embed.add_field(name="Model", value=f"`{provenance['model']}`")
    embed.add_field(name="Cost", value=_cost(provenance))
    return embed


def _cost(provenance: dict[str, Any]) -> str:
    cost = provenance.get("cost_usd")
    spent = f"${cost:.6f}" if cost else "nothing"
    return "unknown" if cost is None else spent


def _memory_line(memory: dict[str, Any]) -> str:
    return f"- ({memory['score']:.2f}) {shorten(on_one_line(memory['content']), 150)}"


def _tool_line(call: dict[str, Any]) -> str:
    label, arguments = (discord.utils.escape_markdown(call[each]) for each in ("tool", "arguments"))
    failed = ", which did not work" if call["has_failed"] else ""
    return f"- {label}{f': {arguments}' if arguments else ''}{failed}"


def _lore_line(entry: dict[str, Any]) -> str:
    name, book = (discord.utils.escape_markdown(entry[each]) for each in ("entry", "book"))
    key = discord.utils.escape_markdown(shorten(entry["key"], 60))
    why = f"“{key}”" if key else entry["reason"]
    return f"- **{name}** of {book}: {why}, {entry['tokens']:,} tokens"


def _with_source(provenance: dict[str, Any], name: str) -> str:
    source = provenance.get(f"{name}_source", "nobody")
    return f"{provenance.get(name, 'unknown')}\n*chosen by {source}*"
