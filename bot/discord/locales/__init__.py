"""Catalogues of messages, one module a language."""

from collections.abc import Mapping

from discord import Locale

from bot.discord.locales.english import ENGLISH
from bot.discord.messages import Catalogue

CATALOGUES: Mapping[Locale, Catalogue] = {
    Locale.american_english: ENGLISH,
    Locale.british_english: ENGLISH,
}

__all__ = ["CATALOGUES", "ENGLISH"]
