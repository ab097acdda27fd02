"""Every failed interaction is answered here; the words are in `bot.discord.locales`."""

import logging
from typing import Any

import discord
from discord import app_commands

from bot.discord.locales import CATALOGUES, ENGLISH
from bot.discord.messages import Catalogue

log = logging.getLogger(__name__)

# Unknown message, unknown webhook, unknown interaction: it was dismissed, or its time ran out.
_NOBODY_LEFT = {10008, 10015, 10062}


def explain(error: BaseException, locale: discord.Locale | None = None) -> str | None:
    """Say what went wrong to whoever caused it; None means the fault is ours."""
    return _catalogue(locale).render(error)


def describe(error: BaseException) -> str:
    """Say what went wrong, also where the fault is ours."""
    return explain(error) or ENGLISH.unexplained


def _catalogue(locale: discord.Locale | None) -> Catalogue:
    return CATALOGUES.get(locale, ENGLISH) if locale else ENGLISH


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
    text = explain(cause, interaction.locale)
    if text is None:
        if isinstance(cause, discord.NotFound) and cause.code in _NOBODY_LEFT:
            log.warning("Interaction %s came to nothing: %s", interaction.id, cause)
            return
        log.error("Interaction %s failed", interaction.id, exc_info=cause)
        catalogue = _catalogue(interaction.locale)
        text = catalogue.internal_error.format(interaction=interaction.id)
    if interaction.response.is_done():
        await interaction.followup.send(text, ephemeral=True)
    else:
        await interaction.response.send_message(text, ephemeral=True)
