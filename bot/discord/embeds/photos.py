"""How photos look: taken in, in their library, and one by one."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import discord

from bot.discord.embeds.posts import MARKS, entry_line, safe_name, status_words
from bot.discord.errors import explain
from services.photos import ImportOutcome, ImportResult, LibraryPhoto, Photo, SimilarPhoto
from services.social import PostDetails, PostStatus
from services.texts import shorten

PER_PAGE = 9
_NAME, _FIELD, _SHOWN = 60, 1024, 10
_OUTCOMES = {
    ImportOutcome.ADDED: ("✅", "added"),
    ImportOutcome.DUPLICATE: ("♻️", "there already"),
    ImportOutcome.NEAR_DUPLICATE: ("≈", "so like another that they were left out"),
    ImportOutcome.REFUSED: ("❌", "refused"),
}


def photo_name(photo: Photo) -> str:
    """Return a photo's name as it can be shown, not too long."""
    return safe_name(photo.file_name)


def photo_label(number: int, photo: Photo) -> str:
    """Return a photo as a choice of a menu."""
    return shorten(f"{number}: {photo.file_name}", 100)


def progress_words(done: int, total: int) -> str:
    """Return how far an import is."""
    return f"📥 {done} of {total} files…"


def taken_embed(taken: Sequence[ImportResult], personality: str) -> discord.Embed:
    """Return what became of files: how many of each, and what is wrong with those left out."""
    counts = Counter(each.outcome for each in taken)
    lines = [
        f"{mark} **{counts[outcome]}** {words}"
        for outcome, (mark, words) in _OUTCOMES.items()
        if counts[outcome]
    ]
    embed = discord.Embed(
        title=f"Photos of {discord.utils.escape_markdown(personality)}",
        description="\n".join(lines) or "There was nothing to take in.",
    )
    grouped: defaultdict[ImportOutcome, list[str]] = defaultdict(list)
    for each in taken:
        grouped[each.outcome].append(_why(each))
    for outcome, title in (
        (ImportOutcome.NEAR_DUPLICATE, "Left out"),
        (ImportOutcome.REFUSED, "Refused"),
    ):
        if found := grouped[outcome]:
            shown = "\n".join(shorten(line, 160) for line in found[:_SHOWN])
            more = f"\n… and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            embed.add_field(name=title, value=shorten(shown, _FIELD - 40) + more, inline=False)
    return embed


def library_embed(
    title: str,
    shown: Sequence[LibraryPhoto],
    page: int,
    alike: Sequence[SimilarPhoto] = (),
) -> discord.Embed:
    """Return a page of a library in words."""
    embed = discord.Embed(title=shorten(title, 200))
    here = shown[page * PER_PAGE : (page + 1) * PER_PAGE]
    likeness = {each.photo.id: each.similarity for each in alike}
    lines = [
        f"**{number}** {photo_name(each.photo)}"
        + (f" · {likeness[each.photo.id]:.0%} alike" if each.photo.id in likeness else "")
        + (f" · {_post_mark(each)}" if each.post else "")
        for number, each in enumerate(here, start=1)
    ]
    embed.description = "\n".join(lines) or "*Nothing here yet.*"
    pages = max((len(shown) - 1) // PER_PAGE, 0) + 1
    several = "1 photo" if len(shown) == 1 else f"{len(shown)} photos"
    embed.set_footer(text=f"{several} · page {page + 1} of {pages}")
    return embed


def photo_embed(shelved: LibraryPhoto) -> discord.Embed:
    """Return all that people need to know of a photo."""
    photo = shelved.photo
    embed = discord.Embed(title=shorten(photo.file_name, 200))
    if photo.alt_text:
        embed.description = shorten(photo.alt_text, _FIELD)
    embed.add_field(name="Size", value=f"{photo.width} × {photo.height}")
    if photo.taken_at:
        embed.add_field(name="Taken", value=f"{photo.taken_at:%d %B %Y, %H:%M}")
    if photo.is_ai_generated:
        embed.add_field(name="Made by", value="🤖 a machine")
    if shelved.post is not None:
        entry = PostDetails(post=shelved.post, photo=photo, target=shelved.target)
        embed.add_field(name="Post", value=shorten(entry_line(entry), _FIELD), inline=False)
    embed.set_footer(text=f"id {str(photo.id)[:8]}")
    return embed


def _post_mark(shelved: LibraryPhoto) -> str:
    assert shelved.post is not None  # noqa: S101 - its caller has looked
    entry = PostDetails(post=shelved.post, photo=shelved.photo, target=shelved.target)
    return f"{MARKS[PostStatus(shelved.post.status)]} {status_words(entry)}"


def _why(taken: ImportResult) -> str:
    name = safe_name(taken.name)
    if taken.reason is not None:
        words = explain(taken.reason) or "it cannot be read"
        return words if taken.name in words else f"**{name}**: {words}"
    return f"**{name}** is like **{photo_name(taken.photo)}**" if taken.photo else f"**{name}**"
