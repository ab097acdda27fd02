"""Embeds and texts for characters: progress, galleries, and profiles."""

from collections.abc import Sequence

import discord

from services.characters import (
    STYLES,
    ArtifactStatus,
    Character,
    CharacterProfile,
    CharacterStatus,
    Gallery,
    GalleryImage,
    Progress,
    PromptArtifact,
    Quote,
)
from services.texts import counted, shorten

PER_PAGE = 9
_BAR_LENGTH = 12
_MAX_FIELD = 1024
_STEPS = {
    CharacterStatus.DRAFT: "waiting for its turn",
    CharacterStatus.PROFILING: "looking at the photo",
    CharacterStatus.GENERATING: "generating pictures",
    CharacterStatus.READY: "ready",
    CharacterStatus.FAILED: "failed",
}
_MARKS = {
    CharacterStatus.DRAFT: "🕓",
    CharacterStatus.PROFILING: "👀",
    CharacterStatus.GENERATING: "🖌️",
    CharacterStatus.READY: "✅",
    CharacterStatus.FAILED: "❌",
}
_ENDED = (ArtifactStatus.DONE, ArtifactStatus.FAILED, ArtifactStatus.LOST)
_TRAITS = (
    *(("age_band", "Age"), ("hair", "Hair"), ("eyes", "Eyes"), ("skin", "Skin")),
    *(("face", "Face"), ("build", "Build"), ("clothing", "Wears")),
)
_LIST_TRAITS = (("accessories", "With"), ("color_palette", "Palette"))


def style_label(style: str) -> str:
    """Return the label of a style, or its name if it no longer exists."""
    return STYLES[style].label if style in STYLES else style


def quote_text(quote: Quote) -> str:
    """Return the expected cost of pictures."""
    count = counted(quote.pictures, "picture")
    return f"{count} by `{quote.model}`, about **${quote.cost_usd:.2f}**"


def character_line(character: Character, pictures: int) -> str:
    """Return a character on one line, with its error on a second one."""
    status = CharacterStatus(character.status)
    count = counted(pictures, "picture")
    line = (
        f"{_MARKS[status]} **{_safe(character.name)}** · {style_label(character.style)} · "
        f"{count} · {_STEPS[status]}"
    )
    return f"{line}\n-# {shorten(_safe(character.error), 300)}" if character.error else line


def progress_embed(progress: Progress) -> discord.Embed:
    """Return the progress of pictures: a bar, the step, and errors."""
    character, artifacts = progress.character, progress.artifacts
    status = CharacterStatus(character.status)
    done = sum(each.status in _ENDED for each in artifacts)
    embed = discord.Embed(title=shorten(_safe(character.name), 256))
    lines = [f"`{_bar(status, done, len(artifacts))}` {_MARKS[status]} {_step(status, artifacts)}"]
    lines += _error_lines(artifacts)
    if status == CharacterStatus.FAILED and character.error:
        has_photo = character.photo_key is not None
        hint = (
            "`/character generate` tries again."
            if has_photo
            else "`/character create` starts again."
        )
        lines += [shorten(character.error, 600), hint]
    if status == CharacterStatus.READY:
        lines.append(f"`/character gallery` shows them all. This cost ${progress.cost_usd:.2f}.")
    embed.description = "\n".join(lines)
    embed.set_footer(text=style_label(character.style))
    return embed


def gallery_embed(gallery: Gallery, page: int, chosen: GalleryImage | None) -> discord.Embed:
    """Return a page of a gallery; the pictures are attached separately."""
    character, images = gallery.character, gallery.images
    embed = discord.Embed(title=shorten(f"{_safe(character.name)}'s gallery", 256))
    status = CharacterStatus(character.status)
    lines: list[str] = []
    if status not in (CharacterStatus.READY, CharacterStatus.FAILED):
        lines.append(f"{_MARKS[status]} more pictures are being generated: {_STEPS[status]}")
    if character.error:
        lines.append(f"-# {shorten(_safe(character.error), 300)}")
    if not images:
        lines.append("*Nothing yet.* `/character generate` draws some.")
    if chosen is not None:
        lines.append(_picture_line(chosen))
    embed.description = "\n".join(lines) or None
    pages = max((len(images) - 1) // PER_PAGE + 1, 1)
    footer = [f"{len(images)} pictures" if len(images) != 1 else "1 picture"]
    footer += [f"page {page + 1} of {pages}"] if pages > 1 else []
    embed.set_footer(text=" · ".join(footer))
    return embed


def profile_embed(character: Character, profile: CharacterProfile) -> discord.Embed:
    """Return the profile of a character; features that must not change have a lock."""
    embed = discord.Embed(title=shorten(f"Profile of {_safe(character.name)}", 256))
    for field, label in _TRAITS:
        embed.add_field(name=label, value=_cell(getattr(profile, field)))
    for field, label in _LIST_TRAITS:
        embed.add_field(name=label, value=_cell(", ".join(getattr(profile, field))))
    locked = set(profile.do_not_change)
    features = [f"{'🔒' if each in locked else '▫️'} {_safe(each)}" for each in profile.features]
    embed.add_field(name="Features", value=_cell("\n".join(features), is_safe=True), inline=False)
    embed.set_footer(
        text="🔒 is kept in every picture. The prompt of a picture contains all of this."
    )
    return embed


def picture_label(number: int, gallery_image: GalleryImage) -> str:
    """Return the label of a picture in a menu."""
    mark = "★ " if gallery_image.image.is_selected else ""
    artifact = gallery_image.artifact
    return f"{mark}{number}: {style_label(artifact.style)}, {artifact.scene}"


def _picture_line(gallery_image: GalleryImage) -> str:
    artifact = gallery_image.artifact
    parts = [
        "★ selected" if gallery_image.image.is_selected else "",
        style_label(artifact.style),
        artifact.scene,
        f"{gallery_image.asset.width}×{gallery_image.asset.height}",
        f"${artifact.cost_usd or 0:.2f}",
        discord.utils.format_dt(artifact.created_at, "R"),
    ]
    quotation = f"\n> {shorten(_safe(artifact.scene_text), 300)}" if artifact.scene_text else ""
    return " · ".join(filter(None, parts)) + quotation


def _bar(status: CharacterStatus, done: int, total: int) -> str:
    share = {
        CharacterStatus.DRAFT: 0.0,
        CharacterStatus.PROFILING: 0.1,
        CharacterStatus.READY: 1.0,
        CharacterStatus.FAILED: 1.0,
    }.get(status, 0.2 + 0.8 * done / max(total, 1))
    full = round(share * _BAR_LENGTH)
    return "█" * full + "░" * (_BAR_LENGTH - full)


def _step(status: CharacterStatus, artifacts: Sequence[PromptArtifact]) -> str:
    if status != CharacterStatus.GENERATING:
        return _STEPS[status]
    done = sum(each.status == ArtifactStatus.DONE for each in artifacts)
    return f"generating pictures: {done} of {len(artifacts)}"


def _error_lines(artifacts: Sequence[PromptArtifact]) -> list[str]:
    """Return the errors of pictures, each message once with its count."""
    counts: dict[str, int] = {}
    for each in artifacts:
        if each.error:
            counts[each.error] = counts.get(each.error, 0) + 1
    return [
        f"-# {number}× {shorten(message, 300)}" if number > 1 else f"-# {shorten(message, 300)}"
        for message, number in counts.items()
    ]


def _cell(text: str, *, is_safe: bool = False) -> str:
    return shorten(text if is_safe else _safe(text), _MAX_FIELD) or "–"


def _safe(text: str) -> str:
    return discord.utils.escape_markdown(text)
