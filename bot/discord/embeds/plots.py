"""How plots look, and the kinds of them. Matplotlib is only partly typed, so it is used only here.

Discord scales a picture to 550 pixels on a desktop and to 340 on a phone. So a plot is a landscape
with one panel, and its text is 8 pixels high on a phone.
"""

import io
import logging
import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from bot.discord.embeds.labels import compact, money
from services.media import CARD_RADIUS, CARD_WIDTH, DARK, Palette, Theme
from services.texts import shorten

MAX_ROWS = 12
_DPI = 72  # so that a point is a pixel
_HEIGHT, _ROW_HEIGHT, _MARGIN = 720, 46, 40
_TITLE_SIZE, _TITLE_HEIGHT, _TEXT_SIZE, _LINE_HEIGHT = 40, 62, 28, 44
_MAX_NAME, _MAX_LINE = 18, 68
_MAX_LABELLED_BARS = 8
_MAX_LIMIT_RATIO = 4  # of a limit to the highest bar; a higher one would leave only its line
_HEADROOM, _MIN_SCALE = 1.16, 4
_DIGIT_SHARE = 0.025  # of a digit's width in that of the longest row
_LINE: Mapping[str, Any] = {"marker": "|", "s": 24**2, "linewidth": 5}
_DIAMOND: Mapping[str, Any] = {"marker": "D", "s": 22**2, "clip_on": False, "zorder": 3}
_DASHES: Mapping[str, Any] = {"color": Palette.VERMILION, "linewidth": 4, "linestyle": "--"}
_DURATIONS = {
    "1 s": 1,
    "10 s": 10,
    "1 min": 60,
    "10 min": 600,
    "1 h": 3600,
    "6 h": 6 * 3600,
    "1 day": 86_400,
    "1 week": 7 * 86_400,
}


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A PNG with its alternative text."""

    name: str
    png: bytes
    alt: str


@dataclass(frozen=True, kw_only=True)
class Heading:
    """What stands above a plot: the question that it answers, and a sentence with the answer."""

    title: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Series:
    """Numbers of one kind, with their name and colour in the plot."""

    label: str
    colour: str
    values: Sequence[float]


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A line that bars should stay below."""

    label: str
    value: float


def sentence_plot(name: str, title: str, sentence: str, theme: Theme) -> Plot:
    """Return a title and a sentence, where there is nothing to plot."""
    heading = Heading(title=title, note=sentence)
    card = _Card(theme, heading, _header_height(heading) + _MARGIN)
    return Plot(name=name, png=card.png(), alt=sentence)


def draw_columns(
    heading: Heading,
    series: Sequence[Series],
    *,
    ticks: Mapping[int, str],
    x_label: str,
    y_label: str,
    limit: Limit | None = None,
    is_money: bool = False,
    theme: Theme = DARK,
) -> bytes:
    """Draw stacked bars; `ticks` are labels of some of them, by their index."""
    totals = [sum(values) for values in zip(*(each.values for each in series), strict=True)]
    top = max(totals) if is_money else max(*totals, _MIN_SCALE)
    is_limit_visible = limit is not None and limit.value <= top * _MAX_LIMIT_RATIO
    card = _Card(theme, heading, _HEIGHT)
    card.key([*_squares(series), *_dashes(limit, is_visible=is_limit_visible)])
    panel = card.panel(x_label=x_label, y_label=y_label)
    _stack(panel, series, theme)
    if limit is not None and is_limit_visible:
        panel.axhline(limit.value, **_DASHES)
        top = max(top, limit.value)
    height = top * (_HEADROOM if (is_labelled := len(totals) <= _MAX_LABELLED_BARS) else 1.05)
    panel.set(xlim=(-0.6, len(totals) - 0.4), ylim=(0, height))
    panel.set_xticks(list(ticks), list(ticks.values()))
    _scale(panel, is_money=is_money)
    for index, total in enumerate(totals if is_labelled else ()):
        if total:
            card.label(panel, index, total, (money if is_money else compact)(total), above=True)
    return card.png()


def draw_rows(
    heading: Heading,
    names: Sequence[str],
    series: Sequence[Series],
    *,
    x_label: str,
    theme: Theme = DARK,
) -> bytes:
    """Draw a stacked bar for each name, with its total, and with its parts where they fit."""
    totals = [sum(values) for values in zip(*(each.values for each in series), strict=True)]
    card = _Card(theme, heading, _rows_height(heading, len(names)))
    card.key(_squares(series))
    panel = card.panel(x_label=x_label)
    _stack_rows(panel, series, totals, theme)
    for row, total in enumerate(totals):
        card.label(panel, total, row, f"{total:,.0f}")
    panel.set_xlim(0, max(totals) * 1.1)
    panel.set_xticks([])
    _name_rows(panel, names)
    return card.png()


def draw_timeline(
    heading: Heading,
    rows: Mapping[str, Sequence[float]],
    marks: Sequence[tuple[str, Series]],
    *,
    ticks: Mapping[float, str],
    hours: float,
    x_label: str,
    theme: Theme = DARK,
) -> bytes:
    """Draw times in rows, in hours from now: when they are online, and by name what is planned."""
    names = list(rows)
    card = _Card(theme, heading, _rows_height(heading, len(names)))
    kinds = {each.label: ("◆", each.colour, each.label) for _, each in marks}
    planned = [("", theme.text, "planned:"), *kinds.values()] if kinds else []
    card.key([("❙", theme.muted, "online"), *planned])
    panel = card.panel(x_label=x_label)
    panel.hlines(range(len(names)), 0, hours, color=theme.grid, linewidth=2, zorder=0)
    for row, times in enumerate(rows.values()):
        panel.scatter(times, [row] * len(times), color=theme.muted, **_LINE)
    for name, each in marks:
        y = [names.index(name)] * len(each.values)
        colour = theme.visible(each.colour)
        panel.scatter(each.values, y, color=colour, edgecolor=theme.background, **_DIAMOND)
    panel.set_xlim(-0.3, hours + 0.3)
    panel.set_xticks(list(ticks), list(ticks.values()))
    _name_rows(panel, names)
    return card.png()


def draw_durations(
    heading: Heading, seconds: Sequence[float], *, x_label: str, y_label: str, theme: Theme = DARK
) -> bytes:
    """Draw how many of some durations are about how long, on a logarithmic scale."""
    card = _Card(theme, heading, _HEIGHT)
    panel = card.panel(x_label=x_label, y_label=y_label)
    lowest = math.floor(math.log10(max(min(seconds), 1)) * 5)
    highest = math.ceil(math.log10(max(*seconds, 10)) * 5) + 1
    bins = [10 ** (step / 5) for step in range(lowest, highest + 1)]
    panel.hist(seconds, bins=bins, color=theme.visible(Palette.BLUE), rwidth=0.88)
    panel.set_xscale("log")
    panel.set_xticks([], minor=True)
    ticks = {label: value for label, value in _DURATIONS.items() if bins[0] <= value <= bins[-1]}
    panel.set_xticks(list(ticks.values()), list(ticks))
    panel.minorticks_off()
    _scale(panel)
    return card.png()


class _Card:
    """A rounded card with a heading, and room for a panel below it."""

    def __init__(self, theme: Theme, heading: Heading, height: int) -> None:
        figure_class, canvas_class, patch_class, pixels = _matplotlib()
        size = (CARD_WIDTH / _DPI, height / _DPI)
        self._theme, self._height = theme, height
        self._figure: Any = figure_class(figsize=size, dpi=_DPI, layout="constrained")
        self._canvas: Any = canvas_class(self._figure)
        self._figure.patch.set_alpha(0)
        style = f"round,pad=0,rounding_size={CARD_RADIUS}"
        card = patch_class((0, 0), CARD_WIDTH, height, boxstyle=style, linewidth=0, zorder=-1)
        card.set(facecolor=theme.background, transform=pixels())
        self._figure.add_artist(card)
        self._top = _MARGIN
        self._write(_MARGIN, heading.title, size=_TITLE_SIZE, weight="bold")
        self._top += _TITLE_HEIGHT
        for line in textwrap.wrap(heading.note, _MAX_LINE):
            self._write(_MARGIN, line, colour=theme.muted)
            self._top += _LINE_HEIGHT

    def key(self, entries: Sequence[tuple[str, str, str]]) -> None:
        """Write marks, their colours and what they mean, on as many lines as that takes."""
        if not entries:
            return
        left = _MARGIN
        for mark, colour, label in entries:
            width = 34 + self._measure(label)
            if left > _MARGIN and left + width > CARD_WIDTH - _MARGIN:
                left, self._top = _MARGIN, self._top + _LINE_HEIGHT
            self._write(left, mark, colour=self._theme.visible(colour))
            self._write(left + 34, label)
            left += width + 26
        self._top += _LINE_HEIGHT

    def panel(self, *, x_label: str, y_label: str = "") -> Any:
        """Return the axes, which fill what is left of the card."""
        theme, margin = self._theme, _MARGIN / CARD_WIDTH
        room = (self._height - self._top - 16) / self._height
        bottom = 24 / self._height
        self._figure.get_layout_engine().set(
            rect=(margin, bottom, 1 - 2 * margin, room - bottom), w_pad=0, h_pad=0
        )
        panel = self._figure.add_subplot()
        panel.set_facecolor("none")
        panel.set_axisbelow(True)
        panel.spines[["top", "right", "left"]].set_visible(False)
        panel.spines["bottom"].set_color(theme.grid)
        panel.tick_params(length=0, pad=10, labelsize=_TEXT_SIZE, labelcolor=theme.text)
        panel.tick_params(axis="x", pad=18)
        panel.set_xlabel(x_label, color=theme.muted, labelpad=10, **_text())
        if y_label:
            panel.grid(axis="y", color=theme.grid, linewidth=2)
            panel.set_title(y_label, loc="left", color=theme.muted, pad=14, **_text())
        return panel

    def label(self, panel: Any, x: float, y: float, text: str, *, above: bool = False) -> None:
        """Write a number at the end of a bar, over the grid."""
        panel.annotate(
            text,
            (x, y),
            xytext=(0, 6) if above else (8, 0),
            textcoords="offset points",
            color=self._theme.text,
            bbox={"facecolor": self._theme.background, "linewidth": 0, "pad": 1},
            **(_text("center", "bottom") if above else _text("left", "center")),
        )

    def png(self) -> bytes:
        """Return the picture."""
        buffer = io.BytesIO()
        self._figure.savefig(buffer, format="png", dpi=_DPI)
        return buffer.getvalue()

    def _write(
        self,
        left: float,
        text: str,
        *,
        colour: str = "",
        size: int = _TEXT_SIZE,
        weight: str = "normal",
    ) -> None:
        self._figure.text(
            left / CARD_WIDTH,
            1 - self._top / self._height,
            text,
            color=colour or self._theme.text,
            weight=weight,
            **{**_text("left", "top"), "fontsize": size},
        )

    def _measure(self, text: str) -> float:
        probe = self._figure.text(0, 0, text, **_text())
        width = probe.get_window_extent(self._canvas.get_renderer()).width
        probe.remove()
        return float(width)


def _stack(panel: Any, series: Sequence[Series], theme: Theme) -> None:
    """Draw bars on each other."""
    below = [0.0] * len(series[0].values)
    for each in series:
        colour = theme.visible(each.colour)
        panel.bar(range(len(below)), each.values, bottom=below, width=0.8, color=colour)
        below = [low + high for low, high in zip(below, each.values, strict=True)]


def _stack_rows(
    panel: Any, series: Sequence[Series], totals: Sequence[float], theme: Theme
) -> None:
    """Draw bars beside each other, with their numbers where there is room."""
    lefts = [0.0] * len(totals)
    for each in series:
        colour = theme.visible(each.colour)
        panel.barh(range(len(totals)), each.values, left=lefts, height=0.74, color=colour)
        for row, value in enumerate(each.values):
            text = f"{value:,.0f}"
            fits = value / max(totals) > _DIGIT_SHARE * (len(text) + 0.5)
            if fits and value < totals[row]:
                panel.text(
                    lefts[row] + value / 2, row, text, color="black", **_text("center", "center")
                )
            lefts[row] += value


def _header_height(heading: Heading) -> int:
    return _MARGIN + _TITLE_HEIGHT + _LINE_HEIGHT * len(textwrap.wrap(heading.note, _MAX_LINE))


def _rows_height(heading: Heading, rows: int) -> int:
    """Return the height of a card with a key, rows and the labels below them."""
    return _header_height(heading) + _LINE_HEIGHT + _ROW_HEIGHT * rows + 150


def _squares(series: Sequence[Series]) -> list[tuple[str, str, str]]:
    """Return what a key says of series; a single one is what the title says."""
    return [("■", each.colour, each.label) for each in series] if len(series) > 1 else []


def _dashes(limit: Limit | None, *, is_visible: bool) -> list[tuple[str, str, str]]:
    suffix = "" if is_visible else " (above this scale)"
    return [("╍", Palette.VERMILION, limit.label + suffix)] if limit else []


def _text(horizontal: str = "", vertical: str = "") -> dict[str, Any]:
    """Return how text is written; dollar signs are no formulas."""
    style: dict[str, Any] = {"fontsize": _TEXT_SIZE, "parse_math": False}
    style |= {"fontfamily": "DejaVu Sans"}
    return style | ({"ha": horizontal, "va": vertical} if horizontal else {})


def _scale(panel: Any, *, is_money: bool = False) -> None:
    """Give the vertical axis few ticks, of whole numbers or of US dollars."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator  # noqa: PLC0415

    panel.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=not is_money))
    step = float(panel.get_yticks()[1] - panel.get_yticks()[0])
    decimals = len(f"{step:.6f}".rstrip("0").partition(".")[2])
    digits = decimals and max(decimals, 2)

    def ticked(value: float, _position: int) -> str:
        return f"${value:,.{digits if value else 0}f}" if is_money else compact(value)

    panel.yaxis.set_major_formatter(FuncFormatter(ticked))


def _name_rows(panel: Any, names: Sequence[str]) -> None:
    """Write the names of rows, the first at the top."""
    panel.set_yticks(
        range(len(names)), [_drawable(name) for name in names], parse_math=False, va="center"
    )
    panel.set_ylim(len(names) - 0.4, -0.6)


def _drawable(name: str) -> str:
    """Return a name as far as the font has its characters, shortened."""
    drawable = "".join(each for each in name if ord(each) in _characters()).strip()
    return shorten(drawable or "□" * len(name), _MAX_NAME)


@cache
def _characters() -> frozenset[int]:
    """Return the code points of which the font has glyphs."""
    from matplotlib import font_manager  # noqa: PLC0415
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415

    manager: Any = font_manager
    return frozenset(FT2Font(str(manager.findfont("DejaVu Sans"))).get_charmap())


@cache
def _matplotlib() -> tuple[Any, Any, Any, Any]:
    """Return classes of matplotlib. Importing it takes a second, and most processes never plot."""
    logging.getLogger("matplotlib").setLevel(logging.WARNING)
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.patches import FancyBboxPatch  # noqa: PLC0415
    from matplotlib.transforms import IdentityTransform  # noqa: PLC0415

    return Figure, FigureCanvasAgg, FancyBboxPatch, IdentityTransform
