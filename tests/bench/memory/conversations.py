"""Conversations as the product keeps them, and questions about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, text

from db.models import Memory, Personality, Venue
from db.session import Sessions
from services.access import Caller
from services.chat.prompt_rendering import MEMORY_TOKENS, render_known
from services.chat.reply_context import MEMORY_LIMIT, MEMORY_SCORE_THRESHOLD
from services.embeddings import TextEmbedder
from services.memory import (
    MeaningModel,
    RetrievedMemory,
    ask,
    best_part,
    find_updated,
    index,
    retrieve,
    without_repetitions,
)
from services.people import get_or_create_user
from services.seeds import seed
from services.types import Actor, Channel

AFTERWARDS = datetime(2100, 1, 1, tzinfo=UTC)
CALLER = Caller(purpose="bench")
_BATCH = 400
_NUMBERS = count(1)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What somebody said and what was answered.

    `turns` are the texts of what questions name as evidence, by how they name it, `notes` what a
    model has noted of it.
    """

    said: str
    content: str
    at: datetime
    sitting: object
    turns: Mapping[str, str]
    notes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A conversation of two, and questions about it with their evidence and their kind."""

    user: str
    personality: str
    exchanges: Sequence[Exchange]
    questions: Sequence[tuple[str, frozenset[str], int]] = ()


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Where a conversation was stored."""

    conversation: Conversation
    personality_id: UUID
    user_id: UUID
    channel: Channel
    meaning: MeaningModel
    exchanges: dict[UUID, Exchange] = field(default_factory=dict[UUID, Exchange])


async def store(
    sessions: Sessions,
    embedder: TextEmbedder,
    conversation: Conversation,
    meaning: MeaningModel | None = None,
) -> Stored:
    """Store a conversation with a personality of its own, as chat does.

    Where a model finds memories by their `meaning`, it has read them.
    """
    await seed(sessions, vendors=set())
    number = next(_NUMBERS)
    async with sessions.begin() as session:
        user = await get_or_create_user(
            session, Actor(discord_id=10_000 + number, name=conversation.user)
        )
        personality_id = await copy_personality(session, f"{conversation.personality} {number}")
    stored = Stored(
        conversation=conversation,
        personality_id=personality_id,
        user_id=user.id,
        channel=Channel(channel_id=50_000 + number, guild_id=None, venue=Venue.DM),
        meaning=meaning or MeaningModel(),
    )
    texts = await index(
        embedder,
        [each.content for each in conversation.exchanges],
        [each.notes for each in conversation.exchanges],
    )
    sittings: dict[object, UUID] = {}
    rows: list[dict[str, Any]] = []
    for each, indexed in zip(conversation.exchanges, texts, strict=True):
        memory_id = uuid4()
        stored.exchanges[memory_id] = each
        rows.append(
            {
                "id": memory_id,
                "personality_id": personality_id,
                "user_id": user.id,
                "venue": Venue.DM,
                "channel_id": stored.channel.channel_id,
                "guild_id": None,
                "session_id": sittings.setdefault(each.sitting, uuid4()),
                "created_at": each.at,
                **indexed.columns(),
            }
        )
    async with sessions.begin() as session:
        for start in range(0, len(rows), _BATCH):
            await session.execute(insert(Memory), rows[start : start + _BATCH])
        await session.execute(text("ANALYZE memories"))
    await _link(sessions, embedder, stored)
    await _have_read(sessions, stored)
    return stored


async def _have_read(sessions: Sessions, stored: Stored) -> None:
    """Have the model read what is stored, as a job of the product does."""
    if stored.meaning.name is None:
        return
    read = {
        memory_id: each.content
        for memory_id, each in stored.exchanges.items()
        if stored.meaning.reads(each.content)
    }
    vectors = await stored.meaning.read(list(read.values()), caller=CALLER)
    async with sessions.begin() as session:
        for memory_id, vector in zip(read, vectors, strict=True):
            memory = await session.get_one(Memory, memory_id)
            memory.model_embedding, memory.embedder = vector, stored.meaning.name


async def copy_personality(session: Any, name: str) -> UUID:
    """Insert a personality that is like any other, and return its id."""
    any_one = await session.scalar(select(Personality).limit(1))
    own = {"id", "name", "slug", "created_at", "updated_at", "public_version", "visibility"}
    columns = {
        column.key: getattr(any_one, column.key)
        for column in Personality.__table__.columns
        if column.key not in {*own, "published_at"}
    }
    personality_id = uuid4()
    await session.execute(
        insert(Personality).values(
            id=personality_id, name=name, slug=f"bench-{personality_id.hex}", **columns
        )
    )
    return personality_id


async def _link(sessions: Sessions, embedder: TextEmbedder, stored: Stored) -> None:
    """Link what says something anew to what it takes the place of, as storing does."""
    links: list[dict[str, Any]] = []
    for memory_id, each in stored.exchanges.items():
        updated = await find_updated(
            sessions,
            embedder,
            each.said,
            names=(stored.conversation.user, stored.conversation.personality),
            personality_id=stored.personality_id,
            user_id=stored.user_id,
            channel=stored.channel,
            before=each.at,
        )
        if updated is not None:
            links.append({"id": memory_id, "updates_id": updated})
    async with sessions.begin() as session:
        for link in links:
            memory = await session.get_one(Memory, link["id"])
            memory.updates_id = link["updates_id"]


async def find(
    sessions: Sessions,
    embedder: TextEmbedder,
    stored: Stored,
    question: str,
    *,
    limit: int,
    threshold: float = 0,
) -> Sequence[RetrievedMemory]:
    """Return what is found for a question, best first."""
    names = (stored.conversation.user, stored.conversation.personality)
    asked = await ask(embedder, question, names=names)
    return await retrieve(
        sessions,
        await stored.meaning.add_to(asked, caller=CALLER),
        personality_id=stored.personality_id,
        user_id=stored.user_id,
        channel=stored.channel,
        before=AFTERWARDS,
        threshold=threshold,
        limit=limit,
    )


async def remembered_lines(
    sessions: Sessions, embedder: TextEmbedder, stored: Stored, question: str
) -> list[str]:
    """Return what a prompt has of what is remembered by default, as chat renders it."""
    names = (stored.conversation.user, stored.conversation.personality)
    asked = await ask(embedder, question, names=names)
    found = await find(
        sessions,
        embedder,
        stored,
        question,
        limit=MEMORY_LIMIT,
        threshold=MEMORY_SCORE_THRESHOLD,
    )
    shown = [
        replace(each, content=best_part(each.content, asked.terms))
        for each in without_repetitions(found)
    ]
    return render_known((), shown, AFTERWARDS, token_limit=MEMORY_TOKENS)
