"""Attachments in prompts."""

import io
from datetime import UTC, datetime

import pytest
from PIL import Image

from db.models import Venue
from services.chat import files
from services.types import Attachment, Channel, IncomingMessage
from tests.fakes import FakeChatAdapter
from tests.services.photo_files import FORMATS, photo, taken

PNG = photo(1, "PNG")
TAKEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLACE = Channel(channel_id=1, guild_id=None, venue=Venue.DM)


def attachment(name: str, data: bytes, media_type: str, size: int | None = None) -> Attachment:
    return Attachment(
        name=name, media_type=media_type, size=len(data) if size is None else size, url=name
    )


async def read(
    *attached: tuple[Attachment, bytes],
) -> tuple[files.AttachmentContents, FakeChatAdapter]:
    stage = FakeChatAdapter(files={each.url: data for each, data in attached})
    message = IncomingMessage(
        message_id=1,
        channel=PLACE,
        author_id=2,
        author_name="alice",
        content="look",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        attachments=tuple(each for each, _ in attached),
    )
    return await files.read_attachments(stage, message), stage


@pytest.mark.parametrize("kind", [*FORMATS, "GIF"])
async def test_a_picture_is_shown_without_what_its_file_says_of_its_maker(kind: str) -> None:
    data = photo(1, kind) if kind == "GIF" else photo(1, kind, exif=taken(TAKEN))

    shown, _ = await read((attachment("cat.bmp", data, "image/bmp"), data))

    (image,) = shown.images
    assert image.media_type == "image/jpeg"
    assert b"Camera" not in image.data
    assert not Image.open(io.BytesIO(image.data)).getexif()
    assert shown.text == "⟦picture: cat.bmp⟧"


@pytest.mark.parametrize(
    "data", [b"", b"<svg onload='alert(1)'/>", b"RIFF\x10\x00\x00\x00WAVEfmt ", b"MZ\x90"]
)
async def test_what_only_claims_to_be_a_picture_is_named(data: bytes) -> None:
    shown, _ = await read((attachment("cat.png", data, "image/png"), data))

    assert (shown.images, shown.text) == ((), "⟦attached: cat.png⟧")


async def test_four_pictures_are_enough() -> None:
    pictures = [(attachment(f"{n}.png", PNG, "image/png"), PNG) for n in range(6)]

    shown, stage = await read(*pictures)

    assert len(shown.images) == 4
    assert shown.text.splitlines()[3:] == [
        "⟦picture: 3.png⟧",
        "⟦attached: 4.png⟧",
        "⟦attached: 5.png⟧",
    ]
    assert len(stage.fetched) == 4


async def test_a_text_is_quoted_between_marks() -> None:
    data = "\ufeffkéy: välue".encode()

    shown, _ = await read((attachment("conf.YAML", data, "application/octet-stream"), data))

    assert shown.text == "⟦file conf.YAML⟧\nkéy: välue\n⟦end of conf.YAML⟧"


@pytest.mark.parametrize(
    "data", [b"\xff\xfeh\x00i\x00", b"a\x00b", bytes(range(256)), b"x" * 64_001], ids=len
)
async def test_what_is_no_text_or_too_much_of_it_is_named(data: bytes) -> None:
    shown, _ = await read((attachment("a.txt", data, "text/plain", size=5), data))

    assert shown.text == "⟦attached: a.txt⟧"


@pytest.mark.parametrize(
    ("name", "media_type", "size"),
    [
        ("huge.png", "image/png", 5_000_001),
        ("huge.txt", "text/plain", 64_001),
        ("film.mp4", "video/mp4", 100),
        ("setup.exe", "", 100),
    ],
)
async def test_what_cannot_be_taken_in_is_not_even_fetched(
    name: str, media_type: str, size: int
) -> None:
    shown, stage = await read((attachment(name, PNG, media_type, size), PNG))

    assert shown.text == f"⟦attached: {name}⟧"
    assert stage.fetched == []


async def test_a_file_that_is_gone_is_named() -> None:
    stage = FakeChatAdapter()
    message = IncomingMessage(
        message_id=1,
        channel=PLACE,
        author_id=2,
        author_name="alice",
        content="",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        attachments=(
            attachment("gone.png", PNG, "image/png"),
            attachment("gone.md", b"", "text/markdown"),
        ),
    )

    shown = await files.read_attachments(stage, message)

    assert shown == files.AttachmentContents((), "⟦attached: gone.png⟧\n⟦attached: gone.md⟧")
