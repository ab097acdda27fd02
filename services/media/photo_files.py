"""Photographs: a picture to keep, a small one, when it was taken, and what it is like."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import imagehash
from PIL import ExifTags, Image

from services.media.pictures import Picture, opened, plain, squared, written

_SMALL, _HASH = 320, 16
# https://cv.iptc.org/newscodes/digitalsourcetype/: made, or put together, by a trained model.
_MADE = b"rainedAlgorithmicMedia"
_XMP_NAMES = ("xmp", "XML:com.adobe.xmp")


@dataclass(frozen=True, kw_only=True)
class PreparedPhoto:
    """A photo as it is kept.

    `likeness` are 256 bits of which few change where a picture is made smaller or coded anew.
    `taken_at` is what the camera's clock showed, without a zone. `is_made` says that the file
    calls itself a machine's.
    """

    picture: Picture
    thumbnail: Picture
    perceptual_hash: str
    taken_at: datetime | None
    is_ai_generated: bool


def prepare_photo(
    data: bytes, *, name: str, max_width: int, quality: int, is_made: bool = False
) -> PreparedPhoto:
    """Return a photo made anew from a file, as `prepare` does; of its metadata the date is kept.

    Raises:
        FileTooLarge, NotAPicture, PictureTooLarge: As `prepare`.
    """
    with opened(data, name) as image:
        taken_at, is_made = _taken_at(image), is_made or _declares_ai(image)
        upright = plain(image, max_width)
        small = squared(upright, _SMALL, is_made=is_made)
        likeness = _perceptual_hash(upright)
    return PreparedPhoto(
        picture=written(upright, quality, is_made=is_made, optimize=False),
        thumbnail=small,
        perceptual_hash=likeness,
        taken_at=taken_at,
        is_ai_generated=is_made,
    )


def _perceptual_hash(image: Image.Image) -> str:
    """Return the perceptual hash: the signs of the lowest 16 by 16 cosines.

    Zauner, Implementation and benchmarking of perceptual image hash functions (2010).
    """
    # Small first: the hash looks at 64 by 64 pixels anyway.
    tiny = image.reduce(max(min(image.size) // 128, 1))
    found: Any = imagehash.phash(tiny, hash_size=_HASH)
    return "".join("1" if bit else "0" for bit in found.hash.flatten())


def _taken_at(image: Image.Image) -> datetime | None:
    exif = image.getexif()
    details = exif.get_ifd(ExifTags.IFD.Exif)
    told = (
        details.get(ExifTags.Base.DateTimeOriginal),
        details.get(ExifTags.Base.DateTimeDigitized),
        exif.get(ExifTags.Base.DateTime),
    )
    for each in told:
        with suppress(ValueError):
            return datetime.strptime(str(each or "")[:19].strip("\0 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - cameras know no zone
    return None


def _declares_ai(image: Image.Image) -> bool:
    texts = (image.info.get(name) or b"" for name in _XMP_NAMES)
    return any(_MADE in (each.encode() if isinstance(each, str) else each) for each in texts)
