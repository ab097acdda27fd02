"""Management of memories by the users they are about."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Fact, Memory, OptOut, Personality, User
from db.session import Sessions
from services.access import AccessDenied, Quotas, Situation, authorize, keeps_memories
from services.clock import Clock
from services.embeddings import TextEmbedder
from services.errors import OptedOut, TextEmpty
from services.memory import queries
from services.memory.browsing import MemoryFilter, browse, rememberers
from services.memory.errors import (
    FactNotFound,
    IncognitoNow,
    MemoryForbidden,
    MemoryFull,
    MemoryLocked,
    MemoryNotFound,
    MemoryOff,
    TooManyPinned,
)
from services.memory.extraction import MAX_STATEMENT
from services.memory.facts import OwnFact, add_stated, own_facts, same_facts, settle
from services.memory.filling import enqueue_embedding, enqueue_indexing
from services.memory.indexing import index
from services.memory.meaning import PURPOSE, MeaningModel
from services.memory.questions import ask
from services.memory.retrieval import MAX_PINNED, search_own
from services.memory.sittings import restrict_summaries
from services.people import get_or_create_user
from services.texts import clean_text, is_blank, on_one_line
from services.types import Actor, Channel, Venue

_MAX_MATCHES = 20
_MAX_ADDED = 1000  # characters
_MAX_EXPORTED = 100_000  # memories


@dataclass(frozen=True)
class Author:
    """Who has written a message."""

    discord_id: int
    name: str


class MemoryService:
    """Lists, searches, edits, locks and deletes a user's own memories."""

    def __init__(
        self,
        sessions: Sessions,
        embedder: TextEmbedder,
        clock: Clock,
        quotas: Quotas | None = None,
        meaning: MeaningModel | None = None,
    ) -> None:
        self._sessions = sessions
        self._quotas = quotas or Quotas()
        self._clock = clock
        self._embedder = embedder
        self._meaning = meaning or MeaningModel()

    async def enqueue_indexing(self) -> None:
        """Have memories given what they are found by and do not have yet, in the background."""
        async with self._sessions.begin() as session:
            await enqueue_indexing(session)
            if self._meaning.name is not None:
                await enqueue_embedding(session)

    async def list_memories(
        self, actor: Actor, personality_id: UUID | None
    ) -> Sequence[tuple[Memory, str]]:
        """Return the actor's memories with one personality or all, newest first."""
        conditions = () if personality_id is None else (Memory.personality_id == personality_id,)
        async with self._sessions() as session:
            return await queries.of_user(session, actor.discord_id, *conditions)

    async def browse(
        self, actor: Actor, wanted: MemoryFilter, *, offset: int, limit: int
    ) -> tuple[Sequence[tuple[Memory, str]], int]:
        """Return some of the actor's memories with whose they are, the newest first; how many."""
        async with self._sessions() as session:
            return await browse(
                *(session, actor.discord_id, wanted),
                now=self._clock.now(),
                offset=offset,
                limit=limit,
            )

    async def rememberers(self, actor: Actor, limit: int) -> Sequence[tuple[UUID, str, int]]:
        """Return who remembers the actor, with how many memories: those with the most first."""
        async with self._sessions() as session:
            return await rememberers(session, actor.discord_id, limit)

    async def full_at(self, actor: Actor) -> int | None:
        """Return how many memories the actor may have if they have as many, else None."""
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            is_full = await queries.is_full(session, user.id, self._quotas.memories)
        return self._quotas.memories if is_full else None

    async def search(
        self, actor: Actor, words: str, *, by_model: bool = True
    ) -> Sequence[tuple[Memory, str]]:
        """Return the actor's memories that fit words best, by words and by meaning, best first.

        Without `by_model`, no model is asked what they mean.
        """
        question = await ask(self._embedder, words)
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            caller = None
            if by_model and self._meaning.name is not None:
                with suppress(AccessDenied):
                    caller = await authorize(session, PURPOSE, user=user)
        if caller is not None:
            question = await self._meaning.add_to(question, caller=caller)
        found = await search_own(self._sessions, question, user_id=user.id, limit=_MAX_MATCHES)
        order = {memory_id: number for number, memory_id in enumerate(found)}
        async with self._sessions() as session:
            memories = await queries.of_user(session, actor.discord_id, Memory.id.in_(found))
        return sorted(memories, key=lambda each: order[each[0].id])

    async def get(self, actor: Actor, memory_id: UUID) -> Memory:
        """Return one of the actor's memories.

        Raises:
            MemoryNotFound: It is not the actor's, or was deleted.
        """
        async with self._sessions() as session:
            return await _get_own(session, actor, memory_id)

    async def edit(self, actor: Actor, memory_id: UUID, content: str) -> None:
        """Replace the text of a memory.

        Raises:
            MemoryLocked: It is locked.
            MemoryNotFound: It is not the actor's, or was deleted.
            TextEmpty, TextTooLong: The text is not valid.
        """
        cleaned = clean_text(content, field="memory")
        if not cleaned:
            raise TextEmpty("memory")
        (indexed,) = await index(self._embedder, [cleaned])
        async with self._sessions.begin() as session:
            memory = await _get_own(session, actor, memory_id)
            if memory.locked:
                raise MemoryLocked
            await queries.rewrite(session, memory, indexed)
            memory.is_edited = True

    async def toggle_lock(self, actor: Actor, memory_id: UUID) -> bool:
        """Lock a memory, or unlock it; return whether it is locked now.

        Raises:
            MemoryNotFound: It is not the actor's, or was deleted.
        """
        async with self._sessions.begin() as session:
            memory = await _get_own(session, actor, memory_id)
            memory.locked = not memory.locked
            return memory.locked

    async def add(
        self,
        actor: Actor,
        personality: Personality,
        channel: Channel,
        text: str,
        *,
        pin: bool = False,
        author: Author | None = None,
    ) -> None:
        """Have a personality remember something, where it is said; pinned, in every prompt.

        `author` is who has said it, if that is not the actor.

        Raises:
            IncognitoNow, OptedOut: Nothing of the actor is stored.
            MemoryForbidden: Moderators have switched off memory here.
            MemoryFull: The actor has as many memories as they may.
            MemoryOff: The personality remembers nothing.
            TextEmpty, TextTooLong: The text is not valid.
            TooManyPinned: So many are pinned that no other fits.
        """
        cleaned = clean_text(text, field="memory", limit=_MAX_ADDED)
        if is_blank(cleaned):
            raise TextEmpty("memory")
        if not personality.memory_enabled:
            raise MemoryOff(personality.name)
        quoted = f"{author.name}: {cleaned}" if author else cleaned
        (indexed,) = await index(
            self._embedder,
            [f"{actor.name} asked {personality.name} to remember: {quoted}"],
        )
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            await self._check_storable(session, actor, user, channel)
            if pin:
                await _check_pins(session, user.id, personality.id)
            memory = await queries.add_within(
                session,
                indexed,
                limit=self._quotas.memories,
                personality_id=personality.id,
                user_id=user.id,
                venue=channel.venue,
                channel_id=channel.channel_id,
                guild_id=channel.guild_id,
                age_restricted=channel.age_restricted,
                is_pinned=pin,
                author_id=author.discord_id if author else None,
            )
            if memory is None:
                raise MemoryFull(self._quotas.memories)
            if author is None:
                await add_stated(session, memory, cleaned, subject=actor.name)

    async def _check_storable(
        self, session: AsyncSession, actor: Actor, user: User, channel: Channel
    ) -> None:
        if await session.get(OptOut, actor.discord_id) is not None:
            raise OptedOut
        if user.incognito:
            raise IncognitoNow
        if not await session.scalar(select(keeps_memories(Situation.of(actor, channel)))):
            raise MemoryForbidden

    async def toggle_pin(self, actor: Actor, memory_id: UUID) -> bool:
        """Pin a memory, so that it is in every prompt, or unpin it; return whether it is pinned.

        Raises:
            MemoryNotFound: It is not the actor's, or was deleted.
            TooManyPinned: So many are pinned that no other fits.
        """
        async with self._sessions.begin() as session:
            memory = await _get_own(session, actor, memory_id)
            if not memory.is_pinned:
                await _check_pins(session, memory.user_id, memory.personality_id)
            memory.is_pinned = not memory.is_pinned
            return memory.is_pinned

    async def forget(self, actor: Actor, memory_id: UUID) -> None:
        """Delete a memory.

        Raises:
            MemoryLocked: It is locked.
            MemoryNotFound: It is not the actor's, or was deleted.
        """
        async with self._sessions.begin() as session:
            memory = await _get_own(session, actor, memory_id)
            if memory.locked:
                raise MemoryLocked
            await queries.forget(session, [memory.id])

    async def sync_channel(self, channel: Channel, thread_ids: Sequence[int]) -> None:
        """Recall what was said in a channel nowhere else once it is private or age-restricted."""
        changes: dict[str, Any] = {}
        if channel.venue == Venue.PRIVATE:
            changes["venue"] = Venue.PRIVATE
        if channel.age_restricted:
            changes["age_restricted"] = True
        if not changes:
            return
        async with self._sessions.begin() as session:
            await session.execute(
                update(Memory)
                .where(
                    Memory.channel_id.in_([channel.channel_id, *thread_ids]),
                    or_(*(getattr(Memory, name) != value for name, value in changes.items())),
                )
                .values(**changes)
            )
            if channel.age_restricted:
                await restrict_summaries(session, [channel.channel_id, *thread_ids])

    async def export(self, actor: Actor) -> bytes:
        """Return all that is remembered and known of the actor as Markdown in UTF-8."""
        async with self._sessions() as session:
            facts = await own_facts(session, actor.discord_id)
            memories = await queries.of_user(session, actor.discord_id, limit=_MAX_EXPORTED)
        known = [
            f"- {each.personality}: {each.text} (since {each.fact.since:%Y-%m-%d})"
            for each in facts
        ]
        remembered = [
            f"## {name}, {memory.created_at:%Y-%m-%d %H:%M} UTC\n\n{memory.content}\n"
            for memory, name in memories
        ]
        return "\n".join(
            ["# Known of you\n", *known, "\n# Remembered of you\n", *remembered]
        ).encode()

    async def list_facts(
        self, actor: Actor, personality_id: UUID | None = None
    ) -> Sequence[OwnFact]:
        """Return what is known of the actor, by one personality or all: what holds first."""
        async with self._sessions() as session:
            return await own_facts(session, actor.discord_id, personality_id)

    async def get_fact(self, actor: Actor, fact_id: UUID) -> OwnFact:
        """Return one of the facts that are known of the actor.

        Raises:
            FactNotFound: It is not about the actor, or was deleted.
        """
        for each in await self.list_facts(actor):
            if each.fact.id == fact_id:
                return each
        raise FactNotFound(str(fact_id))

    async def edit_fact(self, actor: Actor, fact_id: UUID, statement: str) -> None:
        """Replace what a fact says.

        Raises:
            FactNotFound: It is not about the actor, or was deleted.
            TextEmpty, TextTooLong: The text is not valid.
        """
        cleaned = on_one_line(clean_text(statement, field="fact", limit=MAX_STATEMENT))
        if is_blank(cleaned):
            raise TextEmpty("fact")
        async with self._sessions.begin() as session:
            fact = await _get_own_fact(session, actor, fact_id)
            fact.statement, fact.is_edited, fact.confidence = cleaned, True, 1

    async def settle_fact(self, actor: Actor, fact_id: UUID) -> None:
        """Have a fact hold where something else was told at the same time.

        Raises:
            FactNotFound: It is not about the actor, or was deleted.
        """
        async with self._sessions.begin() as session:
            await settle(session, await _get_own_fact(session, actor, fact_id))

    async def forget_fact(self, actor: Actor, fact_id: UUID) -> None:
        """Delete a fact, with the memories that say so.

        Raises:
            FactNotFound: It is not about the actor, or was deleted.
            MemoryLocked: One of these memories is locked.
        """
        async with self._sessions.begin() as session:
            fact = await _get_own_fact(session, actor, fact_id)
            memory_ids = [each.memory_id for each in await same_facts(session, fact)]
            if await queries.has_locked(session, memory_ids):
                raise MemoryLocked
            await queries.forget(session, memory_ids)

    async def purge(self, actor: Actor, personality_id: UUID | None) -> int:
        """Delete the actor's memories that are not locked; return the number deleted."""
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            return await queries.purge(session, user.id, personality_id)


async def _check_pins(session: AsyncSession, user_id: UUID, personality_id: UUID) -> None:
    if await queries.count_pinned(session, user_id, personality_id) >= MAX_PINNED:
        raise TooManyPinned(MAX_PINNED)


async def _get_own_fact(session: AsyncSession, actor: Actor, fact_id: UUID) -> Fact:
    fact = await session.get(Fact, fact_id)
    user = await session.get(User, fact.user_id) if fact is not None else None
    if fact is None or user is None or user.discord_id != actor.discord_id:
        raise FactNotFound(str(fact_id))
    return fact


async def _get_own(session: AsyncSession, actor: Actor, memory_id: UUID) -> Memory:
    rows = await queries.of_user(session, actor.discord_id, Memory.id == memory_id)
    if not rows:
        raise MemoryNotFound(str(memory_id))
    return rows[0][0]
