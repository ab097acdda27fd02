"""Photo files: the stored picture, a thumbnail, the date it was taken and its perceptual hash."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from services.media.pictures import (
    Picture,
    crop_square,
    encode_jpeg,
    normalize,
    open_image,
)

Floats: TypeAlias = NDArray[np.float64]

_THUMBNAIL_SIDE, _HASH_SIDE = 320, 16
# How many cosines a hash is taken from, each way.
_COSINES = 64
_ANGLES = np.arange(1, _COSINES + 1, dtype=np.longdouble) / (4 * _COSINES)
_PI = np.longdouble("3.14159265358979323846264338327950288")
_TWIDDLES: Floats = np.cos(2 * _PI * _ANGLES).astype(float)
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
    tiny = image.reduce(max(min(image.size) // 128, 1)).convert("L")
    pixels = np.asarray(tiny.resize((_COSINES, _COSINES), Image.Resampling.LANCZOS), dtype=float)
    lowest = _cosines(_cosines(pixels.T).T)[:_HASH_SIDE, :_HASH_SIDE]
    bits = (lowest > np.median(lowest)).flatten()
    return "".join("1" if bit else "0" for bit in bits)


def _cosines(rows: Floats) -> Floats:
    """Return the discrete cosine transform of rows of 64 numbers, of type II and not normalized.

    By the steps of pocketfft (`T_dcst23`), which `imagehash` uses through SciPy: also where a sum
    is nothing but rounding, the signs are those of hashes that are stored.
    """
    row, half = rows.copy(), _COSINES // 2
    row[:, [0, -1]] *= 2
    odd, even = row[:, 1:-1:2].copy(), row[:, 2:-1:2].copy()
    row[:, 1:-1:2], row[:, 2:-1:2] = odd + even, even - odd
    spectrum = np.empty((len(row), half + 1), complex)
    spectrum[:, [0, -1]] = row[:, [0, -1]]
    spectrum[:, 1:-1] = row[:, 1:-1:2] + 1j * row[:, 2::2]
    turned: Floats = np.fft.irfft(spectrum, n=_COSINES, norm="forward", axis=1)
    low = np.arange(1, half)
    high = _COSINES - low
    first = _TWIDDLES[low - 1] * turned[:, high] + _TWIDDLES[high - 1] * turned[:, low]
    second = _TWIDDLES[low - 1] * turned[:, low] - _TWIDDLES[high - 1] * turned[:, high]
    turned[:, low], turned[:, high] = 0.5 * (first + second), 0.5 * (first - second)
    turned[:, half] *= _TWIDDLES[half - 1]
    return turned


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
