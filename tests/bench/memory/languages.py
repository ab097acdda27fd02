"""What is found in twelve languages, and of facts that change."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from db.session import Sessions
from services.embeddings import TextEmbedder
from services.memory import MeaningModel
from tests.bench.measure import Measure
from tests.bench.memory.conversations import Conversation, Exchange, find, store

_FOLDER = Path(__file__).parent
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_LATER = timedelta(days=60)
_USER, _PERSONALITY = "alice", "Mirela"
_FOUND, _FEW = 10, 3
# What must be found with an embedder for many languages.
_MUST_BY_MODEL = 0.85
# What must be found without an embedder for several languages.
_MUST = {
    **dict.fromkeys(("es", "ru", "de", "fr", "pt"), 0.8),
    **dict.fromkeys(("ja", "he", "zh", "ko", "ar", "hi"), 0.7),
}


async def measure(
    sessions: Sessions, embedder: TextEmbedder, meaning: MeaningModel, *, by: str = ""
) -> list[Measure]:
    """Return the share of questions whose answer is among ten, and of newer facts before older."""
    measured: list[Measure] = []
    for language, texts in _read("languages.toml").items():
        share = await _found(sessions, embedder, texts, meaning)
        must = _MUST.get(language)
        if must and meaning.name:
            must = _MUST_BY_MODEL
        measured.append(
            Measure(f"memory_found_{language}{by}", share, "of 40", f"≥ {must}" if must else None)
        )
    share = await _newer_first(sessions, embedder, meaning)
    return [*measured, Measure(f"memory_newer_first{by}", share, "of 52", "≥ 0.9")]


async def _found(
    sessions: Sessions,
    embedder: TextEmbedder,
    texts: Mapping[str, Any],
    meaning: MeaningModel,
) -> float:
    facts: Sequence[tuple[str, str]] = texts["facts"]
    said = [fact for fact, _ in facts] + _everyday(texts)
    stored = await store(
        sessions,
        embedder,
        _conversation(
            texts, [(each, _BEGINNING + timedelta(days=day)) for day, each in enumerate(said)]
        ),
        meaning,
    )
    hits = 0
    for fact, question in facts:
        found = await find(sessions, embedder, stored, question, limit=_FOUND)
        hits += any(stored.exchanges[each.id].said == fact for each in found)
    return hits / len(facts)


async def _newer_first(sessions: Sessions, embedder: TextEmbedder, meaning: MeaningModel) -> float:
    hits = asked = 0
    everyday = _read("languages.toml")
    for language, texts in _read("changed_facts.toml").items():
        facts: Sequence[tuple[str, str, str]] = texts["facts"]
        said = [
            (each, _BEGINNING + (_LATER if is_newer else timedelta()) + timedelta(hours=hour))
            for is_newer in (False, True)
            for hour, each in enumerate(fact[is_newer] for fact in facts)
        ]
        said += [
            (each, _BEGINNING + timedelta(days=day))
            for day, each in enumerate(_everyday(everyday[language]))
        ]
        conversation = _conversation(everyday[language], said)
        stored = await store(sessions, embedder, conversation, meaning)
        for older, newer, question in facts:
            found = await find(sessions, embedder, stored, question, limit=_FEW)
            order = [stored.exchanges[each.id].said for each in found]
            hits += newer in order and older not in order[: order.index(newer)]
            asked += 1
    return hits / asked


def _read(name: str) -> Mapping[str, Any]:
    return tomllib.loads((_FOLDER / name).read_text("utf-8"))


def _everyday(texts: Mapping[str, Any]) -> list[str]:
    glue = "" if texts["answer"].endswith("。") else " "
    return [
        glue.join((when, who, did))
        for who in texts["who"]
        for did in texts["did"]
        for when in texts["when"]
    ]


def _conversation(texts: Mapping[str, Any], said: Sequence[tuple[str, datetime]]) -> Conversation:
    return Conversation(
        user=_USER,
        personality=_PERSONALITY,
        exchanges=[
            Exchange(
                said=each,
                content=f"{_USER}: {each}\n{_PERSONALITY}: {texts['answer']}",
                at=at,
                sitting=number,
                turns={},
            )
            for number, (each, at) in enumerate(said)
        ],
    )
