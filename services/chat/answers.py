"""Actions on answers: regenerate, edit, delete, explain, undo, clear."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from db.models import ConversationLine, Personality
from db.session import Sessions
from services.chat import queries, sweeping
from services.chat.errors import AnswerNotFound, NotYourAnswer
from services.chat.persistence import ConversationWriter
from services.chat.ports import ChatAdapter
from services.chat.reply_context import ReplyRequest
from services.chat.reply_generation import ReplyGenerator
from services.errors import ModeratorsOnly, TextEmpty
from services.people import User, get_or_create_user
from services.texts import clean_text
from services.types import Actor, Channel, speaker_of


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How an answer was generated, as shown to the person who received it."""

    name: str
    provenance: dict[str, Any]


@dataclass(frozen=True)
class Cleared:
    """How many lines were cleared, and when; None if there were none."""

    count: int
    at: datetime | None


@dataclass(frozen=True, kw_only=True)
class _Exchange:
    answer: ConversationLine
    user_line: ConversationLine | None
    personality: Personality
    asker: User


class AnswerService:
    """Changes to answers, by the person who was answered and by moderators."""

    def __init__(
        self,
        sessions: Sessions,
        generator: ReplyGenerator,
        writer: ConversationWriter,
        adapter: ChatAdapter,
    ) -> None:
        self._sessions = sessions
        self._generator = generator
        self._writer = writer
        self._adapter = adapter

    async def locate(self, message_id: int) -> UUID:
        """Return the id of the answer that a message is, or is a part of.

        Raises:
            AnswerNotFound: The message is not an answer.
        """
        async with self._sessions() as session:
            line_id = await queries.answer_of(session, message_id)
        if line_id is None:
            raise AnswerNotFound
        return line_id

    async def regenerate(self, actor: Actor, channel: Channel, line_id: UUID) -> None:
        """Generate a new answer to the same message and replace the old one.

        Raises:
            AccessDenied, BudgetSpent: The actor may not, or a budget leaves no room for it.
            AnswerNotFound: The message is not an answer, or what it answered was deleted.
            NotYourAnswer: It answers someone else, and the actor is not a moderator.
            ModelError, NoUsableReply: No other answer could be generated.
        """
        exchange = await self._load_exchange(actor, line_id)
        answer, user_line = exchange.answer, exchange.user_line
        if user_line is None:
            raise AnswerNotFound
        reply = await self._generator.generate(
            ReplyRequest(
                personality_id=exchange.personality.id,
                actor=Actor(discord_id=exchange.asker.discord_id, name=exchange.asker.username),
                channel=channel,
                text=user_line.content,
                regenerated_line=user_line,
                avoid=answer.content,
                caused_by=actor,
                is_blocked=partial(self._adapter.is_blocked, channel),
            )
        )
        await self._replace_text(channel, exchange, reply.text, provenance=reply.provenance)

    async def edit(self, actor: Actor, channel: Channel, line_id: UUID, text: str) -> None:
        """Replace the text of an answer.

        Raises:
            AnswerNotFound: The message is not an answer.
            NotYourAnswer: It answers someone else, and the actor is not a moderator.
            TextEmpty, TextTooLong: The text is not valid.
        """
        content = clean_text(text, field="answer")
        if not content:
            raise TextEmpty("answer")
        exchange = await self._load_exchange(actor, line_id)
        await self._replace_text(channel, exchange, content)

    async def text(self, actor: Actor, line_id: UUID) -> str:
        """Return the text of an answer, for editing.

        Raises:
            AnswerNotFound, NotYourAnswer: As for `edit`.
        """
        return (await self._load_exchange(actor, line_id)).answer.content

    async def delete(self, actor: Actor, channel: Channel, line_id: UUID) -> None:
        """Delete an answer and its memory.

        Raises:
            AnswerNotFound: The message is not an answer.
            NotYourAnswer: It answers someone else, and the actor is not a moderator.
        """
        exchange = await self._load_exchange(actor, line_id)
        await self._adapter.delete(channel, exchange.answer.discord_message_ids)
        async with self._sessions.begin() as session:
            await queries.hide(session, [exchange.answer.id])

    async def why(self, actor: Actor, line_id: UUID) -> Provenance:
        """Return how an answer was generated.

        Raises:
            AnswerNotFound: The message is not an answer.
            NotYourAnswer: It answers someone else, and the actor is not a moderator.
        """
        exchange = await self._load_exchange(actor, line_id)
        provenance = dict(exchange.answer.provenance or {})
        memories = provenance.get("memories", ())
        contents: dict[UUID, str] = {}
        # A moderator sees how it was generated, but not the memories of somebody else.
        if actor.discord_id in (exchange.asker.discord_id, exchange.asker.account_id):
            async with self._sessions() as session:
                contents = await queries.memories(session, [UUID(each["id"]) for each in memories])
        provenance["memories"] = [
            {**each, "content": contents.get(UUID(each["id"]), "…")} for each in memories
        ]
        return Provenance(name=exchange.personality.name, provenance=provenance)

    async def undo(self, actor: Actor, channel: Channel) -> str:
        """Delete the actor's last exchange in a channel; return the name of who answered.

        Raises:
            AnswerNotFound: There is no exchange.
        """
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            answer = await queries.last_answer(session, channel.channel_id, user.id)
            if answer is None:
                raise AnswerNotFound
            line_ids = [answer.id, *([answer.answers_id] if answer.answers_id else [])]
            await queries.hide(session, line_ids)
        await self._adapter.delete(channel, answer.discord_message_ids)
        return answer.speaker_name

    async def clear(
        self, actor: Actor, channel: Channel, *, personality_id: UUID | None, for_everyone: bool
    ) -> Cleared:
        """Clear the conversation of a channel; it can be taken back for a day.

        Memories are kept: `/memory` manages them.

        Raises:
            ModeratorsOnly: Only moderators may clear everyone's lines.
        """
        if for_everyone and channel.guild_id is not None and not actor.moderates:
            raise ModeratorsOnly
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            count, at = await queries.clear(
                session, channel.channel_id, None if for_everyone else user.id, personality_id
            )
            return Cleared(count, at)

    async def take_back(
        self, actor: Actor, channel: Channel, at: datetime, *, for_everyone: bool
    ) -> int:
        """Show lines again that were cleared at a time; return how many.

        Raises:
            ModeratorsOnly: Only moderators may take back what they cleared for everyone.
        """
        if for_everyone and channel.guild_id is not None and not actor.moderates:
            raise ModeratorsOnly
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            return await queries.restore(
                session, channel.channel_id, at, None if for_everyone else user.id
            )

    async def enqueue_sweep(self) -> None:
        """Enqueue the deletion of what was cleared long ago."""
        async with self._sessions.begin() as session:
            await sweeping.enqueue_sweep(session)

    async def _replace_text(
        self, channel: Channel, exchange: _Exchange, text: str, **changes: Any
    ) -> None:
        answer, old_ids = exchange.answer, exchange.answer.discord_message_ids
        speaker = speaker_of(exchange.personality)
        new_ids = await self._adapter.edit(channel, speaker, old_ids, text, line_id=answer.id)
        await self._writer.update_answer(
            answer, exchange.user_line, content=text, discord_message_ids=new_ids, **changes
        )
        # After the update: deleting a message that the stored answer still lists erases the answer.
        surplus = [message_id for message_id in old_ids if message_id not in new_ids]
        await self._adapter.delete(channel, surplus)

    async def _load_exchange(self, actor: Actor, line_id: UUID) -> _Exchange:
        async with self._sessions() as session:
            answer = await queries.answer(session, line_id)
            if answer is None or answer.personality_id is None or answer.user_id is None:
                raise AnswerNotFound
            user_line = (
                await session.get(ConversationLine, answer.answers_id)
                if answer.answers_id
                else None
            )
            personality = await session.get_one(Personality, answer.personality_id)
            asker = await session.get_one(User, answer.user_id)
        if actor.discord_id not in (asker.discord_id, asker.account_id) and not actor.moderates:
            raise NotYourAnswer
        return _Exchange(answer=answer, user_line=user_line, personality=personality, asker=asker)
