"""What is still to be read of a sitting, and the notes that were made of it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Fact, Memory, SittingSummary, Venue
from services.embeddings import TextEmbedder
from services.memory.extraction import Sitting, SittingNotes, to_fact
from services.memory.facts import link_updated
from services.memory.indexing import IndexedText, index
from services.texts import is_blank, on_one_line, shorten

BATCH = 20  # exchanges that are read at once
_SUMMARISED_FROM = 6  # exchanges of a sitting
_MAX_SUMMARY, _MAX_KNOWN = 600, 60
_MAX_SUMMARIES = 5  # in a prompt


async def unread_of(session: AsyncSession, session_id: UUID) -> Sitting | None:
    """Return what is to be read of a sitting, or None if all is read or gone."""
    unread = (
        await session.scalars(
            select(Memory)
            .where(Memory.session_id == session_id, Memory.is_unread)
            .order_by(Memory.created_at, Memory.id)
            .limit(BATCH + 1)
        )
    ).all()
    if not unread:
        return None
    first = unread[0]
    known = await session.scalars(
        select(Fact)
        .join(Memory, Memory.id == Fact.memory_id)
        .where(
            Fact.user_id == first.user_id,
            Fact.personality_id == first.personality_id,
            *_is_of_same_place(first),
        )
        .order_by(Fact.told_at.desc())
        .limit(_MAX_KNOWN)
    )
    count = await session.scalar(select(func.count()).where(Memory.session_id == session_id))
    summary = await session.get(SittingSummary, session_id)
    return Sitting(
        exchanges=unread[:BATCH],
        known=known.all(),
        summary=summary.content if summary is not None else "",
        has_more=len(unread) > BATCH,
        is_summarised=(count or 0) >= _SUMMARISED_FROM,
    )


def _is_of_same_place(first: Memory) -> list[ColumnElement[bool]]:
    """Return the conditions on what may be repeated wherever a memory may be recalled.

    A summary of what was said in public must not have what is known from elsewhere.
    """
    place = (
        Memory.guild_id == first.guild_id
        if first.venue == Venue.PUBLIC
        else Memory.channel_id == first.channel_id
    )
    is_fit = true() if first.age_restricted else ~Memory.age_restricted
    return [Memory.venue == first.venue, place, is_fit]


def facts_in(sitting: Sitting, notes: SittingNotes, *, character: str) -> list[Fact]:
    """Return the facts of notes that the exchanges of a sitting bear out."""
    facts: list[Fact] = []
    for each in notes.facts:
        fact = to_fact(sitting, each, character=character)
        if fact is not None:
            facts.append(fact)
    return facts


async def index_with_facts(
    embedder: TextEmbedder, sitting: Sitting, facts: Sequence[Fact]
) -> dict[UUID, IndexedText]:
    """Return what the exchanges of which there are facts are found by, with these facts."""
    noted: dict[UUID, list[str]] = {}
    for fact in facts:
        noted.setdefault(fact.memory_id, []).append(f"{fact.subject} {fact.statement}")
    found = [each for each in sitting.exchanges if each.id in noted]
    texts = await index(
        embedder, [each.content for each in found], [noted[each.id] for each in found]
    )
    return {memory.id: indexed for memory, indexed in zip(found, texts, strict=True)}


async def store_notes(
    session: AsyncSession,
    sitting: Sitting,
    facts: Sequence[Fact],
    indexed: Mapping[UUID, IndexedText],
    *,
    summary: str,
) -> None:
    """Store what was noted of a sitting, and mark its exchanges as read.

    `indexed` is what those are found by of which there are facts. Exchanges that were forgotten or
    changed meanwhile are left out.
    """
    rows = await session.scalars(
        select(Memory)
        .where(Memory.id.in_([each.id for each in sitting.exchanges]))
        .order_by(Memory.id)
        .with_for_update()
    )
    current = {each.id: each for each in rows}
    is_whole = all(
        each.id in current and current[each.id].content == each.content
        for each in sitting.exchanges
    )
    stated = await session.execute(
        select(Fact.memory_id, Fact.key).where(Fact.memory_id.in_(current))
    )
    known = {(memory_id, key) for memory_id, key in stated}
    for fact in facts:
        if fact.memory_id in current and (fact.memory_id, fact.key) not in known:
            known.add((fact.memory_id, fact.key))
            session.add(fact)
    await session.flush()
    await link_updated(session, list(current))
    for memory_id, text in indexed.items():
        memory = current.get(memory_id)
        if memory is not None and memory.content == text.content:
            memory.embedding, memory.terms = text.embedding, text.terms
    known_ids = [each.id for each in sitting.known]
    count = await session.scalar(select(func.count()).where(Fact.id.in_(known_ids)))
    is_whole = is_whole and count == len(known_ids)
    if sitting.is_summarised and is_whole and not is_blank(summary):
        await _store_summary(session, sitting, shorten(on_one_line(summary), _MAX_SUMMARY))
    await _mark_read(session, list(current))


async def _mark_read(session: AsyncSession, memory_ids: Sequence[UUID]) -> None:
    """Mark exchanges as read by a model."""
    await session.execute(update(Memory).where(Memory.id.in_(memory_ids)).values(is_unread=False))


async def is_open(session: AsyncSession, session_id: UUID, gap: timedelta) -> bool:
    """Whether a sitting may still go on: its last exchange is not longer ago than a gap."""
    newest = select(Memory.id).where(
        Memory.session_id == session_id, Memory.created_at > func.now() - gap
    )
    return await session.scalar(newest.limit(1)) is not None


async def give_up(session: AsyncSession, session_id: UUID) -> None:
    """Mark all of a sitting as read, without notes."""
    await session.execute(
        update(Memory).where(Memory.session_id == session_id).values(is_unread=False)
    )


def has_summaries(personality_id: Any, channel_id: Any) -> ColumnElement[bool]:
    """Return whether there are any summaries of talk with a personality in a channel."""
    return exists().where(
        SittingSummary.personality_id == personality_id, SittingSummary.channel_id == channel_id
    )


async def summaries_of(
    session: AsyncSession, personality_id: UUID, channel_id: int, *, age_restricted: bool
) -> Sequence[SittingSummary]:
    """Return the last summaries of what was talked about with a personality in a channel."""
    is_fit = true() if age_restricted else ~SittingSummary.age_restricted
    newest = await session.scalars(
        select(SittingSummary)
        .where(
            SittingSummary.personality_id == personality_id,
            SittingSummary.channel_id == channel_id,
            is_fit,
        )
        .order_by(SittingSummary.started_at.desc())
        .limit(_MAX_SUMMARIES)
    )
    return newest.all()[::-1]


async def restrict_summaries(session: AsyncSession, channel_ids: Sequence[int]) -> None:
    """Show the summaries of channels only where everything is age-restricted."""
    await session.execute(
        update(SittingSummary)
        .where(SittingSummary.channel_id.in_(channel_ids))
        .values(age_restricted=True)
    )


async def drop_summaries(
    session: AsyncSession, channel_id: int, user_id: UUID | None, personality_id: UUID | None
) -> None:
    """Delete the summaries of a channel, optionally only of one user or one personality."""
    conditions = [SittingSummary.channel_id == channel_id]
    if user_id is not None:
        conditions.append(SittingSummary.user_id == user_id)
    if personality_id is not None:
        conditions.append(SittingSummary.personality_id == personality_id)
    await session.execute(delete(SittingSummary).where(*conditions))


async def _store_summary(session: AsyncSession, sitting: Sitting, content: str) -> None:
    first, last = sitting.exchanges[0], sitting.exchanges[-1]
    stored = await session.get(SittingSummary, first.session_id, with_for_update=True)
    if (stored.content if stored else "") != sitting.summary:
        return  # what it goes on from was forgotten or corrected meanwhile
    if stored is not None:
        stored.content, stored.ended_at = content, last.created_at
        stored.age_restricted = stored.age_restricted or last.age_restricted
        return
    session.add(
        SittingSummary(
            session_id=first.session_id,
            personality_id=first.personality_id,
            user_id=first.user_id,
            channel_id=first.channel_id,
            age_restricted=first.age_restricted,
            content=content,
            started_at=first.created_at,
            ended_at=last.created_at,
        )
    )
