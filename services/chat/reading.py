"""Reading what is to be answered: the messages of a batch, and what was said before them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from uuid import UUID

from db.models import ConversationLine
from db.retry import retry_on_disconnect
from db.session import Sessions, reading
from services.access import blocked_accounts, who_is_heard
from services.chat import catch_up_queries, queries
from services.chat.addressing import (
    MessageContext,
    incognito_until,
    load_context,
    message_context,
    redact,
    shown_text,
    stored_text,
)
from services.chat.crisis import is_crisis
from services.chat.debounce import MessageBatch
from services.chat.errors import ChannelNotFound, CrisisHeard
from services.chat.files import read_attachments, read_picture
from services.chat.ports import ChatAdapter
from services.chat.recent_messages import (
    OverheardMessage,
    PendingLine,
    RecentMessages,
    to_line,
)
from services.chat.reply_request import ReplyRequest
from services.chat.seeing import Pictures
from services.documents import DocumentReader
from services.message_parts import VoiceMessage
from services.types import Channel, IncomingMessage
from services.voice import VoiceService

_MAX_MISSED_MESSAGES = 30


@dataclass(frozen=True)
class BatchReader:
    """Reads messages with their attachments and links, and what was said before them.

    `compare` applies what was deleted and edited in a channel while the process was down.
    """

    sessions: Sessions
    adapter: ChatAdapter
    recent: RecentMessages
    compare: Callable[[Channel], Awaitable[None]]
    voice: VoiceService
    documents: DocumentReader = field(default_factory=DocumentReader)

    async def request(self, batch: MessageBatch, personality_id: UUID) -> ReplyRequest:
        """Return what a personality should answer to a batch.

        Raises:
            AccessDenied: A rule forbids its author to be heard there.
            CrisisHeard: What its author says aloud sounds like a crisis.
            VoiceMessageUnheard: It is nothing but recordings, and nothing was heard.
        """
        channel_id = batch.channel.channel_id
        if not self.recent.is_tracking(channel_id):
            _, missed = await asyncio.gather(
                self.compare(batch.channel), self._missed_messages(batch.messages[0])
            )
            self.recent.track(channel_id, missed)
        await self._hear(batch, personality_id)
        messages = [await self._with_references(each) for each in batch.messages]
        attached = [
            await read_attachments(self.adapter, each, self.documents, batch.files)
            for each in messages
        ]
        return ReplyRequest(
            personality_id=personality_id,
            actor=batch.last.author,
            channel=batch.last.channel,
            text=shown_text(messages, [each.text for each in attached]),
            pictures=Pictures(
                own=[picture for each in attached for picture in each.own],
                others=[picture for each in attached for picture in each.others],
                read=partial(read_picture, self.adapter),
            ),
            namesakes=partial(self.adapter.namesakes, batch.channel),
            is_blocked=partial(self.adapter.is_blocked, batch.channel),
            called_as=batch.called_as.get(personality_id),
            reactions=self.adapter.reactions,
            picture=batch.picture,
            lines=await self.pending_lines(channel_id, batch.author_id),
        )

    async def context(self, message: IncomingMessage) -> MessageContext:
        """Return what the database knows about the people and channels of a message."""

        async def load() -> MessageContext:
            async with reading(self.sessions) as session:
                return await message_context(session, message)

        return await retry_on_disconnect(load)

    async def _hear(self, batch: MessageBatch, personality_id: UUID) -> None:
        """Have the recordings of a batch heard; what is said stands in its messages then."""
        others = [each for each in batch.addressees if each != personality_id]
        before = list(batch.messages)
        heard = await self.voice.hear(before, [personality_id, *others])
        asked_for = dict(zip(map(id, before), heard, strict=True))
        # What was edited meanwhile stays as it is: the answer begins anew with that.
        batch.messages = [asked_for.get(id(each), each) for each in batch.messages]
        if not batch.messages:
            raise ChannelNotFound
        spoken = (part for message in heard for part in message.parts)
        if any(isinstance(part, VoiceMessage) and is_crisis(part.text) for part in spoken):
            raise CrisisHeard

    async def _with_references(self, message: IncomingMessage) -> IncomingMessage:
        """Return a message with what it answers and links to, as far as that may be shown."""
        parts = tuple(await self.adapter.read_references(message))
        if not parts:
            return message
        referring = replace(message, parts=parts)
        context = await self.context(referring)
        found = redact(referring, context.opted_out, context.incognito)
        return replace(message, parts=(*message.parts, *found.parts))

    async def pending_lines(self, channel_id: int, author_id: int) -> list[ConversationLine]:
        """Return the pending lines that the answer to a person may be based on.

        Left out are those of people who have opted out, or had their data deleted, and what others
        say incognito: an answer may repeat it, and is stored.
        """
        pending = self.recent.lines(channel_id)
        overheard = {each: each.read() for each in self.recent.overheard(channel_id)}
        people = {each.speaker_id for each in pending if each.speaker_id}
        people |= {each for message in overheard.values() for each in message.people}
        if people:
            async with reading(self.sessions) as session:
                context = await load_context(session, people=sorted(people))
                forgotten = await catch_up_queries.forgotten_at(session, sorted(people))
                heard = await who_is_heard(session, list(overheard.values()))
            kept: dict[OverheardMessage | PendingLine, PendingLine | None] = {
                each: _to_pending(message, context) if is_heard else None
                for (each, message), is_heard in zip(overheard.items(), heard, strict=True)
            }
            self.recent.settle(channel_id, kept)
            self.recent.forget_people(context.opted_out)
            self.recent.forget_before(forgotten)
        return [
            each.line
            for each in self.recent.lines(channel_id)
            if not each.is_incognito or each.author_id == author_id
        ]

    async def settle(self, channel_id: int) -> None:
        """Find out what may be kept of what was overheard in a channel since it was last asked."""
        if self.recent.overheard(channel_id):
            await retry_on_disconnect(lambda: self.pending_lines(channel_id, 0))

    async def _missed_messages(self, message: IncomingMessage) -> list[PendingLine]:
        """Fetch the channel's messages since its history was last stored."""

        async def last_answered() -> tuple[int | None, frozenset[int]]:
            async with reading(self.sessions) as session:
                return await queries.last_answered(session, message.channel.channel_id)

        after, known = await retry_on_disconnect(last_answered)
        recent = await self.adapter.history(
            message.channel, after=after, before=message.message_id, limit=_MAX_MISSED_MESSAGES
        )
        missed = [each for each in recent if each.message_id not in known and not each.is_empty]
        people = sorted({discord_id for each in missed for discord_id in each.people})
        async with reading(self.sessions) as session:
            context = await load_context(session, people=people)
            until = await incognito_until(session, people)
            forgotten = await catch_up_queries.forgotten_at(session, people)
            blocked = await blocked_accounts(session, people, message.channel.guild_id)
            since = await catch_up_queries.server_forgotten_at(session, message.channel.guild_id)
        return [
            PendingLine(
                to_line(each, stored_text([redact(each, context.opted_out, context.incognito)]))
            )
            for each in missed
            if each.author_id not in context.opted_out
            and (since is None or each.created_at > since)
            and not each.author_ids & blocked
            and (each.author_id not in until or each.created_at > until[each.author_id])
            and (each.author_id not in forgotten or each.created_at > forgotten[each.author_id])
        ]


def _to_pending(message: IncomingMessage, context: MessageContext) -> PendingLine | None:
    """Return the line of a message that was overheard, or None if nothing of it is kept."""
    if message.is_empty or message.author_ids & context.opted_out:
        return None
    redacted = redact(message, context.opted_out, context.incognito)
    is_incognito = bool(message.author_ids & context.incognito)
    return PendingLine(to_line(redacted, stored_text([redacted])), is_incognito, message.author_id)
