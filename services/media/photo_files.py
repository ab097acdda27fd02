"""Photo files: the stored picture, a thumbnail, the date it was taken and its perceptual hash."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import imagehash
from PIL import ExifTags, Image

from services.media.pictures import (
    Picture,
    crop_square,
    encode_jpeg,
    normalize,
    open_image,
)

_THUMBNAIL_SIDE, _HASH_SIDE = 320, 16
# https://cv.iptc.org/newscodes/digitalsourcetype/: created, or composited, by a trained model.
_AI_SOURCE_TYPE = b"rainedAlgorithmicMedia"
_XMP_NAMES = ("xmp", "XML:com.adobe.xmp")


@dataclass(frozen=True, kw_only=True)
class PreparedPhoto:
    """A photo as it is stored.

    Few of the 256 bits of `perceptual_hash` change when a picture is scaled or encoded again.
    `taken_at` is the time of the camera's clock, without a zone. `is_ai_generated` says that the
    caller or the file's metadata declares it AI-generated.
    """

    picture: Picture
    thumbnail: Picture
    perceptual_hash: str
    taken_at: datetime | None
    is_ai_generated: bool


def prepare_photo(
    data: bytes, *, name: str, max_width: int, quality: int, is_ai_generated: bool = False
) -> PreparedPhoto:
    """Return a photo encoded again from a file, as in `prepare`, with the date of its metadata.

    Raises:
        FileTooLarge, NotAPicture, PictureTooLarge: As in `prepare`.
    """
    with open_image(data, name) as image:
        taken_at = _taken_at(image)
        is_ai_generated = is_ai_generated or _declares_ai_generated(image)
        upright = normalize(image, max_width)
        small = crop_square(upright, _THUMBNAIL_SIDE, is_ai_generated=is_ai_generated)
        perceptual_hash = _perceptual_hash(upright)
    return PreparedPhoto(
        picture=encode_jpeg(upright, quality, is_ai_generated=is_ai_generated, optimize=False),
        thumbnail=small,
        perceptual_hash=perceptual_hash,
        taken_at=taken_at,
        is_ai_generated=is_ai_generated,
    )


def _perceptual_hash(image: Image.Image) -> str:
    """Return the perceptual hash: the signs of the lowest 16 by 16 cosines.

    Zauner, Implementation and benchmarking of perceptual image hash functions (2010).
    """
    # Reduced first: the hash uses only 64 by 64 pixels anyway.
    tiny = image.reduce(max(min(image.size) // 128, 1))
    image_hash: Any = imagehash.phash(tiny, hash_size=_HASH_SIDE)
    return "".join("1" if bit else "0" for bit in image_hash.hash.flatten())


def _taken_at(image: Image.Image) -> datetime | None:
    exif = image.getexif()
    exif_details = exif.get_ifd(ExifTags.IFD.Exif)
    dates = (
        exif_details.get(ExifTags.Base.DateTimeOriginal),
        exif_details.get(ExifTags.Base.DateTimeDigitized),
        exif.get(ExifTags.Base.DateTime),
    )
    for each in dates:
        with suppress(ValueError):
            return datetime.strptime(str(each or "")[:19].strip("\0 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - cameras know no zone
    return None


def _declares_ai_generated(image: Image.Image) -> bool:
    packets = (image.info.get(name) or b"" for name in _XMP_NAMES)
    return any(
        _AI_SOURCE_TYPE in (each.encode() if isinstance(each, str) else each) for each in packets
    )
