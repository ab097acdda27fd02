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
from services.media.themes import CARD_RADIUS, CARD_WIDTH, DARK, Palette, Theme, font_file

_WHITE, _DARK, _EMPTY, _BLACK = (255, 255, 255), (30, 31, 34), (64, 66, 73), (0, 0, 0)
_GOLD = (240, 178, 50)
MAX_PICTURES_PER_DAY = 4
_MAX_COLUMNS, _TWO_COLUMNS_COUNT, _SIDE, _GAP = 3, 4, 300, 12
_CELL_SIDE = _SIDE + _GAP
# Of a calendar that is `CARD_WIDTH` wide. Its text is 8 pixels high on a phone.
_MARGIN, _TEXT_SIZE, _WEEKS_TOP, _KEY_HEIGHT = 28, 26, 134, 70
_COLUMN_PITCH, _DAY_WIDTH = 150, 144
_DAY_PITCH, _DAY_HEIGHT, _STRIP_HEIGHT, _MAX_PER_ROW = 136, 130, 38, 2
_SEVERAL, _NO_POSTS = "×2  two posts", "No posts are planned, and none were made, in this month."


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
    font = _font()
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
    """The state of a calendar entry, in the words of the sheet's key."""

    COMING = "planned"
    DONE = "posted"
    FAILED = "failed"
    UNSURE = "draft or unconfirmed"


_STATE_COLOURS = {
    PinState.COMING: Palette.SKY,
    PinState.DONE: Palette.GREEN,
    PinState.FAILED: Palette.VERMILION,
    PinState.UNSURE: Palette.ORANGE,
}
# The state is not said by colour alone.
_STATE_MARKS = {
    PinState.COMING: "→",
    PinState.DONE: "✓",
    PinState.FAILED: "✗",
    PinState.UNSURE: "?",
}


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A picture on a day of a calendar, with its time and state."""

    picture: bytes | None
    label: str
    state: PinState


def month_sheet(
    first: date,
    pins_by_day: Mapping[int, Sequence[Pin]],
    *,
    time_zone: str,
    today: date | None = None,
    theme: Theme = DARK,
) -> bytes:
    """Return a month as a PNG: a row per week from Monday, pictures on their days.

    `first` is the first of the month, `pins_by_day` has the pictures by the day of the month,
    `time_zone` is that of their times.
    """
    weeks = calendar.monthcalendar(first.year, first.month)
    canvas = _card(_WEEKS_TOP + len(weeks) * _DAY_PITCH + _KEY_HEIGHT, theme)
    draw = ImageDraw.Draw(canvas)
    _draw_heading(draw, first, time_zone, theme)
    cells = ((row, column) for row in range(len(weeks)) for column in range(7))
    for row, column in cells:
        if day := weeks[row][column]:
            corner = (_MARGIN + column * _COLUMN_PITCH, _WEEKS_TOP + row * _DAY_PITCH)
            is_today = today is not None and today == first.replace(day=day)
            _draw_day(canvas, corner, day, pins_by_day.get(day, ()), theme, is_today=is_today)
    middle = canvas.height - _KEY_HEIGHT // 2
    if any(pins_by_day.values()):
        _draw_key(draw, middle, theme)
    else:
        draw.text((_MARGIN, middle), _NO_POSTS, fill=theme.text, font=_font(), anchor="lm")
    return _encode_png(canvas, is_ai_generated=False)


def _draw_heading(draw: ImageDraw.ImageDraw, first: date, time_zone: str, theme: Theme) -> None:
    """Draw the month, whose times it shows, and the days of the week."""
    title = f"{calendar.month_name[first.month]} {first.year}"
    draw.text((_MARGIN, _MARGIN), title, fill=theme.text, font=_font(40, bold=True))
    right = (CARD_WIDTH - _MARGIN, _MARGIN + 24)
    draw.text(right, f"times in {time_zone}", fill=theme.muted, font=_font(), anchor="rm")
    for column, name in enumerate(calendar.day_abbr):
        middle = _MARGIN + column * _COLUMN_PITCH + _DAY_WIDTH // 2
        draw.text((middle, _WEEKS_TOP - 26), name, fill=theme.muted, font=_font(), anchor="mm")


def _card(height: int, theme: Theme) -> Image.Image:
    """Return an empty card with rounded corners, outside which it is transparent."""
    scale = 4  # Pillow draws curves without anti-aliasing
    mask = Image.new("L", (CARD_WIDTH * scale, height * scale))
    box = (0, 0, mask.width - 1, mask.height - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, CARD_RADIUS * scale, fill=255)
    card = Image.new("RGBA", (CARD_WIDTH, height), theme.background)
    card.putalpha(mask.resize(card.size, Image.Resampling.LANCZOS))
    return card


def _draw_key(draw: ImageDraw.ImageDraw, middle: int, theme: Theme) -> None:
    """Draw which colour and mark belongs to which state."""
    left = _MARGIN
    for state, colour in _STATE_COLOURS.items():
        box = (left, middle - 17, left + 34, middle + 17)
        draw.rounded_rectangle(box, 6, fill=colour)
        mark, font = _STATE_MARKS[state], _font()
        draw.text((left + 17, middle), mark, fill=_BLACK, font=font, anchor="mm")
        draw.text((left + 46, middle), state, fill=theme.text, font=font, anchor="lm")
        left += 46 + round(font.getlength(state)) + 32
    draw.text((left, middle), _SEVERAL, fill=theme.text, font=_font(), anchor="lm")


def _draw_day(
    canvas: Image.Image,
    corner: tuple[int, int],
    day: int,
    pins: Sequence[Pin],
    theme: Theme,
    *,
    is_today: bool,
) -> None:
    """Draw a day with up to `MAX_PICTURES_PER_DAY` pictures, and the number of further ones."""
    draw = ImageDraw.Draw(canvas)
    left, top = corner
    right, bottom = left + _DAY_WIDTH - 1, top + _DAY_HEIGHT - 1
    draw.rounded_rectangle((left, top, right, bottom), 8, fill=theme.panel)
    if is_today:
        draw.rounded_rectangle((left + 4, top + 3, left + 48, top + 35), 8, fill=theme.text)
    colour = theme.background if is_today else theme.text if pins else theme.muted
    font = _font(bold=is_today)
    draw.text((left + 26, top + 19), str(day), fill=colour, font=font, anchor="mm")
    if pins:
        label = pins[0].label if len(pins) == 1 else f"×{len(pins)}"
        draw.text((right - 5, top + 19), label, fill=theme.text, font=_font(), anchor="rm")
    visible = pins[:MAX_PICTURES_PER_DAY]
    for pin, box in zip(visible, _cells(corner, len(visible)), strict=True):
        _draw_pin(canvas, pin, box, theme)


def _cells(corner: tuple[int, int], count: int) -> list[tuple[int, int, int, int]]:
    """Return the boxes of pictures on a day: one, two side by side, or two rows of two."""
    columns, rows = min(max(count, 1), 2), 1 if count <= _MAX_PER_ROW else 2
    width, height = _DAY_WIDTH // columns, (_DAY_HEIGHT - _STRIP_HEIGHT) // rows
    return [
        (
            corner[0] + number % columns * width,
            corner[1] + _STRIP_HEIGHT + number // columns * height,
            width,
            height,
        )
        for number in range(count)
    ]


def _draw_pin(canvas: Image.Image, pin: Pin, box: tuple[int, int, int, int], theme: Theme) -> None:
    """Draw a picture in a frame of its state's colour, with its mark."""
    left, top, width, height = box
    right, bottom = left + width - 1, top + height - 1
    draw, colour = ImageDraw.Draw(canvas), _STATE_COLOURS[pin.state]
    draw.rectangle((left, top, right, bottom), fill=theme.grid)
    if pin.picture is not None:
        canvas.paste(_fit(pin.picture, (width, height)), (left, top))
    draw.rectangle((left, top, right, bottom), outline=colour, width=4)
    draw.rectangle((right - 33, bottom - 31, right, bottom), fill=colour)
    mark = _STATE_MARKS[pin.state]
    draw.text((right - 16, bottom - 15), mark, fill=_BLACK, font=_font(), anchor="mm")


def _font(
    size: int = _TEXT_SIZE, *, bold: bool = False
) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font of all pictures, or Pillow's own where it is not installed."""
    file = font_file(bold=bold)
    return ImageFont.truetype(file, size) if file else ImageFont.load_default(size)


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
