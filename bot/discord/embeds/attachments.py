"""Plots in a message."""

import io
from collections.abc import Sequence

import discord

from bot.discord.embeds.plots import Plot
from services.texts import shorten

_MAX_ALT = 1000


def attachments(
    embed: discord.Embed, plots: Sequence[Plot]
) -> tuple[list[discord.Embed], list[discord.File]]:
    """Return embeds and files of a message: an embed shows one picture, so others follow it."""
    embeds = [embed, *(discord.Embed() for _ in plots[1:])]
    for each, plot in zip(embeds, plots, strict=False):
        each.set_image(url=f"attachment://{plot.name}.png")
    files = [
        discord.File(
            io.BytesIO(plot.png), f"{plot.name}.png", description=shorten(plot.alt, _MAX_ALT)
        )
        for plot in plots
    ]
    return embeds, files
