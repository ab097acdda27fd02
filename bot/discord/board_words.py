"""What errors about boards and the engine say to a person; a part of `bot.discord.words`."""

import discord

from services.engine import (
    BoardNotFound,
    EnginePaused,
    ImagePostsUnavailable,
    InvalidHours,
    InvalidTimeZone,
    NoBoardMembers,
    NotABoard,
    NoTarget,
    NotOnBoard,
    Skipped,
)
from services.errors import DomainError


def about_boards(error: DomainError) -> str | None:
    """Return what an error says, or None where it is about something else."""
    match error:
        case BoardNotFound():
            return "This is no board, or it is closed. `/board open` makes one of a channel."
        case NotABoard():
            return "Only text channels and forums of a server can be boards."
        case NoBoardMembers():
            return "A board needs at least one personality."
        case NotOnBoard(name=name):
            return f"**{_safe(name)}** may not act on that board: `/board settings` adds it."
        case NoTarget(name=name, kind=kind):
            return f"There is nothing fresh on that board for a {kind} of **{_safe(name)}**."
        case InvalidTimeZone(name=name):
            return f"There is no time zone **{_safe(name)}**. Write one like `Europe/Berlin`."
        case InvalidHours(text=text):
            return f"**{_safe(text)}** are no hours. Write them like `23:00-07:00`, or `never`."
        case ImagePostsUnavailable(name=name):
            return (
                f"**{_safe(name)}** posts no pictures: there is no model for images here, or "
                "`/personality settings` has them off."
            )
        case EnginePaused():
            return "The engine is paused."
        case Skipped(reason=reason):
            return f"That was left undone: {reason}."
        case _:
            return None


def _safe(text: str) -> str:
    return discord.utils.escape_markdown(text[:200])
