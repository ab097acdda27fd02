"""Importing photos, compared with bare Pillow that decodes and resizes them on the same cores."""

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from db.session import Sessions, connect
from services.embeddings import ImageEmbeddings, LocalImageEmbedder
from services.images import ImageModels
from services.llm import PRICES, Ledger, background_calls
from services.personalities import PersonalityService
from services.photos import ImportOutcome, PhotoService, folder_sources
from tests.bench.measure import Measure
from tests.conftest import studio_of
from tests.fakes import FakeChatAdapter
from tests.services.photo_files import ENDINGS, coded
from tests.services.posting_support import OWNER

ROUNDS = 3
SIDE, SMALL = 1600, 320
# Photos of a phone, and pictures saved from elsewhere.
MIX = (
    *(("JPEG", (4032, 3024)),) * 8,
    *(("HEIF", (4032, 3024)),) * 3,
    *(("PNG", (1920, 1440)),) * 3,
    *(("WEBP", (1920, 1440)),) * 3,
    *(("AVIF", (1920, 1440)),) * 3,
)


def measure(url: str) -> list[Measure]:
    """Return photos per second, and the ratio to bare Pillow."""
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="troupe-bench-") as workspace:
        root = Path(workspace) / "in"
        root.mkdir()
        paths = [_write(root, number, *each) for number, each in enumerate(MIX)]
        ratio, rate = asyncio.run(_rounds(url, Path(workspace), root, paths, cores))
    return [
        Measure("photo_import_ratio", ratio, "× bare Pillow", aim="≥ 0.8"),
        Measure("photos_imported_per_s", rate, "photos/s"),
    ]


async def _rounds(
    url: str, workspace: Path, root: Path, paths: Sequence[Path], cores: int
) -> tuple[float, float]:
    ours: list[float] = []
    bare: list[float] = []
    async with connect(url) as sessions:
        for number in range(ROUNDS):
            bare.append(await asyncio.to_thread(_all_bare, paths, cores))
            ours.append(await _import(sessions, workspace, root, f"Round {number}", cores))
    return min(bare) / min(ours), len(paths) / min(ours)


async def _import(sessions: Sessions, workspace: Path, root: Path, name: str, cores: int) -> float:
    async with background_calls() as background:
        images = ImageModels(Ledger(sessions, PRICES), background, None)
        pipeline = studio_of(images, background, workspace / "media")
        embeddings = ImageEmbeddings(Ledger(sessions, PRICES), LocalImageEmbedder())
        photos = PhotoService(sessions, pipeline, embeddings, FakeChatAdapter())
        personality = await PersonalityService(sessions).create(OWNER, {"name": name})
        started = time.perf_counter()
        adding = photos.add(OWNER, personality.id, folder_sources(root), at_once=cores)
        outcomes = [each.outcome async for each in adding]
        took = time.perf_counter() - started
    if set(outcomes) != {ImportOutcome.ADDED}:
        raise RuntimeError(f"not all photos came in: {outcomes}")
    return took


def _all_bare(paths: Sequence[Path], cores: int) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(_bare, paths))
    return time.perf_counter() - started


def _bare(path: Path) -> None:
    """Decode and resize a photo with plain Pillow, and discard the result."""
    with Image.open(path) as image:
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        upright = ImageOps.exif_transpose(image.convert("RGB"))
    ImageOps.fit(upright, (SMALL, SMALL), Image.Resampling.LANCZOS)


def _write(root: Path, number: int, kind: str, size: tuple[int, int]) -> Path:
    """Write a picture with as much detail as a photo: soft colours and grain."""
    chance = np.random.default_rng(number)
    colours = Image.fromarray(chance.integers(0, 255, (48, 64, 3), dtype=np.uint8))
    soft = np.asarray(colours.resize(size, Image.Resampling.BICUBIC), dtype=np.int16)
    grain = chance.integers(-12, 12, (size[1], size[0], 1), dtype=np.int16)
    image = Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))
    path = root / f"{number:02}.{ENDINGS[kind]}"
    path.write_bytes(coded(image, kind))
    return path
