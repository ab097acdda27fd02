"""Media: storage, downloads, image processing, and what is rejected."""

import asyncio
import functools
import io
import resource
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageColor
from typing_extensions import override

from services.clock import Clock
from services.errors import DomainError
from services.media import (
    CARD_WIDTH,
    DARK,
    LIGHT,
    Fetcher,
    FileNotFound,
    FileTooLarge,
    FileUnreachable,
    FolderStore,
    ForeignHost,
    NoPublicUrl,
    NotAPicture,
    ObjectNotFound,
    ObjectStore,
    PictureTooLarge,
    Pin,
    PinState,
    StorageMisconfigured,
    StorageUnavailable,
    Theme,
    contact_sheet,
    media_type_of,
    month_sheet,
    prepare,
    thumbnail,
)
from services.media.s3 import S3Store
from tests.vendors.replicate import bomb, painted
from tests.vendors.s3 import serving, store_at

MARK = b"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def drawn(kind: str = "PNG", size: tuple[int, int] = (40, 30), mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 5 if mode in "LP1" else None).save(out, kind)
    return out.getvalue()


class Standing(Clock):
    """Time that goes on when it is told to."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, tzinfo=UTC)

    @override
    def now(self) -> datetime:
        return self.time

    @override
    def real_duration(self, span: timedelta) -> timedelta:
        return span


@pytest.fixture
def clock() -> Standing:
    return Standing()


@asynccontextmanager
async def bucket(folder: Path, *, right_key: bool = True) -> AsyncGenerator[S3Store]:
    with serving(folder) as url:
        store = store_at(url, right_key=right_key)
        yield store
        await store.close()


@pytest.fixture(params=["folder", "s3"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Standing
) -> AsyncGenerator[ObjectStore]:
    if request.param == "folder":
        yield FolderStore(tmp_path / "kept", base_url="http://127.0.0.1:1", clock=clock)
        return
    async with bucket(tmp_path / "s3") as opened:
        yield opened


async def test_what_is_put_can_be_got_listed_and_deleted(
    store: ObjectStore, tmp_path: Path
) -> None:
    file = tmp_path / "a file"
    file.write_bytes(b"from a file")

    await store.put("characters/a/1.jpg", b"one", media_type="image/jpeg")
    await store.put("characters/a/1.jpg", b"one again", media_type="image/jpeg")
    await store.put("characters/a/2.jpg", file, media_type="image/jpeg")
    await store.put("boards/3.jpg", b"three", media_type="image/jpeg")

    assert await store.get("characters/a/1.jpg") == b"one again"
    assert await store.get("characters/a/2.jpg") == b"from a file"
    listed = {each.key: each async for each in store.list_objects("characters/a/")}
    assert {key: each.size for key, each in listed.items()} == {
        "characters/a/1.jpg": 9,
        "characters/a/2.jpg": 11,
    }
    assert all(datetime.now(UTC) - each.at < timedelta(minutes=1) for each in listed.values())
    await store.delete(["characters/a/1.jpg", "characters/a/2.jpg", "characters/never.jpg"])
    assert [each.key async for each in store.list_objects("")] == ["boards/3.jpg"]
    with pytest.raises(ObjectNotFound):
        await store.get("characters/a/1.jpg")
    with pytest.raises(NoPublicUrl):
        store.public_url("boards/3.jpg")


@pytest.mark.parametrize(
    "key", ["../secret", "a/../../b", ".secret", "a/.hidden", "/etc/passwd", "a//b", "a/", "", "é"]
)
async def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    (tmp_path / "secret").write_text("s")
    store = FolderStore(tmp_path / "kept", base_url="http://x")

    with pytest.raises(ObjectNotFound):
        await store.get(key)
    with pytest.raises(ObjectNotFound):
        await store.put(key, b"x", media_type="image/png")


@pytest.mark.slow
async def test_links_of_a_bucket_are_for_their_file_type_and_size_and_for_a_while(
    tmp_path: Path,
) -> None:
    async with bucket(tmp_path) as store, aiohttp.ClientSession() as http:
        write = await store.presigned_put("a/1.png", media_type="image/png", size=3, seconds=60)
        short = await store.presigned_put("a/2.png", media_type="image/png", size=3, seconds=1)

        async def put(data: bytes, kind: str, link: str = write) -> int:
            async with http.put(link, data=data, headers={"Content-Type": kind}) as answer:
                return answer.status

        assert await put(b"abc", "text/html") == 403
        assert await put(b"abcd", "image/png") == 403
        assert await put(b"abc", "image/png") == 200
        assert await store.get("a/1.png") == b"abc"
        await asyncio.sleep(2.1)
        assert await put(b"abc", "image/png", short) in {400, 403}


@pytest.mark.slow
async def test_a_bucket_in_trouble_is_said_in_our_own_words(tmp_path: Path) -> None:
    async with bucket(tmp_path, right_key=False) as store:
        with pytest.raises(StorageMisconfigured):
            await store.put("a.jpg", b"x", media_type="image/jpeg")
    gone = store_at("http://127.0.0.1:9")
    with pytest.raises(StorageUnavailable):
        await gone.get("a.jpg")
    await gone.close()


def test_a_full_disk_is_said_in_our_own_words(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, base_url="", public_base="https://pictures.example")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(StorageUnavailable):
            store.public_url("a.jpg")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []
    assert store.public_url("a.jpg")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_a_picture_is_made_anew_small_upright_and_without_metadata(kind: str) -> None:
    image = Image.new("RGB", (400, 200), (200, 30, 30))
    image.paste((30, 30, 200), (0, 0, 100, 200))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90°
    exif[0x010E] = "taken at home"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    out = io.BytesIO()
    has_exif = kind != "GIF"
    image.save(out, kind, **({"exif": exif} if has_exif else {}))
    data = out.getvalue()
    assert media_type_of(data) == f"image/{kind.lower()}"

    picture = prepare(data, max_width=100)

    thumbnail = Image.open(io.BytesIO(picture.data))
    assert thumbnail.format == "JPEG"
    assert (
        thumbnail.size == (picture.width, picture.height) == ((50, 100) if has_exif else (100, 50))
    )
    assert not thumbnail.getexif()
    assert b"taken at home" not in picture.data
    assert b"Exif" not in picture.data
    assert MARK not in picture.data


def test_what_a_machine_has_made_says_so_and_so_does_its_thumbnail() -> None:
    picture = prepare(painted("p1"), is_ai_generated=True)

    small = thumbnail(picture.data)

    assert MARK in picture.data
    assert MARK in small.data
    assert (small.width, small.height) == (320, 320)


def test_what_shines_through_becomes_white_and_colours_become_srgb() -> None:
    clear = prepare(drawn(mode="RGBA"))
    assert Image.open(io.BytesIO(clear.data)).getpixel((5, 5)) == (255, 255, 255)
    out = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    Image.new("RGB", (9, 9), (10, 200, 30)).save(out, "PNG", icc_profile=profile.tobytes())
    assert b"ICC_PROFILE" not in prepare(out.getvalue()).data
    for mode in ("L", "P", "1", "LA", "CMYK", "I;16"):
        kind = "JPEG" if mode == "CMYK" else "PNG"
        assert prepare(drawn(kind, mode=mode)).width == 40


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
BAD: dict[str, tuple[bytes, type[DomainError]]] = {
    "nothing": (b"", NotAPicture),
    "an SVG": (SVG, NotAPicture),
    "a PDF named .png": (b"%PDF-1.7 ...", NotAPicture),
    "a page": (b"<html>", NotAPicture),
    "a JPEG that ends": (drawn("JPEG", (300, 300))[:400], NotAPicture),
    "a PNG's beginning": (b"\x89PNG\r\n\x1a\n", NotAPicture),
    "a PNG with a lie": (drawn("PNG")[:16] + b"\xff" * 40, NotAPicture),
    "a WebP of noise": (b"RIFF\xff\xff\xff\xffWEBPVP8 " + b"\x99" * 200, NotAPicture),
    "an AVIF of noise": (b"\0\0\0\x1cftypavif" + b"\x99" * 200, NotAPicture),
    "a GIF of noise": (b"GIF89a" + b"\x99" * 100, NotAPicture),
    "60 megapixels": (bomb(), PictureTooLarge),
    "21 MB": (b"\xff\xd8\xff" + b"x" * 21_000_000, FileTooLarge),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_picture_for_us_is_refused(name: str) -> None:
    data, error = BAD[name]

    with pytest.raises(error):
        prepare(data, name=name)


@given(
    st.binary(max_size=40), st.integers(0, 400), st.sampled_from(["JPEG", "PNG", "WEBP", "AVIF"])
)
@settings(max_examples=150, deadline=None)
def test_a_file_that_somebody_broke_is_refused_in_words(noise: bytes, at: int, kind: str) -> None:
    good = broken(kind)
    data = good[:at] + noise + good[at + len(noise) :]
    try:
        prepare(data)
    except DomainError:
        return


@functools.cache
def broken(kind: str) -> bytes:
    """Return a picture with much in it that can be broken."""
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (9, 90, 200)).save(out, kind, exif=exif)
    return out.getvalue()


def test_a_sheet_says_that_a_machine_made_it() -> None:
    assert MARK in contact_sheet([thumbnail(prepare(painted("a")).data).data])


def test_pictures_are_shown_side_by_side() -> None:
    small = thumbnail(prepare(painted("a")).data).data

    image = Image.open(io.BytesIO(contact_sheet([small, None, small, small, small], selected=2)))

    assert image.size == (3 * 312 + 12, 2 * 312 + 12)
    assert Image.open(io.BytesIO(contact_sheet([small] * 4))).size == (2 * 312 + 12, 2 * 312 + 12)
    assert image.getpixel((2 * 312 + 8, 100)) == (240, 178, 50)
    assert Image.open(io.BytesIO(contact_sheet([]))).size == (324, 324)


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_a_month_is_a_card_as_wide_as_a_plot(theme: Theme) -> None:
    small = thumbnail(prepare(painted("a")).data).data
    pins = {9: [Pin(picture=small, label="18:00", state=state) for state in PinState] * 2}

    full = month_sheet(date(2026, 3, 1), pins, time_zone="UTC", today=date(2026, 3, 2), theme=theme)
    empty = month_sheet(date(2026, 2, 1), {}, time_zone="UTC", theme=theme)

    image = Image.open(io.BytesIO(full))
    background = ImageColor.getrgb(theme.background)
    assert image.width == Image.open(io.BytesIO(empty)).width == CARD_WIDTH
    assert image.getpixel((0, 0)) == (*background, 0)
    assert image.getpixel((10, 100)) == (*background, 255)


@asynccontextmanager
async def site() -> AsyncGenerator[Callable[[str], str]]:
    """Serve pictures and worse on loopback."""
    app = web.Application()
    app.router.add_get("/good", _answers(painted("x")))
    app.router.add_get("/page", _answers(b"<html>"))
    app.router.add_get("/huge", _answers(b"\xff\xd8\xff" + b"x" * 2000))
    app.router.add_get("/endless", _endless)
    app.router.add_get("/away", _away)
    app.router.add_get("/broken", _answers(b"", status=500))
    app.router.add_get("/expired", _answers(b"", status=403))
    async with TestServer(app, host="127.0.0.1") as server:
        yield lambda path: str(server.make_url(path))


def _answers(
    body: bytes, status: int = 200
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, status=status, content_type="image/png")

    return answer


async def _endless(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    await answer.write(b"\xff\xd8\xff")
    for _ in range(100):
        await answer.write(b"x" * 100_000)
    return answer


async def _away(_: web.Request) -> web.Response:
    raise web.HTTPFound("/good")


LOCAL = {"127.0.0.1"}


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/page", NotAPicture),
        ("/huge", FileTooLarge),
        ("/endless", FileTooLarge),
        ("/away", FileUnreachable),
        ("/broken", FileUnreachable),
        ("/expired", FileNotFound),
        ("/nothing", FileNotFound),
    ],
)
async def test_only_pictures_of_some_size_are_fetched(path: str, error: type[DomainError]) -> None:
    async with site() as at:
        fetcher = Fetcher(LOCAL, plain_hosts=LOCAL, max_bytes=1000)
        with pytest.raises(error):
            async with fetcher.fetch(at(path)):
                pass


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data",
        "http://replicate.delivery/a.png",
        "https://replicate.delivery.evil.example/a.png",
        "https://evil.example/replicate.delivery",
        "https://user@replicate.delivery/a.png",
        "file:///etc/passwd",
        "ftp://replicate.delivery/a.png",
        "https://[::1",
        "https://xreplicate.delivery/a.png",
        "",
    ],
)
async def test_files_come_from_known_hosts_only(url: str) -> None:
    with pytest.raises(ForeignHost):
        async with Fetcher().fetch(url):
            pass


async def test_a_picture_is_copied_into_the_storage(store: ObjectStore) -> None:
    async with site() as at:
        await Fetcher(LOCAL, plain_hosts=LOCAL).copy(store, at("/good"), "copied/1.jpg")

    assert await store.get("copied/1.jpg") == painted("x")
