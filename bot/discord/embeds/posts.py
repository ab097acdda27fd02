"""How posts, targets and their weeks look."""

from collections.abc import Sequence
from datetime import datetime

import discord

from services.social import (
    LABELS,
    CaptionDraft,
    PostDetails,
    PostNotice,
    PostStatus,
    SocialTarget,
    TargetDetails,
    TargetKind,
    format_slots,
)
from services.texts import shorten

MARKS = {
    PostStatus.DRAFT: "📝",
    PostStatus.SCHEDULED: "🕓",
    PostStatus.SENDING: "📤",
    PostStatus.POSTED: "✅",
    PostStatus.FAILED: "❌",
    PostStatus.UNCONFIRMED: "❓",
}
_WORDS = {
    PostStatus.DRAFT: "draft",
    PostStatus.SCHEDULED: "planned",
    PostStatus.SENDING: "on its way",
    PostStatus.POSTED: "posted",
    PostStatus.FAILED: "failed",
    PostStatus.UNCONFIRMED: "perhaps posted",
}
_FIELD, _CAPTION, _NAME = 1024, 1000, 60


def timestamp(at: datetime, style: str = "f") -> str:
    """Return a time as everyone's Discord shows it by their own clock."""
    return f"<t:{int(at.timestamp())}:{style}>"


def short_id(entry: PostDetails) -> str:
    """Return the beginning of a post's id."""
    return str(entry.post.id)[:8]


def status_words(entry: PostDetails) -> str:
    """Return how far a post is, in a few words."""
    post = entry.post
    if post.cancelled_at is not None:
        return "being taken back"
    if post.status == PostStatus.SCHEDULED and entry.target and entry.target.paused_at:
        return "waiting: its target is paused"
    if post.status == PostStatus.SCHEDULED and post.buffer_post_id:
        return "in Buffer's queue"
    return _WORDS[PostStatus(post.status)]


def entry_line(entry: PostDetails) -> str:
    """Return a post on one line, or two where there is trouble with it."""
    post = entry.post
    at = post.posted_at or post.scheduled_at
    name = safe_name(entry.photo.file_name)
    shown = f"[{name}]({post.link})" if post.link else f"**{name}**"
    parts = (
        f"{MARKS[PostStatus(post.status)]} {shown}",
        target_name(entry.target) if entry.target else "",
        timestamp(at) if at else "",
        status_words(entry),
        f"`{short_id(entry)}`",
    )
    line = " · ".join(part for part in parts if part)
    return f"{line}\n⚠️ {shorten(post.error, 200)}" if post.error else line


def notice_text(notice: PostNotice) -> str:
    """Return what whoever planned a post is told of it."""
    name = discord.utils.escape_markdown(notice.personality)
    return f"A post of **{name}**:\n{entry_line(notice.details)}"


def safe_name(text: str) -> str:
    """Return a file's name that is only that, whatever is in it."""
    escaped = discord.utils.escape_markdown(shorten(text, _NAME))
    return escaped.replace("[", "\\[").replace("]", "\\]")


def target_name(target: SocialTarget) -> str:
    """Return where a post goes."""
    if target.kind == TargetKind.DISCORD:
        return f"<#{target.remote_id}>"
    return f"{LABELS.get(target.service, target.service)} **{_safe(target.name)}**"


def target_label(target: SocialTarget, personality: str = "") -> str:
    """Return where a post goes, without Markdown."""
    network = LABELS.get(target.service, target.service)
    return " · ".join(part for part in (personality, network, target.name) if part)[:100]


def target_lines(details: Sequence[TargetDetails]) -> list[str]:
    """Return targets with their weeks, one a line or more."""
    return [_target_line(each) for each in details]


def target_embed(details: TargetDetails) -> discord.Embed:
    """Return a target with its week."""
    target = details.target
    embed = discord.Embed(title=target_label(target))
    week = format_slots(details.slots) or "*No times of the week yet.*"
    embed.add_field(name=f"Week, in {target.time_zone}", value=week[:_FIELD], inline=False)
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
        f"{len(details.slots)} times a week in {target.time_zone}",
    ]
    if details.free_at:
        parts.append(f"next free {timestamp(details.free_at)}")
    return " · ".join(parts)


def draft_embed(file_name: str, draft: CaptionDraft, target: SocialTarget | None) -> discord.Embed:
    """Return what a post would say."""
    embed = discord.Embed(
        title=shorten(file_name, _NAME), description=shorten(draft.caption, _CAPTION) or "*…*"
    )
    if draft.alt_text:
        embed.add_field(name="Alt text", value=shorten(draft.alt_text, _FIELD), inline=False)
    if draft.first_comment:
        comment = shorten(draft.first_comment, _FIELD)
        embed.add_field(name="First comment", value=comment, inline=False)
    if target is not None:
        embed.set_footer(text=target_label(target))
    return embed


def _safe(text: str) -> str:
    return discord.utils.escape_markdown(text[:80])
