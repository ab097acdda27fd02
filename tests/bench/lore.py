"""What a large lorebook costs: processor time of a search, and time of a turn."""

import asyncio
import random
import statistics
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from services.embeddings import WordLlamaEmbedder
from services.lore import Book, LoreContext, LoreLibrary, LorePlace, LoreScope, UnpreparedBook
from services.lore.books import prepare
from services.lore.entries import parse
from tests.bench.chat import TimedAdapter, TimedVendor, chatting, converse, sentence
from tests.bench.measure import Measure

ENTRIES, PATTERNS, CONSTANTS, SIZE = 3000, 100, 20, 2_000_000
SEARCHES, TURNS, WARM_UP = 300, 150, 20


class SwitchedLibrary(LoreLibrary):
    """A library with one book that can be taken away."""

    def __init__(self, book: Book) -> None:
        super().__init__()
        self._book = book
        self.is_on = True

    @override
    async def books(
        self, session: AsyncSession, place: LorePlace
    ) -> Sequence[Book | UnpreparedBook]:
        await super().books(session, place)
        return [self._book] if self.is_on else []


def measure(url: str) -> list[Measure]:
    """Return what a book of 2 MB costs beside an empty one."""
    return asyncio.run(_measure(url))


async def _measure(url: str) -> list[Measure]:
    book, empty = large_book(), prepare(UUID(int=2), "empty", LoreScope.SERVER, [])
    milliseconds = await _search(book) - await _search(empty)
    ratio = await _turns(url, book)
    return [
        Measure("lore_ms", milliseconds, "ms of processor", "≤ 5"),
        Measure("lore_ratio", ratio, "of a turn without lore", "≤ 1.1"),
    ]


def large_book() -> Book:
    """Return a book of 3,000 entries of 2 MB: 2,900 of plain keys, 100 of patterns."""
    generator = random.Random(3)
    documents: list[dict[str, Any]] = []
    for number in range(ENTRIES):
        words = [f"{sentence(generator).split()[1]}{number % 700}", f"name {number}", f"k{number}"]
        keys = [f"/(?:{words[0]}|place) of {number}s?/i"] if number < PATTERNS else words
        content = sentence(generator) * 100
        documents.append(
            {
                "keys": keys,
                "content": content[: SIZE // ENTRIES],
                "constant": number % (ENTRIES // CONSTANTS) == 0,
                "insertion_order": number,
                "extensions": {},
            }
        )
    entries = [parse(each, UUID(int=number)) for number, each in enumerate(documents, start=1)]
    return prepare(UUID(int=1), "large", LoreScope.SERVER, entries)


async def _search(book: Book) -> float:
    """Return the median milliseconds of processor time that a search takes."""
    library, generator, took = LoreLibrary(), random.Random(4), list[float]()
    for number in range(SEARCHES):
        named = f"{sentence(generator)}, said name {number * 7 % ENTRIES} of k{number}"
        context = LoreContext(messages=[sentence(generator), named], position=number)
        began = time.process_time()
        await library.search([book], context, expand=str)
        took.append((time.process_time() - began) * 1000)
    return statistics.median(took[WARM_UP:])


async def _turns(url: str, book: Book) -> float:
    """Return what a turn with the book takes by what one without takes."""
    adapter, vendor, library = TimedAdapter(), TimedVendor(), SwitchedLibrary(book)
    took: dict[bool, list[float]] = {True: [], False: []}
    async with chatting(url, WordLlamaEmbedder(), adapter, vendor, lore=library) as (_, chat):
        for turn in range(TURNS):
            # Each comes first as often as the other.
            for library.is_on in (turn % 2 == 0, turn % 2 == 1):
                times = await converse(chat, adapter, vendor, channel_id=6000, turns=1)
                took[library.is_on] += times if turn >= WARM_UP else []
    pairs = zip(took[True], took[False], strict=True)
    difference = statistics.median(on - off for on, off in pairs)
    return 1 + difference / statistics.median(took[False])
