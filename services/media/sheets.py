"""Sheets of small pictures: what a gallery and a library show."""

import io
import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps, PngImagePlugin

from services.media.pictures import MADE_XMP

_WHITE, _DARK, _EMPTY = (255, 255, 255), (30, 31, 34), (64, 66, 73)
_GOLD = (240, 178, 50)
_COLUMNS, _FOUR, _SIDE, _GAP = 3, 4, 300, 12
_CELL = _SIDE + _GAP


def sheet(pictures: Sequence[bytes | None], *, chosen: int | None = None) -> bytes:
    """Return small pictures that a machine made side by side, numbered from 1, as one PNG.

    None is an empty place; `chosen` is the index of the one that is framed.
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
            with Image.open(io.BytesIO(data)) as image:
                image.draft("RGB", (_SIDE, _SIDE))
                small = ImageOps.fit(image.convert("RGB"), (_SIDE, _SIDE))
                whole.paste(small, (left, top))
        middle = (left + 28, top + 28)
        draw.circle(middle, 20, fill=_GOLD if number == chosen else _DARK)
        ink = _DARK if number == chosen else _WHITE
        draw.text(middle, str(number + 1), fill=ink, font=font, anchor="mm")
    out = io.BytesIO()
    marks = PngImagePlugin.PngInfo()
    marks.add_itxt("XML:com.adobe.xmp", MADE_XMP)
    whole.save(out, "PNG", compress_level=4, pnginfo=marks)
    return out.getvalue()
