"""Finding memories: words and meaning in one statement, within the venue rule.

The weights are priors from LoCoMo (R@10 .74 with a static embedder): meaning and words carry most;
that the same person speaks, and that something else of the same sitting fits, carry a little.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pgvector import Vector
from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Venue
from services.memory.types import RecalledMemory
from services.types import Channel

_CANDIDATES = 40  # as many as one round of the index brings
# A word that is in more memories than this tells none apart, and costs the time to look at all.
_TOO_MANY = 200

# What was said in a DM is recalled only in DMs with that user, in a private channel only there, in
# a public channel only in that guild.
_VENUE_RULE = {
    Venue.DM: "m.venue = 'dm' AND m.user_id = :user_id",
    Venue.PUBLIC: "m.venue = 'public' AND m.guild_id = :guild_id",
    Venue.PRIVATE: (
        "(m.venue = 'public' AND m.guild_id = :guild_id"
        " OR m.venue = 'private' AND m.channel_id = :channel_id)"
    ),
}

_STATEMENT = """
WITH common AS (
    SELECT unnest(CAST(CAST(most_common_elems AS text) AS text[])) AS lexeme,
           unnest(most_common_elem_freqs) AS frequency
    FROM pg_stats WHERE tablename = 'memories' AND attname = 'words'
),
told_apart_by AS (
    SELECT string_agg(lexeme, ' ') AS words
    FROM unnest(tsvector_to_array(to_tsvector('english', :words))) AS lexeme
    WHERE lexeme NOT IN (
        SELECT lexeme FROM common WHERE lexeme IS NOT NULL AND frequency * (
            SELECT reltuples FROM pg_class WHERE oid = CAST('memories' AS regclass)
        ) > :too_many
    )
),
asked AS (
    SELECT CAST(:embedding AS vector) AS embedding,
           CAST(replace(CAST(plainto_tsquery('simple', coalesce(words, '')) AS text), '&', '|')
                AS tsquery) AS words
    FROM told_apart_by
),
near AS (
    SELECT m.id FROM memories m
    WHERE m.personality_id = :personality_id AND {rule}
          AND (m.created_at < :before OR m.channel_id <> :channel_id)
    ORDER BY m.embedding <=> (SELECT embedding FROM asked) LIMIT :candidates
),
told AS (
    SELECT id FROM (
        SELECT m.id, m.words FROM memories m
        WHERE m.personality_id = :personality_id AND {rule}
              AND (m.created_at < :before OR m.channel_id <> :channel_id)
              AND m.words @@ (SELECT words FROM asked)
        ORDER BY m.created_at DESC LIMIT :candidates * 10
    ) recent ORDER BY ts_rank(words, (SELECT words FROM asked)) DESC LIMIT :candidates
),
scored AS (
    SELECT m.id, m.content, m.created_at, m.session_id, m.previous_id,
           greatest(0, 1 - (m.embedding <=> asked.embedding)) AS meaning,
           ts_rank(m.words, asked.words, 32) AS words,
           CASE WHEN m.user_id = :user_id THEN 1 ELSE 0 END AS speaker
    FROM memories m, asked
    WHERE m.id IN (SELECT id FROM near UNION SELECT id FROM told)
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
    venue: text(_STATEMENT.format(rule=rule)).bindparams(bindparam("limit"))
    for venue, rule in _VENUE_RULE.items()
}


async def recall(
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
) -> list[RecalledMemory]:
    """Return what fits best, best first: at most `limit`, none under `threshold` (0 to 1).

    Of this channel only what was said before `before`, where what the prompt shows anyway begins.
    """
    # How many memories some words find differs a thousandfold; no one plan is right for all.
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    rows = await session.execute(
        _STATEMENTS[channel.venue],
        {
            "personality_id": personality_id,
            "user_id": user_id,
            "guild_id": channel.guild_id,
            "channel_id": channel.channel_id,
            "embedding": Vector(list(embedding)).to_text(),
            "words": words[:2000],
            "before": before,
            "candidates": _CANDIDATES,
            "too_many": _TOO_MANY,
            "limit": limit,
        },
    )
    found = [
        RecalledMemory(id=row.id, content=row.content, created_at=row.created_at, score=row.score)
        for row in rows
    ]
    return [memory for memory in found if memory.score >= threshold]
