"""The conversation use case: from an incoming message to an answer that is sent and stored."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from db.retry import retry_on_disconnect
from db.session import Sessions
from services.access import AccessRefused, TooManyMessages, is_notice_due
from services.chat import queries
from services.chat.addressing import Addressees, MessageContext, redact, stored_text
from services.chat.catch_up import CatchUp
from services.chat.crisis import is_crisis
from services.chat.debounce import MessageBatch, OpenBatches
from services.chat.errors import (
    AnswerInterrupted,
    AnswerStopped,
    ChannelNotFound,
    CrisisHeard,
    NoPersonalityHere,
)
from services.chat.ordering import AnswerSlots, QueuePosition, TurnQueues
from services.chat.persistence import ConversationWriter
from services.chat.ports import ChatAdapter
from services.chat.proxied_members import ProxiedMembers
from services.chat.reading import BatchReader
from services.chat.recent_messages import (
    OverheardMessage,
    PendingLine,
    RecentMessages,
    to_line,
)
from services.chat.renames import tell_owners
from services.chat.reply_generation import GeneratedReply, ReplyGenerator
from services.chat.sending import ReplySender
from services.chat.streaming import AnswerStream, AnswerStreams
from services.chat.turns import TurnChooser
from services.errors import DomainError, NameImpersonates, OptedOut
from services.faces import FaceChooser
from services.llm import BackgroundCalls
from services.message_parts import mark
from services.notifications import Notifier
from services.types import Actor, IncomingMessage
from services.voice import VoiceService

log = logging.getLogger(__name__)

_NOTICE_INTERVAL = timedelta(hours=1)
_CALLING_EDIT = timedelta(minutes=2)
_MAX_TAKEN = 5000


class ChatService:
    """Processes messages and lets the addressed personalities answer."""

    def __init__(
        self,
        sessions: Sessions,
        generator: ReplyGenerator,
        writer: ConversationWriter,
        adapter: ChatAdapter,
        notifier: Notifier,
        faces: FaceChooser,
        background: BackgroundCalls,
        voice: VoiceService,
        turns: TurnChooser,
        slots: AnswerSlots,
    ) -> None:
        self._sessions = sessions
        self._slots = slots
        self._generator = generator
        self._writer = writer
        self._adapter = adapter
        self._notifier = notifier
        self._order = TurnQueues()
        self._recent = RecentMessages()
        self._batches = OpenBatches()
        # Messages that were given to somebody to answer.
        self._taken: deque[int] = deque(maxlen=_MAX_TAKEN)
        self._members = ProxiedMembers(sessions)
        self._catch_up = CatchUp(sessions, adapter, self.forget_messages, self._apply_edit)
        self._voice = voice
        self._turns = turns
        self._reader = BatchReader(sessions, adapter, self._recent, self._catch_up.compare, voice)
        self._sender = ReplySender(
            *(sessions, adapter, writer, self._recent, self._catch_up.close_answer, faces),
            is_spoken=voice.is_spoken,
            settle=self._reader.settle,
        )
        self._streams = AnswerStreams(
            adapter,
            background,
            faces,
            greet=self._sender.greet,
            store_draft=self._catch_up.store_draft,
        )

    async def catch_up(self, owns: Callable[[int | None], bool]) -> None:
        """Follow, after the start, what happened while the process was down.

        Messages that were being answered are answered; what was deleted or edited is followed.
        `owns` says whether a server, or None for DMs, belongs to this process.
        """
        for message, is_late in await self._catch_up.open_questions(owns):
            if is_late:
                with suppress(DomainError):
                    await self._adapter.send_error(message, AnswerInterrupted())
            else:
                await self.handle_message(message)
        await self._catch_up.compare_all(owns)

    async def handle_message(self, message: IncomingMessage) -> None:
        """Process a person's message; addressed personalities have answered on return.

        Domain errors are reported to the person; only bugs are raised.
        """
        breath = self._batches.that_accepts(message)
        # Join the queue before awaiting anything, so that a person's answers keep their order.
        async with self._order.join((message.channel.channel_id, message.account)) as position:
            try:
                context, found = await retry_on_disconnect(lambda: self._turns.resolve(message))
            except NoPersonalityHere as error:
                await self._adapter.send_error(message, error)
                return
            if message.author_ids & context.opted_out:
                return
            if found.denied is not None:
                await self._refuse(message, found.denied)
            if context.verdict is not None and not context.verdict.is_mute:
                return
            await self._members.link(message)
            if found.ambiguous:
                await self._adapter.ask_which(message, found.ambiguous)
            # After resolving: mentioning a member named Mirela does not address the personality.
            message = redact(message, context.opted_out, context.incognito)
            is_incognito = bool(message.author_ids & context.incognito)
            batch = self._batches.that_accepts(message)
            # Words of a crisis in the breath of a call are met with help, however fast the answer.
            needs_help = breath is not None and is_crisis(message.content)
            if batch is None and not found.ids and not needs_help:
                line = to_line(message, stored_text([message]))
                self._recent.add(
                    message.channel.channel_id, PendingLine(line, is_incognito, message.author_id)
                )
            elif batch is None or is_crisis(message.content):
                started = MessageBatch.of(message, found, is_incognito=is_incognito)
                await self._answer(started, context, position)
            else:
                # As many answer what calls nobody, however many messages it has.
                batch.add(message, Addressees() if found.is_uncalled else found)
                self._taken.append(message.message_id)

    def is_answering(self, channel_id: int, author_id: int, at: datetime) -> bool:
        """Whether what a person says in a channel at a time belongs to what is being answered."""
        return self._batches.take(channel_id, author_id, at)

    def overhears(self, channel_id: int) -> bool:
        """Whether an answer was given lately in a channel, so that its messages are known."""
        return self._recent.is_tracking(channel_id)

    def overhear(self, channel_id: int, message: OverheardMessage) -> None:
        """Have a message known to the next answer in its channel, if one was given there lately.

        Whether it may be kept is asked then.
        """
        self._recent.add(channel_id, message)

    async def _refuse(self, message: IncomingMessage, error: AccessRefused) -> None:
        """Show that a message gets no answer; say why, once an hour."""
        person = message.account

        async def is_due() -> bool:
            async with self._sessions.begin() as session:
                return await is_notice_due(session, person, error.topic, every=_NOTICE_INTERVAL)

        in_words = person > 0 and await retry_on_disconnect(is_due)
        with suppress(DomainError):
            await self._adapter.send_refusal(message, error, in_words=in_words)

    def stop(self, actor: Actor, line_id: UUID) -> bool:
        """Stop an answer that is being written; return whether there is any text of it.

        Raises:
            AnswerFinished: It is not being written any more.
            NotYourAnswer: It answers someone else, and the actor is not a moderator.
        """
        return self._streams.stop(actor, line_id)

    def stop_turns(self, actor: Actor, message_id: int) -> None:
        """Let nobody play on after a message.

        Raises:
            AnswerFinished: Nobody does any more.
            NotYourAnswer: Somebody else has asked for it, and the actor is not a moderator.
        """
        self._batches.stop(actor, message_id)

    async def answer_command(
        self,
        message: IncomingMessage,
        personality_id: UUID | None,
        *,
        turns: int = 0,
        picture: str = "",
    ) -> None:
        """Let a personality answer a message that was sent by a command, or play on so often.

        A `picture` of what that says follows the answer.

        Raises:
            OptedOut: Its author has opted out.
        """
        async with self._order.join((message.channel.channel_id, message.account)) as position:
            context = await self._reader.context(message)
            if message.author_ids & context.opted_out:
                raise OptedOut
            batch = MessageBatch.of(
                message,
                Addressees(ids=[personality_id] if personality_id else []),
                is_incognito=bool(message.author_ids & context.incognito),
                is_open=not turns,
                picture=picture,
            )
            await self._answer(batch, context, position, turns=turns)

    async def forget_messages(self, message_ids: Sequence[int]) -> None:
        """Erase messages that were deleted on Discord, pending and stored."""
        self._batches.forget(message_ids)
        with suppress(DomainError):
            await self._voice.forget_messages(message_ids)
        voice_messages = await self._erase(message_ids)
        with suppress(DomainError):
            await self._voice.delete_spoken(voice_messages)

    async def _erase(self, message_ids: Sequence[int]) -> list[tuple[int, int]]:
        """Erase messages, pending and stored; return the voice messages of the answers to them."""
        self._recent.forget(message_ids)

        async def erase() -> list[tuple[int, int]]:
            async with self._sessions.begin() as session:
                return await queries.erase(session, message_ids)

        return await retry_on_disconnect(erase)

    def forget_server(self, guild_id: int) -> None:
        """Drop messages of a server that are not stored yet."""
        self._recent.forget_server(guild_id)
        self._batches.forget_server(guild_id)

    def forget_person(self, discord_id: int) -> None:
        """Drop a person's messages that are not stored yet."""
        self._recent.forget_people({discord_id})
        self._members.forget()
        self._voice.forget_transcripts(self._batches.forget_person(discord_id))

    async def handle_edit(
        self, message: IncomingMessage, *, is_preview: bool = False, is_changed: bool = False
    ) -> None:
        """Apply the edit of a message; the preview of a link restarts no answer.

        With `is_changed` its text is another one: within two minutes a name in it calls somebody,
        unless the message has been answered.
        """
        is_answered = await self._apply_edit(message, is_preview=is_preview)
        was_taken = message.message_id in self._taken
        if is_answered or was_taken or not (is_changed and _is_fresh(message)):
            return
        _, found = await retry_on_disconnect(lambda: self._turns.resolve(message))
        if found.called_as:  # as if it had been sent like this
            await self._erase([message.message_id])
            await self.handle_message(message)

    async def _apply_edit(self, message: IncomingMessage, *, is_preview: bool = False) -> bool:
        """Apply the edit of a message; return whether it has been answered, or must not be."""
        context = await self._reader.context(message)
        if message.author_ids & context.opted_out:
            return True
        edited = redact(self._voice.with_known(message), context.opted_out, context.incognito)
        content = stored_text([edited])
        self._recent.apply_edit(message, content)
        self._batches.apply_edit(edited, restarts=not is_preview)
        return await self._writer.apply_edit(message.message_id, content)

    async def _answer(
        self,
        batch: MessageBatch,
        context: MessageContext,
        position: QueuePosition,
        *,
        turns: int = 0,
    ) -> None:
        """Let the addressed personalities answer a batch, in this order, and each other.

        With `turns`, they play on so often, whoever is called.
        """
        message = batch.last
        if is_crisis(message.content):
            with suppress(DomainError):
                await self._adapter.send_crisis_resources(message)
            return
        self._batches.add(batch)
        self._taken.append(message.message_id)
        try:
            slot = self._slots.acquire(message.account, message.channel.channel_id, position)
            async with self._catch_up.open_answer(message), slot:
                for personality_id in batch.addressees:
                    if batch.messages:
                        await self._answer_as(batch, personality_id, position)
                async for turn in self._turns.following(batch, context, turns):
                    await self._answer_as(batch, turn.personality_id, position, cue=turn.cue)
        except TooManyMessages as error:
            await self._refuse(message, error)
        except CrisisHeard:
            with suppress(DomainError):
                await self._adapter.send_crisis_resources(message)
        finally:
            self._batches.remove(batch)
            if batch.user_line is None:
                # It got no answer, but the next answer should have it as context.
                lines = [to_line(each, stored_text([each])) for each in batch.messages]
                pending = [PendingLine(line, batch.is_incognito, batch.author_id) for line in lines]
                self._recent.add(batch.channel.channel_id, *pending)

    async def _answer_as(
        self,
        batch: MessageBatch,
        personality_id: UUID,
        position: QueuePosition,
        *,
        cue: str = "",
    ) -> None:
        batch.last_reply = None
        try:
            async with self._streams.open(batch, position) as stream:
                async with self._adapter.typing(batch.channel):
                    reply = await self._generate(batch, personality_id, stream, cue)
                    await position.wait()
                    while batch.changed.is_set():
                        reply = await self._generate(batch, personality_id, stream, cue)
                batch.is_open = False
                await self._sender.send(batch, reply, stream)
                batch.last_reply = reply
                batch.is_stopped = batch.is_stopped or stream.stopped.is_set()
        except AnswerStopped:
            batch.is_stopped = True
            log.info("An answer in channel %s was stopped", batch.channel.channel_id)
        except ChannelNotFound:
            log.info(
                "Nobody answers in channel %s: it or the message is gone", batch.channel.channel_id
            )
        except AccessRefused as error:
            await self._refuse(batch.last, error)
        except CrisisHeard:
            raise
        except DomainError as error:
            with suppress(DomainError):
                await self._adapter.send_error(batch.last, error)
            if isinstance(error, NameImpersonates) and batch.channel.guild_id is not None:
                taken = (personality_id, error.name, batch.channel.guild_id)
                await tell_owners(self._sessions, self._notifier, *taken)

    async def _generate(
        self, batch: MessageBatch, personality_id: UUID, stream: AnswerStream, cue: str
    ) -> GeneratedReply:
        """Generate an answer; restart whenever the person adds to or edits the batch."""
        while True:
            if not batch.messages:
                raise ChannelNotFound
            batch.changed.clear()
            generation = asyncio.ensure_future(
                self._generate_once(batch, personality_id, stream, cue)
            )
            change = asyncio.ensure_future(batch.changed.wait())
            try:
                await asyncio.wait({generation, change}, return_when=asyncio.FIRST_COMPLETED)
                if generation.done():
                    return generation.result()
            finally:
                for task in (generation, change):
                    task.cancel()

    async def _generate_once(
        self, batch: MessageBatch, personality_id: UUID, stream: AnswerStream, cue: str
    ) -> GeneratedReply:
        request = await self._reader.request(batch, personality_id)
        if cue:  # the message itself stands in the history
            request = replace(request, text=mark(cue), pictures=None)
        return await self._generator.generate(replace(request, stream=stream))


def _is_fresh(message: IncomingMessage) -> bool:
    """Whether a message was edited so soon that a name in it still calls somebody."""
    edited_at = message.edited_at
    return edited_at is not None and edited_at - message.created_at <= _CALLING_EDIT
