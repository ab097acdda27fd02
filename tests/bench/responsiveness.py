"""How long the event loop is held while people send what takes long to read.

That is the longest stretch in which nothing else of the process runs, for each of a table of heavy
inputs.
"""

import asyncio
import base64
import io
import json
import random
import struct
import time
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from typing_extensions import override

from bot.app.runtime import freeze_loaded_objects
from services.chat import ChatService
from services.embeddings import WordLlamaEmbedder
from services.lore import CardLorebooks
from services.personalities import CardKind, CardService, PersonalityService
from services.types import Actor, Attachment, Channel, IncomingMessage, Venue
from tests.bench.chat import GUILD, IDS, TimedAdapter, TimedVendor, chatting
from tests.bench.measure import Measure

ATTEMPTS = 3
TICK_SECONDS = 0.001
AUTHOR = Actor(discord_id=7, name="bench")


class FilesAdapter(TimedAdapter):
    """Has the same text in every file."""

    @override
    async def read(self, attachment: Attachment, *, max_bytes: int = 0) -> bytes | None:
        return b"word, " * (attachment.size // 6)


def measure(url: str) -> list[Measure]:
    """Return the longest stretch in milliseconds, for each input and over all."""
    held = asyncio.run(_measure(url))
    return [
        *(Measure(f"loop_held_{name}_ms", each, "ms") for name, each in held.items()),
        Measure("loop_held_ms", max(held.values()), "ms", aim="≤ 50"),
    ]


async def _measure(url: str) -> dict[str, float]:
    adapter, vendor = FilesAdapter(), TimedVendor()
    async with chatting(url, WordLlamaEmbedder(), adapter, vendor) as (sessions, chat):
        personalities = PersonalityService(sessions)
        cards = CardService(sessions, CardLorebooks())
        large = [_card(number) for number in range(ATTEMPTS)]
        pictures = [_picture(_card(10 + number)) for number in range(ATTEMPTS)]
        chunks = [_picture(_card(20 + number, 1000), chunks=4000) for number in range(ATTEMPTS)]

        async def import_and_export(data: bytes, kind: CardKind) -> None:
            imported = (await cards.import_card(AUTHOR, data)).personality
            await personalities.edit(AUTHOR, imported.id, {"character_info": "Another."})
            await cards.export_card(AUTHOR, imported.id, kind)

        async def answer(content: str) -> None:
            vendor.content = content
            await _say(chat, "@Mirela read it to me")
            vendor.content = None

        heavy: dict[str, Callable[[], Awaitable[object]]] = {
            "plain": lambda: _say(chat, "@Mirela hello"),
            "empty_lines": lambda: answer("a" + "\n" * 24_000 + "b"),
            "reasoning": lambda: answer("<think>" + "hm, " * 50_000 + "</think>Yes."),
            "labels": lambda: answer("So:\n" + "user7: x\n" * 3000),
            "text_files": lambda: _say(chat, "@Mirela read", files=10),
            "card_json": lambda: import_and_export(large.pop(), CardKind.JSON),
            "card_png": lambda: import_and_export(pictures.pop(), CardKind.FILE),
            "card_chunks": lambda: import_and_export(chunks.pop(), CardKind.FILE),
        }
        await heavy["plain"]()
        freeze_loaded_objects()
        return {name: await _longest_stretch(work) for name, work in heavy.items()}


async def _longest_stretch(work: Callable[[], Awaitable[object]]) -> float:
    """Return the longest time in milliseconds that the loop did not run; the best of several."""
    return min([await _stretch(work) for _ in range(ATTEMPTS)])


async def _stretch(work: Callable[[], Awaitable[object]]) -> float:
    longest, at = 0.0, time.perf_counter()

    async def tick() -> None:
        nonlocal longest, at
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = time.perf_counter()
            longest, at = max(longest, now - at), now

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    try:
        await work()
        await asyncio.sleep(2 * TICK_SECONDS)
    finally:
        ticking.cancel()
    return longest * 1000


async def _say(chat: ChatService, content: str, *, files: int = 0) -> None:
    number = next(IDS)
    message = IncomingMessage(
        message_id=number,
        channel=Channel(channel_id=number, guild_id=GUILD, venue=Venue.PUBLIC),
        author_id=7,
        author_name="user7",
        content=content,
        created_at=datetime.now(UTC),
    )
    attached = tuple(
        Attachment(name=f"{each}.txt", media_type="text/plain", size=64_000, url="x")
        for each in range(files)
    )
    await chat.handle_message(replace(message, attachments=attached))


def _card(number: int, length: int = 1_900_000) -> bytes:
    """Return a card of about `length` bytes, most of them in its lorebook."""
    entries = [{"keys": [f"key{each}"], "content": "lore " * 40} for each in range(length // 240)]
    data = {"name": f"Card {number}", "character_book": {"entries": entries}}
    return json.dumps({"spec": "chara_card_v2", "data": data}).encode()


def _picture(card: bytes, *, chunks: int = 0) -> bytes:
    """Return a PNG of several MB with a card in it, and with empty chunks before it."""
    generator = random.Random(7)
    pixels = Image.frombytes("RGB", (1400, 1400), generator.randbytes(1400 * 1400 * 3))
    texts = PngInfo()
    texts.add_text("chara", base64.b64encode(card).decode())
    out = io.BytesIO()
    (Image.new("RGB", (8, 8)) if chunks else pixels).save(out, "PNG", pnginfo=texts)
    png = out.getvalue()
    kind = b"teXt"
    empty = struct.pack(">I", 0) + kind + struct.pack(">I", zlib.crc32(kind))
    return png[:33] + empty * chunks + png[33:]
