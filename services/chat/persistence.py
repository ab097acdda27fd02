"""Writing down what was said. Said once and kept late is better than said twice."""

from collections.abc import Sequence
from uuid import UUID

from db.models import ConversationLine, Role
from db.retry import retry_on_disconnect
from db.session import Sessions
from services import memory
from services.chat import queries
from services.chat.reply_generation import GeneratedReply
from services.embeddings import TextEmbedder
from services.llm import estimate
from services.types import Channel


class ConversationWriter:
    """Keeps conversations and remembers exchanges, through a database that is gone for a moment."""

    def __init__(self, sessions: Sessions, embedder: TextEmbedder) -> None:
        self._sessions = sessions
        self._embedder = embedder

    async def save(
        self,
        place: Channel,
        lines: Sequence[ConversationLine],
        draft: GeneratedReply,
        *,
        asked: ConversationLine,
        answer: ConversationLine,
    ) -> None:
        """Add lines to a channel's history and remember the exchange among them."""
        content = memory_text(asked.speaker_name, asked.content, answer)
        (embedding,) = await self._embedder.embed([content])

        async def write() -> None:
            async with self._sessions.begin() as session:
                await queries.append(session, place.channel_id, lines)
                answer.answers_id = asked.id
                if not draft.resolution.personality.memory_enabled:
                    return
                await memory.add(
                    session,
                    personality_id=draft.resolution.personality.id,
                    user_id=draft.user.id,
                    persona_id=draft.resolution.persona.id,
                    venue=place.venue,
                    channel_id=place.channel_id,
                    guild_id=place.guild_id,
                    line_id=answer.id,
                    content=content,
                    embedding=embedding,
                )

        await retry_on_disconnect(write)

    async def update_answer(
        self, answer: ConversationLine, asked: ConversationLine | None, **changes: object
    ) -> None:
        """Change an answer that was kept, and what was remembered of it."""
        for column, value in changes.items():
            setattr(answer, column, value)
        answer.token_count = estimate(answer.content)
        content = memory_text(asked.speaker_name, asked.content, answer) if asked else ""
        (embedding,) = await self._embedder.embed([content])

        async def write() -> None:
            async with self._sessions.begin() as session:
                await session.merge(answer)
                remembered = await queries.memory_of(session, answer.id)
                if remembered is not None and content and not remembered.locked:
                    remembered.content, remembered.embedding = content, embedding

        await retry_on_disconnect(write)

    async def apply_edit(self, message_id: int, content: str) -> None:
        """Follow the edit of a person's message, in the history and in what was remembered."""

        async def reword() -> dict[UUID, str]:
            async with self._sessions.begin() as session:
                asked = await queries.update_content(
                    session, message_id, content, estimate(content)
                )
                answers = await queries.answers_to(session, asked.id) if asked else ()
                return {
                    answer.id: memory_text(asked.speaker_name, content, answer)
                    for answer in answers
                    if asked
                }

        contents = await retry_on_disconnect(reword)
        if not contents:
            return
        embeddings = await self._embedder.embed(list(contents.values()))

        async def remember() -> None:
            async with self._sessions.begin() as session:
                for answer_id, embedding in zip(contents, embeddings, strict=True):
                    remembered = await queries.memory_of(session, answer_id)
                    if remembered is not None and not remembered.locked:
                        remembered.content, remembered.embedding = contents[answer_id], embedding

        await retry_on_disconnect(remember)


def memory_text(speaker: str, asked: str, answer: ConversationLine) -> str:
    """Return an exchange as it is remembered."""
    return f"{speaker}: {asked[:1500]}\n{answer.speaker_name}: {answer.content[:1500]}"


def answer_line(
    place: Channel, draft: GeneratedReply, line_id: UUID, message_ids: Sequence[int]
) -> ConversationLine:
    """Return the line that an answer is in the history."""
    personality = draft.resolution.personality
    line = ConversationLine(
        channel_id=place.channel_id,
        position=0,
        guild_id=place.guild_id,
        role=Role.ASSISTANT,
        personality_id=personality.id,
        user_id=draft.user.id,
        persona_id=draft.resolution.persona.id,
        speaker_name=personality.name,
        content=draft.text,
        token_count=estimate(draft.text),
        discord_message_ids=list(message_ids),
        provenance=draft.provenance,
    )
    line.id = line_id
    return line
