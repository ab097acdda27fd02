"""Targets from a terminal, so that plan 004 can be done there from beginning to end."""

import asyncio
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from bot.app import logs
from db.session import connect
from services.personalities import PersonalityService
from tests.bot.command_line import run_json, troupe
from tests.fakes import configure_nothing
from tests.services.photo_files import photo, written
from tests.services.posting_support import OWNER
from tests.vendors.buffer import KEY, BufferStandIn


@pytest.fixture
def buffer() -> Generator[BufferStandIn]:
    """Buffer, which runs beside the commands."""
    stand_in, ready, ended = BufferStandIn(), threading.Event(), threading.Event()

    async def serve() -> None:
        async with stand_in.running():
            ready.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    assert ready.wait(10)
    yield stand_in
    ended.set()
    thread.join()


@pytest.fixture(autouse=True)
def terminal(
    database_url: str, buffer: BufferStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "DATABASE_URL": database_url,
        "DATA_DIR": str(tmp_path),
        "COLUMNS": "80",
        "BUFFER_API_KEY": KEY,
        "BUFFER_BASE_URL": buffer.url,
        "ADMIN_API_KEY": "sixteen-characters",
        "MEDIA_PUBLIC_URL": "https://pictures.example",
    }.items():
        monkeypatch.setenv(name, value)
    # It would go on writing to what the runner of commands takes away at the end.
    monkeypatch.setattr(logs, "configure", configure_nothing)

    async def invent() -> None:
        async with connect(database_url) as sessions:
            await PersonalityService(sessions).create(OWNER, {"name": "Ada"})

    asyncio.run(invent())


def test_a_photo_is_scheduled_on_buffer_with_nothing_but_the_console(tmp_path: Path) -> None:
    album = written(tmp_path / "in", {"lamp.jpg": photo(1)})
    slots = "Mon-Fri 09:00, 18:30; Sun 12:00"

    channels = run_json("targets", "channels")
    added = run_json("targets", "add", "mirela.keeps", "--personality", "ada", "--slots", slots)
    (listed,) = run_json("targets", "list", "--personality", "ada")
    _, table = troupe("targets", "list", "--personality", "ada")
    troupe("photos", "import", str(album), "--personality", "ada")
    scheduled = run_json("posts", "schedule", "lamp.jpg", "--target", added["id"][:8])

    assert "mirela.keeps" in {each["channel"] for each in channels}
    assert listed == added
    assert "09:00" in added["slots"]
    assert "mirela.keeps" in table
    assert scheduled["planned"]
    assert scheduled["post"]["status"] == "scheduled"
    assert scheduled["post"]["scheduled_at"] == added["free_at"]


def test_a_target_is_paused_resumed_given_slots_and_removed() -> None:
    run_json("targets", "add", "mirela.keeps", "--personality", "ada")
    name = "mirela.keeps"

    paused = run_json("targets", "pause", name)
    resumed = run_json("targets", "resume", name)
    slotted = run_json("targets", "slots", name, "Sat 10:00", "--time-zone", "Europe/Paris")
    unclear = troupe("targets", "slots", name, "whenever")
    removed = troupe("targets", "remove", name)
    again = troupe("targets", "remove", name)

    assert (paused["state"], resumed["state"]) == ("paused", None)
    assert (slotted["time_zone"], "10:00" in slotted["slots"]) == ("Europe/Paris", True)
    assert (unclear[0], removed[0], again[0]) == (2, 0, 2)
    assert "Removed:" in removed[1]
    assert "There is no target called mirela.keeps" in again[1]
