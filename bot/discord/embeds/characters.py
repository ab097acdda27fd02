"""How characters look: on their way, in their gallery, and described."""

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
from services.texts import shorten

PER_PAGE = 9
_BAR = 12
_FIELD = 1024
_STEPS = {
    CharacterStatus.DRAFT: "waiting for its turn",
    CharacterStatus.PROFILING: "looking at the photo",
    CharacterStatus.GENERATING: "painting",
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
_OVER = (ArtifactStatus.DONE, ArtifactStatus.FAILED, ArtifactStatus.LOST)
_LOOKS = (
    *(("age_band", "Age"), ("hair", "Hair"), ("eyes", "Eyes"), ("skin", "Skin")),
    *(("face", "Face"), ("build", "Build"), ("clothing", "Wears")),
)
_LISTS = (("accessories", "With"), ("color_palette", "Palette"))


def style_label(style: str) -> str:
    """Return a style as people read it, also one that there is no more."""
    return STYLES[style].label if style in STYLES else style


def quote_words(quote: Quote) -> str:
    """Return what pictures will cost."""
    several = "1 picture" if quote.pictures == 1 else f"{quote.pictures} pictures"
    return f"{several} by `{quote.model}`, about **${quote.cost_usd:.2f}**"


def character_line(character: Character, pictures: int) -> str:
    """Return a character on one line, or two where it says what went wrong."""
    status = CharacterStatus(character.status)
    several = "1 picture" if pictures == 1 else f"{pictures} pictures"
    line = (
        f"{_MARKS[status]} **{_safe(character.name)}** · {style_label(character.style)} · "
        f"{several} · {_STEPS[status]}"
    )
    return f"{line}\n-# {shorten(_safe(character.error), 300)}" if character.error else line


def progress_embed(progress: Progress) -> discord.Embed:
    """Return how far pictures are: a bar, the step, and what went wrong with some."""
    character, artifacts = progress.character, progress.artifacts
    status = CharacterStatus(character.status)
    done = sum(each.status in _OVER for each in artifacts)
    embed = discord.Embed(title=shorten(_safe(character.name), 256))
    lines = [f"`{_bar(status, done, len(artifacts))}` {_MARKS[status]} {_step(status, artifacts)}"]
    lines += _troubles(artifacts)
    if status == CharacterStatus.FAILED and character.error:
        has_photo = character.photo_key is not None
        again = (
            "`/character generate` tries again."
            if has_photo
            else "`/character create` begins anew."
        )
        lines += [shorten(character.error, 600), again]
    if status == CharacterStatus.READY:
        lines.append(f"`/character gallery` shows them all. This cost ${progress.cost_usd:.2f}.")
    embed.description = "\n".join(lines)
    embed.set_footer(text=style_label(character.style))
    return embed


def gallery_embed(gallery: Gallery, page: int, chosen: GalleryImage | None) -> discord.Embed:
    """Return a page of a gallery; the pictures themselves are attached."""
    character, shown = gallery.character, gallery.images
    embed = discord.Embed(title=shorten(f"{_safe(character.name)}'s gallery", 256))
    status = CharacterStatus(character.status)
    lines: list[str] = []
    if status not in (CharacterStatus.READY, CharacterStatus.FAILED):
        lines.append(f"{_MARKS[status]} more is on its way: {_STEPS[status]}")
    if character.error:
        lines.append(f"-# {shorten(_safe(character.error), 300)}")
    if not shown:
        lines.append("*Nothing yet.* `/character generate` draws some.")
    if chosen is not None:
        lines.append(_picture_line(chosen))
    embed.description = "\n".join(lines) or None
    pages = max((len(shown) - 1) // PER_PAGE + 1, 1)
    footer = [f"{len(shown)} pictures" if len(shown) != 1 else "1 picture"]
    footer += [f"page {page + 1} of {pages}"] if pages > 1 else []
    embed.set_footer(text=" · ".join(footer))
    return embed


def profile_embed(character: Character, profile: CharacterProfile) -> discord.Embed:
    """Return what is known of a character as a table; what must not change has a lock."""
    embed = discord.Embed(title=shorten(f"What is known of {_safe(character.name)}", 256))
    for field, label in _LOOKS:
        embed.add_field(name=label, value=_cell(getattr(profile, field)))
    for field, label in _LISTS:
        embed.add_field(name=label, value=_cell(", ".join(getattr(profile, field))))
    kept = set(profile.do_not_change)
    features = [f"{'🔒' if each in kept else '▫️'} {_safe(each)}" for each in profile.features]
    embed.add_field(name="Known by", value=_cell("\n".join(features), is_safe=True), inline=False)
    embed.set_footer(text="🔒 is in every picture. The prompt of a picture has all of this.")
    return embed


def picture_label(number: int, shown: GalleryImage) -> str:
    """Return a picture as a choice in a menu."""
    mark = "★ " if shown.image.is_selected else ""
    return f"{mark}{number}: {style_label(shown.artifact.style)}, {shown.artifact.scene}"


def _picture_line(shown: GalleryImage) -> str:
    artifact = shown.artifact
    told = [
        "★ selected" if shown.image.is_selected else "",
        style_label(artifact.style),
        artifact.scene,
        f"{shown.asset.width}×{shown.asset.height}",
        f"${artifact.cost_usd or 0:.2f}",
        discord.utils.format_dt(artifact.created_at, "R"),
    ]
    said = f"\n> {shorten(_safe(artifact.scene_text), 300)}" if artifact.scene_text else ""
    return " · ".join(filter(None, told)) + said


def _bar(status: CharacterStatus, done: int, total: int) -> str:
    share = {
        CharacterStatus.DRAFT: 0.0,
        CharacterStatus.PROFILING: 0.1,
        CharacterStatus.READY: 1.0,
        CharacterStatus.FAILED: 1.0,
    }.get(status, 0.2 + 0.8 * done / max(total, 1))
    full = round(share * _BAR)
    return "█" * full + "░" * (_BAR - full)


def _step(status: CharacterStatus, artifacts: Sequence[PromptArtifact]) -> str:
    if status != CharacterStatus.GENERATING:
        return _STEPS[status]
    done = sum(each.status == ArtifactStatus.DONE for each in artifacts)
    return f"painting: {done} of {len(artifacts)}"


def _troubles(artifacts: Sequence[PromptArtifact]) -> list[str]:
    """Return what went wrong with single pictures, each reason once."""
    said: dict[str, int] = {}
    for each in artifacts:
        if each.error:
            said[each.error] = said.get(each.error, 0) + 1
    return [
        f"-# {count}× {shorten(words, 300)}" if count > 1 else f"-# {shorten(words, 300)}"
        for words, count in said.items()
    ]


def _cell(text: str, *, is_safe: bool = False) -> str:
    return shorten(text if is_safe else _safe(text), _FIELD) or "–"


def _safe(text: str) -> str:
    return discord.utils.escape_markdown(text)
