"""Contact sheets: small pictures in a grid or in a calendar."""

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
MAX_PICTURES_PER_DAY = 4
_MAX_COLUMNS, _TWO_COLUMNS_COUNT, _SIDE, _GAP = 3, 4, 300, 12
_CELL_SIDE = _SIDE + _GAP
_DAY_SIDE, _HEADER_HEIGHT = 156, 96
_GREY, _MIN_BRIGHT_SUM, _MAX_PER_ROW = (181, 186, 193), 500, 2


def contact_sheet(
    pictures: Sequence[bytes | None], *, selected: int | None = None, is_ai_generated: bool = True
) -> bytes:
    """Return small pictures in a grid, numbered from 1, as one PNG.

    None leaves a cell empty; `selected` is the index of the picture with a frame;
    `is_ai_generated` adds the XMP mark to the whole sheet.
    """
    columns = 2 if len(pictures) == _TWO_COLUMNS_COUNT else min(_MAX_COLUMNS, max(len(pictures), 1))
    rows = max(math.ceil(len(pictures) / columns), 1)
    canvas = Image.new("RGB", (columns * _CELL_SIDE + _GAP, rows * _CELL_SIDE + _GAP), _DARK)
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(26)
    for number, data in enumerate(pictures):
        left = _GAP + (number % columns) * _CELL_SIDE
        top = _GAP + (number // columns) * _CELL_SIDE
        box = (left, top, left + _SIDE, top + _SIDE)
        if number == selected:
            draw.rectangle([left - 6, top - 6, left + _SIDE + 5, top + _SIDE + 5], fill=_GOLD)
        draw.rectangle(box, fill=_EMPTY)
        if data is not None:
            canvas.paste(_fit(data, (_SIDE, _SIDE)), (left, top))
        middle = (left + 28, top + 28)
        draw.circle(middle, 20, fill=_GOLD if number == selected else _DARK)
        text_colour = _DARK if number == selected else _WHITE
        draw.text(middle, str(number + 1), fill=text_colour, font=font, anchor="mm")
    return _encode_png(canvas, is_ai_generated=is_ai_generated)


class PinState(StrEnum):
    """The state of a calendar entry, which decides its colour."""

    COMING = "coming"
    DONE = "done"
    FAILED = "wrong"
    UNSURE = "unsure"


_STATE_COLOURS = {
    PinState.COMING: (88, 101, 242),
    PinState.DONE: (35, 134, 84),
    PinState.FAILED: (218, 55, 60),
    PinState.UNSURE: (240, 178, 50),
}


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A picture on a day of a calendar, with its time and state."""

    picture: bytes | None
    label: str
    state: PinState


def month_sheet(
    first: date, pins_by_day: Mapping[int, Sequence[Pin]], *, today: date | None = None
) -> bytes:
    """Return a month as a PNG: a row per week from Monday, pictures on their days.

    `first` is the first of the month, `pins_by_day` has the pictures by the day of the month.
    """
    weeks = calendar.monthcalendar(first.year, first.month)
    size = (7 * _DAY_SIDE + _GAP, _HEADER_HEIGHT + len(weeks) * _DAY_SIDE + _GAP)
    canvas = Image.new("RGB", size, _DARK)
    draw = ImageDraw.Draw(canvas)
    title = f"{calendar.month_name[first.month]} {first.year}"
    draw.text((_GAP, _GAP), title, fill=_WHITE, font=ImageFont.load_default(34))
    small = ImageFont.load_default(18)
    for column, name in enumerate(calendar.day_abbr):
        at = (column * _DAY_SIDE + _DAY_SIDE // 2 + _GAP // 2, _HEADER_HEIGHT - 14)
        draw.text(at, name, fill=_GREY, font=small, anchor="mm")
    for row, week in enumerate(weeks):
        for column, day in enumerate(week):
            box = (column * _DAY_SIDE + _GAP, row * _DAY_SIDE + _HEADER_HEIGHT)
            if day:
                is_today = today is not None and today == first.replace(day=day)
                _draw_day(canvas, box, day, pins_by_day.get(day, ()), is_today=is_today)
    return _encode_png(canvas, is_ai_generated=False)


def _draw_day(
    canvas: Image.Image,
    at: tuple[int, int],
    day: int,
    pins: Sequence[Pin],
    *,
    is_today: bool,
) -> None:
    """Draw a day with up to `MAX_PICTURES_PER_DAY` pictures, and the number of further ones."""
    side = _DAY_SIDE - _GAP
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((*at, at[0] + side, at[1] + side), fill=_EMPTY)
    visible = pins[:MAX_PICTURES_PER_DAY]
    columns, rows = min(max(len(visible), 1), 2), 1 if len(visible) <= _MAX_PER_ROW else 2
    width, height = side // columns, side // rows
    for number, pin in enumerate(visible):
        left, top = at[0] + number % columns * width, at[1] + number // columns * height
        if pin.picture is not None:
            canvas.paste(_fit(pin.picture, (width, height)), (left, top))
        right, bottom = left + width - 1, top + height - 1
        draw.rectangle((left, top, right, bottom), outline=_STATE_COLOURS[pin.state], width=4)
        font = ImageFont.load_default(20 if columns == 1 else 15)
        _draw_label(draw, (right - 4, bottom - 4), pin.label, font, _STATE_COLOURS[pin.state], "rb")
    font = ImageFont.load_default(20)
    _draw_label(draw, (at[0] + 5, at[1] + 5), str(day), font, _GOLD if is_today else _DARK, "lt")
    if len(pins) > MAX_PICTURES_PER_DAY:
        more = f"+{len(pins) - MAX_PICTURES_PER_DAY}"
        _draw_label(draw, (at[0] + side - 5, at[1] + 5), more, font, _DARK, "rt")


def _draw_label(
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    colour: tuple[int, int, int],
    anchor: str,
) -> None:
    """Draw a text on a coloured box, so that it can be read over any picture."""
    left, top, right, bottom = draw.textbbox(at, text, font=font, anchor=anchor)
    draw.rectangle((left - 4, top - 3, right + 4, bottom + 3), fill=colour)
    text_colour = _WHITE if sum(colour) < _MIN_BRIGHT_SUM else _DARK
    draw.text(at, text, fill=text_colour, font=font, anchor=anchor)


def _fit(data: bytes, size: tuple[int, int]) -> Image.Image:
    """Return a picture cropped to a size, or an empty one if its file is broken."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("RGB", size)
            return ImageOps.fit(image.convert("RGB"), size)
    except OSError:
        return Image.new("RGB", size, _EMPTY)


def _encode_png(image: Image.Image, *, is_ai_generated: bool) -> bytes:
    out = io.BytesIO()
    metadata = PngImagePlugin.PngInfo()
    if is_ai_generated:
        metadata.add_itxt("XML:com.adobe.xmp", AI_GENERATED_XMP)
    image.save(out, "PNG", compress_level=4, pnginfo=metadata)
    return out.getvalue()
