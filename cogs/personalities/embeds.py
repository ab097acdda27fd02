"""How a personality looks when people look at it."""

import discord

from services.personalities import Personality, PersonalityDetails
from services.texts import on_one_line, shorten

_NARROW = 40
_FIELD_LIMIT = 1024  # what Discord lets a field of an embed hold
_SHOWN = {
    "Character": "personality_traits",
    "Tone": "personality_tone",
    "Age": "personality_age",
    "Likes": "personality_likes",
    "Dislikes": "personality_dislikes",
    "Goals": "conversational_goals",
    "Examples": "conversational_examples",
    "First message": "first_message",
}


def personality_line(personality: Personality, *, is_mine: bool) -> str:
    """Return a personality on one line, and what it is on another; of others', what is public."""
    about = personality.character_info if is_mine else personality.headline or ""
    name = f"**{discord.utils.escape_markdown(personality.name)}**{' · yours' if is_mine else ''}"
    return f"{name}\n{shorten(on_one_line(about), 90)}" if about else name


def personality_embed(personality: Personality) -> discord.Embed:
    """Return a personality's definition."""
    embed = discord.Embed(
        title=discord.utils.escape_markdown(personality.display_name or personality.name),
        description=shorten(personality.character_info, 2000) or "*Nobody knows who they are.*",
    )
    for label, field in _SHOWN.items():
        if text := getattr(personality, field):
            embed.add_field(name=label, value=shorten(text, 300), inline=len(text) <= _NARROW)
    if personality.avatar_url:
        embed.set_thumbnail(url=personality.avatar_url)
    return embed


def portrait_embed(portrait: PersonalityDetails) -> discord.Embed:
    """Return a personality with its aliases, owners and settings."""
    personality = portrait.personality
    embed = personality_embed(personality)
    if portrait.aliases:
        aliases = discord.utils.escape_markdown(", ".join(portrait.aliases))
        embed.add_field(name="Also answers to", value=shorten(aliases, _FIELD_LIMIT), inline=False)
    owners = ", ".join(f"<@{owner.discord_id}>" for owner in portrait.owners)
    embed.add_field(name="Owners", value=shorten(owners, _FIELD_LIMIT) or "this bot", inline=False)
    if portrait.system_prompt:
        name = discord.utils.escape_markdown(portrait.system_prompt.name)
        embed.add_field(name="System prompt", value=name, inline=False)
    settings = [
        personality.visibility,
        f"version {personality.version}",
        f"reads {personality.context_window_size} messages back",
        "remembers" if personality.memory_enabled else "remembers nothing",
    ]
    if personality.image_enabled:
        settings.append("posts pictures")
    if personality.age_restricted:
        settings.append("age-restricted")
    embed.set_footer(text=" · ".join(settings))
    return embed
