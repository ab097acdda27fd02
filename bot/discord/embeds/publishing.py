"""Embeds and texts for publishing: attempts, results, and public listings."""

from collections.abc import Sequence

import discord

from services.jobs import JobStatus
from services.publishing import (
    Gender,
    Listing,
    NsfwRating,
    PublishAttempt,
    PublishResult,
    PublishStatus,
)
from services.texts import shorten

_STEPS = ("rating", "tags", "gender", "age", "headline")
_MARKS = {
    JobStatus.PENDING: "🕓",
    JobStatus.RUNNING: "⏳",
    JobStatus.DONE: "✅",
    JobStatus.FAILED: "❌",
    JobStatus.CANCELLED: "🚫",
}
_RATINGS = {
    NsfwRating.SAFE: "for everyone",
    NsfwRating.SUGGESTIVE: "suggestive",
    NsfwRating.EXPLICIT: "for adults",
}
_MAX_TAGS = 4


def attempt_line(attempt: PublishAttempt) -> str:
    """Return an attempt on one line, with its error on a second one."""
    version = f"version {attempt.version}" if attempt.version else "not started"
    seconds = sum((attempt.durations or {}).values())
    duration = f" · {seconds:.0f} s" if seconds else ""
    when = discord.utils.format_dt(attempt.finished_at or attempt.created_at, "R")
    reason = f"\n{shorten(attempt.error, 300)}" if attempt.error else ""
    mark = _MARKS[JobStatus(attempt.status)]
    return f"{mark} **{attempt.status}** · {version} · {when}{duration}{reason}"


def publish_status_embed(status: PublishStatus) -> discord.Embed:
    """Return the publishing status of a personality."""
    personality, attempt = status.personality, status.attempt
    embed = discord.Embed(title=discord.utils.escape_markdown(personality.name))
    embed.set_footer(text=personality.visibility)
    if attempt is None:
        embed.description = "Never published. Use `/publish start` to publish it."
        return embed
    embed.description = attempt_line(attempt)
    if attempt.status in (JobStatus.PENDING, JobStatus.RUNNING):
        embed.description += f"\n{_progress(status.steps)}"
    return embed


def _progress(done: Sequence[str]) -> str:
    """Return the steps of an attempt on one line, with the completed ones marked."""
    names = {step.split()[0] for step in done}
    return " → ".join(f"**{step}** ✓" if step in names else step for step in _STEPS)


def result_text(result: PublishResult) -> str:
    """Return the result of an attempt, for the user who started it."""
    name = discord.utils.escape_markdown(result.personality.name)
    match JobStatus(result.attempt.status):
        case JobStatus.DONE:
            return f"✅ **{name}** is public now: `/discover view` shows how."
        case JobStatus.FAILED:
            return f"❌ **{name}** was not published. {result.attempt.error}"
        case JobStatus.CANCELLED:
            return f"🚫 Publishing **{name}** was cancelled."
        case JobStatus.PENDING | JobStatus.RUNNING:
            return f"⏳ **{name}** is being published."


def listing_line(listing: Listing) -> str:
    """Return a public personality on two lines."""
    personality = listing.personality
    name = discord.utils.escape_markdown(personality.public_name or "")
    tags = ", ".join(tag for tag, _ in listing.tags[:_MAX_TAGS])
    return (
        f"**{name}** · ♥ {personality.likes_count} · {tags}\n"
        f"{discord.utils.escape_markdown(personality.headline or '')}"
    )


def listing_embed(listing: Listing) -> discord.Embed:
    """Return a public personality as the catalogue shows it."""
    personality = listing.personality
    embed = discord.Embed(
        title=discord.utils.escape_markdown(personality.public_name or ""),
        description=discord.utils.escape_markdown(personality.headline or ""),
        timestamp=personality.published_at,
    )
    tags = " · ".join(f"{tag} {confidence} %" for tag, confidence in listing.tags)
    embed.add_field(name="Tags", value=tags or "none", inline=False)
    rating = _RATINGS[NsfwRating(personality.nsfw_rating or NsfwRating.EXPLICIT)]
    embed.add_field(name="Rated", value=rating)
    years = "" if personality.public_age < 0 else f" ({personality.public_age:,})"
    embed.add_field(name="Age", value=f"{personality.age_bucket}{years}")
    if personality.gender not in (None, Gender.UNKNOWN, Gender.NONE):
        embed.add_field(name="Gender", value=personality.gender)
    embed.add_field(
        name="Meet them",
        value=f"Say `@{personality.name} hello`, or let them answer everything in a channel with "
        "`/channel activate`.",
        inline=False,
    )
    if listing.avatar_url:
        embed.set_thumbnail(url=listing.avatar_url)
    embed.set_footer(text=f"♥ {personality.likes_count} · version {personality.public_version}")
    return embed
