"""Replies to failed interactions; the texts are in `bot.discord.locales`."""

import logging
from typing import Any

import discord
from discord import app_commands

from bot.discord.locales import CATALOGUES, ENGLISH
from bot.discord.messages import Catalogue
from bot.discord.refusals import translate
from services.llm import ModelError

log = logging.getLogger(__name__)

# Unknown message, webhook or interaction: it was dismissed, or has expired.
_EXPIRED_CODES = {10008, 10015, 10062}


def explain(error: BaseException, locale: discord.Locale | None = None) -> str | None:
    """Return the message for the user who caused an error, or None for an internal error."""
    # What is forbidden to a command may be anything, not only to send a message.
    translated = None if isinstance(error, discord.Forbidden) else translate(error)
    return _catalogue(locale).render(translated or error)


def describe(error: BaseException) -> str:
    """Return the message for an error, a generic one for an internal error."""
    return explain(error) or ENGLISH.unexplained


def operator_text(error: BaseException) -> str:
    """Return the message for the operator, with the words of a vendor that members do not get."""
    text = explain(error) or str(error)
    detail = error.detail if isinstance(error, ModelError) else ""
    return f"{text} It says: {detail}" if detail else text


def _catalogue(locale: discord.Locale | None) -> Catalogue:
    return CATALOGUES.get(locale, ENGLISH) if locale else ENGLISH


def unwrap(error: BaseException) -> BaseException:
    """Return the original error inside a wrapper of discord.py."""
    match error:
        case app_commands.CommandInvokeError(original=original):
            return unwrap(original)
        case app_commands.TransformerError(__cause__=cause) if cause is not None:
            return unwrap(cause)
        case _:
            return error


async def report(
    interaction: discord.Interaction[Any],
    error: Exception,
    *,
    view: discord.ui.View = discord.utils.MISSING,
) -> None:
    """Reply to a failed interaction. All error handlers of `bot.discord.ui` call this."""
    cause = unwrap(error)
    if isinstance(cause, discord.NotFound) and cause.code in _EXPIRED_CODES:
        log.warning("Interaction %s has expired: %s", interaction.id, cause)
        return
    text = explain(cause, interaction.locale)
    if text is None:
        log.error("Interaction %s failed", interaction.id, exc_info=cause)
        catalogue = _catalogue(interaction.locale)
        text = catalogue.internal_error.format(interaction=interaction.id)
    if interaction.response.is_done():
        await interaction.followup.send(text, view=view, ephemeral=True)
    else:
        await interaction.response.send_message(text, view=view, ephemeral=True)
