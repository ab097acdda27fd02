"""Import of hundreds of photos, whose process is killed in the middle."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import select

from db.models import Photo
from db.session import connect
from services.embeddings import ImageEmbeddings, LocalImageEmbedder
from services.images import ImageModels
from services.llm import PRICES, Ledger, background_calls
from services.photos import ImportOutcome, PhotoService, folder_sources
from tests.conftest import studio_of
from tests.fakes import FakeChatAdapter
from tests.services.crashes import Checkpoint, process
from tests.services.job_support import end_leases
from tests.services.photo_files import ENDINGS, FORMATS, coded, hostile, scene
from tests.services.posting_support import OWNER, Posting

pytestmark = pytest.mark.slow

_UNIQUE, _SAME, _NEAR = 177, 40, 40
_SIZE = (120, 90)
# As many pixels as are taken of each format, more or less.
_LARGE = {"JPEG": (8000, 6100), "PNG": (7000, 4900), "WEBP": (4000, 3600)}


@pytest.fixture(scope="module")
def hundreds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three hundred files: photos of all formats, duplicates, near-duplicates, 40 invalid files."""
    root = tmp_path_factory.mktemp("hundreds")

    def unique(number: int) -> None:
        kind = FORMATS[number % len(FORMATS)]
        where = root / f"album-{number % 9}" / f"photo-{number:04}.{ENDINGS[kind]}"
        where.write_bytes(coded(scene(number, _SIZE), kind))

    for number in range(9):
        (root / f"album-{number}").mkdir()
    (root / "more").mkdir()
    with ThreadPoolExecutor() as pool:
        list(pool.map(unique, range(_UNIQUE)))
    firsts = sorted(root.glob("album-*/*"))
    for number, path in enumerate(firsts[:_SAME]):
        (root / "more" / f"copy-{number}{path.suffix}").write_bytes(path.read_bytes())
    for number in range(_NEAR):
        image = scene(100 + number, _SIZE).resize((160, 120))
        (root / "more" / f"near-{number}.jpg").write_bytes(coded(image, quality=60))
    for number, (kind, size) in enumerate(_LARGE.items()):
        image = Image.new("RGB", size, (40 * number, 90, 160))
        (root / f"large.{ENDINGS[kind]}").write_bytes(coded(image, kind))
    for name, data in hostile().items():
        (root / f"1-{name}").write_bytes(data)
        (root / f"2-{name}").write_bytes(data + b"\n" if data else b"\n")
    return root


async def import_folder(
    checkpoint: Checkpoint, url: str, media: Path, root: Path, whose: str
) -> None:
    """Import a folder, with the outcome of each file as a checkpoint."""
    async with connect(url) as sessions, background_calls() as carrier:
        images = ImageModels(Ledger(sessions, PRICES), carrier, None)
        studio = studio_of(images, carrier, media)
        photos = PhotoService(
            sessions,
            studio,
            ImageEmbeddings(Ledger(sessions, PRICES), LocalImageEmbedder()),
            FakeChatAdapter(),
        )
        async for each in photos.add(OWNER, UUID(whose), folder_sources(root), at_once=2):
            checkpoint(each.outcome)


def typed(url: str, data: Path, root: Path) -> tuple[list[str], int]:
    """Run the command; return the outcome of each file, and its peak memory in megabytes."""
    words = ["photos", "import", str(root), "--personality", "Ada", "--json"]
    environment = {**os.environ, "DATABASE_URL": url, "DATA_DIR": str(data)}
    report = data / "told.json"
    with (
        report.open("w") as out,
        subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "bot", *words], env=environment, stdout=out
        ) as command,
    ):
        most = 0
        status = Path(f"/proc/{command.pid}/status")
        while command.poll() is None:
            # Not by its resource usage, which begins with what its parent has.
            peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
            most = max(most, int(peak[1]) if peak else 0)
            time.sleep(0.02)
    assert command.returncode == 0
    outcomes = [each["outcome"] for each in json.loads(report.read_text())]
    return outcomes, most // 1024


async def test_hundreds_of_files_come_in_once_also_when_killed_in_the_middle(
    posting: Posting, database_url: str, hundreds: Path, tmp_path: Path
) -> None:
    whose = str(await posting.personality())
    arguments = (database_url, tmp_path / "media", hundreds, whose)

    _, until_killed = await process(import_folder, 120, *arguments)
    await end_leases(posting.sessions)
    outcomes, megabytes = await asyncio.to_thread(typed, database_url, tmp_path, hundreds)
    _, again = await process(import_folder, -1, *arguments)

    first, second = Counter(until_killed), Counter(outcomes)
    added = _UNIQUE + len(_LARGE)
    assert len(outcomes) == len(again) == 300
    assert first[ImportOutcome.ADDED] + second[ImportOutcome.ADDED] == added
    assert second[ImportOutcome.REFUSED] == 2 * len(hostile()) == 40
    # Of the photos that were there already, those that the killed process had taken in.
    assert second[ImportOutcome.DUPLICATE] == _SAME + first[ImportOutcome.ADDED]
    assert second[ImportOutcome.NEAR_DUPLICATE] == _NEAR
    assert Counter(again) == {
        ImportOutcome.DUPLICATE: added + _SAME,
        ImportOutcome.NEAR_DUPLICATE: _NEAR,
        ImportOutcome.REFUSED: 40,
    }
    assert megabytes < 500
    async with posting.sessions() as session:
        rows = (await session.scalars(select(Photo))).all()
    assert len({each.sha256 for each in rows}) == len(rows) == added
    stored = {path.name for path in (tmp_path / "media").rglob("*.jpg")}
    keys = [key for each in rows for key in (each.storage_key, each.thumbnail_key)]
    named = {key.rpartition("/")[2] for key in keys}
    assert named <= stored
    # What the killed process was about to write down; the next sweep finds it.
    assert len(stored - named) <= 2 * 4
