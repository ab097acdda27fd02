"""Queries on lorebooks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import storable
from db.models import (
    Lorebook,
    LoreEntry,
    LoreScope,
    LoreTimer,
    Persona,
    Personality,
    User,
)
from services.access import is_own
from services.lore.entries import name_of
from services.lore.formats import AUTHOR_NOTE, BookFile
from services.lore.types import ListedBook, LorePlace, LoreTarget, Timer
from services.types import Actor

_MAX_LISTED = 200


@dataclass(frozen=True)
class BookRevision:
    """Which book applies somewhere, and its current revision."""

    id: UUID
    name: str
    scope: LoreScope
    revision: int


async def revisions(session: AsyncSession, place: LorePlace) -> Sequence[BookRevision]:
    """Return the books that apply somewhere."""
    # What a place does not have is in no list: it is not the same as what a book does not have.
    owners = {
        Lorebook.personality_id: [place.personality_id],
        Lorebook.persona_id: [place.persona_id],
        Lorebook.channel_id: place.channel_ids,
    }
    applies = [
        column.in_([each for each in ids if each is not None]) for column, ids in owners.items()
    ]
    guilds = [] if place.guild_id is None else [place.guild_id]
    is_of_server = (Lorebook.scope == LoreScope.SERVER) & Lorebook.guild_id.in_(guilds)
    rows = await session.execute(
        select(Lorebook.id, Lorebook.name, Lorebook.scope, Lorebook.revision).where(
            Lorebook.enabled,
            or_(Lorebook.scope == LoreScope.EVERYWHERE, is_of_server, *applies),
        )
    )
    return [BookRevision(id_, name, LoreScope(scope), n) for id_, name, scope, n in rows]


async def documents(
    session: AsyncSession, book_id: UUID
) -> tuple[dict[str, Any], Sequence[tuple[UUID, dict[str, Any]]]]:
    """Return the document of a book, and id and document of each of its entries in order."""
    book = await session.scalar(select(Lorebook.document).where(Lorebook.id == book_id))
    rows = await session.execute(
        select(LoreEntry.id, LoreEntry.document)
        .where(LoreEntry.lorebook_id == book_id)
        .order_by(LoreEntry.position)
    )
    return book or {}, [(id_, document) for id_, document in rows]


def has_timers(channel_id: Any, personality_id: Any) -> ColumnElement[bool]:
    """Return whether there are any timed effects in a conversation."""
    return exists().where(
        LoreTimer.channel_id == channel_id, LoreTimer.personality_id == personality_id
    )


async def timers(session: AsyncSession, channel_id: int, personality_id: UUID) -> Sequence[Timer]:
    """Return the timed effects of entries in a conversation."""
    rows = await session.scalars(
        select(LoreTimer).where(
            LoreTimer.channel_id == channel_id, LoreTimer.personality_id == personality_id
        )
    )
    return [
        Timer(
            entry_id=each.entry_id,
            content_hash=each.content_hash,
            started=each.started,
            sticky_until=each.sticky_until,
            cooldown_until=each.cooldown_until,
        )
        for each in rows
    ]


async def save_timers(
    session: AsyncSession, channel_id: int, personality_id: UUID, started: Sequence[Timer]
) -> None:
    """Store timed effects that began; one of an entry that is gone is left out."""
    ids = [each.entry_id for each in started]
    found = set(await session.scalars(select(LoreEntry.id).where(LoreEntry.id.in_(ids))))
    for timer in started:
        if timer.entry_id not in found:
            continue
        values = {
            "content_hash": timer.content_hash,
            "started": timer.started,
            "sticky_until": timer.sticky_until,
            "cooldown_until": timer.cooldown_until,
        }
        await session.execute(
            insert(LoreTimer)
            .values(
                channel_id=channel_id,
                personality_id=personality_id,
                entry_id=timer.entry_id,
                **values,
            )
            .on_conflict_do_update(
                index_elements=["channel_id", "personality_id", "entry_id"], set_=values
            )
        )


async def list_books(
    session: AsyncSession, actor: Actor, place: LorePlace, *, personality_id: UUID | None = None
) -> Sequence[ListedBook]:
    """Return a person's own books and those of a place that they may change, or of one of these."""
    owned = select(Personality.id).where(
        is_own({actor.discord_id}), Personality.deleted_at.is_(None)
    )
    conditions: list[Any] = [
        Lorebook.personality_id.in_(owned),
        Lorebook.persona_id.in_(_personas_of(actor.discord_id)),
    ]
    if actor.moderates or actor.is_bot_owner or place.guild_id is None:
        conditions.append(Lorebook.channel_id.in_(place.channel_ids))
    if (actor.moderates_server or actor.is_bot_owner) and place.guild_id is not None:
        is_server = Lorebook.scope == LoreScope.SERVER
        conditions.append(is_server & (Lorebook.guild_id == place.guild_id))
    if actor.is_bot_owner:
        conditions.append(Lorebook.scope == LoreScope.EVERYWHERE)
    count = (
        select(func.count())
        .where(LoreEntry.lorebook_id == Lorebook.id)
        .correlate(Lorebook)
        .scalar_subquery()
    )
    rows = await session.execute(
        select(Lorebook, func.coalesce(Personality.name, Persona.name, ""), count)
        .outerjoin(Personality, Personality.id == Lorebook.personality_id)
        .outerjoin(Persona, Persona.id == Lorebook.persona_id)
        .where(
            or_(*conditions),
            *([] if personality_id is None else [Lorebook.personality_id == personality_id]),
        )
        .order_by(Lorebook.scope, func.lower(Lorebook.name))
        .limit(_MAX_LISTED)
    )
    return [ListedBook(book, owner, number) for book, owner, number in rows]


def _personas_of(discord_id: int) -> Select[UUID]:
    return (
        select(Persona.id)
        .join(User, User.id == Persona.owner_id)
        .where(or_(User.discord_id == discord_id, User.account_id == discord_id))
    )


async def owns_persona(session: AsyncSession, discord_id: int, persona_id: UUID | None) -> bool:
    """Whether a persona is a person's."""
    own = _personas_of(discord_id).where(Persona.id == persona_id)
    return await session.scalar(own) is not None


async def is_taken(session: AsyncSession, target: LoreTarget, name: str) -> bool:
    """Whether a target has a book of this name."""
    found = await session.scalar(
        select(Lorebook.id).where(
            func.lower(Lorebook.name) == name.lower(),
            Lorebook.scope == target.scope,
            Lorebook.channel_id.is_not_distinct_from(target.channel_id),
            Lorebook.guild_id.is_not_distinct_from(target.guild_id),
            Lorebook.persona_id.is_not_distinct_from(target.persona_id),
            Lorebook.personality_id.is_not_distinct_from(target.personality_id),
        )
    )
    return found is not None


async def add_book(
    session: AsyncSession, target: LoreTarget, maker_id: UUID | None, name: str, file: BookFile
) -> Lorebook:
    """Insert a book with its entries."""
    book = Lorebook(
        name=name,
        scope=target.scope,
        maker_id=maker_id,
        channel_id=target.channel_id,
        guild_id=target.guild_id,
        persona_id=target.persona_id,
        personality_id=target.personality_id,
        document=file.document,
    )
    session.add(book)
    await session.flush()
    rows = [
        {
            "lorebook_id": book.id,
            "position": position,
            "name": name_of(document),
            "document": storable(document),
        }
        for position, document in enumerate(file.entries, start=1)
    ]
    if rows:
        await session.execute(insert(LoreEntry), rows)
    return book


async def lore_text(session: AsyncSession, personality_id: UUID) -> str:
    """Return the texts of all books of a personality."""
    content = LoreEntry.document["content"].astext
    texts = await session.scalars(
        select(content)
        .join(Lorebook, Lorebook.id == LoreEntry.lorebook_id)
        .where(Lorebook.personality_id == personality_id)
        .order_by(Lorebook.created_at, LoreEntry.position)
    )
    return "\n\n".join(text for text in texts if text)


async def find_note(session: AsyncSession, target: LoreTarget) -> LoreEntry | None:
    """Return the author's note of a channel: the entry of a book that has only this."""
    return await session.scalar(
        select(LoreEntry)
        .join(Lorebook, Lorebook.id == LoreEntry.lorebook_id)
        .where(
            Lorebook.channel_id == target.channel_id,
            Lorebook.document.has_key(AUTHOR_NOTE),
        )
        .limit(1)
    )


async def add_entry(session: AsyncSession, book_id: UUID, document: dict[str, Any]) -> LoreEntry:
    """Add an entry at the end of a book."""
    last = await session.scalar(
        select(func.max(LoreEntry.position)).where(LoreEntry.lorebook_id == book_id)
    )
    entry = LoreEntry(lorebook_id=book_id, position=(last or 0) + 1, document=document)
    session.add(entry)
    await session.flush()
    return entry


async def entries(session: AsyncSession, book_id: UUID) -> Sequence[LoreEntry]:
    """Return the entries of a book in order."""
    result = await session.scalars(
        select(LoreEntry).where(LoreEntry.lorebook_id == book_id).order_by(LoreEntry.position)
    )
    return result.all()


async def books_of(
    session: AsyncSession, personality_id: UUID
) -> Sequence[tuple[Lorebook, Sequence[LoreEntry]]]:
    """Return the books of a personality with their entries, the first one first."""
    books = await session.scalars(
        select(Lorebook)
        .where(Lorebook.personality_id == personality_id)
        .order_by(Lorebook.created_at, Lorebook.id)
    )
    return [(book, await entries(session, book.id)) for book in books.all()]


async def entry_count(session: AsyncSession, book_id: UUID) -> int:
    """Return how many entries a book has."""
    return (
        await session.scalar(
            select(func.count()).select_from(LoreEntry).where(LoreEntry.lorebook_id == book_id)
        )
    ) or 0


async def find_entry(session: AsyncSession, book_id: UUID, typed: str) -> LoreEntry | None:
    """Return the entry of a book with this name or number."""
    by_name = func.lower(LoreEntry.name) == typed.strip().lower()
    number = typed.strip().removeprefix("#")
    if number.isdecimal():
        ordered = (
            select(LoreEntry)
            .where(LoreEntry.lorebook_id == book_id)
            .order_by(LoreEntry.position)
            .offset(max(int(number[:9]) - 1, 0))
            .limit(1)
        )
        if (entry := await session.scalar(ordered)) is not None:
            return entry
    return await session.scalar(
        select(LoreEntry)
        .where(LoreEntry.lorebook_id == book_id, by_name)
        .order_by(LoreEntry.position)
        .limit(1)
    )


async def delete_entry(session: AsyncSession, book_id: UUID, entry_id: UUID) -> None:
    """Delete an entry of a book."""
    await session.execute(
        delete(LoreEntry).where(LoreEntry.id == entry_id, LoreEntry.lorebook_id == book_id)
    )
