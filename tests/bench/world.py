"""A database as a bot has it that is used: personalities, memories, and lore."""

import random
from collections.abc import Sequence
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
_BATCH, _HERS = 5000, 5  # every fifth memory is Mirela's
_DAYS = 64


async def fill(sessions: Sessions) -> None:
    """Store a thousand personalities, 100,000 memories, a fifth of them Mirela's, and her lore."""
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
        await _add_memories(session, mirela)
    async with sessions.begin() as session:
        await session.execute(text("ANALYZE"))


async def _add_lore(session: AsyncSession, personality_id: UUID) -> None:
    generator = random.Random(3)
    book = Lorebook(name="The coast", scope=LoreScope.PERSONALITY, personality_id=personality_id)
    session.add(book)
    await session.flush()
    for position in range(LORE):
        keys = sentence(generator).split()[1:8:3]
        document = {"keys": keys, "content": sentence(generator), "insertion_order": position}
        session.add(LoreEntry(lorebook_id=book.id, position=position, document=document))


async def _add_memories(session: AsyncSession, mirela: UUID) -> None:
    generator, embedder = random.Random(2), WordLlamaEmbedder()
    ids: Sequence[UUID] = (await session.scalars(select(Personality.id))).all()
    user = User(discord_id=1, username="someone")
    session.add(user)
    await session.flush()
    # Building the index at the end is many times faster than row by row.
    await session.execute(text("DROP INDEX ix_memories_embedding"))
    for _ in range(MEMORIES // _BATCH):
        exchanges = [
            f"someone: {sentence(generator)}\nMirela: {sentence(generator)}" for _ in range(_BATCH)
        ]
        rows = [
            {
                "personality_id": generator.choice(ids) if number % _HERS else mirela,
                "user_id": user.id,
                "venue": Venue.PUBLIC,
                "channel_id": FIRST_CHANNEL_ID,
                "guild_id": GUILD_ID,
                "session_id": uuid4(),
                **indexed.columns(),
            }
            for number, indexed in enumerate(await index(embedder, exchanges))
        ]
        await session.execute(insert(Memory), rows)
    await session.execute(
        text("UPDATE memories SET created_at = now() - random() * :days * interval '1 day'"),
        {"days": _DAYS},
    )
    await session.execute(text("SET LOCAL maintenance_work_mem = '2GB'"))
    await session.execute(
        text(
            "CREATE INDEX ix_memories_embedding ON memories "
            "USING hnsw (embedding vector_cosine_ops)"
        )
    )
