"""Storing conversations. Storing late is preferred over sending an answer twice."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ConversationLine, Role
from db.retry import PAID_SECONDS, retry_on_disconnect
from db.session import Sessions
from services import memory
from services.access import Quotas
from services.chat import queries
from services.chat.errors import AnswerNotFound
from services.chat.recent_messages import edit_line
from services.chat.reply_generation import GeneratedReply
from services.chat.sitting_notes import enqueue_reading
from services.embeddings import TextEmbedder
from services.llm import estimate
from services.lore import save_timers
from services.types import Channel
from services.voice import enqueue_speech

# Has the picture of a line drawn and sent, in the transaction that stores the line.
RequestPicture: TypeAlias = Callable[[AsyncSession, UUID, Channel], Awaitable[None]]

_MAX_COUNTED = 20_000
_REQUESTED = "{} asked {} to remember: {}"


class ConversationWriter:
    """Stores conversations and memories; retries while the database is unavailable."""

    def __init__(
        self,
        sessions: Sessions,
        embedder: TextEmbedder,
        quotas: Quotas | None = None,
        request_picture: RequestPicture | None = None,
        *,
        reads_sittings: bool = False,
    ) -> None:
        """With `reads_sittings` a model is asked to read what was said, afterwards."""
        self._sessions = sessions
        self._request_picture = request_picture
        self._reads_sittings = reads_sittings
        self._quotas = quotas or Quotas()
        self._embedder = embedder
        self._counted = _CountedToday()

    async def save(
        self,
        channel: Channel,
        lines: Sequence[ConversationLine],
        reply: GeneratedReply,
        *,
        user_line: ConversationLine,
        answer: ConversationLine,
    ) -> None:
        """Append lines to a channel's history, and store the memories that the answer leaves."""
        speaker = user_line.speaker_name
        contents = [
            _memory_text(speaker, user_line.content, answer),
            *(_REQUESTED.format(speaker, answer.speaker_name, each) for each in reply.memories),
        ]
        indexed = await memory.index(self._embedder, contents)
        user_line.id = user_line.id or uuid4()
        answer.answers_id = user_line.id
        updates_id = await retry_on_disconnect(
            lambda: self._find_updated(channel, user_line, reply), seconds=PAID_SECONDS
        )

        recalled = self._counted.uncounted((answer.provenance or {}).get("memories", ()))

        async def write() -> None:
            async with self._sessions.begin() as session:
                await queries.append(session, channel.channel_id, lines)
                if answer.is_spoken:
                    await enqueue_speech(session, answer.id, channel)
                if reply.picture and self._request_picture is not None:
                    picture = picture_line(answer, reply.picture)
                    await queries.append(session, channel.channel_id, [picture])
                    await self._request_picture(session, picture.id, channel)
                resolution = reply.resolution
                if reply.lore_timers:
                    personality_id, started = resolution.personality.id, reply.lore_timers
                    await save_timers(session, channel.channel_id, personality_id, started)
                if _is_remembered(reply):
                    await self._remember(
                        session, channel, reply, indexed, user_line, answer, updates_id
                    )
                    # After what is stored, which locks memories that it refers to.
                    await memory.note_recalled(session, recalled)

        await retry_on_disconnect(write, seconds=PAID_SECONDS)
        self._counted.add(recalled)

    async def _remember(
        self,
        session: AsyncSession,
        channel: Channel,
        reply: GeneratedReply,
        indexed: Sequence[memory.IndexedText],
        user_line: ConversationLine,
        answer: ConversationLine,
        updates_id: UUID | None,
    ) -> None:
        """Add the memories of an exchange, the first of which is the exchange itself."""
        for number, each in enumerate(indexed):
            added = await memory.add_within(
                session,
                each,
                limit=self._quotas.memories,
                personality_id=reply.resolution.personality.id,
                user_id=reply.user.id,
                persona_id=reply.resolution.persona.id,
                venue=channel.venue,
                channel_id=channel.channel_id,
                guild_id=channel.guild_id,
                age_restricted=channel.age_restricted,
                line_id=answer.id,
                updates_id=updates_id,
                is_unread=self._reads_sittings and number == 0,
            )
            if added is None:
                return
            await session.flush()
            if number == 0:
                if self._reads_sittings and added.previous_id is None:
                    await enqueue_reading(session, added, parent_id=channel.parent_id)
                subject = user_line.speaker_name
                await memory.add_stated(session, added, user_line.content, subject=subject)

    async def _find_updated(
        self, channel: Channel, user_line: ConversationLine, reply: GeneratedReply
    ) -> UUID | None:
        """Return the memory of which somebody has said something anew, if there is one."""
        if not _is_remembered(reply):
            return None
        personality = reply.resolution.personality
        return await memory.find_updated(
            self._sessions,
            self._embedder,
            user_line.content,
            names=(user_line.speaker_name, personality.name),
            personality_id=personality.id,
            user_id=reply.user.id,
            channel=channel,
        )

    async def append(self, channel: Channel, lines: Sequence[ConversationLine]) -> None:
        """Append lines to a channel's history, without a memory of them."""

        async def write() -> None:
            async with self._sessions.begin() as session:
                await queries.append(session, channel.channel_id, lines)

        await retry_on_disconnect(write)

    async def update_answer(
        self,
        channel: Channel,
        answer: ConversationLine,
        user_line: ConversationLine | None,
        **changes: object,
    ) -> int | None:
        """Update a stored answer and its memory, and have it spoken if it was.

        Return the voice message that spoke it so far.

        Raises:
            AnswerNotFound: It was deleted meanwhile.
        """
        for column, value in changes.items():
            setattr(answer, column, value)
        answer.token_count = estimate(answer.content)
        changes["token_count"] = answer.token_count
        content = (
            _memory_text(user_line.speaker_name, user_line.content, answer) if user_line else ""
        )
        (indexed,) = await memory.index(self._embedder, [content])

        async def write() -> int | None:
            async with self._sessions.begin() as session:
                stored = await session.get(ConversationLine, answer.id, with_for_update=True)
                if stored is None or stored.deleted_at is not None:
                    raise AnswerNotFound
                spoken = stored.voice_message_id
                for column, value in changes.items():
                    setattr(stored, column, value)
                if stored.is_spoken:
                    await enqueue_speech(session, answer.id, channel)
                stored_memory = await queries.memory_of(session, answer.id)
                if stored_memory is not None and content and not stored_memory.locked:
                    await memory.rewrite(session, stored_memory, indexed)
                return spoken

        return await retry_on_disconnect(write)

    async def apply_edit(self, message_id: int, content: str) -> bool:
        """Apply the edit of a person's message to the history and to memories.

        Return whether the message has been answered.
        """

        async def update_lines() -> dict[UUID, str]:
            async with self._sessions.begin() as session:
                user_line = await queries.line_of(session, message_id)
                if user_line is None or not edit_line(user_line, message_id, content):
                    return {}
                answers = await queries.answers_to(session, user_line.id)
                return {
                    answer.id: _memory_text(user_line.speaker_name, user_line.content, answer)
                    for answer in answers
                }

        contents = await retry_on_disconnect(update_lines)
        if not contents:
            return False
        texts = await memory.index(self._embedder, list(contents.values()))

        async def update_memories() -> None:
            async with self._sessions.begin() as session:
                for answer_id, indexed in zip(contents, texts, strict=True):
                    stored_memory = await queries.memory_of(session, answer_id)
                    if stored_memory is not None and not stored_memory.locked:
                        await memory.rewrite(session, stored_memory, indexed)

        await retry_on_disconnect(update_memories)
        return True


class _CountedToday:
    """The memories whose recall was counted today, of which a day is counted once."""

    def __init__(self) -> None:
        self._day: date | None = None
        self._ids: set[UUID] = set()

    def uncounted(self, memories: Sequence[Mapping[str, Any]]) -> list[UUID]:
        """Return those of some memories that were not counted yet."""
        today = datetime.now(UTC).date()
        if today != self._day or len(self._ids) > _MAX_COUNTED:
            self._day, self._ids = today, set()
        ids = (UUID(each["id"]) for each in memories)
        return [each for each in ids if each not in self._ids]

    def add(self, memory_ids: Sequence[UUID]) -> None:
        """Add memories that were counted."""
        self._ids.update(memory_ids)


def _is_remembered(reply: GeneratedReply) -> bool:
    return reply.resolution.personality.memory_enabled and reply.resolution.keeps_memories


def _memory_text(speaker: str, message: str, answer: ConversationLine) -> str:
    return memory.write_exchange(speaker, message, answer.speaker_name, answer.content)


def picture_line(answer: ConversationLine, subject: str) -> ConversationLine:
    """Return the history line of a picture that follows an answer."""
    return ConversationLine(
        channel_id=answer.channel_id,
        position=0,
        guild_id=answer.guild_id,
        role=Role.ASSISTANT,
        personality_id=answer.personality_id,
        user_id=answer.user_id,
        persona_id=answer.persona_id,
        speaker_name=answer.speaker_name,
        content=subject,
        token_count=estimate(subject),
        answers_id=answer.id,
        is_picture=True,
    )


def answer_line(
    channel: Channel, reply: GeneratedReply, line_id: UUID, message_ids: Sequence[int]
) -> ConversationLine:
    """Return the history line of an answer."""
    personality = reply.resolution.personality
    line = ConversationLine(
        channel_id=channel.channel_id,
        position=0,
        guild_id=channel.guild_id,
        role=Role.ASSISTANT,
        personality_id=personality.id,
        user_id=reply.user.id,
        persona_id=reply.resolution.persona.id,
        speaker_name=personality.name,
        content=reply.text,
        token_count=estimate(reply.text),
        discord_message_ids=list(message_ids),
        provenance=reply.provenance,
    )
    line.id = line_id
    return line
