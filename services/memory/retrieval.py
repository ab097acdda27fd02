"""Hybrid search of memories: full text and embeddings in one statement, within the venue rule.

The weights are priors from LoCoMo (R@10 .74 with a static embedder). Embedding similarity and words
count most; the same speaker and a good match elsewhere in the same session count a little.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pgvector import Vector
from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Venue
from services.memory.types import RetrievedMemory
from services.types import Channel

_MAX_CANDIDATES = 40  # as many as one scan of the index returns
# A word that is in more memories than this does not discriminate, and is slow to search for.
_MAX_WORD_FREQUENCY = 200

# DMs are recalled only in DMs with the same user, private channels only in the same channel, public
# channels only in the same guild.
_VENUE_RULE = {
    Venue.DM: "m.venue = 'dm' AND m.user_id = :user_id",
    Venue.PUBLIC: "m.venue = 'public' AND m.guild_id = :guild_id",
    Venue.PRIVATE: (
        "(m.venue = 'public' AND m.guild_id = :guild_id"
        " OR m.venue = 'private' AND m.channel_id = :channel_id)"
    ),
}
# What was said in an age-restricted channel stays in such channels; what somebody has edited is
# recalled to nobody else.
_OTHER_RULES = (
    "(NOT m.age_restricted OR :age_restricted) AND (NOT m.is_edited OR m.user_id = :user_id)"
)

_STATEMENT = """
WITH common AS (
    SELECT unnest(CAST(CAST(most_common_elems AS text) AS text[])) AS lexeme,
           unnest(most_common_elem_freqs) AS frequency
    FROM pg_stats WHERE tablename = 'memories' AND attname = 'words'
),
distinctive AS (
    SELECT string_agg(lexeme, ' ') AS words
    FROM unnest(tsvector_to_array(to_tsvector('english', :words))) AS lexeme
    WHERE lexeme NOT IN (
        SELECT lexeme FROM common WHERE lexeme IS NOT NULL AND frequency * (
            SELECT reltuples FROM pg_class WHERE oid = CAST('memories' AS regclass)
        ) > :max_frequency
    )
),
search AS (
    SELECT CAST(:embedding AS vector) AS embedding,
           CAST(replace(CAST(plainto_tsquery('simple', coalesce(words, '')) AS text), '&', '|')
                AS tsquery) AS words
    FROM distinctive
),
nearest AS (
    SELECT m.id FROM memories m
    WHERE m.personality_id = :personality_id AND {rule}
          AND (m.created_at < :before OR m.channel_id <> :channel_id)
    ORDER BY m.embedding <=> (SELECT embedding FROM search) LIMIT :candidates
),
matching AS (
    SELECT id FROM (
        SELECT m.id, m.words FROM memories m
        WHERE m.personality_id = :personality_id AND {rule}
              AND (m.created_at < :before OR m.channel_id <> :channel_id)
              AND m.words @@ (SELECT words FROM search)
        ORDER BY m.created_at DESC LIMIT :candidates * 10
    ) recent ORDER BY ts_rank(words, (SELECT words FROM search)) DESC LIMIT :candidates
),
scored AS (
    SELECT m.id, m.content, m.created_at, m.session_id, m.previous_id,
           greatest(0, 1 - (m.embedding <=> search.embedding)) AS meaning,
           ts_rank(m.words, search.words, 32) AS words,
           CASE WHEN m.user_id = :user_id THEN 1 ELSE 0 END AS speaker
    FROM memories m, search
    WHERE m.id IN (SELECT id FROM nearest UNION SELECT id FROM matching)
),
blended AS (
    SELECT *, .65 * meaning + .25 * least(1, 4 * words) AS fit FROM scored
)
SELECT b.id, b.content, b.created_at,
       least(1, b.fit + .04 * b.speaker
                + .03 * max(b.fit) OVER (PARTITION BY b.session_id)
                + .03 * coalesce(p.fit, 0)) AS score
FROM blended b LEFT JOIN blended p ON p.id = b.previous_id
ORDER BY score DESC, b.created_at DESC
LIMIT :limit
"""
_STATEMENTS = {
    venue: text(_STATEMENT.format(rule=f"{rule} AND {_OTHER_RULES}")).bindparams(bindparam("limit"))
    for venue, rule in _VENUE_RULE.items()
}


async def retrieve(
    session: AsyncSession,
    *,
    personality_id: UUID,
    user_id: UUID,
    channel: Channel,
    embedding: Sequence[float],
    words: str,
    before: datetime,
    threshold: float,
    limit: int,
) -> list[RetrievedMemory]:
    """Return the best matches, best first: at most `limit`, none under `threshold` (0 to 1).

    Memories of this channel are included only from before `before`, the start of the history in the
    prompt.
    """
    # The number of matches varies a thousandfold between words, so no generic plan fits all.
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    rows = await session.execute(
        _STATEMENTS[channel.venue],
        {
            "personality_id": personality_id,
            "user_id": user_id,
            "guild_id": channel.guild_id,
            "channel_id": channel.channel_id,
            "age_restricted": channel.age_restricted,
            "embedding": Vector(list(embedding)).to_text(),
            "words": words[:2000],
            "before": before,
            "candidates": _MAX_CANDIDATES,
            "max_frequency": _MAX_WORD_FREQUENCY,
            "limit": limit,
        },
    )
    memories = [
        RetrievedMemory(id=row.id, content=row.content, created_at=row.created_at, score=row.score)
        for row in rows
    ]
    return [memory for memory in memories if memory.score >= threshold]
