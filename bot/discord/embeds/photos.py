"""Embeds and texts for photos: imports, libraries, and single photos."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import discord

from bot.discord.embeds.posts import MARKS, post_summary, safe_name, status_text
from bot.discord.errors import explain
from services.photos import ImportOutcome, ImportResult, LibraryPhoto, Photo, SimilarPhoto
from services.social import PostDetails, PostStatus
from services.texts import counted, shorten

PER_PAGE = 9
_MAX_FIELD, _MAX_LINES = 1024, 10
_OUTCOMES = {
    ImportOutcome.ADDED: ("✅", "added"),
    ImportOutcome.DUPLICATE: ("♻️", "already there"),
    ImportOutcome.NEAR_DUPLICATE: ("≈", "skipped as too similar to another"),
    ImportOutcome.REPLACED: ("⬆️", "better than a similar one, which they replace"),
    ImportOutcome.REFUSED: ("❌", "refused"),
}


def photo_name(photo: Photo) -> str:
    """Return the name of a photo, escaped and shortened."""
    return safe_name(photo.file_name)


def photo_label(number: int, photo: Photo) -> str:
    """Return the label of a photo in a menu."""
    return shorten(f"{number}: {photo.file_name}", 100)


def progress_text(done: int, total: int) -> str:
    """Return the progress of an import."""
    return f"📥 {done} of {total} files…"


def import_embed(results: Sequence[ImportResult], personality: str) -> discord.Embed:
    """Return the result of an import: counts by outcome, and why files were skipped."""
    counts = Counter(each.outcome for each in results)
    lines = [
        f"{mark} **{counts[outcome]}** {text}"
        for outcome, (mark, text) in _OUTCOMES.items()
        if counts[outcome]
    ]
    embed = discord.Embed(
        title=f"Photos of {discord.utils.escape_markdown(personality)}",
        description="\n".join(lines) or "There was nothing to import.",
    )
    grouped: defaultdict[ImportOutcome, list[str]] = defaultdict(list)
    for each in results:
        grouped[each.outcome].append(_describe_result(each))
    for outcome, title in (
        (ImportOutcome.NEAR_DUPLICATE, "Skipped"),
        (ImportOutcome.REFUSED, "Refused"),
    ):
        if messages := grouped[outcome]:
            shown = "\n".join(shorten(line, 160) for line in messages[:_MAX_LINES])
            more = (
                f"\n… and {len(messages) - _MAX_LINES} more" if len(messages) > _MAX_LINES else ""
            )
            embed.add_field(name=title, value=shorten(shown, _MAX_FIELD - 40) + more, inline=False)
    return embed


def library_embed(
    title: str,
    photos: Sequence[LibraryPhoto],
    page: int,
    similar: Sequence[SimilarPhoto] = (),
) -> discord.Embed:
    """Return a page of a library."""
    embed = discord.Embed(title=shorten(title, 200))
    visible = photos[page * PER_PAGE : (page + 1) * PER_PAGE]
    # A cosine may be below 0: no more alike than any two pictures.
    similarities = {each.photo.id: max(each.similarity, 0) for each in similar}
    lines = [
        f"**{number}** {photo_name(each.photo)}"
        + (f" · {similarities[each.photo.id]:.0%} similar" if each.photo.id in similarities else "")
        + (f" · {_post_mark(each)}" if each.post else "")
        for number, each in enumerate(visible, start=1)
    ]
    embed.description = "\n".join(lines) or "*Nothing here yet.*"
    pages = max((len(photos) - 1) // PER_PAGE, 0) + 1
    count = counted(len(photos), "photo")
    embed.set_footer(text=f"{count} · page {page + 1} of {pages}")
    return embed


def photo_embed(library_photo: LibraryPhoto) -> discord.Embed:
    """Return the details of a photo."""
    photo = library_photo.photo
    embed = discord.Embed(title=shorten(photo.file_name, 200))
    if photo.alt_text:
        embed.description = shorten(photo.alt_text, _MAX_FIELD)
    embed.add_field(name="Size", value=f"{photo.width} × {photo.height}")
    if photo.taken_at:
        embed.add_field(name="Taken", value=f"{photo.taken_at:%d %B %Y, %H:%M}")
    if photo.is_ai_generated:
        embed.add_field(name="Made by", value="🤖 AI")
    if library_photo.post is not None:
        details = PostDetails(post=library_photo.post, photo=photo, target=library_photo.target)
        embed.add_field(name="Post", value=shorten(post_summary(details), _MAX_FIELD), inline=False)
    embed.set_footer(text=f"id {str(photo.id)[:8]}")
    return embed


def _post_mark(library_photo: LibraryPhoto) -> str:
    assert library_photo.post is not None  # noqa: S101 - checked by the caller
    details = PostDetails(
        post=library_photo.post, photo=library_photo.photo, target=library_photo.target
    )
    return f"{MARKS[PostStatus(library_photo.post.status)]} {status_text(details)}"


def _describe_result(result: ImportResult) -> str:
    name = safe_name(result.name)
    if result.reason is not None:
        message = explain(result.reason) or "it cannot be read"
        return message if result.name in message else f"**{name}**: {message}"
    return (
        f"**{name}** is similar to **{photo_name(result.photo)}**"
        if result.photo
        else f"**{name}**"
    )
