"""Actions on answers: regenerate, edit, delete, explain, undo, clear."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from db.models import AnswerTake, ConversationLine, Memory, Personality
from db.session import Sessions
from services.chat import queries, takes
from services.chat.errors import (
    AnswerBeingChanged,
    AnswerNotFound,
    MessageRefused,
    NotYourAnswer,
    Refusal,
    TooManyTakes,
)
from services.chat.persistence import ConversationWriter
from services.chat.ports import ChatAdapter, Page
from services.chat.postprocess import MAX_LENGTH
from services.chat.prompt import Reworked
from services.chat.provenance import contents_of
from services.chat.reply_generation import GeneratedReply, ReplyGenerator
from services.chat.reply_request import ReplyRequest
from services.chat.takes import Difference
from services.errors import OwnersOnly, TextEmpty, TextTooLong
from services.memory import OwnFact, own_facts
from services.people import User, get_or_create_user
from services.personalities import get_owned
from services.texts import clean_text, on_one_line, shorten
from services.types import Actor, Channel, speaker_of

MAX_HINT: Final = 300
_REWRITE = "Write your last message again, with this change: {}"
_GO_ON = "Go on from where your last message ends. Write only what comes next."
_SENTENCE_ENDS, _PARAGRAPH = (*'.!?…。！？*"”’」)', "```"), "\n\n"


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How an answer was generated, as shown to the person who received it.

    `take` is the number of the shown one of `takes`; `differences` are those to the one before it.
    """

    name: str
    provenance: dict[str, Any]
    take: int = 0
    takes: int = 1
    differences: Sequence[Difference] = ()


@dataclass(frozen=True, kw_only=True)
class AnswerRights:
    """What an answer is to whoever looks at it, and what they may do with it."""

    is_picture: bool
    may_change: bool
    may_keep: bool


@dataclass(frozen=True, kw_only=True)
class SentPicture:
    """A picture that a personality has sent."""

    personality_id: UUID
    message_id: int
    subject: str


@dataclass(frozen=True, kw_only=True)
class _Exchange:
    answer: ConversationLine
    user_line: ConversationLine | None
    personality: Personality
    asker: User
    takes: Sequence[AnswerTake]


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
        self._changed: set[UUID] = set()

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

    async def regenerate(
        self, actor: Actor, channel: Channel, line_id: UUID, *, hint: str = ""
    ) -> None:
        """Generate another take of an answer and show it; a `hint` says what is to be different.

        Raises:
            AccessDenied, BudgetSpent: The actor may not, or a budget leaves no room for it.
            AnswerBeingChanged: Somebody changes it just now.
            AnswerNotFound: The message is not an answer, or what it answered was deleted.
            NotYourAnswer: It answers someone else, and the actor is not a moderator.
            ModelError, NoUsableReply: No other answer could be generated.
            TooManyTakes: It has as many takes as are kept.
        """
        hint = on_one_line(clean_text(hint, field="hint", limit=MAX_HINT))
        async with self._changing(line_id):
            exchange = await self._load_exchange(actor, line_id)
            change = Reworked(exchange.answer.content, _REWRITE.format(hint)) if hint else None
            reply = await self._generate(actor, channel, exchange, change)
            await self._show_another(channel, exchange, reply.text, reply.provenance)

    async def go_on(self, actor: Actor, channel: Channel, line_id: UUID) -> None:
        """Let a personality go on with an answer, as another take of it.

        Raises:
            AnswerBeingChanged, AnswerNotFound, NotYourAnswer, ModelError, NoUsableReply,
            TooManyTakes, AccessDenied, BudgetSpent: As for `regenerate`.
            MessageRefused: The server's own rules block the whole.
            TextTooLong: The answer is as long as one may be.
        """
        async with self._changing(line_id):
            exchange = await self._load_exchange(actor, line_id)
            begun = exchange.answer.content.rstrip()
            if len(begun) >= MAX_LENGTH:
                raise TextTooLong("answer", MAX_LENGTH)
            reply = await self._generate(actor, channel, exchange, Reworked(begun, _GO_ON))
            between = _PARAGRAPH if begun.endswith(_SENTENCE_ENDS) else " "
            text = shorten(f"{begun}{between}{reply.text}", MAX_LENGTH)
            if await self._adapter.is_blocked(channel, text):
                raise MessageRefused(Refusal.AUTOMOD)
            await self._show_another(channel, exchange, text, reply.provenance)

    async def turn(self, actor: Actor, channel: Channel, line_id: UUID, number: int) -> None:
        """Show another take of an answer.

        Raises:
            AnswerBeingChanged: Somebody changes it just now.
            AnswerNotFound: The answer is gone, or has no such take.
            NotYourAnswer: It answers someone else, and the actor is not a moderator.
        """
        async with self._changing(line_id):
            exchange = await self._load_exchange(actor, line_id)
            take = next((each for each in exchange.takes if each.number == number), None)
            if take is None:
                raise AnswerNotFound
            await self._show(
                channel,
                exchange,
                take.content,
                Page(number, len(exchange.takes), is_take=True),
                provenance=take.provenance,
                take=number,
            )

    async def rate(self, actor: Actor, line_id: UUID, *, is_liked: bool) -> None:
        """Store what the actor thinks of an answer, for its maker.

        Raises:
            AnswerNotFound, NotYourAnswer: As for `edit`.
        """
        exchange = await self._load_exchange(actor, line_id)
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            await takes.save_rating(session, exchange.answer, user.id, is_liked=is_liked)

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
        async with self._changing(line_id):
            exchange = await self._load_exchange(actor, line_id)
            answer, count = exchange.answer, len(exchange.takes)
            page = Page(answer.take, count, is_take=True) if count else None
            await self._show(channel, exchange, content, page)
            async with self._sessions.begin() as session:
                for take in exchange.takes:
                    if take.number == answer.take:
                        (await session.merge(take)).content = content

    async def rights(self, actor: Actor, line_id: UUID) -> AnswerRights:
        """Return what the actor may do with an answer.

        Raises:
            AnswerNotFound: It is gone.
            NotYourAnswer: Nothing.
        """
        may_keep = False
        with suppress(AnswerNotFound, OwnersOnly):
            await self.picture(actor, line_id)
            may_keep = True
        try:
            exchange = await self._load_exchange(actor, line_id, may_be_picture=True)
        except NotYourAnswer:
            if not may_keep:
                raise
            return AnswerRights(is_picture=True, may_change=False, may_keep=True)
        return AnswerRights(
            is_picture=exchange.answer.is_picture, may_change=True, may_keep=may_keep
        )

    async def picture(self, actor: Actor, line_id: UUID) -> SentPicture:
        """Return a picture that a personality of the actor has sent.

        Raises:
            AnswerNotFound: It is gone.
            OwnersOnly: The personality is somebody else's.
        """
        async with self._sessions() as session:
            line = await queries.answer(session, line_id)
            is_there = line is not None and line.is_picture and line.discord_message_ids
            if line is None or line.personality_id is None or not is_there:
                raise AnswerNotFound
            await get_owned(session, actor, line.personality_id)
        return SentPicture(
            personality_id=line.personality_id,
            message_id=line.discord_message_ids[0],
            subject=line.content,
        )

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
        exchange = await self._load_exchange(actor, line_id, may_be_picture=True)
        await self._adapter.delete(channel, exchange.answer.sent_message_ids)
        async with self._sessions.begin() as session:
            await queries.hide(session, [exchange.answer.id])

    async def why(self, actor: Actor, line_id: UUID) -> Provenance:
        """Return how an answer was generated.

        Raises:
            AnswerNotFound: The message is not an answer.
            NotYourAnswer: It answers someone else, and the actor is not a moderator.
        """
        exchange = await self._load_exchange(actor, line_id, may_be_picture=True)
        provenance = dict(exchange.answer.provenance or {})
        known: dict[UUID, Memory] = {}
        facts: list[OwnFact] = []
        # A moderator sees how it was generated, but not the memories of somebody else.
        if actor.discord_id in (exchange.asker.discord_id, exchange.asker.account_id):
            async with self._sessions() as session:
                used = [UUID(each["id"]) for each in provenance.get("memories", ())]
                known = await queries.memories(session, used)
                facts = await own_facts(session, exchange.asker.discord_id)
        provenance |= contents_of(provenance, known, facts, user_id=exchange.asker.id)
        number = exchange.answer.take
        return Provenance(
            name=exchange.personality.name,
            provenance=provenance,
            take=number,
            takes=max(1, len(exchange.takes)),
            differences=(
                takes.differences(exchange.takes[number - 1].provenance or {}, provenance)
                if 0 < number < len(exchange.takes)
                else ()
            ),
        )

    @asynccontextmanager
    async def _changing(self, line_id: UUID) -> AsyncGenerator[None]:
        """Change an answer alone: whoever has loaded it before would undo the change.

        Raises:
            AnswerBeingChanged: Somebody else changes it.
        """
        if line_id in self._changed:
            raise AnswerBeingChanged
        self._changed.add(line_id)
        try:
            yield
        finally:
            self._changed.discard(line_id)

    async def _generate(
        self, actor: Actor, channel: Channel, exchange: _Exchange, change: Reworked | None
    ) -> GeneratedReply:
        answer, user_line = exchange.answer, exchange.user_line
        if user_line is None:
            raise AnswerNotFound
        if len(exchange.takes) >= takes.MAX_TAKES:
            raise TooManyTakes(takes.MAX_TAKES)
        return await self._generator.generate(
            ReplyRequest(
                personality_id=exchange.personality.id,
                actor=Actor(discord_id=exchange.asker.discord_id, name=exchange.asker.username),
                channel=channel,
                text=user_line.content,
                regenerated_line=user_line,
                avoid=[answer.content, *(each.content for each in exchange.takes)],
                reworked=change,
                caused_by=actor,
                is_blocked=partial(self._adapter.is_blocked, channel),
            )
        )

    async def _show_another(
        self, channel: Channel, exchange: _Exchange, text: str, provenance: dict[str, Any]
    ) -> None:
        # Stored before it is shown: what is not shown then can still be turned to.
        async with self._sessions.begin() as session:
            number = await takes.add_take(session, exchange.answer, text, provenance)
        page = Page(number, number + 1, is_take=True)
        await self._show(channel, exchange, text, page, provenance=provenance, take=number)

    async def _show(
        self, channel: Channel, exchange: _Exchange, text: str, page: Page | None, **changes: Any
    ) -> None:
        """Show a text as the answer, and store that it is."""
        answer, old_ids = exchange.answer, exchange.answer.discord_message_ids
        speaker = speaker_of(exchange.personality)
        new_ids = await self._adapter.edit(
            channel, speaker, old_ids, text, line_id=answer.id, page=page
        )
        spoken = await self._writer.update_answer(
            *(channel, answer, exchange.user_line),
            content=text,
            discord_message_ids=new_ids,
            voice_message_id=None,
            **changes,
        )
        # After the update: deleting a message that the stored answer still lists erases the answer.
        surplus = [message_id for message_id in old_ids if message_id not in new_ids]
        surplus += [] if spoken is None else [spoken]
        await self._adapter.delete(channel, surplus)

    async def _load_exchange(
        self, actor: Actor, line_id: UUID, *, may_be_picture: bool = False
    ) -> _Exchange:
        async with self._sessions() as session:
            answer = await queries.answer(session, line_id)
            if answer is None or answer.personality_id is None or answer.user_id is None:
                raise AnswerNotFound
            if answer.is_picture and not may_be_picture:
                raise AnswerNotFound
            user_line = (
                await session.get(ConversationLine, answer.answers_id)
                if answer.answers_id
                else None
            )
            personality = await session.get_one(Personality, answer.personality_id)
            asker = await session.get_one(User, answer.user_id)
            all_takes = await takes.load_takes(session, answer.id)
        if actor.discord_id not in (asker.discord_id, asker.account_id) and not actor.moderates:
            raise NotYourAnswer
        return _Exchange(
            answer=answer,
            user_line=user_line,
            personality=personality,
            asker=asker,
            takes=all_takes,
        )
