"""What errors about photos say to a person; a part of `bot.discord.words`."""

import discord

from services.embeddings import EmbedderFailed, EmbedderMisconfigured, EmbedderUnavailable
from services.errors import DomainError
from services.photos import (
    ArchiveBroken,
    ArchiveTooLarge,
    FileUnreadable,
    FolderEmpty,
    NoSuchFolder,
    PhotoInFlight,
    PhotoNotEmbedded,
    PhotoNotFound,
    SeveralPhotos,
)


def about_photos(error: DomainError) -> str | None:
    """Return what an error says, or None where it is about something else."""
    return _about_libraries(error) or _about_files(error) or _about_looking(error)


def _about_libraries(error: DomainError) -> str | None:
    match error:
        case PhotoNotFound(name=""):
            return "That photo is not there any more."
        case PhotoNotFound(name=name):
            return f"You have no photo called **{_safe(name)}**. `/photos list` shows them."
        case SeveralPhotos(name=name):
            return (
                f"More than one photo is called **{_safe(name)}**. Name it by its id, as "
                "`/photos list` shows it."
            )
        case PhotoInFlight(name=name):
            return (
                f"**{_safe(name)}** is on its way, or may be posted already. When that is over, or "
                "`/schedule cancel` has called its post off, it can go."
            )
        case PhotoNotEmbedded(name=name):
            return f"**{_safe(name)}** has not been looked at yet. Try again in a minute."
        case _:
            return None


def _about_files(error: DomainError) -> str | None:
    match error:
        case NoSuchFolder(path=path):
            return f"There is no folder **{_safe(path)}**."
        case FolderEmpty(path=path):
            return f"There are no files in **{_safe(path)}**."
        case FileUnreadable(name=name, detail=detail):
            return f"**{_safe(name)}** cannot be read: {_safe(detail)}."
        case ArchiveBroken(name=name):
            return f"**{_safe(name)}** is no zip archive that I can read."
        case ArchiveTooLarge(name=name, files=files, megabytes=megabytes):
            return (
                f"There is too much in **{_safe(name)}**: {files:,} files and {megabytes:,} MB "
                "unpacked is the most I take at once."
            )
        case _:
            return None


def _about_looking(error: DomainError) -> str | None:
    match error:
        case EmbedderUnavailable(name=name):
            return f"`{_safe(name)}`, which looks at photos, is not answering."
        case EmbedderFailed(name=name, detail=detail):
            return f"`{_safe(name)}` can say nothing of this: {_safe(detail)}."
        case EmbedderMisconfigured(name=name, detail=detail):
            return (
                f"`{_safe(name)}`, which looks at photos, refuses us ({_safe(detail)}): whoever "
                "runs this bot must look at IMAGE_EMBEDDER, IMAGE_EMBED_URL and the keys."
            )
        case _:
            return None


def _safe(text: str) -> str:
    return discord.utils.escape_markdown(text[:200])
