"""Sheets of small pictures: what a gallery, a library and a calendar show."""

import calendar
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from PIL import Image, ImageDraw, ImageFont, ImageOps, PngImagePlugin

from services.media.pictures import AI_GENERATED_XMP

_WHITE, _DARK, _EMPTY = (255, 255, 255), (30, 31, 34), (64, 66, 73)
_GOLD = (240, 178, 50)
# So many pictures a day of a calendar has at most.
DRAWN = 4
_COLUMNS, _FOUR, _SIDE, _GAP = 3, 4, 300, 12
_CELL = _SIDE + _GAP
_DAY, _HEAD = 156, 96
_GREY, _BRIGHT, _HALVES = (181, 186, 193), 500, 2


def sheet(
    pictures: Sequence[bytes | None], *, chosen: int | None = None, is_made: bool = True
) -> bytes:
    """Return small pictures side by side, numbered from 1, as one PNG.

    None is an empty place; `chosen` is the index of the one that is framed; `is_made` marks it all
    as a machine's.
    """
    columns = 2 if len(pictures) == _FOUR else min(_COLUMNS, max(len(pictures), 1))
    rows = max(math.ceil(len(pictures) / columns), 1)
    whole = Image.new("RGB", (columns * _CELL + _GAP, rows * _CELL + _GAP), _DARK)
    draw = ImageDraw.Draw(whole)
    font = ImageFont.load_default(26)
    for number, data in enumerate(pictures):
        left = _GAP + (number % columns) * _CELL
        top = _GAP + (number // columns) * _CELL
        box = (left, top, left + _SIDE, top + _SIDE)
        if number == chosen:
            draw.rectangle([left - 6, top - 6, left + _SIDE + 5, top + _SIDE + 5], fill=_GOLD)
        draw.rectangle(box, fill=_EMPTY)
        if data is not None:
            whole.paste(_fitted(data, (_SIDE, _SIDE)), (left, top))
        middle = (left + 28, top + 28)
        draw.circle(middle, 20, fill=_GOLD if number == chosen else _DARK)
        ink = _DARK if number == chosen else _WHITE
        draw.text(middle, str(number + 1), fill=ink, font=font, anchor="mm")
    return _png(whole, is_made=is_made)


class PinState(StrEnum):
    """How something in a calendar stands, as a colour."""

    COMING = "coming"
    DONE = "done"
    WRONG = "wrong"
    UNSURE = "unsure"


_MOODS = {
    PinState.COMING: (88, 101, 242),
    PinState.DONE: (35, 134, 84),
    PinState.WRONG: (218, 55, 60),
    PinState.UNSURE: (240, 178, 50),
}


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """A picture on a day of a calendar: when, and how it stands."""

    picture: bytes | None
    label: str
    mood: PinState


def month_sheet(
    first: date, days: Mapping[int, Sequence[Pinned]], *, today: date | None = None
) -> bytes:
    """Return a month as a PNG: a week a row from Monday, pictures on their days.

    `first` is the first of the month, `days` has the pictures by the day of the month.
    """
    weeks = calendar.monthcalendar(first.year, first.month)
    size = (7 * _DAY + _GAP, _HEAD + len(weeks) * _DAY + _GAP)
    whole = Image.new("RGB", size, _DARK)
    draw = ImageDraw.Draw(whole)
    title = f"{calendar.month_name[first.month]} {first.year}"
    draw.text((_GAP, _GAP), title, fill=_WHITE, font=ImageFont.load_default(34))
    small = ImageFont.load_default(18)
    for column, name in enumerate(calendar.day_abbr):
        at = (column * _DAY + _DAY // 2 + _GAP // 2, _HEAD - 14)
        draw.text(at, name, fill=_GREY, font=small, anchor="mm")
    for row, week in enumerate(weeks):
        for column, day in enumerate(week):
            box = (column * _DAY + _GAP, row * _DAY + _HEAD)
            if day:
                is_today = today is not None and today == first.replace(day=day)
                _draw_day(whole, box, day, days.get(day, ()), is_today=is_today)
    return _png(whole, is_made=False)


def _draw_day(
    whole: Image.Image,
    at: tuple[int, int],
    day: int,
    pinned: Sequence[Pinned],
    *,
    is_today: bool,
) -> None:
    """Draw a day with up to four pictures, and how many more there are."""
    side = _DAY - _GAP
    draw = ImageDraw.Draw(whole)
    draw.rectangle((*at, at[0] + side, at[1] + side), fill=_EMPTY)
    shown = pinned[:DRAWN]
    across, down = min(max(len(shown), 1), 2), 1 if len(shown) <= _HALVES else 2
    width, height = side // across, side // down
    for number, one in enumerate(shown):
        left, top = at[0] + number % across * width, at[1] + number // across * height
        if one.picture is not None:
            whole.paste(_fitted(one.picture, (width, height)), (left, top))
        right, bottom = left + width - 1, top + height - 1
        draw.rectangle((left, top, right, bottom), outline=_MOODS[one.mood], width=4)
        font = ImageFont.load_default(20 if across == 1 else 15)
        _tag(draw, (right - 4, bottom - 4), one.label, font, _MOODS[one.mood], "rb")
    font = ImageFont.load_default(20)
    _tag(draw, (at[0] + 5, at[1] + 5), str(day), font, _GOLD if is_today else _DARK, "lt")
    if len(pinned) > DRAWN:
        more = f"+{len(pinned) - DRAWN}"
        _tag(draw, (at[0] + side - 5, at[1] + 5), more, font, _DARK, "rt")


def _tag(
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    colour: tuple[int, int, int],
    anchor: str,
) -> None:
    """Write words on a plate of a colour, so that they can be read over any picture."""
    left, top, right, bottom = draw.textbbox(at, text, font=font, anchor=anchor)
    draw.rectangle((left - 4, top - 3, right + 4, bottom + 3), fill=colour)
    ink = _WHITE if sum(colour) < _BRIGHT else _DARK
    draw.text(at, text, fill=ink, font=font, anchor=anchor)


def _fitted(data: bytes, size: tuple[int, int]) -> Image.Image:
    """Return a small picture in a size; an empty one where its file is broken."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("RGB", size)
            return ImageOps.fit(image.convert("RGB"), size)
    except OSError:
        return Image.new("RGB", size, _EMPTY)


def _png(image: Image.Image, *, is_made: bool) -> bytes:
    out = io.BytesIO()
    marks = PngImagePlugin.PngInfo()
    if is_made:
        marks.add_itxt("XML:com.adobe.xmp", AI_GENERATED_XMP)
    image.save(out, "PNG", compress_level=4, pnginfo=marks)
    return out.getvalue()
