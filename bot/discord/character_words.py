"""What errors about characters say to a person; a part of `bot.discord.words`."""

import discord

from services.characters import (
    STYLES,
    CharacterNameTaken,
    CharacterNotFound,
    ImageLimitReached,
    ImageNotFound,
    NoImageSelected,
    NoProfile,
    NoReferencePhoto,
    PhotoProblem,
    PhotoRefused,
    ProgressNotDelivered,
    SceneRefused,
    StillGenerating,
    StyleForAdults,
    StyleNotFound,
    TooManyGenerating,
)
from services.errors import DomainError
from services.llm_configs import NoVisionModel

_FLAWS = {
    PhotoProblem.NOBODY: "there is nobody in it. Send one of a single person.",
    PhotoProblem.SEVERAL: "there is more than one person in it. Send one of a single person.",
    PhotoProblem.SEXUAL: "I draw nobody from a photo like that.",
    PhotoProblem.VIOLENT: "I draw nobody from a photo like that.",
}


def about_characters(error: DomainError) -> str | None:
    """Return what an error says, or None where it is about something else."""
    return _about_photos(error) or _about_limits(error) or _about_pictures(error)


def _about_photos(error: DomainError) -> str | None:
    match error:
        case PhotoRefused(problem=flaw):
            return f"The photo was deleted: {_FLAWS[flaw]}"
        case NoVisionModel():
            return (
                "There is no model here that can see, so nobody can look at the photo: whoever "
                "runs this bot can set OPENAI_API_KEY or GEMINI_API_KEY, or a vision model in "
                "`/config`."
            )
        case StyleNotFound(name=name):
            known = ", ".join(each.label for each in STYLES.values())
            return f"There is no style **{_safe(name)}**. There are: {known}."
        case StyleForAdults(style=style):
            label = STYLES[style].label if style in STYLES else style
            return (
                f"**{_safe(label)}** is for grown-up characters only; this one looks younger. "
                "`/character generate` takes another style."
            )
        case SceneRefused():
            return "I draw nobody by words like that."
        case _:
            return None


def _about_limits(error: DomainError) -> str | None:
    match error:
        case StillGenerating(name=name):
            return f"Pictures of **{_safe(name)}** are on their way already."
        case TooManyGenerating(limit=limit):
            return f"You have {limit} characters on their way. Wait until one of them is there."
        case ImageLimitReached(limit=limit, left=left):
            return f"You may have {limit} pictures painted a day, and {left} are left for today."
        case _:
            return None


def _about_pictures(error: DomainError) -> str | None:
    match error:
        case CharacterNotFound(name=name):
            return f"You have no character called **{_safe(name)}**. `/character list` shows yours."
        case CharacterNameTaken(name=name):
            return f"You have a character called **{_safe(name)}** already."
        case NoReferencePhoto(name=name):
            return (
                f"There is nothing to draw **{_safe(name)}** after: the photo was deleted. Select "
                "a picture in `/character gallery`, or make the character anew."
            )
        case NoImageSelected(name=name):
            return f"Select a picture of **{_safe(name)}** in `/character gallery` first."
        case ImageNotFound():
            return "That picture is in the gallery no more."
        case ProgressNotDelivered():
            return "Discord is not answering."
        case NoProfile(name=name):
            return f"Nobody has described **{_safe(name)}** yet: the photo was not looked at."
        case _:
            return None


def _safe(text: str) -> str:
    return discord.utils.escape_markdown(text[:200])
