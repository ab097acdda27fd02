"""Embeds and lines that show personalities."""

from collections.abc import Sequence
from typing import assert_never

import discord

from cogs.personalities.labels import label_of
from services.personalities import (
    CardNote,
    CardNoteKind,
    Personality,
    PersonalityDetails,
    is_callable,
)
from services.texts import on_one_line, shorten

_MAX_INLINE = 40
_MAX_FIELD = 1024  # Discord's limit for a field of an embed
_HIDDEN = "*Their maker keeps to themselves who they are.*"
_SHOWN = (
    *("personality_traits", "personality_tone", "personality_age", "personality_likes"),
    *("personality_dislikes", "scenario", "conversational_goals", "conversational_examples"),
    *("first_message", "system_prompt_override", "post_history_instructions", "depth_note"),
)


def personality_line(personality: Personality, *, is_own: bool) -> str:
    """Return a personality's name and a second line about it; only public text unless it is own."""
    about = personality.character_info if is_own else personality.headline or ""
    name = f"**{discord.utils.escape_markdown(personality.name)}**{' · yours' if is_own else ''}"
    return f"{name}\n{shorten(on_one_line(about), 90)}" if about else name


def personality_embed(personality: Personality, *, is_hidden: bool = False) -> discord.Embed:
    """Return the embed of a personality's definition; of a hidden one, only what is public."""
    about = personality.character_info
    if is_hidden:
        about = personality.headline or _HIDDEN
    embed = discord.Embed(
        title=discord.utils.escape_markdown(personality.display_name or personality.name),
        description=shorten(about, 2000) or "*Nobody knows who they are.*",
    )
    for field in () if is_hidden else _SHOWN:
        if text := getattr(personality, field):
            embed.add_field(
                name=label_of(field), value=shorten(text, 300), inline=len(text) <= _MAX_INLINE
            )
    if personality.avatar_url:
        embed.set_thumbnail(url=personality.avatar_url)
    return embed


def details_embed(details: PersonalityDetails) -> discord.Embed:
    """Return the embed of a personality with its aliases, owners and settings."""
    personality = details.personality
    embed = personality_embed(personality, is_hidden=details.is_hidden)
    if details.aliases:
        aliases = discord.utils.escape_markdown(", ".join(details.aliases))
        embed.add_field(name="Also answers to", value=shorten(aliases, _MAX_FIELD), inline=False)
    owners = ", ".join(f"<@{owner.discord_id}>" for owner in details.owners)
    embed.add_field(name="Owners", value=shorten(owners, _MAX_FIELD) or "this bot", inline=False)
    if details.system_prompt and not details.is_hidden:
        name = discord.utils.escape_markdown(details.system_prompt.name)
        embed.add_field(name="System prompt", value=name, inline=False)
    if details.ratings:
        ratings = "\n".join(
            f"`{each.model}`: {each.likes} 👍 · {each.dislikes} 👎" for each in details.ratings
        )
        embed.add_field(name="What users think", value=shorten(ratings, _MAX_FIELD), inline=False)
    embed.set_footer(text=" · ".join(_settings(personality)))
    return embed


def _settings(personality: Personality) -> list[str]:
    settings = [
        personality.visibility,
        f"version {personality.version}",
        f"reads {personality.context_window_size} messages back",
        "remembers" if personality.memory_enabled else "remembers nothing",
    ]
    if personality.definition_shown:
        settings.append("definition shown")
    if personality.image_enabled:
        settings.append("posts pictures")
    if personality.age_restricted:
        settings.append("age-restricted")
    if personality.copy_allowed:
        settings.append("may be copied")
    if personality.origin:
        settings.append(f"copy of {personality.origin}")
    return settings


def introduction(personality: Personality, *, in_server: bool, alias: str | None = None) -> str:
    """Return how somebody meets their new personality."""
    name = discord.utils.escape_markdown(personality.name)
    call = f"call them with `@{alias}`" if alias else "call them by name"
    meet = f"Meet **{name}**: {call}."
    if alias is None and not is_callable(personality.name):
        meet = (
            f"Meet **{name}**. Nobody can call that name: give them another one with "
            "`/personality alias add`."
        )
    if not in_server:
        return meet
    return f"{meet} Here they answer you alone, until `/personality bring` lets everyone call them."


def card_notes_embeds(notes: Sequence[CardNote]) -> list[discord.Embed]:
    """Return an embed of what did not come over whole from a card; none if all did."""
    if not notes:
        return []
    lines = "\n".join(f"- {_card_note(each)}" for each in notes)
    return [discord.Embed(title="Not quite as in the card", description=shorten(lines, 4000))]


def _card_note(note: CardNote) -> str:
    subject = discord.utils.escape_markdown(label_of(note.subject))
    match note.kind:
        case CardNoteKind.SHORTENED:
            text = f"**{subject}** was shortened from {note.length:,} to {note.limit:,}."
        case CardNoteKind.UNUSED:
            text = f"**{subject}** has no effect here. It stays in the card."
        case CardNoteKind.UNKNOWN_MACRO:
            macro = discord.utils.escape_markdown(shorten(on_one_line(note.detail), 60))
            text = f"**{subject}**: the macro {macro} is not known here and is left out."
        case CardNoteKind.RENAMED:
            name = discord.utils.escape_markdown(note.detail)
            text = f"Another one has its **name**, so this one is **{name}**."
        case CardNoteKind.TOO_LARGE:
            text = f"**{subject}** has more than {note.limit:,} entries and was left out."
        case CardNoteKind.LORE:
            text = f"Lore **{subject}**: {note.detail}."
        case CardNoteKind.FAILED:
            text = f"**{subject}** could not be used: {note.detail}"
        case _:
            assert_never(note.kind)
    return text
