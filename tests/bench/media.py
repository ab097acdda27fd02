"""Thumbnails compared with bare Pillow, and storage with bare aioboto3, in the same run."""

import asyncio
import io
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import aioboto3
from aiobotocore.config import AioConfig
from PIL import Image, ImageOps
from types_aiobotocore_s3 import S3Client

from services.media import prepare, thumbnail
from tests.bench.measure import Measure
from tests.vendors.s3 import BUCKET, serving, store_at

SIDE, PICTURES, ROUNDS = 1600, 12, 5
OBJECTS, BYTES = 60, 200_000


def measure(url: str) -> list[Measure]:
    """Return the ratios of thumbnails, puts and gets per second."""
    ratio, rate = _thumbnails()
    with tempfile.TemporaryDirectory(prefix="troupe-bench-") as folder, serving(Path(folder)) as s3:
        puts, gets = asyncio.run(_storage(s3))
    return [
        Measure("thumbnails_per_s", rate, "pictures/s"),
        Measure("thumbnail_ratio", ratio, "× bare Pillow"),
        Measure("storage_put_ratio", puts, "× bare aioboto3", aim="≥ 0.8"),
        Measure("storage_get_ratio", gets, "× bare aioboto3", aim="≥ 0.8"),
    ]


def _thumbnails() -> tuple[float, float]:
    """Return our thumbnails per second as a share of Pillow's, and the number itself."""
    pictures = [prepare(_noise(number), quality=90).data for number in range(PICTURES)]
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(ROUNDS):
        ours.append(_timed(lambda: [thumbnail(each) for each in pictures]))
        bare.append(_timed(lambda: [_bare(each) for each in pictures]))
    return min(bare) / min(ours), PICTURES / min(ours)


def _noise(number: int) -> bytes:
    """Return a large picture with as much detail as a photo."""
    chance = random.Random(number)
    small = Image.frombytes("RGB", (200, 150), chance.randbytes(200 * 150 * 3))
    out = io.BytesIO()
    small.resize((SIDE, SIDE * 3 // 4), Image.Resampling.BICUBIC).save(out, "JPEG", quality=92)
    return out.getvalue()


def _bare(data: bytes) -> bytes:
    """Make a thumbnail with plain Pillow."""
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (640, 640))
        small = ImageOps.fit(image.convert("RGB"), (320, 320), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=85, optimize=True)
    return out.getvalue()


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


async def _storage(url: str) -> tuple[float, float]:
    """Return our puts and gets per second as shares of a bare client's."""
    data = os.urandom(BYTES)
    store = store_at(url)
    config = AioConfig(
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = aioboto3.Session(aws_access_key_id="AKID", aws_secret_access_key="SECRET")
    client: AbstractAsyncContextManager[S3Client] = session.client(  # pyright: ignore[reportUnknownMemberType]
        "s3", endpoint_url=url, region_name="auto", config=config
    )
    async with client as s3:

        async def put(key: str) -> None:
            await s3.put_object(Bucket=BUCKET, Key=key, Body=data, ContentType="image/jpeg")

        async def get(key: str) -> None:
            response = await s3.get_object(Bucket=BUCKET, Key=key)
            await response["Body"].read()

        async def our_put(key: str) -> None:
            await store.put(key, data, media_type="image/jpeg")

        times: dict[str, list[float]] = {name: [] for name in ("put", "get", "our put", "our get")}
        for _ in range(ROUNDS):
            times["put"].append(await _each(put, "bare"))
            times["our put"].append(await _each(our_put, "ours"))
            times["get"].append(await _each(get, "bare"))
            times["our get"].append(await _each(store.get, "ours"))
    await store.close()
    best = {name: min(taken) for name, taken in times.items()}
    return best["put"] / best["our put"], best["get"] / best["our get"]


async def _each(do: Callable[[str], Awaitable[object]], prefix: str) -> float:
    started = time.perf_counter()
    for number in range(OBJECTS):
        await do(f"{prefix}/{number}.jpg")
    return time.perf_counter() - started
