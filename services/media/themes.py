"""Colours and the font of everything that is drawn: plots, calendars and contact sheets.

Discord does not tell which theme a viewer uses. So each picture is a card with a background of its
own, which is legible in both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.util import find_spec
from pathlib import Path

CARD_WIDTH, CARD_RADIUS = 1100, 28
_FONTS = "mpl-data/fonts/ttf"


class Palette(StrEnum):
    """Colours of Okabe and Ito, which colour-blind people can tell apart, and a grey."""

    BLUE = "#0072B2"
    SKY = "#56B4E9"
    GREEN = "#009E73"
    ORANGE = "#E69F00"
    VERMILION = "#D55E00"
    GREY = "#BBBBBB"


@dataclass(frozen=True, kw_only=True)
class Theme:
    """The colours of a card, as `#rrggbb`.

    `replacements` has colours of the palette that would be too close to the background, with those
    to use instead.
    """

    name: str
    background: str
    panel: str
    text: str
    muted: str
    grid: str
    replacements: Mapping[str, str] = field(default_factory=dict[str, str])

    def visible(self, colour: str) -> str:
        """Return a colour of the palette as it is drawn in this theme."""
        return self.replacements.get(colour, colour)


DARK = Theme(
    name="dark",
    background="#1e1f22",
    panel="#2b2d31",
    text="#dbdee1",
    muted="#949ba4",
    grid="#3f4147",
    replacements={Palette.BLUE: Palette.SKY},
)
LIGHT = Theme(
    name="light",
    background="#ffffff",
    panel="#f2f3f5",
    text="#1e1f22",
    muted="#4e5058",
    grid="#d9dadd",
    replacements={Palette.GREY: "#96989d"},
)


@cache
def font_file(*, bold: bool = False) -> Path | None:
    """Return DejaVu Sans, which comes with matplotlib; importing that would take a second."""
    package = find_spec("matplotlib")
    if package is None or package.origin is None:
        return None
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    path = Path(package.origin).parent / _FONTS / name
    return path if path.is_file() else None
