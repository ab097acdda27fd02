"""Embeds and texts for publishing: attempts, results, and public listings."""

from collections.abc import Sequence

import discord

from services.publishing import (
    AttemptStatus,
    Gender,
    Listing,
    NsfwRating,
    PublishAttempt,
    PublishResult,
    PublishStatus,
    Review,
)
from services.texts import shorten

_STEPS = ("rating", "tags", "gender", "age", "headline")
_MARKS = {
    AttemptStatus.PENDING: "🕓",
    AttemptStatus.RUNNING: "⏳",
    AttemptStatus.REVIEW: "👀",
    AttemptStatus.DONE: "✅",
    AttemptStatus.FAILED: "❌",
    AttemptStatus.CANCELLED: "🚫",
}
RATINGS = {
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
    mark = _MARKS[AttemptStatus(attempt.status)]
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
    if attempt.status in (AttemptStatus.PENDING, AttemptStatus.RUNNING):
        embed.description += f"\n{_progress(status.steps)}"
    return embed


def _progress(done: Sequence[str]) -> str:
    """Return the steps of an attempt on one line, with the completed ones marked."""
    names = {step.split()[0] for step in done}
    return " → ".join(f"**{step}** ✓" if step in names else step for step in _STEPS)


def result_text(result: PublishResult) -> str:
    """Return the result of an attempt, for the user who started it."""
    name = discord.utils.escape_markdown(result.personality.name)
    match AttemptStatus(result.attempt.status):
        case AttemptStatus.DONE:
            return f"✅ **{name}** is public now: `/discover view` shows how."
        case AttemptStatus.REVIEW:
            return f"👀 **{name}** is not public yet. This is what everybody will see:"
        case AttemptStatus.FAILED:
            return f"❌ **{name}** was not published. {result.attempt.error}"
        case AttemptStatus.CANCELLED:
            return f"🚫 Publishing **{name}** was cancelled."
        case AttemptStatus.PENDING | AttemptStatus.RUNNING:
            return f"⏳ **{name}** is being published."


def review_embed(review: Review) -> discord.Embed:
    """Return what an attempt would publish, for the maker."""
    assessment = review.assessment
    escape = discord.utils.escape_markdown
    embed = discord.Embed(
        title=escape(review.personality.name), description=escape(assessment.headline)
    )
    _add_facts(
        embed,
        tags=assessment.surest_tags,
        rating=assessment.rating,
        age=_years(assessment.age) or "unknown",
        gender=assessment.gender,
    )
    if review.personality.avatar_url:
        embed.set_thumbnail(url=review.personality.avatar_url)
    embed.set_footer(text=f"version {review.attempt.version}")
    return embed


def _years(age: int) -> str:
    return "" if age < 0 else f"{age:,}"


def _add_facts(
    embed: discord.Embed,
    *,
    tags: Sequence[tuple[str, int]],
    rating: NsfwRating,
    age: str,
    gender: str | None,
) -> None:
    named = " · ".join(f"{tag} {confidence} %" for tag, confidence in tags)
    embed.add_field(name="Tags", value=named or "none", inline=False)
    embed.add_field(name="Rated", value=RATINGS[rating])
    embed.add_field(name="Age", value=age)
    if gender not in (None, Gender.UNKNOWN, Gender.NONE):
        embed.add_field(name="Gender", value=gender)


def listing_text(listing: Listing) -> str:
    """Return a public personality on three lines: name, headline, tags."""
    personality = listing.personality
    escape = discord.utils.escape_markdown
    tags = ", ".join(tag for tag, _ in listing.tags[:_MAX_TAGS])
    return (
        f"**{escape(personality.public_name or '')}**\n"
        f"{escape(personality.headline or '')}\n-# {tags}"
    )


def listing_embed(listing: Listing) -> discord.Embed:
    """Return a public personality as the catalogue shows it."""
    personality = listing.personality
    embed = discord.Embed(
        title=discord.utils.escape_markdown(personality.public_name or ""),
        description=discord.utils.escape_markdown(personality.headline or ""),
        timestamp=personality.published_at,
    )
    years = _years(personality.public_age)
    _add_facts(
        embed,
        tags=listing.tags,
        rating=NsfwRating(personality.nsfw_rating or NsfwRating.EXPLICIT),
        age=f"{personality.age_bucket} ({years})" if years else personality.age_bucket,
        gender=personality.gender,
    )
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
