"""Pictures: detection, scaling, removal of metadata, and the mark of AI-generated ones."""

import io
import math
import struct
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import ExifTags, Image, ImageCms, ImageOps

from services.media.errors import FileKind, FileTooLarge, NotAPicture, PictureTooLarge

MAX_BYTES = 20_000_000
MAX_PIXELS = 50_000_000
JPEG = "image/jpeg"

pillow_heif.register_heif_opener()  # pyright: ignore[reportUnknownMemberType] - untyped options

# What cameras write as MPO, a JPEG with a preview behind it, Pillow opens as JPEG.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF", "TIFF", "BMP")
_SIGNATURES = {
    "image/jpeg": ((b"\xff\xd8\xff", 0),),
    "image/png": ((b"\x89PNG\r\n\x1a\n", 0),),
    "image/gif": ((b"GIF8", 0),),
    "image/webp": ((b"RIFF", 0), (b"WEBP", 8)),
    "image/bmp": ((b"BM", 0),),
}
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*")
# Brands of ISO base media files: pictures and sequences of them, in any chroma format. Of the brand
# mif1 both kinds are written; the decoder looks closer.
_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "image/heic"),
    **dict.fromkeys((b"mif1", b"msf1", b"miaf"), "image/heic"),
}
# The first bytes of other kinds of files.
_OTHER_KINDS: tuple[tuple[FileKind, int, tuple[bytes, ...]], ...] = (
    (FileKind.ARCHIVE, 0, (b"PK\3\4", b"PK\5\6", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh")),
    (FileKind.ARCHIVE, 0, (b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")),
    (FileKind.OTHER_PICTURE, 0, (b"\xff\x0a", b"\0\0\0\x0cJXL ", b"<svg", b"8BPS", b"\0\0\1\0")),
    (FileKind.OTHER_PICTURE, 0, (b"\0\0\0\x0cjP  ", b"FUJIFILMCCD", b"IIRO", b"IIU\0")),
    (FileKind.DOCUMENT, 0, (b"%PDF", b"\xd0\xcf\x11\xe0", b"{\\rtf", b"<!DOC", b"<html", b"<?xml")),
    (FileKind.AUDIO, 0, (b"ID3", b"OggS", b"fLaC", b"\xff\xfb", b"\xff\xf3")),
    (FileKind.AUDIO, 8, (b"WAVE", b"M4A ")),
    (FileKind.VIDEO, 0, (b"\x1a\x45\xdf\xa3", b"\0\0\1\xba", b"\0\0\1\xb3", b"FLV")),
    (FileKind.VIDEO, 8, (b"AVI ",)),
    (FileKind.VIDEO, 4, (b"ftyp", b"moov", b"mdat", b"wide")),
)
_JPEG_START, _END_OF_IMAGE, _START_OF_SCAN = b"\xff\xd8", b"\xff\xd9", b"\xff\xda"
_MARKER, _APP1, _MISSING_GREY = 0xFF, 0xE1, 128
# Each decoder fails on broken data with exceptions of its own.
DECODER_ERRORS = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, OSError),
    *(PictureTooLarge, SyntaxError, TypeError, ValueError, struct.error),
)
# What decoders say of a file that ends too early.
_TRUNCATION_WORDS = ("truncated", "premature", "not enough", "unexpected end", "end of file", "eof")
_WHITE = (255, 255, 255)
# Measured bytes of memory per pixel that decoding takes; `MAX_MEMORY` may allow fewer pixels.
_BYTES_PER_PIXEL = {"JPEG": 3, "MPO": 3, "PNG": 7, "WEBP": 17, "AVIF": 11, "HEIF": 9, "GIF": 8}
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
    if data.startswith(_TIFF_SIGNATURES):
        return "image/tiff"
    return _BRANDS.get(data[8:12]) if data[4:8] == b"ftyp" else None


def kind_of(data: bytes) -> FileKind:
    """Return what a file is that `media_type_of` does not know, by its first bytes."""
    if not data.strip(b"\0 \r\n\t"):
        return FileKind.EMPTY
    head = data[:16]
    return next(
        (
            kind
            for kind, at, signatures in _OTHER_KINDS
            if head[at:].lower().startswith(tuple(each.lower() for each in signatures))
        ),
        FileKind.UNKNOWN,
    )


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
        raise NotAPicture(name, kind_of(data))
    try:
        with _open(_with_end_mark(data)) as image:
            _check_pixels(image, name)
            yield image
    except (Image.DecompressionBombError, MemoryError) as error:
        raise PictureTooLarge(name, math.inf, MAX_PIXELS / 1e6) from error
    except PictureTooLarge:
        raise
    # Each decoder fails on broken files with exceptions of its own.
    except Exception as error:
        is_truncated = any(word in str(error).lower() for word in _TRUNCATION_WORDS)
        raise NotAPicture(name, FileKind.TRUNCATED if is_truncated else FileKind.BROKEN) from error


def _open(data: bytes) -> Image.Image:
    """Open an image; one with broken EXIF data without them."""
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
        exif = Image.Exif()  # a new one, since the first failure of an image's own is its last
        exif.load(image.info.get("exif") or b"")
        exif.get_ifd(ExifTags.IFD.Exif)
    except Image.DecompressionBombError:
        raise
    except (*DECODER_ERRORS, UserWarning):
        image = Image.open(io.BytesIO(_without_metadata(data)), formats=_FORMATS)
        image.info.pop("exif", None)
    return image


def _without_metadata(data: bytes) -> bytes:
    """Return a JPEG without its EXIF and XMP segments; another file as it is."""
    kept, at = [data[:2]], 2
    while data.startswith(_JPEG_START) and at + 4 <= len(data) and data[at] == _MARKER:
        if data[at + 1] == _START_OF_SCAN[1]:
            return b"".join([*kept, data[at:]])
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] != _APP1:
            kept.append(data[at:end])
        at = end
    return data


def _with_end_mark(data: bytes) -> bytes:
    """Return a JPEG with the mark of its end, if nothing but the mark is missing."""
    is_jpeg = data.startswith(_JPEG_START)
    if not is_jpeg or data.rfind(_END_OF_IMAGE) > data.rfind(_START_OF_SCAN) > 0:
        return data
    completed = data.rstrip(b"\xff") + _END_OF_IMAGE
    try:
        with _open(completed) as image:
            _check_pixels(image, "")
            right, bottom = image.size
            corner = image.convert("L").crop((right - 8, bottom - 8, right, bottom))
    # What is wrong with it is found where the file itself is opened.
    except DECODER_ERRORS:
        return data
    # Blocks that are missing are decoded as grey.
    low, high = corner.getextrema()
    is_missing = (low, high) == (_MISSING_GREY, _MISSING_GREY)
    return data if is_missing else completed


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
            srgb: Any = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - untyped
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
