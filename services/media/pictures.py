"""Pictures: whether a file is one, made small, freed of what it tells, marked as a machine's."""

import io
import math
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import Image, ImageCms, ImageOps

from services.media.errors import FileTooLarge, NotAPicture, PictureTooLarge

MAX_BYTES = 20_000_000
MAX_PIXELS = 50_000_000
JPEG = "image/jpeg"

pillow_heif.register_heif_opener()  # pyright: ignore[reportUnknownMemberType] - untyped options

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF")
_SIGNS = {
    "image/jpeg": ((b"\xff\xd8\xff", 0),),
    "image/png": ((b"\x89PNG\r\n\x1a\n", 0),),
    "image/gif": ((b"GIF8", 0),),
    "image/webp": ((b"RIFF", 0), (b"WEBP", 8)),
    "image/avif": ((b"ftypavif", 4),),
}
# https://www.iana.org/assignments/media-types/image/heic: still pictures, whatever their chroma.
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"mif1")
_WHITE = (255, 255, 255)
# Decoding takes memory: that many bytes a pixel, measured, and more than is left for most pixels.
_BYTES = {"JPEG": 3, "PNG": 7, "WEBP": 17, "AVIF": 11, "HEIF": 9, "GIF": 8}
_BYTES_OF_HEAVY_MODES, _BYTES_OF_PROGRESSIVE = 11, 8
MAX_MEMORY = 250_000_000
# https://cv.iptc.org/newscodes/digitalsourcetype/
AI_GENERATED_XMP = """\
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
    return "image/heic" if data[4:8] == b"ftyp" and data[8:12] in _HEIC else None


def memory_of(data: bytes, name: str = "the picture") -> int:
    """Return how many bytes of memory it may take to decode a picture, by its first bytes.

    Raises:
        FileTooLarge, NotAPicture, PictureTooLarge: As `prepare`, as far as that is seen yet.
    """
    with opened(data, name) as image:
        return _memory(image)


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
    with opened(data, name) as image:
        upright = plain(image, max_width)
    return written(upright, quality, is_made=is_made)


def thumbnail(data: bytes, side: int = 320) -> Picture:
    """Return a picture that was made here, cut to a small square and marked as it is."""
    with Image.open(io.BytesIO(data)) as image:
        is_made = "xmp" in image.info
        image.draft("RGB", (side * 2, side * 2))
        return squared(image.convert("RGB"), side, is_made=is_made)


def squared(image: Image.Image, side: int, *, is_made: bool) -> Picture:
    """Return an image cut to a small square."""
    # Boxes first: what is left to the better filter is at most twice as large.
    boxed = image.reduce(max(min(image.size) // side, 1))
    small = ImageOps.fit(boxed, (side, side), Image.Resampling.LANCZOS)
    return written(small, 85, is_made=is_made)


def pixels_of(picture: bytes, side: int) -> npt.NDArray[np.uint8]:
    """Return a picture that was made here as `side` by `side` pixels of red, green and blue."""
    with Image.open(io.BytesIO(picture)) as image:
        image.draft("RGB", (side * 2, side * 2))
        small = image.convert("RGB").resize((side, side), Image.Resampling.BOX)
    return np.asarray(small)


@contextmanager
def opened(data: bytes, name: str) -> Generator[Image.Image]:
    """Open a file as an image that is not decoded yet; whatever goes wrong with it, refuse it.

    Raises:
        FileTooLarge, NotAPicture, PictureTooLarge: As `prepare`.
    """
    if len(data) > MAX_BYTES:
        raise FileTooLarge(name, MAX_BYTES)
    if kind_of(data) is None:
        raise NotAPicture(name)
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            _refuse_bomb(image, name)
            yield image
    except (Image.DecompressionBombError, MemoryError) as error:
        raise PictureTooLarge(name, math.inf, MAX_PIXELS / 1e6) from error
    except PictureTooLarge:
        raise
    # Decoders trip over broken files in as many ways as there are decoders.
    except Exception as error:
        raise NotAPicture(name) from error


def plain(image: Image.Image, side: int) -> Image.Image:
    """Return an image decoded: upright, RGB, its sides no longer than that."""
    image.draft("RGB", (side, side))
    return ImageOps.exif_transpose(_plain(_small(image, side)))


def _memory(image: Image.Image) -> int:
    each = _BYTES.get(image.format or "", _BYTES_OF_HEAVY_MODES)
    if image.info.get("progressive"):
        each = _BYTES_OF_PROGRESSIVE  # all of it is kept until the end
    if image.mode not in ("RGB", "L", "1", "YCbCr"):
        each = max(each, _BYTES_OF_HEAVY_MODES)
    return image.width * image.height * each


def _refuse_bomb(image: Image.Image, name: str) -> None:
    """Refuse an image that has been opened but not decoded, if it is too large to decode."""
    pixels = image.width * image.height
    most = min(MAX_PIXELS, MAX_MEMORY * pixels // max(_memory(image), 1))
    if pixels > most:
        raise PictureTooLarge(name, pixels / 1e6, most / 1e6)


def _small(image: Image.Image, side: int) -> Image.Image:
    """Return an image whose sides are no longer than that, decoded."""
    if image.mode.startswith("I;16"):
        image = _with_info(image.convert("I").point(lambda value: value / 256).convert("L"), image)
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
            # Pillow says of no profile what it is.
            srgb: Any = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
            changed = ImageCms.profileToProfile(image, own, srgb, outputMode="RGB")
            return _with_info(changed or image.convert("RGB"), image)
    return _with_info(image.convert("RGB"), image)


def _with_info(made: Image.Image, image: Image.Image) -> Image.Image:
    """Return an image with the orientation that another one's metadata tell."""
    made.info.update({name: image.info[name] for name in ("exif",) if name in image.info})
    return made


def written(
    image: Image.Image, quality: int, *, is_made: bool = False, optimize: bool = True
) -> Picture:
    """Return an image as it is kept: a JPEG with nothing in it but what is seen, and that mark.

    `optimize` makes it some 6 % smaller in twice the time.
    """
    out = io.BytesIO()
    # What is in `info` would be written again: the profile, the comment.
    image.info.clear()
    options = {"xmp": AI_GENERATED_XMP.encode()} if is_made else {}
    image.save(out, "JPEG", quality=quality, optimize=optimize, **options)
    return Picture(data=out.getvalue(), width=image.width, height=image.height)
