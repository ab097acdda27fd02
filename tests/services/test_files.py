"""Attachments in prompts."""

import io
from datetime import UTC, datetime

import pytest
from PIL import Image

from db.models import Venue
from services.chat import files
from services.documents import DocumentReader
from services.types import Attachment, Channel, IncomingMessage
from tests.fakes import FakeChatAdapter
from tests.services.document_files import docx, odt, pdf, tarred, xlsx, zipped
from tests.services.photo_files import FORMATS, photo, taken

PNG = photo(1, "PNG")
LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY a "lol">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><a>&j;</a>"
)
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
    return await files.read_attachments(stage, message, DocumentReader(), {}), stage


@pytest.mark.parametrize("kind", [*FORMATS, "GIF"])
async def test_a_picture_is_read_without_what_its_file_says_of_its_maker(kind: str) -> None:
    data = photo(1, kind) if kind == "GIF" else photo(1, kind, exif=taken(TAKEN))
    sent = attachment("cat.bmp", data, "image/bmp")

    shown, stage = await read((sent, data))
    image = await files.read_picture(stage, sent)

    assert (shown.own, shown.text) == ((sent,), "")
    assert image is not None
    assert image.media_type == "image/jpeg"
    assert b"Camera" not in image.data
    assert not Image.open(io.BytesIO(image.data)).getexif()


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"<svg onload='alert(1)'/>", b"RIFF\x10\x00\x00\x00WAVEfmt ", b"MZ\x90"),
        PNG + bytes(5_000_000),
    ],
    ids=len,
)
async def test_what_only_claims_to_be_a_picture_is_none(data: bytes) -> None:
    sent = attachment("cat.png", data, "image/png", size=5)

    _, stage = await read((sent, data))

    assert await files.read_picture(stage, sent) is None


async def test_four_pictures_are_enough() -> None:
    pictures = [(attachment(f"{n}.png", PNG, "image/png"), PNG) for n in range(6)]

    shown, stage = await read(*pictures)

    assert len(shown.own) == 4
    assert shown.text.splitlines() == ["⟦attached: 4.png⟧", "⟦attached: 5.png⟧"]
    assert stage.fetched == []


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.pdf", pdf("The tide turns at six."), "The tide turns at six."),
        ("a.docx", docx("The tide", "turns at six."), "The tide\nturns at six."),
        ("a.odt", odt("The tide <text:span>turns</text:span> at six."), "The tide turns at six."),
        ("a.xlsx", xlsx("tide", "6.5"), "tide\n6.5"),
        ("a.zip", zipped({"boat/sail.txt": b"x" * 9}), "- boat/sail.txt (9 bytes)"),
        ("a.tar.gz", tarred({"sail.txt": b"x" * 9}), "- sail.txt (9 bytes)"),
    ],
    ids=["PDF", "Word", "OpenDocument", "sheet", "zip", "tar"],
)
async def test_documents_are_read_and_archives_listed(name: str, data: bytes, text: str) -> None:
    shown, _ = await read((attachment(name, data, "application/octet-stream"), data))

    assert text in shown.text
    assert shown.text.startswith(f"⟦file {name}⟧")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pdf", b"%PDF-1.7\n" + b"(" * 100_000),
        ("a.pdf", b""),
        ("a.docx", b"PK\x03\x04 no more"),
        ("a.docx", zipped({"word/document.xml": b"<a><b>" * 1000})),
        ("a.odt", zipped({"content.xml": LAUGHS})),
        ("a.zip", zipped({"x": b"1"})[:-9]),
        ("a.tar.gz", b"\x1f\x8b\x08"),
    ],
    ids=["PDF", "empty", "cut zip", "open tags", "laughs", "broken zip", "broken tar"],
)
async def test_documents_that_are_none_are_named(name: str, data: bytes) -> None:
    shown, _ = await read((attachment(name, data, "application/octet-stream"), data))

    assert shown.text == f"⟦attached: {name}⟧"


async def test_a_long_document_is_cut() -> None:
    data = docx(*["The tide turns at six."] * 5000)

    shown, _ = await read((attachment("a.docx", data, ""), data))

    assert len(shown.text) < 20_100
    assert "…" in shown.text[-30:]


async def test_a_text_is_quoted_between_marks() -> None:
    data = "\ufeffkéy: välue".encode()

    shown, _ = await read((attachment("conf.YAML", data, "application/octet-stream"), data))

    assert shown.text == "⟦file conf.YAML⟧\nkéy: välue\n⟦end of conf.YAML⟧"


@pytest.mark.parametrize(
    "data", [b"\xff\xfeh\x00i\x00", b"a\x00b", bytes(range(256)), b"x" * 1_000_001], ids=len
)
async def test_what_is_no_text_or_too_much_of_it_is_named(data: bytes) -> None:
    shown, _ = await read((attachment("a.txt", data, "text/plain", size=5), data))

    assert shown.text == "⟦attached: a.txt⟧"


@pytest.mark.parametrize(
    ("name", "media_type", "size"),
    [
        ("huge.txt", "text/plain", 1_000_001),
        ("huge.pdf", "application/pdf", 5_000_001),
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
            attachment("gone.pdf", PNG, "application/pdf"),
            attachment("gone.md", b"", "text/markdown"),
        ),
    )

    shown = await files.read_attachments(stage, message, DocumentReader(), {})

    assert shown.text == "⟦attached: gone.pdf⟧\n⟦attached: gone.md⟧"
