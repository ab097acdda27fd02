"""Embeds and texts for posts, targets and their slots."""

from collections.abc import Sequence
from datetime import datetime

import discord

from services.social import (
    LABELS,
    PUBLISHERS,
    CaptionDraft,
    PostDetails,
    PostNotice,
    PostStatus,
    SocialTarget,
    TargetDetails,
    format_slots,
)
from services.texts import shorten
from services.time_zones import time_zone_label

MARKS = {
    PostStatus.DRAFT: "📝",
    PostStatus.SCHEDULED: "🕓",
    PostStatus.SENDING: "📤",
    PostStatus.POSTED: "✅",
    PostStatus.FAILED: "❌",
    PostStatus.UNCONFIRMED: "❓",
}
_STATUS_TEXTS = {
    PostStatus.DRAFT: "draft",
    PostStatus.SCHEDULED: "planned",
    PostStatus.SENDING: "being sent",
    PostStatus.POSTED: "posted",
    PostStatus.FAILED: "failed",
    PostStatus.UNCONFIRMED: "unconfirmed",
}
_MAX_FIELD, _MAX_CAPTION, _MAX_NAME = 1024, 1000, 60


def timestamp(at: datetime, style: str = "f") -> str:
    """Return a timestamp that Discord shows in the time zone of each user."""
    return f"<t:{int(at.timestamp())}:{style}>"


def short_id(details: PostDetails) -> str:
    """Return the first characters of a post's id."""
    return str(details.post.id)[:8]


def status_text(details: PostDetails) -> str:
    """Return the status of a post in a few words."""
    post = details.post
    if post.cancelled_at is not None:
        return "being cancelled"
    if post.status == PostStatus.SCHEDULED and details.target and details.target.paused_at:
        return "waiting: its target is paused"
    if details.target and post.status == PostStatus.SCHEDULED and post.buffer_post_id:
        return f"in {PUBLISHERS[details.target.kind].label}'s queue"
    return _STATUS_TEXTS[PostStatus(post.status)]


def post_summary(details: PostDetails) -> str:
    """Return a post on one line, with its error on a second one."""
    post = details.post
    at = post.posted_at or post.scheduled_at
    name = safe_name(details.photo.file_name)
    title = f"[{name}]({post.link})" if post.link else f"**{name}**"
    parts = (
        f"{MARKS[PostStatus(post.status)]} {title}",
        target_name(details.target) if details.target else "",
        timestamp(at) if at else "",
        status_text(details),
        f"`{short_id(details)}`",
    )
    line = " · ".join(part for part in parts if part)
    return f"{line}\n⚠️ {shorten(post.error, 200)}" if post.error else line


def notice_text(notice: PostNotice) -> str:
    """Return the text of a notice about a post."""
    name = discord.utils.escape_markdown(notice.personality)
    return f"A post of **{name}**:\n{post_summary(notice.details)}"


def safe_name(text: str) -> str:
    """Return a file name with its Markdown escaped."""
    escaped = discord.utils.escape_markdown(shorten(text, _MAX_NAME))
    return escaped.replace("[", "\\[").replace("]", "\\]")


def target_name(target: SocialTarget) -> str:
    """Return the name of a target."""
    if target.guild_id is not None:
        return f"<#{target.remote_id}>"
    return f"{LABELS.get(target.service, target.service)} **{_safe(target.name)}**"


def target_label(target: SocialTarget, personality: str = "") -> str:
    """Return the name of a target, without Markdown."""
    network = LABELS.get(target.service, target.service)
    return " · ".join(part for part in (personality, network, target.name) if part)[:100]


def target_lines(details: Sequence[TargetDetails]) -> list[str]:
    """Return targets, one per line."""
    return [_target_line(each) for each in details]


def target_embed(details: TargetDetails) -> discord.Embed:
    """Return a target with its weekly slots."""
    target = details.target
    embed = discord.Embed(title=target_label(target))
    week = format_slots(details.slots) or "*No times of the week yet.*"
    embed.add_field(
        name=f"Week, in {time_zone_label(target.time_zone)}", value=week[:_MAX_FIELD], inline=False
    )
    free = timestamp(details.free_at, "F") if details.free_at else "–"
    embed.add_field(name="Next free slot", value=free)
    embed.add_field(name="Planned", value=str(details.waiting))
    if target.paused_at:
        embed.add_field(name="Paused", value=timestamp(target.paused_at, "R"))
    return embed


def _target_line(details: TargetDetails) -> str:
    target = details.target
    state = "⏸️" if target.paused_at else "▶️"
    parts = [
        f"{state} {target_name(target)}",
        f"{details.waiting} planned",
        f"{len(details.slots)} times a week in {time_zone_label(target.time_zone)}",
    ]
    if details.free_at:
        parts.append(f"next free {timestamp(details.free_at)}")
    return " · ".join(parts)


def draft_embed(file_name: str, draft: CaptionDraft, target: SocialTarget | None) -> discord.Embed:
    """Return a preview of a post."""
    embed = discord.Embed(
        title=shorten(file_name, _MAX_NAME),
        description=shorten(draft.caption, _MAX_CAPTION) or "*…*",
    )
    if draft.alt_text:
        embed.add_field(name="Alt text", value=shorten(draft.alt_text, _MAX_FIELD), inline=False)
    if draft.first_comment:
        comment = shorten(draft.first_comment, _MAX_FIELD)
        embed.add_field(name="First comment", value=comment, inline=False)
    if target is not None:
        embed.set_footer(text=target_label(target))
    return embed


def _safe(text: str) -> str:
    return discord.utils.escape_markdown(text[:80])
