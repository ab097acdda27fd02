"""A year of talk: two hundred people in five languages tell things about themselves that change.

Everything is stored as chat stores it, in the order of time, by two writers at once.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import fmean
from time import perf_counter
from uuid import UUID, uuid4

from sqlalchemy import insert, select, text

from db.models import Memory, Venue
from db.session import Sessions
from services.chat.reply_context import MEMORY_LIMIT
from services.embeddings import TextEmbedder
from services.memory import add_stated, ask, find_updated, index, known_facts, retrieve
from services.people import get_or_create_user
from services.seeds import seed
from services.types import Actor, Channel
from tests.bench.measure import Measure, percentile
from tests.bench.memory.conversations import copy_personality

_PEOPLE, _EXCHANGES, _DAYS = 200, 50_000, 365
_WRITERS, _BATCH = 2, 250
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_END = _BEGIN + timedelta(days=_DAYS)
_SITTING = 8  # exchanges
_CITIES = ("Lisbon", "Oslo", "Turin", "Ghent", "Riga", "Porto", "Graz", "Lyon", "Cork", "Malmö")
_CATS = ("Miso", "Pixel", "Olive", "Biscuit", "Juno", "Momo", "Felix", "Luna", "Nacho", "Yuki")
# What is told at first, what is told when it has changed, and the question, by language.
_TOLD = {
    "en": (
        ("I live in {}.", "I have moved, I live in {} now.", "where do I live?"),
        ("My cat is called {}.", "", "what is my cat called?"),
    ),
    "de": (
        ("Ich wohne in {}.", "Ich bin umgezogen, ich wohne jetzt in {}.", "wo wohne ich?"),
        ("Meine Katze heißt {}.", "", "wie heißt meine Katze?"),
    ),
    "es": (
        ("Vivo en {}.", "Me he mudado a {}.", "¿dónde vivo?"),
        ("Mi gata se llama {}.", "", "¿cómo se llama mi gata?"),
    ),
    "fr": (
        ("J'habite à {}.", "J'ai déménagé à {}.", "où est-ce que j'habite ?"),
        ("Ma chatte s'appelle {}.", "", "comment s'appelle ma chatte ?"),
    ),
    "ru": (
        ("Я живу в {}.", "Я переехал, теперь я живу в {}.", "где я живу?"),
        ("Мою кошку зовут {}.", "", "как зовут мою кошку?"),
    ),
}
_SMALL_TALK = {
    "en": ("the {} in the {} made me laugh today", "have you seen the {} near the {}?"),
    "de": ("{} und {}, mehr gab es heute nicht", "hast du {} bei {} gesehen?"),
    "es": ("hoy me hizo reír {} con {}", "¿has visto {} cerca de {}?"),
    "fr": ("aujourd'hui {} et {} m'ont fait rire", "as-tu vu {} près de {} ?"),
    "ru": ("сегодня меня рассмешили {} и {}", "ты видела {} возле {}?"),
}
_THINGS = (
    *("lantern", "kettle", "piano", "ledger", "umbrella", "kayak", "Brot", "Regen", "Fahrrad"),
    *("puerto", "paraguas", "barco", "bouilloire", "gare", "jardin", "чайник", "маяк", "чайка"),
)


@dataclass(frozen=True)
class _Telling:
    """Something that somebody tells: about what, and the value."""

    thing: int
    value: str
    text: str


@dataclass(kw_only=True)
class _Person:
    """Who talks where, and what they have told last of each thing."""

    name: str
    language: str
    user_id: UUID
    channel: Channel
    told: dict[int, list[tuple[UUID, str]]]


async def measure(sessions: Sessions, embedder: TextEmbedder) -> list[Measure]:
    """Return what is found and known after a year, what crossed, how large and how quick it is."""
    await seed(sessions, vendors=set())
    chance = random.Random(11)
    async with sessions.begin() as session:
        personality_id = await copy_personality(session, "A year")
        people: list[_Person] = []
        for number in range(_PEOPLE):
            name = f"person{number}"
            user = await get_or_create_user(session, Actor(discord_id=900 + number, name=name))
            is_dm = number % 4 == 0
            people.append(
                _Person(
                    name=name,
                    language=list(_TOLD)[number % len(_TOLD)],
                    user_id=user.id,
                    channel=Channel(
                        channel_id=10_000 + (number if is_dm else number % 20),
                        guild_id=None if is_dm else 1 + number % 4,
                        venue=Venue.DM if is_dm else Venue.PUBLIC,
                    ),
                    told={},
                )
            )
    began = perf_counter()
    await asyncio.gather(
        *(
            _talk(sessions, embedder, personality_id, people[first::_WRITERS], random.Random(first))
            for first in range(_WRITERS)
        )
    )
    seconds = perf_counter() - began
    async with sessions.begin() as session:
        await session.execute(text("ANALYZE"))
        size = await session.scalar(
            text(
                "SELECT sum(pg_total_relation_size(name::regclass)) "
                "FROM unnest(ARRAY['memories', 'facts', 'sitting_summaries']) AS name"
            )
        )
    found, newer, known, times = await _ask(sessions, embedder, personality_id, people)
    crossings = await _crossings(sessions, embedder, personality_id, people, chance)
    return [
        Measure("year_found_10", found, "of what was told, among ten", "≥ 0.8"),
        Measure("year_newer_first", newer, "of what has changed", "≥ 0.9"),
        Measure("year_known", known, "of facts, in the right version", "≥ 0.9"),
        Measure("year_crossings", crossings, "of what was told in private", "≤ 0"),
        Measure("year_recall_p95_ms", percentile(times, 0.95), "ms, up to 12,500 in reach"),
        Measure("year_stored_per_second", _EXCHANGES / seconds, "exchanges, two writers"),
        Measure("year_megabytes", float(size or 0) / 1e6, "MB for 50,000 exchanges"),
    ]


async def _talk(
    sessions: Sessions,
    embedder: TextEmbedder,
    personality_id: UUID,
    people: Sequence[_Person],
    chance: random.Random,
) -> None:
    """Store what some people say in a year, in the order of time."""
    each = _EXCHANGES // _PEOPLE
    plan: list[tuple[datetime, _Person, _Telling | None]] = []
    for person in people:
        seconds = sorted(chance.randrange(_DAYS * 86400) for _ in range(each))
        moments = [_BEGIN + timedelta(seconds=second) for second in seconds]
        numbers = sorted(chance.sample(range(each), 3))
        tellings = dict(zip(numbers, _tellings(person, chance), strict=True))
        plan += [(at, person, tellings.get(number)) for number, at in enumerate(moments)]
    plan.sort(key=lambda entry: entry[0])
    sittings: dict[str, tuple[UUID, int]] = {}
    for start in range(0, len(plan), _BATCH):
        batch = plan[start : start + _BATCH]
        contents = [
            f"{person.name}: {telling.text if telling else _chatter(person, chance)}\n"
            f"A year: {chance.choice(_THINGS)}, indeed."
            for _, person, telling in batch
        ]
        texts = await index(embedder, contents)
        rows: list[dict[str, object]] = []
        for (at, person, _), indexed in zip(batch, texts, strict=True):
            sitting, count = sittings.get(person.name, (uuid4(), 0))
            sittings[person.name] = (sitting, count + 1) if count < _SITTING else (uuid4(), 1)
            rows.append(
                {
                    "id": uuid4(),
                    "personality_id": personality_id,
                    "user_id": person.user_id,
                    "venue": person.channel.venue,
                    "channel_id": person.channel.channel_id,
                    "guild_id": person.channel.guild_id,
                    "session_id": sittings[person.name][0],
                    "created_at": at,
                    **indexed.columns(),
                }
            )
        async with sessions.begin() as session:
            await session.execute(insert(Memory), rows)
        for row, (at, person, telling) in zip(rows, batch, strict=True):
            if telling is not None:
                await _tell(sessions, embedder, row["id"], at, person, telling, personality_id)


async def _tell(
    sessions: Sessions,
    embedder: TextEmbedder,
    memory_id: object,
    at: datetime,
    person: _Person,
    telling: _Telling,
    personality_id: UUID,
) -> None:
    """Store the facts of a telling, and which memory it takes the place of."""
    updated = await find_updated(
        sessions,
        embedder,
        telling.text,
        names=(person.name, "A year"),
        personality_id=personality_id,
        user_id=person.user_id,
        channel=person.channel,
        before=at,
    )
    async with sessions.begin() as session:
        memory = await session.get_one(Memory, memory_id)
        memory.updates_id = updated
        await add_stated(session, memory, telling.text, subject=person.name)
    person.told.setdefault(telling.thing, []).append((memory.id, telling.value))


def _tellings(person: _Person, chance: random.Random) -> list[_Telling]:
    """Return where somebody lives, what their cat is called, and where they live later."""
    (home, moved, _), (cat, _, _) = _TOLD[person.language]
    first, second = chance.sample(_CITIES, 2)
    name = chance.choice(_CATS)
    return [
        _Telling(0, first, home.format(first)),
        _Telling(1, name, cat.format(name)),
        _Telling(0, second, moved.format(second)),
    ]


def _chatter(person: _Person, chance: random.Random) -> str:
    return chance.choice(_SMALL_TALK[person.language]).format(*chance.sample(_THINGS, 2))


async def _ask(
    sessions: Sessions, embedder: TextEmbedder, personality_id: UUID, people: Sequence[_Person]
) -> tuple[float, float, float, list[float]]:
    """Return what is found, what is newer first, what is known, and milliseconds of searches."""
    found: list[bool] = []
    newer: list[bool] = []
    known: list[bool] = []
    times: list[float] = []
    for person in people:
        for thing, tellings in person.told.items():
            asked = _TOLD[person.language][thing][2]
            question = await ask(embedder, asked, names=(person.name, "A year"), now=_END)
            began = perf_counter()
            memories = await retrieve(
                sessions,
                question,
                personality_id=personality_id,
                user_id=person.user_id,
                channel=person.channel,
                before=_END,
                threshold=0,
                limit=10,
            )
            times.append((perf_counter() - began) * 1000)
            order = [each.id for each in memories]
            facts = await known_facts(
                sessions,
                question.terms,
                personality_id=personality_id,
                user_id=person.user_id,
                channel=person.channel,
                before=_END,
                now=_END,
                memory_ids=order[:MEMORY_LIMIT],
            )
            said = [each.statement for each in facts if each.subject == person.name]
            last, value = tellings[-1]
            found.append(last in order)
            if len(tellings) > 1:
                older = tellings[0][0]
                newer.append(last in order and older not in order[: order.index(last)])
            known.append(
                any(value in each for each in said)
                and not any(other in each for _, other in tellings[:-1] for each in said)
            )
    return fmean(found), fmean(newer), fmean(known), times


async def _crossings(
    sessions: Sessions,
    embedder: TextEmbedder,
    personality_id: UUID,
    people: Sequence[_Person],
    chance: random.Random,
) -> float:
    """Return how many memories and facts of DMs are found by others, or in a server."""
    hidden = [person for person in people if person.channel.venue == Venue.DM]
    async with sessions() as session:
        private = set(await session.scalars(select(Memory.id).where(Memory.venue == Venue.DM)))
    crossed = 0
    for person in hidden:
        question = await ask(embedder, _TOLD[person.language][0][2], now=_END)
        for other in chance.sample(people, 3):
            if other is person:
                continue
            memories = await retrieve(
                sessions,
                question,
                personality_id=personality_id,
                user_id=other.user_id,
                channel=other.channel,
                before=_END,
                threshold=0,
                limit=50,
            )
            facts = await known_facts(
                sessions,
                question.terms,
                personality_id=personality_id,
                user_id=other.user_id,
                channel=other.channel,
                before=_END,
                now=_END,
                memory_ids=[each.id for each in memories],
            )
            own = other.channel.venue == Venue.DM
            crossed += sum(each.id in private for each in memories if not own)
            crossed += sum(each.subject == person.name for each in facts)
    return float(crossed)
