"""What errors about files and pictures say to a person; a part of `bot.discord.words`."""

import math

import discord

from services.errors import DomainError
from services.images import ImageGenerationFailed, ImageGenerationLost, NoImageModel
from services.media import (
    FileNotFound,
    FileTooLarge,
    FileUnreachable,
    ForeignHost,
    LinkUnreachable,
    NoPublicUrl,
    NotAPicture,
    ObjectNotFound,
    PictureTooLarge,
    StorageMisconfigured,
    StorageUnavailable,
)


def about_media(error: DomainError) -> str | None:
    """Return what an error says, or None where it is about something else."""
    return _about_files(error) or _about_storage(error) or _about_painting(error)


def _about_files(error: DomainError) -> str | None:
    match error:
        case NotAPicture(name=name):
            return (
                f"**{_safe(name)}** is no picture that I can read, whatever its name says. "
                "Send a JPEG, PNG, WebP, HEIC or AVIF."
            )
        case PictureTooLarge(name=name, megapixels=megapixels, limit=limit):
            size = "too many" if math.isinf(megapixels) else f"{megapixels:.0f}"
            return f"**{_safe(name)}** has {size} megapixels; {limit:.0f} is the most I take."
        case FileTooLarge(name=name, limit_bytes=limit):
            return f"**{_safe(name)}** is larger than {limit / 1e6:.0f} MB."
        case FileNotFound(name=name):
            return f"**{_safe(name)}** is not there any more. Upload it once more."
        case FileUnreachable(name=name):
            return f"**{_safe(name)}** cannot be fetched just now. Try again in a moment."
        case ForeignHost(host=host):
            return f"I fetch no files from **{_safe(host)}**."
        case _:
            return None


def _about_storage(error: DomainError) -> str | None:
    match error:
        case ObjectNotFound():
            return "That file is not in the storage any more."
        case StorageUnavailable():
            return "The storage for pictures is not answering. Try again in a moment."
        case StorageMisconfigured(detail=detail):
            return (
                f"The storage for pictures refuses us ({_safe(detail)}): whoever runs this bot "
                "must look at the settings that begin with S3_."
            )
        case LinkUnreachable(detail=detail):
            return (
                f"The public link to the photo does not work: {_safe(detail)}. Whoever runs this "
                "bot must look at MEDIA_PUBLIC_URL."
            )
        case NoPublicUrl():
            return (
                "Others must be able to fetch that picture, and there is no address for it: "
                "whoever runs this bot can set MEDIA_PUBLIC_URL."
            )
        case _:
            return None


def _about_painting(error: DomainError) -> str | None:
    match error:
        case NoImageModel():
            return (
                "There is no model for pictures here: whoever runs this bot can set "
                "REPLICATE_API_TOKEN or GEMINI_API_KEY."
            )
        case ImageGenerationFailed(model=model, detail=detail):
            return f"The model `{_safe(model)}` did not finish the picture: {_safe(detail)}."
        case ImageGenerationLost(model=model):
            return (
                f"A picture of the model `{_safe(model)}` was lost on the way. It may have been "
                "paid for, so it is not ordered again by itself."
            )
        case _:
            return None


def _safe(text: str) -> str:
    return discord.utils.escape_markdown(text[:200])
