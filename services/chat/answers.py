"""What people do with answers: again, otherwise, away, and why."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from db.models import ConversationLine, Personality
from db.session import Sessions
from services.chat import queries
from services.chat.errors import AnswerNotFound, NotYourAnswer
from services.chat.persistence import ConversationWriter
from services.chat.ports import ChatAdapter
from services.chat.reply_generation import ReplyGenerator, ReplyRequest
from services.errors import ModeratorsOnly, TextEmpty
from services.people import User, get_or_create_user
from services.texts import clean_text
from services.types import Actor, Channel, speaker_of


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How an answer came about, for whoever it was given to."""

    name: str
    provenance: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Exchange:
    answer: ConversationLine
    asked: ConversationLine | None
    personality: Personality
    asker: User


class AnswerService:
    """Changes to what was said; by whom it was said to, and by moderators."""

    def __init__(
        self,
        sessions: Sessions,
        composer: ReplyGenerator,
        keeper: ConversationWriter,
        stage: ChatAdapter,
    ) -> None:
        self._sessions = sessions
        self._composer = composer
        self._keeper = keeper
        self._stage = stage

    async def locate(self, message_id: int) -> UUID:
        """Return which answer a message is, or is a part of.

        Raises:
            AnswerGone: It is none.
        """
        async with self._sessions() as session:
            line_id = await queries.answer_of(session, message_id)
        if line_id is None:
            raise AnswerNotFound
        return line_id

    async def regenerate(self, actor: Actor, place: Channel, line_id: UUID) -> None:
        """Let the personality answer the same message again, in place of its answer.

        Raises:
            AnswerGone: The message is no answer, or what it answered is gone.
            NotYourAnswer: It answers someone else, and the actor does not moderate.
            ModelError, NothingToSay: There is no other answer.
        """
        exchange = await self._exchange(actor, line_id)
        answer, asked = exchange.answer, exchange.asked
        if asked is None:
            raise AnswerNotFound
        draft = await self._composer.generate(
            ReplyRequest(
                personality_id=exchange.personality.id,
                actor=Actor(discord_id=exchange.asker.discord_id, name=exchange.asker.username),
                channel=place,
                text=asked.content,
                regenerated_line=asked,
                avoid=answer.content,
            )
        )
        await self._revise(place, exchange, draft.text, provenance=draft.provenance)

    async def edit(self, actor: Actor, place: Channel, line_id: UUID, text: str) -> None:
        """Say what the personality should have said.

        Raises:
            AnswerGone: The message is no answer.
            NotYourAnswer: It answers someone else, and the actor does not moderate.
            TextEmpty, TextTooLong: The text is not as it may be.
        """
        kept = clean_text(text, field="answer")
        if not kept:
            raise TextEmpty("answer")
        exchange = await self._exchange(actor, line_id)
        await self._revise(place, exchange, kept)

    async def text(self, actor: Actor, line_id: UUID) -> str:
        """Return the words of an answer, to be edited.

        Raises:
            AnswerGone, NotYourAnswer: As for `edit`.
        """
        return (await self._exchange(actor, line_id)).answer.content

    async def delete(self, actor: Actor, place: Channel, line_id: UUID) -> None:
        """Take an answer back, and what was remembered of it.

        Raises:
            AnswerGone: The message is no answer.
            NotYourAnswer: It answers someone else, and the actor does not moderate.
        """
        exchange = await self._exchange(actor, line_id)
        await self._stage.delete(place, exchange.answer.discord_message_ids)
        async with self._sessions.begin() as session:
            await queries.hide(session, [exchange.answer.id])

    async def why(self, actor: Actor, line_id: UUID) -> Provenance:
        """Return how an answer came about.

        Raises:
            AnswerGone: The message is no answer.
            NotYourAnswer: It answers someone else, and the actor does not moderate.
        """
        exchange = await self._exchange(actor, line_id)
        provenance = dict(exchange.answer.provenance or {})
        used = provenance.get("memories", ())
        contents: dict[UUID, str] = {}
        # A moderator sees how it was made, not what is remembered of somebody else.
        if exchange.asker.discord_id == actor.discord_id:
            async with self._sessions() as session:
                contents = await queries.memories(session, [UUID(each["id"]) for each in used])
        provenance["memories"] = [
            {**each, "content": contents.get(UUID(each["id"]), "…")} for each in used
        ]
        return Provenance(name=exchange.personality.name, provenance=provenance)

    async def undo(self, actor: Actor, place: Channel) -> str:
        """Take the last exchange of the actor in a channel back; return whose answer it was.

        Raises:
            AnswerGone: There is none.
        """
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            answer = await queries.last_answer(session, place.channel_id, user.id)
            if answer is None:
                raise AnswerNotFound
            both = [answer.id, *([answer.answers_id] if answer.answers_id else [])]
            await queries.hide(session, both)
        await self._stage.delete(place, answer.discord_message_ids)
        return answer.speaker_name

    async def clear(
        self, actor: Actor, place: Channel, *, personality_id: UUID | None, everyones: bool
    ) -> int:
        """Let a channel's conversation begin anew; return how many lines are no longer read.

        Memories stay: `/memory` is for them.

        Raises:
            ModeratorsOnly: Everyone's lines are for moderators to clear.
        """
        if everyones and place.guild_id is not None and not actor.moderates:
            raise ModeratorsOnly
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            return await queries.clear(
                session, place.channel_id, None if everyones else user.id, personality_id
            )

    async def _revise(self, place: Channel, exchange: _Exchange, text: str, **changes: Any) -> None:
        answer, before = exchange.answer, exchange.answer.discord_message_ids
        speaker = speaker_of(exchange.personality)
        after = await self._stage.edit(place, speaker, before, text, line_id=answer.id)
        await self._keeper.update_answer(
            answer, exchange.asked, content=text, discord_message_ids=after, **changes
        )
        # Only now: whoever deletes a message of an answer that is kept erases the answer.
        surplus = [message_id for message_id in before if message_id not in after]
        await self._stage.delete(place, surplus)

    async def _exchange(self, actor: Actor, line_id: UUID) -> _Exchange:
        async with self._sessions() as session:
            answer = await queries.answer(session, line_id)
            if answer is None or answer.personality_id is None or answer.user_id is None:
                raise AnswerNotFound
            asked = (
                await session.get(ConversationLine, answer.answers_id)
                if answer.answers_id
                else None
            )
            personality = await session.get_one(Personality, answer.personality_id)
            asker = await session.get_one(User, answer.user_id)
        if actor.discord_id != asker.discord_id and not actor.moderates:
            raise NotYourAnswer
        return _Exchange(answer=answer, asked=asked, personality=personality, asker=asker)
