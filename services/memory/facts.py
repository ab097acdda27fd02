"""Facts that memories hold: storing them, and what is known where somebody speaks.

A fact goes with the memory that it is from, and is known where that may be recalled. Which of
several facts about the same thing holds is decided there, too: what somebody has told in private
does not end in public what they have told there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import TextClause, delete, insert, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Fact, Memory, Personality, User, Venue
from db.session import Sessions, searches
from services.memory.exchanges import read_exchange
from services.memory.fact_patterns import stated_facts
from services.memory.reach import RULES, any_of, reach_of, reach_parameters
from services.memory.terms import fit
from services.types import Channel

MAX_FACTS = 500  # of a user, the newest, that are looked at
MAX_SHOWN = 20

_STATEMENT = """
WITH reached AS (
    SELECT f.id, f.user_id, f.subject, f.key, f.statement, f.since, f.told_at,
           m.channel_id = :channel_id AND m.created_at >= :before AS is_in_window
    FROM (
        SELECT id FROM facts WHERE personality_id = ANY(:knowing) AND user_id = :user_id
        UNION
        SELECT id FROM facts WHERE personality_id = :personality_id AND is_about_personality
        UNION
        SELECT other.id FROM facts same JOIN facts other
            USING (personality_id, user_id, subject, key) WHERE same.memory_id = ANY(:memory_ids)
    ) AS eligible (id)
    JOIN facts f USING (id) JOIN memories m ON m.id = f.memory_id
    WHERE {rules} AND ({reach}) AND (f.until IS NULL OR f.until > :now)
    ORDER BY f.told_at DESC, f.id LIMIT {limit}
),
ordered AS (
    SELECT *, dense_rank() OVER thing AS age FROM reached
    WINDOW thing AS (PARTITION BY user_id, subject, key ORDER BY told_at DESC)
)
SELECT o.id, o.subject, o.statement, (
        SELECT min(p.since) FROM ordered p
        WHERE (p.user_id, p.subject, p.key, p.statement)
            = (o.user_id, o.subject, o.key, o.statement)
    ) AS since, (
        SELECT p.statement FROM ordered p
        WHERE (p.user_id, p.subject, p.key) = (o.user_id, o.subject, o.key)
        AND p.age > 1 AND p.statement <> o.statement ORDER BY p.age LIMIT 1
    ) AS previous,
    EXISTS (
        SELECT FROM ordered p
        WHERE (p.user_id, p.subject, p.key, p.age) = (o.user_id, o.subject, o.key, 1)
        AND p.statement <> o.statement
    ) AS is_contradicted
FROM ordered o WHERE o.age = 1 AND NOT o.is_in_window
ORDER BY o.told_at DESC, o.id
"""
_LINK_UPDATED = text("""
    UPDATE memories m SET updates_id = replaced.memory_id
    FROM (
        SELECT DISTINCT ON (newer.memory_id) newer.memory_id AS newer_id, older.memory_id
        FROM facts newer JOIN facts older USING (personality_id, user_id, subject, key)
        WHERE newer.memory_id = ANY(:memory_ids) AND older.told_at < newer.told_at
        AND older.statement <> newer.statement
        ORDER BY newer.memory_id, older.told_at DESC
    ) replaced
    WHERE m.id = replaced.newer_id AND m.updates_id IS NULL
""")


@cache
def _statement(venue: Venue, *, is_shared: bool) -> TextClause:
    reach = any_of(reach_of(venue, is_shared=is_shared))
    return text(_STATEMENT.format(rules=RULES, reach=reach, limit=MAX_FACTS))


@dataclass(frozen=True, kw_only=True)
class KnownFact:
    """What is known of somebody. `previous` is what was so before it.

    One that `fits` has something to do with the question; one that `is_contradicted` was told at
    the same time as something else of the same.
    """

    id: UUID
    subject: str
    statement: str
    since: datetime
    previous: str | None = None
    is_contradicted: bool = False
    fits: bool = False


async def add_stated(session: AsyncSession, memory: Memory, message: str, *, subject: str) -> None:
    """Store what a user plainly says of themselves in a message, which is a memory's."""
    facts = stated_facts(message)
    if not facts:
        return
    await session.flush()
    columns = {
        "memory_id": memory.id,
        "personality_id": memory.personality_id,
        "user_id": memory.user_id,
        "subject": subject,
        "told_at": memory.created_at,
        "since": memory.created_at,
    }
    rows = [{**columns, "key": each.key, "statement": each.statement} for each in facts]
    await session.execute(insert(Fact).values(rows))
    await link_updated(session, [memory.id])


async def link_updated(session: AsyncSession, memory_ids: Collection[UUID]) -> None:
    """Link memories to those whose facts their own take the place of, if they have no such link."""
    await session.execute(_LINK_UPDATED, {"memory_ids": list(memory_ids)})


async def restate(session: AsyncSession, memory: Memory) -> None:
    """Replace the facts of a memory whose text has changed, except those that somebody edited."""
    await session.execute(delete(Fact).where(Fact.memory_id == memory.id, ~Fact.is_edited))
    personality = await session.get_one(Personality, memory.personality_id)
    if exchange := read_exchange(memory.content, personality.name):
        await add_stated(session, memory, exchange.message, subject=exchange.speaker)


async def known_facts(
    sessions: Sessions,
    terms: Mapping[int, float],
    *,
    personality_id: UUID,
    user_id: UUID,
    channel: Channel,
    before: datetime,
    now: datetime,
    memory_ids: Collection[UUID] = (),
    shared: Collection[UUID] = (),
) -> list[KnownFact]:
    """Return what is known of a user, of the personality itself, and of what memories are about.

    At most `MAX_SHOWN`: those that fit the terms of a question best, then the newest. What stands
    in the history of the prompt, which starts at `before`, is left out.
    """
    parameters = {
        **reach_parameters(channel, personality_id=personality_id, user_id=user_id, shared=shared),
        "knowing": [personality_id, *shared],
        "before": before,
        "now": now,
        "memory_ids": list(memory_ids),
    }
    statement = _statement(channel.venue, is_shared=bool(shared))
    async with searches(sessions).connect() as connection:
        rows = (await connection.execute(statement, parameters)).all()
    distinct = {(row.subject, row.statement): row for row in reversed(rows)}
    facts = [
        KnownFact(
            id=row.id,
            subject=row.subject,
            statement=row.statement,
            since=row.since,
            previous=row.previous,
            is_contradicted=row.is_contradicted,
            fits=fit(f"{row.subject} {row.statement}", terms) > 0,
        )
        for row in reversed(distinct.values())
    ]
    return sorted(facts, key=lambda each: -fit(f"{each.subject} {each.statement}", terms))[
        :MAX_SHOWN
    ]


@dataclass(frozen=True, kw_only=True)
class OwnFact:
    """What a personality knows of a user, as they see it.

    `ended_at` is when something else took its place. One that `is_contradicted` was told at the
    same time as something else of the same.
    """

    fact: Fact
    personality: str
    ended_at: datetime | None
    is_contradicted: bool

    @property
    def text(self) -> str:
        """Return whom it is about and what it says."""
        return f"{self.fact.subject} {self.fact.statement}"


async def own_facts(
    session: AsyncSession, discord_id: int, personality_id: UUID | None = None
) -> list[OwnFact]:
    """Return what is known of a user, by one personality or all: what holds first, the newest."""
    is_there = Fact.personality_id == personality_id if personality_id else true()
    rows = await session.execute(
        select(Fact, Personality.name)
        .join(User, User.id == Fact.user_id)
        .join(Personality, Personality.id == Fact.personality_id)
        .where(User.discord_id == discord_id, is_there)
        .order_by(Fact.told_at.desc(), Fact.id)
        .limit(MAX_FACTS)
    )
    things: dict[tuple[UUID, str, str], list[tuple[Fact, str]]] = {}
    for fact, name in rows:
        things.setdefault((fact.personality_id, fact.subject, fact.key), []).append((fact, name))
    facts = [
        OwnFact(
            fact=fact,
            personality=name,
            ended_at=fact.until or _next_since(fact, thing),
            is_contradicted=any(
                e.told_at == fact.told_at and e.statement != fact.statement for e, _ in thing
            ),
        )
        for thing in things.values()
        for number, (fact, name) in enumerate(thing)
        # What was said again is shown once, since it was said first.
        if number + 1 == len(thing) or thing[number + 1][0].statement != fact.statement
    ]
    return sorted(
        facts, key=lambda each: (each.ended_at is not None, -each.fact.told_at.timestamp())
    )


def _next_since(fact: Fact, thing: Sequence[tuple[Fact, str]]) -> datetime | None:
    later = [
        each
        for each, _ in thing
        if each.told_at > fact.told_at and each.statement != fact.statement
    ]
    return min(later, key=lambda each: each.told_at).since if later else None


async def same_facts(session: AsyncSession, fact: Fact) -> Sequence[Fact]:
    """Return the facts that say the same of the same as one does, with it."""
    rows = await session.scalars(
        select(Fact).where(
            Fact.user_id == fact.user_id,
            Fact.personality_id == fact.personality_id,
            Fact.subject == fact.subject,
            Fact.key == fact.key,
            Fact.statement == fact.statement,
        )
    )
    return rows.all()


async def settle(session: AsyncSession, fact: Fact) -> None:
    """Delete what was told at the same time as a fact and says something else of the same."""
    await session.execute(
        delete(Fact).where(
            Fact.user_id == fact.user_id,
            Fact.personality_id == fact.personality_id,
            Fact.subject == fact.subject,
            Fact.key == fact.key,
            Fact.told_at == fact.told_at,
            Fact.statement != fact.statement,
        )
    )
