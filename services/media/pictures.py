"""Pictures: detection, scaling, removal of metadata, and the mark of AI-generated ones."""

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
_SIGNATURES = {
    "image/jpeg": ((b"\xff\xd8\xff", 0),),
    "image/png": ((b"\x89PNG\r\n\x1a\n", 0),),
    "image/gif": ((b"GIF8", 0),),
    "image/webp": ((b"RIFF", 0), (b"WEBP", 8)),
    "image/avif": ((b"ftypavif", 4),),
}
# https://www.iana.org/assignments/media-types/image/heic: still pictures of any chroma format.
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1")
_WHITE = (255, 255, 255)
# Measured bytes of memory per pixel that decoding takes; `MAX_MEMORY` may allow fewer pixels.
_BYTES_PER_PIXEL = {"JPEG": 3, "PNG": 7, "WEBP": 17, "AVIF": 11, "HEIF": 9, "GIF": 8}
_BYTES_PER_PIXEL_HEAVY_MODE, _BYTES_PER_PIXEL_PROGRESSIVE = 11, 8
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
    """A picture as it is stored and shown: always a JPEG, without the file's metadata."""

    data: bytes
    width: int
    height: int
    media_type: str = JPEG


def media_type_of(data: bytes) -> str | None:
    """Return a picture's media type by its first 16 bytes, or None; names and headers may lie."""
    for media_type, signatures in _SIGNATURES.items():
        if all(data[at : at + len(signature)] == signature for signature, at in signatures):
            return media_type
    return "image/heic" if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS else None


def decoding_memory(data: bytes, name: str = "the picture") -> int:
    """Return how many bytes of memory the decoding of a picture may take, by its header.

    Raises:
        FileTooLarge, NotAPicture, PictureTooLarge: As in `prepare`, as far as the header tells.
    """
    with open_image(data, name) as image:
        return _decoding_memory(image)


def prepare(
    data: bytes,
    *,
    name: str = "the picture",
    max_width: int = 2048,
    quality: int = 90,
    is_ai_generated: bool = False,
) -> Picture:
    """Return a picture encoded again from a file: upright, at most `max_width` pixels a side.

    No metadata of the file survives. Of an animation the first frame is used. `is_ai_generated`
    marks it in XMP with the IPTC's Digital Source Type.

    Raises:
        FileTooLarge: It has more than 20 MB.
        NotAPicture: It cannot be read as JPEG, PNG, WebP, AVIF or GIF.
        PictureTooLarge: It has more than 50 megapixels.
    """
    with open_image(data, name) as image:
        upright = normalize(image, max_width)
    return encode_jpeg(upright, quality, is_ai_generated=is_ai_generated)


def thumbnail(data: bytes, side: int = 320) -> Picture:
    """Return one of our own JPEGs cropped to a small square; an AI mark is kept."""
    with Image.open(io.BytesIO(data)) as image:
        is_ai_generated = "xmp" in image.info
        image.draft("RGB", (side * 2, side * 2))
        return crop_square(image.convert("RGB"), side, is_ai_generated=is_ai_generated)


def crop_square(image: Image.Image, side: int, *, is_ai_generated: bool) -> Picture:
    """Return an image cropped to a small square."""
    # Box-reduced first, so that the better filter gets at most twice the size.
    reduced = image.reduce(max(min(image.size) // side, 1))
    small = ImageOps.fit(reduced, (side, side), Image.Resampling.LANCZOS)
    return encode_jpeg(small, 85, is_ai_generated=is_ai_generated)


def pixels_of(picture: bytes, side: int) -> npt.NDArray[np.uint8]:
    """Return one of our own JPEGs as `side` by `side` pixels of red, green and blue."""
    with Image.open(io.BytesIO(picture)) as image:
        image.draft("RGB", (side * 2, side * 2))
        small = image.convert("RGB").resize((side, side), Image.Resampling.BOX)
    return np.asarray(small)


@contextmanager
def open_image(data: bytes, name: str) -> Generator[Image.Image]:
    """Open a file as an image that is not decoded yet; every failure becomes a domain error.

    Raises:
        FileTooLarge, NotAPicture, PictureTooLarge: As in `prepare`.
    """
    if len(data) > MAX_BYTES:
        raise FileTooLarge(name, MAX_BYTES)
    if media_type_of(data) is None:
        raise NotAPicture(name)
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            _check_pixels(image, name)
            yield image
    except (Image.DecompressionBombError, MemoryError) as error:
        raise PictureTooLarge(name, math.inf, MAX_PIXELS / 1e6) from error
    except PictureTooLarge:
        raise
    # Each decoder fails on broken files with exceptions of its own.
    except Exception as error:
        raise NotAPicture(name) from error


def normalize(image: Image.Image, side: int) -> Image.Image:
    """Return an image decoded, upright, in RGB, and with sides of at most `side` pixels."""
    image.draft("RGB", (side, side))
    return ImageOps.exif_transpose(_to_srgb(_downscale(image, side)))


def _decoding_memory(image: Image.Image) -> int:
    bytes_per_pixel = _BYTES_PER_PIXEL.get(image.format or "", _BYTES_PER_PIXEL_HEAVY_MODE)
    if image.info.get("progressive"):
        bytes_per_pixel = _BYTES_PER_PIXEL_PROGRESSIVE  # it is buffered whole until the end
    if image.mode not in ("RGB", "L", "1", "YCbCr"):
        bytes_per_pixel = max(bytes_per_pixel, _BYTES_PER_PIXEL_HEAVY_MODE)
    return image.width * image.height * bytes_per_pixel


def _check_pixels(image: Image.Image, name: str) -> None:
    """Refuse an opened image that is too large to decode."""
    pixels = image.width * image.height
    max_pixels = min(MAX_PIXELS, MAX_MEMORY * pixels // max(_decoding_memory(image), 1))
    if pixels > max_pixels:
        raise PictureTooLarge(name, pixels / 1e6, max_pixels / 1e6)


def _downscale(image: Image.Image, side: int) -> Image.Image:
    """Return an image decoded, with sides of at most `side` pixels."""
    if image.mode.startswith("I;16"):
        image = _with_exif(image.convert("I").point(lambda value: value / 256).convert("L"), image)
    if image.mode == "P":
        # Palette colours cannot be interpolated.
        image = _with_exif(image.convert("RGBA" if "transparency" in image.info else "RGB"), image)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return image


def _to_srgb(image: Image.Image) -> Image.Image:
    """Return an image in sRGB, on white where it was transparent, with its orientation tag."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        foreground = image.convert("RGBA")
        background = Image.new("RGBA", foreground.size, (*_WHITE, 255))
        return _with_exif(Image.alpha_composite(background, foreground).convert("RGB"), image)
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK"):
        with suppress(ImageCms.PyCMSError, OSError):
            source_profile = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            # Pillow's stubs do not type this function.
            srgb: Any = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
            converted = ImageCms.profileToProfile(image, source_profile, srgb, outputMode="RGB")
            return _with_exif(converted or image.convert("RGB"), image)
    return _with_exif(image.convert("RGB"), image)


def _with_exif(target: Image.Image, source: Image.Image) -> Image.Image:
    """Return an image with the EXIF data of another one, which has the orientation."""
    target.info.update({name: source.info[name] for name in ("exif",) if name in source.info})
    return target


def encode_jpeg(
    image: Image.Image, quality: int, *, is_ai_generated: bool = False, optimize: bool = True
) -> Picture:
    """Return an image as it is stored: a JPEG without metadata except for the AI mark.

    `optimize` makes it about 6 % smaller in twice the time.
    """
    out = io.BytesIO()
    # Pillow would write what is in `info` again: the profile, the comment.
    image.info.clear()
    options = {"xmp": AI_GENERATED_XMP.encode()} if is_ai_generated else {}
    image.save(out, "JPEG", quality=quality, optimize=optimize, **options)
    return Picture(data=out.getvalue(), width=image.width, height=image.height)
