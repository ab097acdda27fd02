"""Every error becomes words here, nowhere else. Those of our own are in `bot.discord.words`."""

import logging
from typing import Any

import discord
from discord import app_commands

from bot.discord.words import words
from services.errors import DomainError

log = logging.getLogger(__name__)

# Unknown message, unknown webhook, unknown interaction: it was dismissed, or its time ran out.
_NOBODY_LEFT = {10008, 10015, 10062}


def explain(error: BaseException) -> str | None:
    """Say what went wrong to whoever caused it; None means the fault is ours."""
    match error:
        case DomainError():
            return words(error)
        case app_commands.CheckFailure():
            return _about_checks(error)
        case discord.Forbidden():
            return "Discord does not let me do that here. A moderator can give me the permission."
        case _:
            return None


def _about_checks(error: app_commands.CheckFailure) -> str:
    match error:
        case app_commands.NoPrivateMessage():
            return "That works in servers only."
        case app_commands.MissingPermissions(missing_permissions=missing):
            needed = ", ".join(name.replace("_", " ").title() for name in missing)
            return f"Only members with **{needed}** can do that."
        case _:
            return "You cannot do that here."


def unwrap(error: BaseException) -> BaseException:
    """Return what really happened, out of what discord.py wrapped around it."""
    match error:
        case app_commands.CommandInvokeError(original=original):
            return unwrap(original)
        case app_commands.TransformerError(__cause__=cause) if cause is not None:
            return unwrap(cause)
        case _:
            return error


async def report(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Answer an interaction that failed. Every door in `bot.discord.ui` leads here."""
    cause = unwrap(error)
    text = explain(cause)
    if text is None:
        if isinstance(cause, discord.NotFound) and cause.code in _NOBODY_LEFT:
            log.warning("Interaction %s came to nothing: %s", interaction.id, cause)
            return
        log.error("Interaction %s failed", interaction.id, exc_info=cause)
        text = f"Something broke on our side. If you report it, quote `{interaction.id}`."
    if interaction.response.is_done():
        await interaction.followup.send(text, ephemeral=True)
    else:
        await interaction.response.send_message(text, ephemeral=True)
