"""Sending and storing answers."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import UUID, uuid4

from db.models import ConversationLine
from db.session import Sessions
from services.chat.debounce import MessageBatch
from services.chat.greetings import greeting_line, has_spoken
from services.chat.ordering import TurnQueues
from services.chat.persistence import ConversationWriter, answer_line
from services.chat.ports import ChatAdapter
from services.chat.recent_messages import PendingLine, RecentMessages
from services.chat.reply_generation import GeneratedReply
from services.errors import DomainError
from services.faces import FaceChooser
from services.types import IncomingMessage


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
    ) -> None:
        self._sessions = sessions
        self._adapter = adapter
        self._writer = writer
        self._recent = recent
        self._close_answer = close_answer
        self._faces = faces
        self._stores = TurnQueues()
        self._greeting: set[tuple[int, UUID]] = set()

    async def send(self, batch: MessageBatch, reply: GeneratedReply) -> None:
        """Send an answer, then store it together with the other pending lines."""
        personality, channel = reply.resolution.personality, batch.channel
        line_id = uuid4()
        text = "\n".join([reply.text, *(f"-# {note}" for note in reply.notes)])
        if batch.messages:
            # Rather not answered after a crash in this moment than twice.
            await self._close_answer(batch.messages[0])
        greeted = channel.channel_id, personality.id
        is_greeting = reply.greeting is not None and greeted not in self._greeting
        if is_greeting:
            self._greeting.add(greeted)
        try:
            greeting = await self._greet(batch, reply) if is_greeting else None
            speaker = await self._faces.speaker(personality, reply.text)
            message_ids = await self._adapter.send(channel, speaker, text, line_id=line_id)
            answer = answer_line(channel, reply, line_id, message_ids)
            # Answers to several people may be sent at once: each pending line is stored by one.
            async with self._stores.join(channel.channel_id) as position:
                await position.wait()
                if batch.messages:  # not deleted meanwhile
                    await self._store(batch, reply, answer, greeting)
        finally:
            if is_greeting:
                self._greeting.discard(greeted)

    async def _greet(self, batch: MessageBatch, reply: GeneratedReply) -> ConversationLine | None:
        """Say the first words of a personality, if they were not said meanwhile."""
        personality, channel, greeting = reply.resolution.personality, batch.channel, reply.greeting
        if greeting is None:
            return None
        async with self._sessions() as session:
            if await has_spoken(session, channel.channel_id, personality.id):
                return None
        line_id = uuid4()
        with suppress(DomainError):  # what the server's rules forbid of it is left out
            message_ids = await self._adapter.send(
                channel,
                await self._faces.speaker(personality, greeting.text),
                greeting.text,
                line_id=line_id,
                page=greeting.page,
            )
            return greeting_line(
                channel,
                personality,
                greeting,
                user_id=reply.user.id,
                line_id=line_id,
                message_ids=message_ids,
            )
        return None

    async def _store(
        self,
        batch: MessageBatch,
        reply: GeneratedReply,
        answer: ConversationLine,
        greeting: ConversationLine | None,
    ) -> None:
        """Store an answer and all pending lines of its channel, if it may be stored."""
        channel, is_incognito = batch.channel, reply.user.incognito
        if greeting is not None:
            first_words = PendingLine(greeting, is_incognito, batch.author_id)
            self._recent.add(channel.channel_id, first_words)
        if batch.user_line is None:
            batch.user_line = batch.to_user_line(reply)
            user_line = PendingLine(batch.user_line, is_incognito, batch.author_id)
            self._recent.add(channel.channel_id, user_line)
        self._recent.add(channel.channel_id, PendingLine(answer, is_incognito, batch.author_id))
        if is_incognito:
            return
        pending = [each for each in self._recent.lines(channel.channel_id) if not each.is_incognito]
        lines = [each.line for each in pending]
        await self._writer.save(channel, lines, reply, user_line=batch.user_line, answer=answer)
        self._recent.discard(channel.channel_id, pending)
