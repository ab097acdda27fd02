"""Sending and storing answers."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from db.models import ConversationLine, Personality
from db.session import Sessions
from services.chat.answer_style import Reaction, reaction_text
from services.chat.debounce import MessageBatch
from services.chat.greetings import greeting_line, has_spoken
from services.chat.ordering import TurnQueues
from services.chat.persistence import ConversationWriter, answer_line
from services.chat.ports import ChatAdapter
from services.chat.recent_messages import PendingLine, RecentMessages
from services.chat.reply_generation import GeneratedReply
from services.chat.reply_request import Opening
from services.chat.streaming import AnswerStream
from services.errors import DomainError
from services.faces import FaceChooser
from services.types import Channel, IncomingMessage

log = logging.getLogger(__name__)


class ReplySender:
    """Sends answers, and stores each with what was said before it."""

    def __init__(
        self,
        sessions: Sessions,
        adapter: ChatAdapter,
        writer: ConversationWriter,
        recent: RecentMessages,
        close_answer: Callable[[IncomingMessage], Awaitable[None]],
        faces: FaceChooser,
        *,
        is_spoken: Callable[[Personality, Sequence[IncomingMessage]], bool],
        settle: Callable[[int], Awaitable[None]],
    ) -> None:
        """`settle` finds out what may be kept of what was overheard in a channel."""
        self._sessions = sessions
        self._adapter = adapter
        self._writer = writer
        self._recent = recent
        self._close_answer = close_answer
        self._faces = faces
        self._is_spoken = is_spoken
        self._settle = settle
        self._stores = TurnQueues()
        self._greeting: set[tuple[int, UUID]] = set()

    async def send(self, batch: MessageBatch, reply: GeneratedReply, stream: AnswerStream) -> None:
        """Send an answer, or finish what is shown of it, then store it with the pending lines."""
        personality, channel = reply.resolution.personality, batch.channel
        if reply.reaction is not None:
            await self._react(batch, reply, reply.reaction, stream)
            return
        text = "\n".join([reply.text, *(f"-# {note}" for note in reply.notes)])
        message_ids = await stream.finish(text)
        if batch.messages:
            # Rather not answered after a crash in this moment than twice. A draft is found then.
            await self._close_answer(batch.messages[0])
        if message_ids is None:
            await self.greet(batch, reply.opening)
            speaker = await self._faces.speaker(
                personality, reply.text, has_faces=reply.opening.has_faces
            )
            message_ids = await self._adapter.send(channel, speaker, text, line_id=stream.line_id)
        answer = answer_line(channel, reply, stream.line_id, message_ids)
        answer.is_spoken = self._is_spoken(personality, batch.messages)
        # Answers to several people may be sent at once: each pending line is stored by one.
        async with self._stores.join(channel.channel_id) as position:
            await position.wait()
            if batch.messages:  # not deleted meanwhile
                await self._store(batch, reply, answer)

    async def _react(
        self, batch: MessageBatch, reply: GeneratedReply, reaction: Reaction, stream: AnswerStream
    ) -> None:
        """React to the last message of a batch, and store that; of silence nothing is stored."""
        await stream.end()
        if not batch.messages:
            return
        await self._close_answer(batch.messages[0])
        if not reaction.emoji:
            return
        await self._adapter.react(batch.last, reaction.emoji)
        reacted = replace(reply, text=reaction_text(reaction.emoji))
        answer = answer_line(batch.channel, reacted, stream.line_id, [])
        async with self._stores.join(batch.channel.channel_id) as position:
            await position.wait()
            if batch.messages:
                await self._store(batch, reacted, answer)

    async def greet(self, batch: MessageBatch, opening: Opening) -> None:
        """Say the first words of a personality, if they were not said meanwhile, and store them."""
        channel, personality, greeting = batch.channel, opening.personality, opening.greeting
        greeted = channel.channel_id, personality.id
        if greeting is None or greeted in self._greeting:
            return
        self._greeting.add(greeted)
        try:
            async with self._sessions() as session:
                if await has_spoken(session, channel.channel_id, personality.id):
                    return
            line_id = uuid4()
            message_ids = await self._adapter.send(
                channel,
                await self._faces.speaker(personality, greeting.text, has_faces=opening.has_faces),
                greeting.text,
                line_id=line_id,
                page=greeting.page,
            )
            line = greeting_line(
                channel,
                personality,
                greeting,
                user_id=opening.user.id,
                line_id=line_id,
                message_ids=message_ids,
            )
            async with self._stores.join(channel.channel_id) as position:
                await position.wait()
                await self._settle(channel.channel_id)
                pending = self._storable(channel)
                lines = [*(each.line for each in pending), line]
                await self._writer.append(channel, lines)
                self._recent.discard(channel.channel_id, pending)
        except DomainError as error:  # what the server's rules forbid of it is left out
            log.info("No first words in channel %s: %r", channel.channel_id, error)
        finally:
            self._greeting.discard(greeted)

    async def _store(
        self, batch: MessageBatch, reply: GeneratedReply, answer: ConversationLine
    ) -> None:
        """Store an answer and all pending lines of its channel, if it may be stored."""
        channel, is_incognito = batch.channel, reply.user.incognito
        await self._settle(channel.channel_id)
        if batch.user_line is None:
            batch.user_line = batch.to_user_line(reply)
            user_line = PendingLine(batch.user_line, is_incognito, batch.author_id)
            self._recent.add(channel.channel_id, user_line)
        self._recent.add(channel.channel_id, PendingLine(answer, is_incognito, batch.author_id))
        if is_incognito:
            return
        pending = self._storable(channel)
        lines = [each.line for each in pending]
        await self._writer.save(channel, lines, reply, user_line=batch.user_line, answer=answer)
        self._recent.discard(channel.channel_id, pending)

    def _storable(self, channel: Channel) -> list[PendingLine]:
        pending = self._recent.lines(channel.channel_id)
        return [each for each in pending if not each.is_incognito]
