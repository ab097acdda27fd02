"""Photo libraries: imports, duplicates, rejected files, and deletion."""

import asyncio
import io
import os
import random
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import select

from bot.app.file_references import FILE_REFERENCES
from db.models import Photo
from services.errors import OwnersOnly
from services.media import (
    FileTooLarge,
    GarbageCollector,
    NotAPicture,
    PictureTooLarge,
    prepare_photo,
)
from services.personalities import PersonalityNotFound
from services.photos import (
    ArchiveBroken,
    ArchiveTooLarge,
    FileUnreadable,
    FolderEmpty,
    ImportOutcome,
    ImportResult,
    NoSuchFolder,
    PhotoInFlight,
    PhotoNotFound,
    PhotoSource,
    SeveralPhotos,
    archive_sources,
    file_source,
    folder_sources,
)
from services.privacy import PrivacyService
from tests.services.photo_files import (
    ENDINGS,
    FORMATS,
    coded,
    hostile,
    photo,
    scene,
    taken,
    written,
    zipped,
)
from tests.services.posting_support import OWNER, STRANGER, Posting

DAY = timedelta(days=1)
MOMENT = datetime(2025, 7, 14, 6, 30)  # noqa: DTZ001 - a camera's clock


async def take(
    posting: Posting, sources: list[PhotoSource], whose: Any = None
) -> list[ImportResult]:
    whose = whose or await posting.personality()
    return [each async for each in posting.photos.add(OWNER, whose, sources)]


@pytest.mark.parametrize("kind", FORMATS)
async def test_every_format_is_kept_as_a_picture_without_a_place(
    posting: Posting, kind: str
) -> None:
    data = photo(1, kind, exif=taken(MOMENT))

    (added,) = await take(posting, [file_source(f"a.{ENDINGS[kind]}", data)])

    assert added.outcome == ImportOutcome.ADDED
    assert added.photo is not None
    assert added.photo.taken_at == MOMENT
    stored = await posting.studio.store.get(added.photo.storage_key)
    assert stored[:3] == b"\xff\xd8\xff"
    assert b"Camera" not in stored
    assert b"Exif" not in stored
    assert (added.photo.width, added.photo.height) == (320, 240)
    assert added.photo.size == len(stored)


async def test_a_file_that_calls_itself_a_machines_is_marked(posting: Posting) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">trainedAlgorithmicMedia</x:xmpmeta>'
    data = coded(scene(1), "JPEG", xmp=xmp)

    first, second = await take(
        posting, [file_source("a.jpg", data), file_source("b.jpg", photo(2))]
    )

    assert first.photo is not None
    assert second.photo is not None
    assert (first.photo.is_ai_generated, second.photo.is_ai_generated) == (True, False)
    assert b"trainedAlgorithmicMedia" in await posting.studio.store.get(first.photo.storage_key)


async def test_the_same_file_and_what_looks_the_same_are_left_out(posting: Posting) -> None:
    whose = await posting.personality()
    original = scene(1, (640, 480))
    files = {
        "a.jpg": coded(original, quality=92),
        "again.jpg": coded(original, quality=92),
        "coarse.jpg": coded(original, quality=40),
        "small.webp": coded(original.resize((160, 120)), "WEBP"),
        "other.jpg": photo(2),
    }

    results = await take(posting, [file_source(name, data) for name, data in files.items()], whose)

    assert {each.name: each.outcome for each in results} == {
        "a.jpg": ImportOutcome.ADDED,
        "again.jpg": ImportOutcome.DUPLICATE,
        "coarse.jpg": ImportOutcome.NEAR_DUPLICATE,
        "small.webp": ImportOutcome.NEAR_DUPLICATE,
        "other.jpg": ImportOutcome.ADDED,
    }
    assert {each.photo.file_name for each in results if each.photo} == {"a.jpg", "other.jpg"}
    # Of what was left out nothing is kept; another personality may have it.
    assert len([each async for each in posting.studio.store.list_objects("photos/")]) == 4
    (elsewhere,) = await take(
        posting, [file_source("a.jpg", files["a.jpg"])], await posting.personality("Eve")
    )
    assert elsewhere.outcome == ImportOutcome.ADDED


async def test_the_better_of_two_copies_is_kept(posting: Posting) -> None:
    poor, good = photo(1, quality=60), photo(1, quality=92)

    whose = await posting.personality()
    first = await take(posting, [file_source("a.jpg", poor)], whose)
    second = await take(posting, [file_source("b.jpg", good), file_source("c.jpg", poor)], whose)

    assert [each.outcome for each in first] == [ImportOutcome.ADDED]
    assert [each.outcome for each in second] == [ImportOutcome.REPLACED, ImportOutcome.DUPLICATE]
    assert second[0].photo is not None
    assert first[0].photo is not None
    assert (second[0].photo.id, second[0].photo.file_name) == (first[0].photo.id, "b.jpg")


def price_card(price: str) -> bytes:
    image = Image.new("RGB", (800, 600), (250, 245, 230))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(120)
    draw.text((80, 100), "Bread", fill=(20, 20, 20), font=font)
    draw.text((80, 320), price, fill=(180, 20, 20), font=font)
    return coded(image, quality=90)


async def test_cards_that_differ_in_a_number_are_different(posting: Posting) -> None:
    sources = [file_source(price, price_card(price)) for price in ("3.50", "3.90", "4.50", "3.58")]

    results = await take(posting, sources, await posting.personality())

    assert {each.outcome for each in results} == {ImportOutcome.ADDED}


async def test_pictures_of_one_colour_are_not_all_the_same(posting: Posting) -> None:
    colours = {"red": (200, 0, 0), "blue": (0, 0, 200), "white": (255, 255, 255)}
    sources = [
        file_source(f"{name}.png", coded(Image.new("RGB", (300, 200), colour), "PNG"))
        for name, colour in colours.items()
    ]

    results = await take(posting, sources)

    assert [each.outcome for each in results] == [ImportOutcome.ADDED] * 3


async def test_two_imports_at_once_take_each_photo_once(posting: Posting) -> None:
    whose = await posting.personality()
    sources = [file_source(f"{number}.jpg", photo(number)) for number in range(12)]
    other = Posting(posting.sessions, posting.studio)

    async def run(importer: Posting, order: list[PhotoSource]) -> list[ImportOutcome]:
        adding = importer.photos.add(OWNER, whose, order, at_once=2)
        return [each.outcome async for each in adding]

    outcomes = await asyncio.gather(run(posting, sources), run(other, sources[::-1]))

    flat = [each for half in outcomes for each in half]
    assert flat.count(ImportOutcome.ADDED) == 12
    assert flat.count(ImportOutcome.DUPLICATE) == 12
    assert len(await posting.photos.list_photos(OWNER, whose)) == 12
    assert len([each async for each in posting.studio.store.list_objects("photos/")]) == 24


async def test_hostile_files_are_refused_with_a_reason(posting: Posting) -> None:
    sources = [file_source(name, data) for name, data in hostile().items()]

    results = await take(posting, [*sources, file_source("good.jpg", photo(1))])

    refused = {
        each.name: type(each.reason) for each in results if each.outcome == ImportOutcome.REFUSED
    }
    assert refused.keys() == hostile().keys()
    assert refused.pop("huge.jpg") is FileTooLarge
    assert refused.pop("bomb.png") is refused.pop("liar.png") is PictureTooLarge
    assert set(refused.values()) == {NotAPicture}
    assert results[-1].outcome == ImportOutcome.ADDED


async def test_what_would_take_too_much_memory_is_refused_before_it_is_decoded() -> None:
    big = coded(Image.new("RGB", (5000, 4500)), "WEBP")

    with pytest.raises(PictureTooLarge) as refused:
        prepare_photo(big, name="big.webp", max_width=1600, quality=82)

    assert refused.value.limit < 22


async def test_folders_are_walked_without_following_loops(posting: Posting, tmp_path: Path) -> None:
    root = written(
        tmp_path / "in",
        {
            "b/two.jpg": photo(2),
            "a.jpg": photo(1),
            "notes.txt": b"words",
            ".hidden.jpg": photo(3),
            ".thumbs/x.jpg": photo(4),
        },
    )
    (root / "b" / "loop").symlink_to(root)
    (root / "gone.jpg").symlink_to(root / "nowhere.jpg")
    os.mkfifo(root / "pipe.jpg")

    results = await take(posting, folder_sources(root))

    assert {each.name: each.outcome for each in results} == {
        "a.jpg": ImportOutcome.ADDED,
        "b/two.jpg": ImportOutcome.ADDED,
        "gone.jpg": ImportOutcome.REFUSED,
        "notes.txt": ImportOutcome.REFUSED,
        "pipe.jpg": ImportOutcome.REFUSED,
    }
    assert {each.name for each in results if isinstance(each.reason, FileUnreadable)} == {
        "gone.jpg",
        "pipe.jpg",
    }


def test_folders_that_are_none_are_said(tmp_path: Path) -> None:
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    (tmp_path / "file").write_text("x")

    for path, refusal in {
        "nowhere": NoSuchFolder,
        "file": NoSuchFolder,
        "empty": FolderEmpty,
    }.items():
        with pytest.raises(refusal):
            folder_sources(tmp_path / path)


async def test_archives_give_what_is_in_them(posting: Posting) -> None:
    packed = zipped(
        {
            "trip/one.jpg": photo(1),
            "trip/two.png": photo(2, "PNG"),
            "__MACOSX/trip/._one.jpg": b"\x00\x05\x16\x07",
            "../../etc/evil.jpg": photo(3),
            "inner.zip": zipped({"x.jpg": photo(4)}),
            "zeros.jpg": bytes(30_000_000),
        }
    )

    results = await take(posting, archive_sources("trip.zip", packed))

    assert {each.name: each.outcome for each in results} == {
        "../../etc/evil.jpg": ImportOutcome.ADDED,  # a name, and nothing else
        "inner.zip": ImportOutcome.REFUSED,
        "trip/one.jpg": ImportOutcome.ADDED,
        "trip/two.png": ImportOutcome.ADDED,
        "zeros.jpg": ImportOutcome.REFUSED,
    }
    stored = [each.key async for each in posting.studio.store.list_objects("")]
    assert all(key.startswith("photos/") for key in stored)


@pytest.mark.parametrize("cut", [10, 300, -40])
def test_broken_archives_are_said(cut: int) -> None:
    packed = zipped({"a.jpg": photo(1), "b.jpg": photo(2)})

    with pytest.raises(ArchiveBroken):
        archive_sources("a.zip", packed[:cut])


async def test_what_is_broken_inside_an_archive_is_refused_alone(posting: Posting) -> None:
    packed = bytearray(zipped({"a.jpg": photo(1), "b.jpg": photo(2)}))
    packed[200:300] = random.Random(1).randbytes(100)

    results = await take(posting, archive_sources("a.zip", bytes(packed)))

    assert {each.name: each.outcome for each in results} == {
        "a.jpg": ImportOutcome.REFUSED,
        "b.jpg": ImportOutcome.ADDED,
    }


async def test_only_owners_see_a_library(posting: Posting) -> None:
    (library_photo,) = await posting.library()
    photos = posting.photos

    assert await photos.libraries(STRANGER) == []
    with pytest.raises(PhotoNotFound):
        await photos.find(STRANGER, "p0.jpg")
    for call in (
        photos.get(STRANGER, library_photo.id),
        photos.list_photos(STRANGER, library_photo.personality_id),
        photos.set_alt_text(STRANGER, library_photo.id, "mine"),
        photos.delete(STRANGER, library_photo.id),
        photos.similar(STRANGER, library_photo.id),
        photos.search(STRANGER, library_photo.personality_id, "lamp"),
    ):
        with pytest.raises(OwnersOnly):
            await call


async def test_a_photo_is_found_by_name_or_by_the_beginning_of_its_id(posting: Posting) -> None:
    whose = await posting.personality()
    await take(posting, [file_source("x/a.jpg", photo(1)), file_source("y/a.jpg", photo(2))], whose)
    first, _ = [each.photo for each in await posting.photos.list_photos(OWNER, whose)]

    by_id = await posting.photos.find(OWNER, str(first.id)[:8].upper())
    by_name = await posting.photos.find(OWNER, first.file_name)

    assert by_id.id == by_name.id == first.id
    with pytest.raises(SeveralPhotos):
        await posting.photos.find(OWNER, "a.jpg")
    for wrong in ("%", "_.jpg", "b.jpg", ""):
        with pytest.raises(PhotoNotFound):
            await posting.photos.find(OWNER, wrong)


async def test_a_deleted_photo_takes_its_files_along(posting: Posting) -> None:
    (library_photo,) = await posting.library()

    await posting.photos.delete(OWNER, library_photo.id)
    await posting.run_due_jobs()

    assert [each async for each in posting.studio.store.list_objects("photos/")] == []


async def test_a_photo_in_the_queue_of_buffer_is_not_deleted(posting: Posting) -> None:
    (library_photo,) = await posting.library()
    entry = await posting.planned(library_photo, await posting.channel(library_photo))
    await posting.run_due_jobs()

    with pytest.raises(PhotoInFlight):
        await posting.photos.delete(OWNER, library_photo.id)
    await posting.posts.cancel(OWNER, entry.post.id)
    await posting.run_due_jobs()
    await posting.photos.delete(OWNER, library_photo.id)

    with pytest.raises(PhotoNotFound):
        await posting.photos.get(OWNER, library_photo.id)


async def test_photos_are_no_strays(posting: Posting) -> None:
    await posting.library(2)
    await posting.studio.store.put("photos/nobody/x.jpg", b"x", media_type="image/jpeg")

    orphans = await GarbageCollector(
        posting.sessions, posting.studio.store, FILE_REFERENCES
    ).find_orphans(timedelta(0))

    assert [each.key for each in orphans] == ["photos/nobody/x.jpg"]


@pytest.mark.parametrize("way", ["deleted", "erased"])
async def test_a_library_that_goes_while_files_come_in_keeps_none(
    posting: Posting, way: str
) -> None:
    whose = await posting.personality()
    adding = posting.photos.add(OWNER, whose, [file_source(f"{n}.jpg", photo(n)) for n in range(8)])

    await anext(adding)
    if way == "deleted":
        await posting.people.delete(OWNER, whose)
    else:
        await PrivacyService(posting.sessions).delete(OWNER)
    with pytest.raises(PersonalityNotFound):
        await anext(adding)
    await posting.run_due_jobs()

    async with posting.sessions() as session:
        assert (await session.scalars(select(Photo))).all() == []
    left = [each.key async for each in posting.studio.store.list_objects("photos/")]
    # What was being written at that moment is found by the daily sweep.
    orphans = await GarbageCollector(
        posting.sessions, posting.studio.store, FILE_REFERENCES
    ).find_orphans(older_than=-DAY)
    assert sorted(left) == sorted(each.key for each in orphans)
    assert len(left) <= 6


def test_an_archive_with_a_nameless_entry_is_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("a.jpg", photo(1))
        nameless = zipfile.ZipInfo("x")
        nameless.filename = ""
        packed.writestr(nameless, b"hello")

    names = [each.name for each in archive_sources("a.zip", out.getvalue())]

    assert names == ["a file without a name", "a.jpg"]


def test_an_archive_with_a_million_entries_is_not_read() -> None:
    entry = b"PK\x01\x02" + bytes(43)

    with pytest.raises(ArchiveTooLarge):
        archive_sources("a.zip", b"PK\x03\x04" + entry * 1_000_000 + b"PK\x05\x06" + bytes(18))
