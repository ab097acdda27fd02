"""Search of memories by words and by meaning in one statement, within the venue rule.

Words count by BM25 with the rarity that they have *among the memories in reach*, so that nobody
else's talk changes what is found. A share of the scores of the exchanges before and after, and of
the best one of the same sitting, is added. The weights were chosen on LoCoMo's conversations 1 to
6 (`make bench` measures what they find).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from pgvector import SparseVector, Vector
from sqlalchemy import text
from sqlalchemy.engine import Row

from db.models import TERM_COUNT, Venue
from db.session import Sessions, searches
from services.memory.questions import Question
from services.memory.reach import RULES, any_of, reach_of, reach_parameters
from services.memory.statistics import ALL_OF, Statistics, count
from services.memory.terms import K1, question_terms
from services.memory.types import RetrievedMemory
from services.types import Channel

# Where there are more than can all be looked at: so many of the newest, of the user's own newest,
# of those that mean something alike, and with the rarest words.
_NEWEST, _ALIKE, _MATCHES = 128, 24, 200
_RARE, _RARE_WORDS = 0.05, 4
# As they are in the index: with the id of the personality as one of them.
_WORDS = "(m.words || array_to_tsvector(ARRAY[m.personality_id::text]))"
_IS_OWN = "m.user_id = :user_id"
_UPDATED = 1  # of the best, whose place is taken by what was said anew of the same
MAX_PINNED = 20  # at most, of a person with a personality

_MEANING, _FULL_MEANING, _DATE, _OWN = 0.32, 0.778, 0.093, 0.03
_OWN_MEANING = 0.1
# What somebody has corrected or locked matters, and what is often spoken of.
_CARED_FOR, _RECALLED, _MOST_DAYS = 0.03, 0.005, 6
_MODEL = 1.5  # of what a model means, for one of the words' vectors
_NO_WEIGHT = 1e-9
_BEFORE, _AFTER, _SITTING = 0.215, 0.244, 0.515
# What a memory has that fits in every way, as has the best of its sitting.
_BEST = (1 + 1.2 * _MEANING + _DATE) * (1 + _SITTING)

# What the prompt shows anyway is not recalled.
_RULES = f"""
    {RULES}
    AND (m.created_at < :before OR m.channel_id <> :channel_id)
    AND (NOT CAST(:own_only AS boolean) OR m.user_id = :user_id)
"""

_WORD_MEANING = f"""
    least(greatest(1 - (m.embedding <=> q.embedding), 0) / {_FULL_MEANING}, 1.2)
"""
_IS_COMPARABLE = "m.embedder = :embedder AND vector_dims(m.model_embedding) = CAST(:width AS int)"
# What a model makes of both, where it has read the memory, too.
_MODEL_MEANING = f"""
    CASE WHEN {_IS_COMPARABLE} THEN {_MODEL} * least(greatest(
        (1 - (m.model_embedding <=> q.model_embedding) - CAST(:unlike AS float8))
        / CAST(:span AS float8), 0), 1.2)
    ELSE {_WORD_MEANING} END
"""


def _fit(meaning: str) -> str:
    """Return the expression of how well a memory fits, by itself."""
    return f"""
        coalesce(-(m.terms <#> q.terms) / CAST(:most AS float8), 0)
        + CAST(:meaning AS float8) * {meaning}
        + CASE WHEN CAST(:is_dated AS boolean)
            AND (CAST(:months AS int[]) = '{{}}'
                 OR extract(month FROM m.created_at) = ANY (CAST(:months AS int[])))
            AND (CAST(:years AS int[]) = '{{}}'
                 OR extract(year FROM m.created_at) = ANY (CAST(:years AS int[])))
          OR CAST(:has_spans AS boolean)
            AND m.created_at <@ CAST(CAST(:spans AS text) AS tstzmultirange)
          THEN {_DATE} ELSE 0 END
        + CASE WHEN m.user_id = :user_id THEN {_OWN} ELSE 0 END
        + CASE WHEN m.is_edited OR m.locked THEN {_CARED_FOR} ELSE 0 END
        + least(m.recalled_days, {_MOST_DAYS}) * {_RECALLED}
    """


_STATEMENT = """
WITH question AS MATERIALIZED (
    SELECT CAST(:terms AS sparsevec) AS terms, CAST(:embedding AS vector) AS embedding{meant}
),
fitting AS MATERIALIZED (
    SELECT m.id, m.session_id, m.created_at, {fit} AS fit FROM question q, ({candidates}) m
),
near AS (
    SELECT id, session_id, created_at,
           fit + CAST(:previous AS float8) * coalesce(lag(fit) OVER sitting, 0)
               + CAST(:next AS float8) * coalesce(lead(fit) OVER sitting, 0) AS fit,
           1 + CASE WHEN lag(fit) OVER sitting IS NULL THEN 0 ELSE {before} END
             + CASE WHEN lead(fit) OVER sitting IS NULL THEN 0 ELSE {after} END AS most
    FROM fitting WINDOW sitting AS (PARTITION BY session_id ORDER BY created_at, id)
),
best AS (
    SELECT id, created_at, most,
           fit + CAST(:sitting AS float8) * max(fit) OVER (PARTITION BY session_id) AS fit
    FROM near ORDER BY fit DESC, created_at DESC, id LIMIT :limit
)
SELECT 1 AS score, true AS is_pinned, b.id, b.content, b.created_at, NULL AS newer_id,
       NULL AS newer_content, NULL AS newer_created_at, NULL AS fit
FROM ({pinned}) b
UNION ALL
SELECT least(b.fit / (b.most * {best}), 1), false, m.id, m.content, m.created_at,
       n.id, n.content, n.created_at, b.fit
FROM best b JOIN memories m ON m.id = b.id
LEFT JOIN LATERAL (
    SELECT m.id, m.content, m.created_at FROM memories m
    WHERE m.updates_id = b.id AND {rules} AND ({anywhere}) ORDER BY m.created_at DESC LIMIT 1
) n ON true
ORDER BY fit DESC NULLS FIRST, created_at DESC, id
"""


def _build(
    reach: tuple[str, ...],
    rules: str = _RULES,
    *,
    has_model: bool,
    is_large: bool,
    is_shared: bool = False,
) -> Any:
    fit = _fit(_MODEL_MEANING if has_model else _WORD_MEANING)
    anywhere = any_of(reach)
    # Where several share, those of the one that speaks come first.
    first = "m.personality_id = :personality_id DESC, " if is_shared else ""
    return text(
        _STATEMENT.format(
            meant=", CAST(:model_embedding AS vector) AS model_embedding" if has_model else "",
            pinned=f"""
                SELECT m.id, m.content, m.created_at FROM memories m
                WHERE m.is_pinned AND m.user_id = :user_id
                AND NOT CAST(:own_only AS boolean) AND {rules} AND ({anywhere})
                ORDER BY {first}m.created_at DESC LIMIT {MAX_PINNED}
            """,  # noqa: S608 - constants of this module
            candidates=(
                _best_candidates(reach, rules, has_model=has_model)
                if is_large
                else _newest(reach, rules, ALL_OF)
            ),
            fit=fit,
            rules=rules,
            anywhere=anywhere,
            before=_BEFORE,
            after=_AFTER,
            best=_BEST,
        )
    )


def _newest(reach: tuple[str, ...], rules: str, limit: int, columns: str = "m.*") -> str:
    """Return a query of the newest in reach, each of whose conditions has an index."""
    rows = f"SELECT {columns} FROM memories m WHERE {rules}"  # noqa: S608 - constants of this module
    return " UNION ALL ".join(
        f"({rows} AND {rule} ORDER BY m.created_at DESC LIMIT {limit})" for rule in reach
    )


def _best_candidates(reach: tuple[str, ...], rules: str, *, has_model: bool) -> str:
    """Return a query of the newest in reach, the user's own newest, and the best of the others."""
    where = f"FROM memories m WHERE {rules} AND ({any_of(reach)})"
    alike = f"""
        UNION (SELECT m.id {where} ORDER BY m.embedding <=> (SELECT embedding FROM question)
               LIMIT {_ALIKE})
    """  # noqa: S608 - constants of this module
    if has_model:
        alike += f"""
            UNION (SELECT m.id {where} AND {_IS_COMPARABLE}
                   ORDER BY m.model_embedding <=> (SELECT model_embedding FROM question)
                   LIMIT {_ALIKE})
        """  # noqa: S608 - as above
    return f"""
        SELECT m.* FROM memories m WHERE m.id IN (
            {_newest(reach, rules, _NEWEST, "m.id")}
            UNION (SELECT m.id {where} AND {_IS_OWN} ORDER BY m.created_at DESC LIMIT {_NEWEST})
            {alike}
            UNION (SELECT m.id {where} AND {_WORDS} @@ CAST(:query AS tsquery) LIMIT {_MATCHES})
        )
    """  # noqa: S608 - constants of this module


@cache
def _statement(venue: Venue, *, is_shared: bool, has_model: bool, is_large: bool) -> Any:
    reach = reach_of(venue, is_shared=is_shared)
    return _build(reach, has_model=has_model, is_large=is_large, is_shared=is_shared)


@cache
def _own_statement(*, has_model: bool, is_large: bool) -> Any:
    """Return the statement for somebody's own eyes, wherever it was said."""
    return _build((_IS_OWN,), "true", has_model=has_model, is_large=is_large)


async def retrieve(
    sessions: Sessions,
    question: Question,
    *,
    personality_id: UUID,
    user_id: UUID,
    channel: Channel,
    before: datetime,
    threshold: float,
    limit: int,
    own_only: bool = False,
    shared: Collection[UUID] = (),
) -> list[RetrievedMemory]:
    """Return what is pinned and the best matches: at most `limit`, none under `threshold` (0 to 1).

    Memories of this channel are included only from before `before`, the start of the history in the
    prompt. What somebody has said anew stands before what they had said of it. With `own_only` only
    what the user has said is looked at, and by itself, without its neighbours. `shared` are other
    personalities, of whose memories those of the user are recalled, too.
    """
    where = reach_parameters(channel, personality_id=personality_id, user_id=user_id, shared=shared)
    reach = reach_of(channel.venue, is_shared=bool(shared))
    statistics = await count(sessions, reach, where)
    parameters = {
        **_parameters(
            *(question, statistics, user_id),
            limit=limit,
            by_itself=own_only,
            personality_ids=[personality_id, *shared],
        ),
        **where,
        "before": before,
    }
    async with searches(sessions).connect() as connection:
        statement = _statement(
            channel.venue,
            is_shared=bool(shared),
            has_model=question.model_meaning is not None,
            is_large=statistics.is_large,
        )
        rows = await connection.execute(statement, parameters)
    found = rows.all()
    pinned = [_memory(row) for row in found if row.is_pinned]
    others = [row for row in found if not row.is_pinned and row.score >= threshold]
    known = {memory.id for memory in pinned}
    return pinned + [each for each in _in_order(others) if each.id not in known][:limit]


async def search_own(
    sessions: Sessions, question: Question, *, user_id: UUID, limit: int
) -> list[UUID]:
    """Return what fits best of all that anybody remembers of a user, best first."""
    where = {"user_id": user_id, "age_restricted": True}
    statistics = await count(sessions, (_IS_OWN,), where)
    parameters = _parameters(question, statistics, user_id, limit=limit, by_itself=True)
    async with searches(sessions).connect() as connection:
        statement = _own_statement(
            has_model=question.model_meaning is not None, is_large=statistics.is_large
        )
        rows = await connection.execute(statement, parameters)
    return [row.id for row in rows if row.score > 0]


def _parameters(
    question: Question,
    statistics: Statistics,
    user_id: UUID,
    *,
    limit: int,
    by_itself: bool,
    personality_ids: Collection[UUID] = (),
) -> dict[str, Any]:
    """Return what a statement needs of a question; `by_itself` leaves neighbours out."""
    meant = question.model_meaning
    model = (
        {
            "embedder": meant.embedder,
            "model_embedding": Vector(list(meant.embedding)).to_text(),
            "width": len(meant.embedding),
            "unlike": meant.unlike,
            "span": meant.span,
        }
        if meant
        else {}
    )
    weights = statistics.weigh(question.terms)
    return {
        **model,
        "user_id": user_id,
        "embedding": Vector(list(question.embedding)).to_text(),
        "terms": SparseVector(weights, TERM_COUNT).to_text(),
        "most": max(sum(weights.values()), _NO_WEIGHT) * (K1 + 1),
        "query": _rare_words(question, statistics, personality_ids),
        "is_dated": bool(question.dates.months or question.dates.years),
        "months": list(question.dates.months),
        "years": list(question.dates.years),
        "has_spans": bool(question.dates.spans),
        "spans": f"{{{','.join(f'[{start},{end})' for start, end in question.dates.spans)}}}",
        "limit": limit,
        "own_only": by_itself,
        "meaning": _OWN_MEANING if by_itself else _MEANING,
        "sitting": 0 if by_itself else _SITTING,
        "previous": 0 if by_itself else _BEFORE,
        "next": 0 if by_itself else _AFTER,
    }


def _rare_words(
    question: Question, statistics: Statistics, personality_ids: Collection[UUID]
) -> str:
    """Return the words of a question that few memories have, as full text search takes them."""
    rarity = {
        word: min((statistics.share(term) for term in question_terms(word)), default=1.0)
        for word in question.words
    }
    rare = sorted((each for each in rarity if rarity[each] <= _RARE), key=lambda each: rarity[each])
    words = "|".join(f"'{each}'" for each in rare[:_RARE_WORDS])
    whose = "|".join(f"'{each}'" for each in personality_ids)
    return f"({words}) & ({whose})" if words and whose else words


def _in_order(rows: Sequence[Row[Any]]) -> list[RetrievedMemory]:
    """Return the memories of rows, each after what has been said anew of the same."""
    ordered: dict[UUID, RetrievedMemory] = {}
    for place, row in enumerate(rows):
        if place < _UPDATED and row.newer_id is not None and row.id not in ordered:
            ordered.setdefault(
                row.newer_id,
                RetrievedMemory(
                    id=row.newer_id,
                    content=row.newer_content,
                    created_at=row.newer_created_at,
                    score=row.score,
                ),
            )
        ordered.setdefault(row.id, _memory(row))
    return list(ordered.values())


def _memory(row: Row[Any]) -> RetrievedMemory:
    return RetrievedMemory(
        id=row.id, content=row.content, created_at=row.created_at, score=row.score
    )
