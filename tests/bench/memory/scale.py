"""How long a search takes where a personality lives in a thousand servers."""

import random
from collections.abc import Sequence
from time import perf_counter
from uuid import UUID, uuid4

from sqlalchemy import insert, text

from db.models import Memory, User, Venue
from db.session import Sessions
from services.embeddings import TextEmbedder
from services.memory import ask, index, retrieve
from services.seeds import seed
from services.types import Channel
from tests.bench.measure import Measure, percentile
from tests.bench.memory.conversations import AFTERWARDS, copy_personality

_SERVERS, _EACH, _DISTINCT = 1000, 100, 5000
_EACH_OF_MILLION = 1000
_LARGE, _LARGE_SERVER = 20_000, 5000
_QUESTIONS, _WARM_UP = 150, 10
_BATCH = 1000
_LIMIT = 12
# As many copies of the first server's memories as are wanted, in sittings of ten.
_COPIES = """
    INSERT INTO memories (id, personality_id, user_id, venue, channel_id, guild_id, session_id,
                          content, embedding, terms, created_at)
    SELECT gen_random_uuid(), m.personality_id, m.user_id, m.venue, :channel_id + n.number,
           :guild_id + n.number,
           CAST(lpad(to_hex(n.number * 100000 + m.number / 10), 32, '0') AS uuid),
           m.content, m.embedding, m.terms, m.created_at + n.number * interval '1 minute'
    FROM (SELECT *, row_number() OVER () - 1 AS number FROM memories
          WHERE guild_id = 1 AND personality_id = :personality_id) m
    JOIN generate_series(0, CAST(:copies AS int) - 1) n(number)
      ON m.number % CAST(:every AS int) = n.number % CAST(:every AS int)
"""
_PLACES = ("harbour", "kitchen", "attic", "market", "station", "orchard", "library", "garage")
_THINGS = ("lantern", "kettle", "piano", "ledger", "bicycle", "umbrella", "telescope", "kayak")
_PEOPLE = ("my sister", "the neighbour", "my uncle", "a sailor", "the baker", "our teacher")
_DEEDS = ("repaired", "lost", "painted", "sold", "found", "forgot", "borrowed", "broke")


def _exchange(generator: random.Random) -> str:
    def sentence() -> str:
        words = (generator.choice(each) for each in (_PEOPLE, _DEEDS, _THINGS, _PLACES))
        who, did, what, where = words
        return f"{who} {did} the {what} in the {where} of house {generator.randrange(9999)}"

    said = ". ".join(sentence() for _ in range(3))
    return f"someone: {said}\nMirela: {sentence()}, was it not? Tell me more of it."


async def measure(sessions: Sessions, embedder: TextEmbedder) -> list[Measure]:
    """Return milliseconds of a search among 100,000 memories, and in a server with 20,000."""
    await seed(sessions, vendors=set())
    personality_id, user_id = await _fill(sessions, embedder, "Everywhere", _EACH)
    await _add_large_server(sessions, personality_id)
    many = await _search(
        sessions, embedder, personality_id, user_id, [10 + n for n in range(_SERVERS)]
    )
    large = await _search(sessions, embedder, personality_id, user_id, [_LARGE_SERVER])
    return [
        Measure("recall_p50_ms", percentile(many, 0.5), "ms", "≤ 8"),
        Measure("recall_p95_ms", percentile(many, 0.95), "ms", "≤ 15"),
        Measure("recall_large_p50_ms", percentile(large, 0.5), "ms, 20,000 in reach"),
        Measure("recall_large_p95_ms", percentile(large, 0.95), "ms, 20,000 in reach"),
    ]


async def measure_million(sessions: Sessions, embedder: TextEmbedder) -> list[Measure]:
    """Return milliseconds of a search among a million memories of a thousand servers."""
    await seed(sessions, vendors=set())
    personality_id, user_id = await _fill(sessions, embedder, "Everywhere else", _EACH_OF_MILLION)
    took = await _search(
        sessions, embedder, personality_id, user_id, [10 + n for n in range(_SERVERS)]
    )
    return [
        Measure("recall_p50_1m_ms", percentile(took, 0.5), "ms"),
        Measure("recall_p95_1m_ms", percentile(took, 0.95), "ms", "≤ 25"),
    ]


async def _fill(
    sessions: Sessions, embedder: TextEmbedder, name: str, each: int
) -> tuple[UUID, UUID]:
    """Store `each` memories of a personality with this name in each of a thousand servers."""
    generator = random.Random(5)
    contents = [_exchange(generator) for _ in range(_DISTINCT)]
    texts = await index(embedder, contents)
    async with sessions.begin() as session:
        personality_id = await copy_personality(session, name)
        user = User(discord_id=77 + each, username="someone")
        session.add(user)
        await session.flush()
        # Building the index at the end is many times faster than row by row.
        await session.execute(text("DROP INDEX ix_memories_embedding"))
        rows = [
            {
                "personality_id": personality_id,
                "user_id": user.id,
                "venue": Venue.PUBLIC,
                "channel_id": 1,
                "guild_id": 1,
                "session_id": uuid4(),
                **indexed.columns(),
            }
            for indexed in texts
        ]
        for start in range(0, len(rows), _BATCH):
            await session.execute(insert(Memory), rows[start : start + _BATCH])
        copies = {"copies": _SERVERS, "every": _DISTINCT // each, "guild_id": 10}
        whose = {"personality_id": personality_id, "channel_id": 10}
        await session.execute(text(_COPIES), {**copies, **whose})
        await session.execute(text("SET LOCAL maintenance_work_mem = '2GB'"))
        await session.execute(
            text(
                "CREATE INDEX ix_memories_embedding ON memories "
                "USING hnsw (embedding vector_cosine_ops)"
            )
        )
        await session.execute(text("ANALYZE memories"))
    return personality_id, user.id


async def _add_large_server(sessions: Sessions, personality_id: UUID) -> None:
    """Store 20,000 memories in one more server."""
    async with sessions.begin() as session:
        copies = {"copies": 1, "every": 1, "guild_id": _LARGE_SERVER, "channel_id": _LARGE_SERVER}
        for _ in range(_LARGE // _DISTINCT):
            await session.execute(text(_COPIES), {**copies, "personality_id": personality_id})
        await session.execute(text("ANALYZE memories"))


async def _search(
    sessions: Sessions,
    embedder: TextEmbedder,
    personality_id: UUID,
    user_id: UUID,
    guilds: Sequence[int],
) -> list[float]:
    generator = random.Random(6)
    took: list[float] = []
    for number in range(_QUESTIONS + _WARM_UP):
        guild_id = generator.choice(guilds)
        asked = f"who {generator.choice(_DEEDS)} the {generator.choice(_THINGS)} back then?"
        begun = perf_counter()
        question = await ask(embedder, asked, names=["Mirela"])
        await retrieve(
            sessions,
            question,
            personality_id=personality_id,
            user_id=user_id,
            channel=Channel(channel_id=1, guild_id=guild_id, venue=Venue.PUBLIC),
            before=AFTERWARDS,
            threshold=0.1,
            limit=_LIMIT,
        )
        if number >= _WARM_UP:
            took.append((perf_counter() - begun) * 1000)
    return took
