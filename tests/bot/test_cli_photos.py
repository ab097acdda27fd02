"""Photos and posts from a terminal. Plan 004's measures of success are tests of their names."""

import asyncio
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from bot.app import logs
from db.models import SocialPost
from db.session import connect
from services.clock import SystemClock
from services.images import ImageModels
from services.llm import PRICES, Ledger, background_calls
from services.media import FolderStore
from services.people import PeopleService
from services.personalities import PersonalityService
from services.types import Actor
from tests.bot.command_line import run_json, troupe
from tests.conftest import studio_of
from tests.fakes import configure_nothing
from tests.services.job_support import nothing_due
from tests.services.photo_files import ENDINGS, FORMATS, photo, written
from tests.services.posting_support import OWNER, PLACE, Posting, public
from tests.vendors.buffer import BufferStandIn
from tests.vendors.fetching import PublicFolder, fetch


@pytest.fixture(autouse=True)
def terminal(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    # It would go on writing to what the runner of commands takes away at the end.
    monkeypatch.setattr(logs, "configure", configure_nothing)

    async def invent() -> None:
        async with connect(database_url) as sessions:
            await PersonalityService(sessions).create(OWNER, {"name": "Ada"})

    asyncio.run(invent())


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Three photos."""
    return written(tmp_path / "in", {f"{number}.jpg": photo(number) for number in range(3)})


async def targets_of(url: str, folder: Path, *, buffer_url: str | None = None) -> None:
    """Let Ada post on a channel of Discord's, or of Buffer's."""
    async with connect(url) as sessions, background_calls() as carrier:
        studio = studio_of(ImageModels(Ledger(sessions, PRICES), carrier, None), carrier, folder)
        posting = Posting(sessions, studio, buffer_url=buffer_url, clock=SystemClock())
        ada = await posting.people.find_own(OWNER, "Ada")
        if buffer_url:
            await posting.targets.add_buffer_channel(OWNER, ada.id, "ig")
        else:
            await posting.targets.add_discord_channel(OWNER, ada.id, PLACE)


@pytest.mark.slow
def test_a_user_can_ingest_a_folder_of_at_least_100_images(tmp_path: Path) -> None:
    root = written(
        tmp_path / "in",
        {
            f"{number}.{ENDINGS[kind]}": photo(number, kind)
            for number in range(105)
            for kind in [FORMATS[number % len(FORMATS)]]
        },
    )

    code, output = troupe("photos", "import", str(root), "--personality", "ada")

    assert code == 0
    assert "   105  added" in output
    assert "105/105" in output


def test_the_console_lists_personas_and_the_photos_of_one(album: Path) -> None:
    troupe("photos", "import", str(album), "--personality", "Ada")

    (ada,) = run_json("personalities", "list")
    _, table = troupe("personalities", "list")
    listed = run_json("photos", "list", "--personality", "ada")
    unscheduled = run_json("photos", "unscheduled", "--personality", "ada")
    shown = run_json("photos", "show", listed[0]["id"][:8])
    _, shown_as_table = troupe("photos", "show", "1.jpg")

    assert (ada["name"], ada["photos"], ada["unscheduled"]) == ("Ada", 3, 3)
    assert "│ Ada" in table
    assert {each["file"] for each in listed} == {"0.jpg", "1.jpg", "2.jpg"}
    assert unscheduled == listed
    assert {"id", "file", "pixels", "sha256", "storage_key", "embedding_model"} <= shown.keys()
    assert "320x240" in shown_as_table


def test_scheduling_a_photo_from_the_console_creates_a_post_record(
    album: Path, database_url: str, tmp_path: Path
) -> None:
    troupe("photos", "import", str(album), "--personality", "Ada")
    asyncio.run(targets_of(database_url, tmp_path / "media"))

    done = run_json("posts", "schedule", "0.jpg", "--target", "harbour", "--when", "in 2 hours")

    async def records() -> list[SocialPost]:
        async with connect(database_url) as sessions, sessions() as session:
            return list(await session.scalars(select(SocialPost)))

    (record,) = asyncio.run(records())
    assert done["planned"]
    assert record.id == UUID(done["post"]["id"])
    assert record.status == "scheduled"
    assert len(run_json("photos", "unscheduled", "--personality", "Ada")) == 2


def test_scheduling_fails_if_a_post_exists_for_that_photo(
    album: Path, database_url: str, tmp_path: Path
) -> None:
    troupe("photos", "import", str(album), "--personality", "Ada")
    asyncio.run(targets_of(database_url, tmp_path / "media"))
    first = run_json("posts", "schedule", "0.jpg", "--target", "#harbour", "--when", "in 2 hours")

    code, output = troupe(
        "posts", "schedule", "0.jpg", "--target", "harbour", "--when", "in 3 hours", "--json"
    )

    failure = json.loads(output)
    assert code == 1
    assert failure["planned"] is False
    assert "already has a post on" in failure["reason"]
    assert failure["existing"]["id"] == first["post"]["id"]
    assert len(run_json("posts", "list")) == 1


@dataclass(frozen=True)
class HandedOver:
    """What is in Buffer's queue, what its link leads to, and our own record of it."""

    queued: dict[str, Any]
    status: int
    picture: bytes
    record: dict[str, Any]


@pytest.fixture
def in_queue(album: Path, database_url: str, tmp_path: Path) -> HandedOver:
    """A photo that was scheduled from the console, and seen to by a running bot."""
    troupe("photos", "import", str(album), "--personality", "Ada")
    plan = ("posts", "schedule", "0.jpg", "--target", "mirela.keeps", "--when", "in 2 days")

    buffer = BufferStandIn()

    async def open_channel() -> None:
        async with buffer.running():
            await targets_of(database_url, tmp_path / "media", buffer_url=buffer.url)

    async def hand_over() -> tuple[dict[str, Any], int, bytes]:
        async with buffer.running(), PublicFolder().running() as outside:
            (queued,) = await handed_over(database_url, tmp_path, buffer, outside)
            return queued, *await fetch(queued["assets"][0]["source"])

    asyncio.run(open_channel())
    run_json(*plan, "--caption", "The lamp is lit.")
    queued, status, picture = asyncio.run(hand_over())
    assert buffer.complaints == []
    return HandedOver(queued, status, picture, run_json("posts", "show", "0.jpg"))


def test_the_scheduled_post_appears_in_the_buffer_queue_with_image_and_caption(
    in_queue: HandedOver,
) -> None:
    queued = in_queue.queued

    assert queued["text"] == "The lamp is lit."
    assert (in_queue.status, in_queue.picture[:3]) == (200, b"\xff\xd8\xff")
    in_two_days = datetime.now(UTC) + timedelta(days=2)
    due = datetime.fromisoformat(queued["dueAt"])
    assert abs(due - in_two_days) < timedelta(minutes=2)


def test_the_post_record_is_updated_with_the_buffer_post_id_and_a_scheduled_status(
    in_queue: HandedOver,
) -> None:
    record = in_queue.record

    assert (record["buffer_post_id"], record["status"]) == (in_queue.queued["id"], "scheduled")


async def handed_over(
    url: str, folder: Path, buffer: BufferStandIn, outside: PublicFolder
) -> list[dict[str, Any]]:
    """Do what a running bot does; return what is in the queue then."""
    async with connect(url) as sessions, background_calls() as carrier:
        images = ImageModels(Ledger(sessions, PRICES), carrier, None)
        studio = public(studio_of(images, carrier, folder / "media"), outside.url)
        assert isinstance(studio.store, FolderStore)
        outside.store = studio.store
        posting = Posting(sessions, studio, buffer_url=buffer.url, clock=SystemClock())
        async with posting.working():
            await nothing_due(sessions)
    return [*buffer.posts.values()]


def test_the_scheduling_command_returns_a_clear_success_or_failure_to_the_console(
    album: Path, database_url: str, tmp_path: Path
) -> None:
    troupe("photos", "import", str(album), "--personality", "Ada")
    asyncio.run(targets_of(database_url, tmp_path / "media"))
    plan = ("posts", "schedule", "0.jpg", "--target", "harbour")

    code, planned = troupe(*plan, "--when", "tomorrow 18:00", "--caption", "x" * 100)
    failures = {
        words: troupe(*plan[:2], "1.jpg", *plan[3:], *options)
        for words, options in {
            "is not a time I can read": ("--when", "tomorrow noonish"),
            "is in the past": ("--when", "2020-01-01 10:00"),
            "Another post is already planned for": ("--when", "tomorrow 18:00"),
            "has no weekly slots yet": (),
            "The limit on Discord is 2,000 characters": (
                "--when",
                "in 9 hours",
                "--caption",
                "x" * 2001,
            ),
            "First comments are not supported on Discord": (
                "--when",
                "in 9 hours",
                "--first-comment",
                "hm",
            ),
        }.items()
    }
    nobody, nowhere = (
        troupe("posts", "schedule", "9.jpg", "--target", "harbour"),
        troupe("posts", "schedule", "1.jpg", "--target", "elsewhere"),
    )

    assert code == 0
    assert "Planned." in planned
    for words, (ended, output) in failures.items():
        assert ended == 1, words
        assert words in output
    assert "You have no photo called 9.jpg" in nobody[1]
    assert "There is no target called elsewhere" in nowhere[1]
    assert {nobody[0], nowhere[0]} == {2}


def test_posts_are_listed_and_called_off(album: Path, database_url: str, tmp_path: Path) -> None:
    troupe("photos", "import", str(album), "--personality", "Ada")
    asyncio.run(targets_of(database_url, tmp_path / "media"))
    troupe("posts", "schedule", "0.jpg", "--target", "harbour", "--when", "in 2 hours")

    _, table = troupe("posts", "list", "--personality", "ada", "--status", "scheduled")
    _, nothing = troupe("posts", "list", "--status", "failed")
    code, output = troupe("posts", "cancel", "0.jpg")
    again, refusal = troupe("posts", "cancel", "0.jpg")

    assert "Discord · #harbour" in table
    assert "No posts." in nothing
    assert (code, output.strip()) == (0, "Cancelled: 0.jpg.")
    assert again == 2
    assert "You have no post called 0.jpg" in refusal
    assert run_json("posts", "list") == []


@pytest.mark.parametrize("width", [60, 80, 200])
def test_tables_lose_columns_and_no_letters(
    album: Path, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    troupe("photos", "import", str(album), "--personality", "Ada")
    asyncio.run(targets_of(database_url, tmp_path / "media"))
    run_json("posts", "schedule", "0.jpg", "--target", "harbour", "--when", "in 2 hours")
    monkeypatch.setenv("COLUMNS", str(width))
    ids = [each["id"] for each in run_json("photos", "list", "--personality", "ada")]

    tables = [
        troupe("photos", "list", "--personality", "ada")[1],
        troupe("posts", "list")[1],
        troupe("personalities", "list")[1],
    ]

    for table in tables:
        rows = [line for line in table.splitlines() if line.startswith(("│", "┃"))]
        assert max(map(len, rows)) <= width
        assert "…" not in table
    assert all(each[:8] in tables[0] for each in ids)
    assert all(troupe("photos", "show", each[:8])[0] == 0 for each in ids)
    assert ("On a wider terminal" in tables[1]) == (width == 60)


def test_personas_are_those_of_users(database_url: str) -> None:
    async def speak() -> None:
        async with connect(database_url) as sessions:
            await PeopleService(sessions).list_personas(Actor(discord_id=5, name="June"))

    asyncio.run(speak())

    personas = {each["user_id"]: each for each in run_json("personas", "list")}

    june = personas[5]
    assert (june["user"], june["name"], june["default"]) == ("June", "June", True)


def test_the_summary_says_what_was_left_out_and_why(tmp_path: Path) -> None:
    root = written(
        tmp_path / "in",
        {
            "a.jpg": photo(1),
            "b.jpg": photo(1),
            "near.webp": photo(1, "WEBP", quality=20),
            "words.txt": b"words",
            "[bold]odd.jpg": b"\xff\xd8\xff",
        },
    )

    code, output = troupe("photos", "import", str(root), "--personality", "Ada")

    assert code == 0
    for line in (
        "     1  added",
        "     1  already there",
        "     1  skipped as too similar to another",
        "     2  refused",
        "≈ near.webp is similar to a.jpg",
        "✗ words.txt: words.txt is not an image I can read",
        "✗ [bold]odd.jpg: ",
    ):
        assert line in output


@pytest.mark.parametrize(
    ("folder", "personality", "words"),
    [
        ("nowhere", "Ada", "There is no folder"),
        ("empty", "Ada", "There are no files in"),
        ("in", "Nobody", "There is no personality called Nobody"),
    ],
)
def test_what_cannot_be_imported_is_one_line(
    tmp_path: Path, folder: str, personality: str, words: str
) -> None:
    written(tmp_path / "in", {"a.jpg": photo(1)})
    (tmp_path / "empty").mkdir()

    code, output = troupe("photos", "import", str(tmp_path / folder), "--personality", personality)

    assert code == 2
    assert words in output
    assert os.linesep.join(output.splitlines()[-1:]).startswith("troupe: ")
