"""Embeds and lines that show personalities."""

import discord

from services.personalities import Personality, PersonalityDetails
from services.texts import on_one_line, shorten

_MAX_INLINE = 40
_MAX_FIELD = 1024  # Discord's limit for a field of an embed
_HIDDEN = "*Their maker keeps to themselves who they are.*"
_FIELDS = {
    "Character": "personality_traits",
    "Tone": "personality_tone",
    "Age": "personality_age",
    "Likes": "personality_likes",
    "Dislikes": "personality_dislikes",
    "Goals": "conversational_goals",
    "Examples": "conversational_examples",
    "First message": "first_message",
}


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
    shown = {} if is_hidden else _FIELDS
    for label, field in shown.items():
        if text := getattr(personality, field):
            embed.add_field(name=label, value=shorten(text, 300), inline=len(text) <= _MAX_INLINE)
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
    embed.set_footer(text=" · ".join(settings))
    return embed


def introduction(name: str, *, in_server: bool) -> str:
    """Return how somebody meets their new personality."""
    meet = f"Meet **{discord.utils.escape_markdown(name)}**: call them by name."
    if not in_server:
        return meet
    return f"{meet} Here they answer you alone, until `/personality bring` lets everyone call them."
