"""A database as a bot has it that is used: personalities, memories, and lore."""

import random
from uuid import UUID, uuid4

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Lorebook, LoreEntry, LoreScope, Memory, Personality, User, Venue
from db.session import Sessions
from services.embeddings import WordLlamaEmbedder
from services.memory import index
from services.seeds import seed
from tests.bench.chat import sentence
from tests.vendors.discord import GUILD_ID
from tests.vendors.discord.payloads import FIRST_CHANNEL_ID

MEMORIES, PERSONALITIES, LORE = 100_000, 1000, 50
_DISTINCT, _BATCH = 20_000, 5000
_DAYS = 64


_COPIES = text("""
    INSERT INTO memories (id, personality_id, user_id, venue, channel_id, guild_id, session_id,
                          content, embedding, terms, created_at)
    SELECT gen_random_uuid(), p.id, m.user_id, m.venue, m.channel_id, m.guild_id,
           gen_random_uuid(), m.content, m.embedding, m.terms,
           now() - random() * :days * interval '1 day'
    FROM (SELECT *, row_number() OVER () AS number FROM memories) m
    CROSS JOIN generate_series(1, CAST(:copies AS int)) n(number)
    JOIN personalities p
      ON p.slug = 'p-' || (m.number * 31 + n.number) % CAST(:personalities AS int) + 1
""")


async def fill(sessions: Sessions, memories: int = MEMORIES) -> None:
    """Store a thousand personalities, memories, of which 20,000 are Mirela's, and her lore."""
    await seed(sessions, vendors={"openai"})
    async with sessions.begin() as session:
        await session.execute(
            text(
                "INSERT INTO personalities (name, slug) "
                "SELECT 'P' || n, 'p-' || n FROM generate_series(1, :count) n"
            ),
            {"count": PERSONALITIES},
        )
        mirela = await session.scalar(select(Personality.id).where(Personality.slug == "mirela"))
        assert mirela is not None
        await _add_lore(session, mirela)
        await _add_memories(session, mirela, memories)
    async with sessions.begin() as session:
        await session.execute(text("ANALYZE"))


async def _add_lore(session: AsyncSession, personality_id: UUID) -> None:
    generator = random.Random(3)
    book = Lorebook(name="The coast", scope=LoreScope.PERSONALITY, personality_id=personality_id)
    session.add(book)
    await session.flush()
    for position in range(LORE):
        keys = [f"lighthouse{position}", f"harbour {position}"]
        document = {"keys": keys, "content": sentence(generator), "insertion_order": position}
        session.add(LoreEntry(lorebook_id=book.id, position=position, document=document))


async def _add_memories(session: AsyncSession, mirela: UUID, memories: int) -> None:
    generator, embedder = random.Random(2), WordLlamaEmbedder()
    user = User(discord_id=1, username="someone")
    session.add(user)
    await session.flush()
    # Building the index at the end is many times faster than row by row.
    await session.execute(text("DROP INDEX ix_memories_embedding"))
    exchanges = [
        f"someone: {sentence(generator)}\nMirela: {sentence(generator)}" for _ in range(_DISTINCT)
    ]
    rows = [
        {
            "personality_id": mirela,
            "user_id": user.id,
            "venue": Venue.PUBLIC,
            "channel_id": FIRST_CHANNEL_ID,
            "guild_id": GUILD_ID,
            "session_id": uuid4(),
            **indexed.columns(),
        }
        for indexed in await index(embedder, exchanges)
    ]
    for start in range(0, _DISTINCT, _BATCH):
        await session.execute(insert(Memory), rows[start : start + _BATCH])
    others = {"copies": memories // _DISTINCT - 1, "personalities": PERSONALITIES, "days": _DAYS}
    await session.execute(_COPIES, others)
    await session.execute(text("SET LOCAL maintenance_work_mem = '2GB'"))
    await session.execute(
        text(
            "CREATE INDEX ix_memories_embedding ON memories "
            "USING hnsw (embedding vector_cosine_ops)"
        )
    )
