"""Photos as cameras, phones and programs write them."""

import io
import struct
from datetime import datetime
from typing import Any

import imagehash
import numpy as np
import pytest
from PIL import Image

from services.media import FileKind, NotAPicture, prepare
from services.media.photo_files import PreparedPhoto, prepare_photo
from services.photos.sources import archive_sources
from tests.services.photo_files import coded, photo, scene, taken, zipped

AT = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - a camera's clock


def prepared(data: bytes) -> PreparedPhoto:
    return prepare_photo(data, name="x", max_width=1600, quality=82)


def with_exif(data: bytes, exif: bytes) -> bytes:
    """Return a JPEG with EXIF data put into it as it is."""
    payload = b"Exif\0\0" + exif
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload + data[2:]


GOOD = taken(AT)[6:]


@pytest.mark.parametrize(
    "exif",
    [
        bytes(64),
        b"",
        b"\xff" * 64,
        b"II*\0",
        b"MM\0*\0\0\0\x08\xff\xff",
        GOOD[: len(GOOD) // 2],
        GOOD[:12] + b"\xff" * 20 + GOOD[32:],
        b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\xff\xff\xff\xff",
    ],
    ids=len,
)
def test_broken_exif_costs_the_date_and_not_the_photo(exif: bytes) -> None:
    assert prepared(with_exif(photo(1), exif)).picture.width == 320


@pytest.mark.parametrize("megapixels", [24, 45])
def test_a_jpeg_with_a_preview_behind_it_may_be_as_large_as_any(megapixels: int) -> None:
    size = (1000 * megapixels // 6, 6000)
    image = Image.new("RGB", size, (200, 80, 30))
    preview = Image.new("RGB", (640, 480))

    data = coded(image, "MPO", save_all=True, append_images=[preview])

    assert max(prepared(data).picture.width, prepared(data).picture.height) == 1600


@pytest.mark.parametrize("kind", ["AVIF", "WEBP", "GIF", "PNG", "TIFF", "HEIF"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    red, blue = Image.new("RGB", (400, 300), "red"), Image.new("RGB", (400, 300), "blue")

    data = coded(red, kind, save_all=True, append_images=[blue])

    with Image.open(io.BytesIO(prepared(data).picture.data)) as shown:
        pixel = shown.convert("RGB").getpixel((200, 150))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 200 > pixel[2]


@pytest.mark.parametrize("kind", ["TIFF", "BMP"])
def test_what_the_decoder_opens_is_taken(kind: str) -> None:
    assert prepared(photo(1, kind)).picture.width == 320


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}])
@pytest.mark.parametrize("missing", [1, 2])
def test_a_jpeg_that_lacks_only_its_end_mark_is_taken(
    options: dict[str, Any], missing: int
) -> None:
    data = coded(scene(1), quality=92, **options)

    assert prepared(data[:-missing]).picture.data == prepared(data).picture.data


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_file_that_breaks_off_says_so(kind: str, share: float) -> None:
    data = photo(1, kind)

    with pytest.raises(NotAPicture) as raised:
        prepare(data[: int(len(data) * (1 - share))])

    assert raised.value.kind in (FileKind.TRUNCATED, FileKind.BROKEN)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", FileKind.EMPTY),
        (bytes(500), FileKind.EMPTY),
        (b"Rar!\x1a\x07\0", FileKind.ARCHIVE),
        (b"7z\xbc\xaf\x27\x1c", FileKind.ARCHIVE),
        (b"PK\x03\x04", FileKind.ARCHIVE),
        (b"\x1f\x8b\x08", FileKind.ARCHIVE),
        (b"\0\0\0\x18ftypmp42", FileKind.VIDEO),
        (b"\0\0\0\x14ftypqt  ", FileKind.VIDEO),
        (b"\x1a\x45\xdf\xa3", FileKind.VIDEO),
        (b"RIFF\0\0\0\0AVI LIST", FileKind.VIDEO),
        (b"RIFF\0\0\0\0WAVEfmt ", FileKind.AUDIO),
        (b"OggS\0", FileKind.AUDIO),
        (b"%PDF-1.7", FileKind.DOCUMENT),
        (b"<!DOCTYPE html>", FileKind.DOCUMENT),
        (b"\0\0\0\x0cJXL \r\n", FileKind.OTHER_PICTURE),
        (b"<svg xmlns=", FileKind.OTHER_PICTURE),
        (b"just words", FileKind.UNKNOWN),
    ],
)
def test_what_is_refused_is_told_apart_by_kind(data: bytes, kind: FileKind) -> None:
    with pytest.raises(NotAPicture) as raised:
        prepare(data)

    assert raised.value.kind == kind


def test_sidecars_and_system_files_are_passed_over() -> None:
    photos = {f"Takeout/{number}.jpg": photo(number) for number in range(3)}
    beside = [
        *(f"{name}.json" for name in photos),
        *("Takeout/IMG_1.AAE", "Takeout/a.xmp", "Takeout/Thumbs.db", "Takeout/desktop.ini"),
        *("__MACOSX/._1.jpg", "Takeout/.DS_Store", "Takeout/archive_browser.html"),
    ]

    sources = archive_sources("a.zip", zipped({**photos, **dict.fromkeys(beside, b"{}")}))

    assert [each.name for each in sources] == sorted(photos)


def test_a_thousand_photos_are_not_too_many_for_their_sidecars() -> None:
    tiny = coded(scene(1, (8, 8)))
    files = {f"{number}.jpg": tiny for number in range(1000)}
    files |= {f"{name}.json": b"{}" for name in files}

    assert len(archive_sources("a.zip", zipped(files))) == 1000


def test_hashes_are_those_of_imagehash_bit_for_bit() -> None:
    chance = np.random.default_rng(1)
    tested: list[Image.Image] = [scene(seed, (301, 233)) for seed in range(20)]
    for _ in range(60):
        height, width = chance.integers(16, 300, 2)
        noise = chance.integers(0, 256, (height, width, 3), dtype=np.uint8)
        flat = np.full_like(noise, chance.integers(0, 256))
        half = flat.copy()
        half[:, width // 2 :] = 255 - half[:, width // 2 :]
        slope = np.broadcast_to(np.linspace(0, 255, width)[None, :, None], noise.shape)
        tested += [Image.fromarray(each.astype(np.uint8)) for each in (noise, flat, half, slope)]

    for image in tested:
        ours = prepare_photo(
            coded(image, "PNG"), name="a.png", max_width=4000, quality=90
        ).perceptual_hash
        reduced = image.reduce(max(min(image.size) // 128, 1))
        theirs: Any = imagehash.phash(reduced, hash_size=16)
        assert ours == "".join("1" if bit else "0" for bit in theirs.hash.flatten())
