"""Pictures: whether a file is one, made small, freed of what it tells, marked as a machine's."""

import io
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageCms, ImageDraw, ImageFont, ImageOps, PngImagePlugin

from services.media.errors import FileTooLarge, NotAPicture, PictureTooLarge

MOST_BYTES = 20_000_000
MOST_PIXELS = 50_000_000
JPEG = "image/jpeg"

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
_SIGNS = {
    "image/jpeg": ((b"\xff\xd8\xff", 0),),
    "image/png": ((b"\x89PNG\r\n\x1a\n", 0),),
    "image/gif": ((b"GIF8", 0),),
    "image/webp": ((b"RIFF", 0), (b"WEBP", 8)),
    "image/avif": ((b"ftypavif", 4),),
}
_WHITE, _DARK, _EMPTY = (255, 255, 255), (30, 31, 34), (64, 66, 73)
_GOLD = (240, 178, 50)
_COLUMNS, _FOUR, _SIDE, _GAP = 3, 4, 300, 12
_CELL = _SIDE + _GAP
# https://cv.iptc.org/newscodes/digitalsourcetype/
_XMP = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF \
xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" \
xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" \
Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>\
</rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture as it is stored and shown: always a JPEG, with nothing in it but what is seen."""

    data: bytes
    width: int
    height: int
    media_type: str = JPEG


def kind_of(data: bytes) -> str | None:
    """Return the type of a picture by its first 16 bytes, or None: names and headers lie."""
    for kind, signs in _SIGNS.items():
        if all(data[at : at + len(sign)] == sign for sign, at in signs):
            return kind
    return None


def prepare(
    data: bytes,
    *,
    name: str = "the picture",
    max_width: int = 2048,
    quality: int = 90,
    is_made: bool = False,
) -> Picture:
    """Return a picture made anew from a file: upright, at most `max_width` pixels a side.

    No metadata of the file survives. Of an animation the first frame is taken. `is_made` marks it
    as a machine's in XMP, as the IPTC's Digital Source Type says.

    Raises:
        FileTooLarge: It has more than 20 MB.
        NotAPicture: It cannot be read as JPEG, PNG, WebP, AVIF or GIF.
        PictureTooLarge: It has more than 50 megapixels.
    """
    image = _opened(data, name, max_width)
    xmp = _XMP.encode() if is_made else None
    return _written(image, quality, xmp)


def thumbnail(data: bytes, side: int = 320) -> Picture:
    """Return a picture that was made here, cut to a small square and marked as it is."""
    with Image.open(io.BytesIO(data)) as image:
        xmp = image.info.get("xmp")
        image.draft("RGB", (side * 2, side * 2))
        small = ImageOps.fit(image.convert("RGB"), (side, side), Image.Resampling.LANCZOS)
    return _written(small, 85, xmp)


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
    marks.add_itxt("XML:com.adobe.xmp", _XMP)
    whole.save(out, "PNG", compress_level=4, pnginfo=marks)
    return out.getvalue()


def _opened(data: bytes, name: str, max_width: int) -> Image.Image:
    """Return a file as an upright RGB image, no larger than it may be, or refuse it."""
    if len(data) > MOST_BYTES:
        raise FileTooLarge(name, MOST_BYTES)
    if kind_of(data) is None:
        raise NotAPicture(name)
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            _refuse_bomb(image, name)
            image.draft("RGB", (max_width, max_width))
            return ImageOps.exif_transpose(_plain(_small(image, max_width)))
    except (Image.DecompressionBombError, MemoryError) as error:
        raise PictureTooLarge(name, math.inf, MOST_PIXELS / 1e6) from error
    except PictureTooLarge:
        raise
    # Decoders trip over broken files in as many ways as there are decoders.
    except Exception as error:
        raise NotAPicture(name) from error


def _refuse_bomb(image: Image.Image, name: str) -> None:
    """Refuse an image that has been opened but not decoded, if it is too large to decode."""
    pixels = image.width * image.height
    if pixels > MOST_PIXELS:
        raise PictureTooLarge(name, pixels / 1e6, MOST_PIXELS / 1e6)


def _small(image: Image.Image, side: int) -> Image.Image:
    """Return an image whose sides are no longer than that, decoded."""
    if image.mode == "P":
        # Colours of a palette cannot be mixed.
        image = _with_info(image.convert("RGBA" if "transparency" in image.info else "RGB"), image)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return image


def _plain(image: Image.Image) -> Image.Image:
    """Return an image in sRGB, on white where it was transparent; it keeps how it is turned."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        above = image.convert("RGBA")
        below = Image.new("RGBA", above.size, (*_WHITE, 255))
        return _with_info(Image.alpha_composite(below, above).convert("RGB"), image)
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK"):
        with suppress(ImageCms.PyCMSError, OSError):
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb: Any = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
            changed = ImageCms.profileToProfile(image, own, srgb, outputMode="RGB")
            return _with_info(changed or image.convert("RGB"), image)
    return _with_info(image.convert("RGB"), image)


def _with_info(made: Image.Image, image: Image.Image) -> Image.Image:
    """Return an image with the orientation that another one's metadata tell."""
    made.info.update({name: image.info[name] for name in ("exif",) if name in image.info})
    return made


def _written(image: Image.Image, quality: int, xmp: bytes | None) -> Picture:
    out = io.BytesIO()
    # What is in `info` would be written again: the profile, the comment.
    image.info.clear()
    options = {"xmp": xmp} if xmp else {}
    image.save(out, "JPEG", quality=quality, optimize=True, progressive=True, **options)
    return Picture(data=out.getvalue(), width=image.width, height=image.height)
