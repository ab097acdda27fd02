"""Photo files: plain, with metadata, similar, broken and hostile."""

import io
import struct
import zipfile
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
from PIL import ExifTags, Image

from tests.vendors.replicate import bomb

pillow_heif.register_heif_opener()  # pyright: ignore[reportUnknownMemberType]

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF")
ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "HEIF": "heic", "AVIF": "avif"}


def scene(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Return an image with soft colours and some edges, unlike that of any other seed."""
    chance = np.random.default_rng(seed)
    colours = chance.integers(0, 255, (6, 8, 3), dtype=np.uint8)
    image = Image.fromarray(colours).resize(size, Image.Resampling.BICUBIC)
    width, height = size
    for _ in range(3):
        left, top = int(chance.integers(width // 2)), int(chance.integers(height // 2))
        colour = tuple(int(each) for each in chance.integers(0, 255, 3))
        image.paste(colour, (left, top, left + width // 4, top + height // 4))
    return image


def coded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    fast = {"AVIF": {"speed": 10}, "HEIF": {"quality": 70}, "WEBP": {"method": 0}}.get(kind, {})
    image.save(out, kind, **{**fast, **options})
    return out.getvalue()


def photo(seed: int, kind: str = "JPEG", **options: Any) -> bytes:
    return coded(scene(seed), kind, **options)


def taken(at: datetime, *, north: float = 48.2) -> bytes:
    """Return a camera's metadata: time and location."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Camera"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = f"{at:%Y:%m:%d %H:%M:%S}"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = (north, 0.0, 0.0)
    return exif.tobytes()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return out.getvalue()


def hostile() -> dict[str, bytes]:
    """Return files that are not photos, or that harm whoever opens them."""
    good = photo(900)
    png = photo(901, "PNG")
    liar = bytearray(png)
    liar[16:24] = struct.pack(">II", 60_000, 60_000)
    liar[29:33] = struct.pack(">I", zlib.crc32(bytes(liar[12:29])))
    return {
        "empty.jpg": b"",
        "words.jpg": b"this is no picture",
        "page.jpg": b"<html><script>alert(1)</script></html>",
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "head.jpg": good[:200],
        "sign.jpg": b"\xff\xd8\xff",
        "head.png": png[:60],
        "head.webp": photo(902, "WEBP")[:60],
        "head.heic": photo(903, "HEIF")[:300],
        "head.avif": photo(904, "AVIF")[:200],
        "bomb.png": bomb(),
        "liar.png": bytes(liar),
        "archive.jpg": zipped({"a.jpg": good}),
        "program.jpg": b"MZ" + bytes(500),
        "riff.webp": b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(50),
        "brand.heic": b"\x00\x00\x00\x18ftypheic" + bytes(500),
        "movie.avif": b"\x00\x00\x00\x18ftypmp42" + bytes(500),
        "noise.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4,
        "noise.jpg": b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40,
        "huge.jpg": b"\xff\xd8\xff" + bytes(20_000_001),
    }


def written(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files into a folder, and create its parents."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder
