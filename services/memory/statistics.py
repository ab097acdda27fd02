"""How rare words are among the memories in reach, and how many there are.

That is counted now and then, and kept in memory: a few memories more change little. What somebody
says where it is not recalled changes nothing.
"""

import math
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.sql.elements import TextClause

from db.session import Sessions, process_cache, searches
from services.memory.reach import RULES

# So many of the newest memories tell how rare a word is.
_SAMPLE = 256
_FEW = 200  # of fewer, each word would seem to be in most: they count as so many
# Of so many memories all are looked at; of more, the newest and the best candidates.
ALL_OF = 1000
_MAX_AGE_SECONDS, _MAX_KEPT = 600.0, 500
# It is counted anew after so many searches, as often by a fraction of what was counted.
_MIN_USES, _USES_SHARE = 4, 8
_TERM = re.compile(r"(\d{1,10}):")


@dataclass
class Statistics:
    """What is known of the memories in reach: how many there are, up to one more than `ALL_OF`.

    `counts` are those of the memories with a term, among `sampled` ones.
    """

    total: int
    sampled: int
    counts: Mapping[int, int]
    counted_at: float
    uses: int = 0

    @property
    def is_large(self) -> bool:
        """Whether there are more than can all be looked at."""
        return self.total > ALL_OF

    @property
    def is_current(self) -> bool:
        """Whether they need not be counted anew."""
        most = max(_MIN_USES, self.sampled // _USES_SHARE)
        return self.uses < most and time.monotonic() - self.counted_at < _MAX_AGE_SECONDS

    def weigh(self, terms: Mapping[int, float]) -> dict[int, float]:
        """Return the terms of a question, each weighted by BM25's idf among the memories.

        That is ln(1 + (N - n + 0.5) / (n + 0.5)) for n of N memories (Robertson and Zaragoza, *The
        Probabilistic Relevance Framework*, 2009).
        """
        total = max(self.sampled, _FEW)
        return {
            term: weight * math.log(1 + (total - known + 0.5) / (known + 0.5))
            for term, weight in terms.items()
            for known in (self.counts.get(term, 0),)
        }

    def share(self, term: int) -> float:
        """Return the share of the memories that have a term."""
        return self.counts.get(term, 0) / max(self.sampled, 1)


async def count(sessions: Sessions, reach: tuple[str, ...], where: Mapping[str, Any]) -> Statistics:
    """Return what is known of the memories that fulfil one of some conditions.

    `where` has the parameters of the conditions.
    """
    counted = process_cache(sessions, "memory statistics", OrderedDict[Any, Statistics])
    key = (reach, *(_key(where[name]) for name in sorted(_names(reach) & where.keys())))
    known = counted.get(key)
    if known is None or not known.is_current:
        known = counted[key] = await _count(sessions, reach, where)
        if len(counted) > _MAX_KEPT:
            counted.popitem(last=False)
    known.uses += 1
    counted.move_to_end(key)
    return known


async def _count(
    sessions: Sessions, reach: tuple[str, ...], where: Mapping[str, Any]
) -> Statistics:
    names = _names(reach)
    parameters = {name: value for name, value in where.items() if name in names}
    async with searches(sessions).connect() as connection:
        rows = (await connection.execute(_statement(reach), parameters)).all()
    counts = Counter(int(term) - 1 for row in rows if row.terms for term in _terms(row.terms))
    sampled = sum(row.terms is not None for row in rows)
    return Statistics(rows[0].total if rows else 0, sampled, counts, time.monotonic())


def _statement(reach: tuple[str, ...]) -> TextClause:
    def each_reach(rows: str) -> str:
        return " UNION ALL ".join(f"({rows.format(each)})" for each in reach)

    newest = each_reach(
        f"SELECT m.terms, m.created_at FROM memories m WHERE {{}} AND {RULES} "  # noqa: S608 - constants of this package
        f"ORDER BY m.created_at DESC LIMIT {_SAMPLE}"
    )
    counted = each_reach(
        f"SELECT 1 FROM memories m WHERE {{}} AND {RULES} LIMIT {ALL_OF + 1}"  # noqa: S608 - as above
    )
    return text(
        f"""
        SELECT CAST(n.terms AS text) AS terms, (SELECT count(*) FROM ({counted}) c) AS total
        FROM ({newest}) n ORDER BY n.created_at DESC LIMIT {_SAMPLE}
        """  # noqa: S608 - as above
    )


def _names(reach: Iterable[str]) -> set[str]:
    return set(re.findall(r":(\w+)", " ".join([*reach, RULES])))


def _key(value: Any) -> str:
    return repr(value)


def _terms(vector: str) -> Iterable[str]:
    return _TERM.findall(vector)
