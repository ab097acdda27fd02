"""Squares of pictures, cut where their maker wants."""

import io
from enum import Enum

from PIL import Image, ImageOps

from services.media.pictures import Picture, encode_jpeg, open_image

SIDE, SMALL_SIDE = 512, 128
_SMALL_BYTES = 256_000  # Discord's limit for an emoji


class Crop(Enum):
    """Which part of a picture that is not square is used; of a wide one, from left to right."""

    TOP = 0.0
    CENTER = 0.5
    BOTTOM = 1.0


def square(data: bytes, crop: Crop, *, is_ai_generated: bool = False) -> Picture:
    """Return a picture as a square JPEG, without metadata.

    Raises:
        FileTooLarge, NotAPicture, PictureTooLarge: It cannot be used.
    """
    with open_image(data, "the picture") as image:
        upright = ImageOps.exif_transpose(image).convert("RGBA")
        white = Image.new("RGBA", upright.size, "white")
        flat = Image.alpha_composite(white, upright).convert("RGB")
        side = min(SIDE, *flat.size)
        centering = (crop.value, crop.value)
        fitted = ImageOps.fit(flat, (side, side), Image.Resampling.LANCZOS, centering=centering)
    return encode_jpeg(fitted, 90, is_ai_generated=is_ai_generated)


def cells(data: bytes, *, columns: int, rows: int) -> list[bytes]:
    """Return the cells of a picture that is a grid, row by row, as JPEGs.

    Raises:
        FileTooLarge, NotAPicture, PictureTooLarge: It cannot be used.
    """
    with open_image(data, "the picture") as image:
        whole = image.convert("RGB")
        width, height = whole.width // columns, whole.height // rows
        corners = [(x * width, y * height) for y in range(rows) for x in range(columns)]
        return [
            encode_jpeg(whole.crop((x, y, x + width, y + height)), 95, is_ai_generated=False).data
            for x, y in corners
        ]


def small_png(jpeg: bytes) -> bytes:
    """Return one of our own JPEGs as a small PNG, for an emoji."""
    with Image.open(io.BytesIO(jpeg)) as image:
        small = image.convert("RGB").resize((SMALL_SIDE, SMALL_SIDE), Image.Resampling.LANCZOS)
    output = io.BytesIO()
    small.save(output, "PNG", optimize=True)
    if output.tell() > _SMALL_BYTES:
        output = io.BytesIO()
        small.quantize(256).save(output, "PNG", optimize=True)
    return output.getvalue()
