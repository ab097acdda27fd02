"""Showing answers while they are written: the first words as soon as there are any.

Discord edits only so often, so that edits are few, further and further apart, and each brings
whole sentences.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeAlias
from uuid import UUID, uuid4

from typing_extensions import override

from services.chat.debounce import MessageBatch
from services.chat.errors import AnswerFinished, ChannelNotFound, NotYourAnswer
from services.chat.ordering import QueuePosition
from services.chat.partial_text import stable_text, up_to_clause, up_to_sentence
from services.chat.ports import ChatAdapter, Draft
from services.chat.postprocess import MAX_LENGTH, Cleaner
from services.chat.reply_request import Opening, ReplyStream
from services.errors import DomainError
from services.faces import FaceChooser
from services.llm import BackgroundCalls
from services.types import Actor

log = logging.getLogger(__name__)

# Seconds after the model's first piece. Until the first, the whole answer may come; from then on a
# clause is shown, and from the second on any words.
_FIRST_CLAUSE, _FIRST_WORDS = 0.1, 0.8
# Seconds without a word until a placeholder is shown, and until it says that the model is slow.
_PLACEHOLDER, _NOTICE = 1.5, 20.0
# Seconds between two edits, of which the last repeats, and how many edits there are at most.
_EDIT_INTERVALS: Final = (1.5, 2.0, 3.0, 4.0)
_MAX_EDITS = 8
_MIN_NEW = 80  # characters that an edit brings
# Seconds between two looks at what is written: before its first words, and after them.
_FIRST_LOOK, _LOOK = 0.02, 0.1
_THINKING, _SLOW = "-# is thinking …", "-# is still thinking: the model is slow. ✕ stops it."


Greet: TypeAlias = Callable[[MessageBatch, Opening], Awaitable[None]]
StoreDraft: TypeAlias = Callable[[MessageBatch, UUID, list[int]], Awaitable[None]]


class AnswerStream(ReplyStream):
    """An answer that is being written, of which people see the beginning.

    `attempt` counts how often the model has begun it.
    """

    def __init__(self, batch: MessageBatch) -> None:
        self.batch = batch
        self.line_id = uuid4()
        self.draft: Draft | None = None
        self.cleaner: Cleaner | None = None
        self.opening: Opening | None = None
        self.opened = asyncio.Event()
        self.attempt = 0
        self.first_piece_at: float | None = None
        self.is_finished = False
        # `stopped` by whoever may, `ended` when nothing more is to be shown, `closed` at last.
        self.stopped, self.ended, self.closed = asyncio.Event(), asyncio.Event(), asyncio.Event()
        # How many characters the model has written so far.
        self.length = 0
        self._people = batch.last.author_ids
        self._pieces: list[str] = []
        self._kept = ""
        self._is_idle = asyncio.Event()

    @property
    @override
    def text(self) -> str:
        return "".join(self._pieces)

    @override
    def open(self, opening: Opening) -> None:
        self.opening = opening
        self.opened.set()

    @override
    def clean_with(self, cleaner: Cleaner) -> None:
        self.cleaner = cleaner

    @override
    def keep(self, text: str) -> None:
        self._kept = f"{text}\n\n" if text else ""

    @override
    async def wait_until_stopped(self) -> None:
        await self.stopped.wait()

    @override
    def begin(self) -> None:
        self.attempt += 1
        self._pieces = [self._kept] if self._kept else []
        self.length = len(self._kept)

    @override
    def write(self, piece: str) -> None:
        if self.first_piece_at is None:
            self.first_piece_at = time.perf_counter()
        self._pieces.append(piece)
        self.length += len(piece)

    def stop(self, actor: Actor) -> None:
        """Stop the answer where it is.

        Raises:
            NotYourAnswer: It answers someone else, and the actor is not a moderator.
        """
        if actor.discord_id not in self._people and not actor.moderates:
            raise NotYourAnswer
        self.stopped.set()

    async def end(self) -> None:
        """Show nothing more; on return nothing is on its way to Discord."""
        self.ended.set()
        await self._is_idle.wait()

    async def finish(self, text: str) -> list[int] | None:
        """Show the whole answer instead of its beginning; return the messages.

        None: nothing of it was shown.

        Raises:
            ChannelNotFound: Somebody has deleted what was shown.
        """
        await self.end()
        if self.draft is None or not self.draft.message_ids:
            return None
        message_ids = await self.draft.finish(text)
        self.is_finished = True
        return message_ids

    def become_idle(self, showing: asyncio.Task[None]) -> None:
        """Note that nothing more will be shown."""
        self._is_idle.set()
        if not showing.cancelled() and (error := showing.exception()) is not None:
            log.error("An answer could not be shown while it was written", exc_info=error)


class AnswerStreams:
    """The answers that are being written. One of them a channel is shown meanwhile."""

    def __init__(
        self,
        adapter: ChatAdapter,
        background: BackgroundCalls,
        faces: FaceChooser,
        *,
        greet: Greet,
        store_draft: StoreDraft,
    ) -> None:
        self._adapter = adapter
        self._background = background
        self._faces = faces
        self._greet = greet
        self._store_draft = store_draft
        self._open: dict[UUID, AnswerStream] = {}
        self._shown: dict[int, AnswerStream] = {}

    @asynccontextmanager
    async def open(
        self, batch: MessageBatch, position: QueuePosition
    ) -> AsyncGenerator[AnswerStream]:
        """Show an answer from its turn on while it is written; it goes unless it is finished."""
        stream = AnswerStream(batch)
        self._open[stream.line_id] = stream
        # A task of its own, which nobody cancels: a call of a webhook that is cancelled while it
        # waits for Discord's limits never releases the webhook.
        showing = asyncio.ensure_future(self._show(stream, position))
        showing.add_done_callback(stream.become_idle)
        is_ending = False
        try:
            yield stream
        except asyncio.CancelledError:
            is_ending = True  # what is shown is found after the restart
            raise
        finally:
            stream.ended.set()
            if not is_ending:
                await stream.end()
                await self._discard(stream)
            stream.closed.set()
            del self._open[stream.line_id]
            if self._shown.get(key := _webhook_channel(stream)) is stream:
                del self._shown[key]

    def stop(self, actor: Actor, line_id: UUID) -> bool:
        """Stop an answer where it is; return whether there is any text of it.

        Raises:
            AnswerFinished: It is not being written any more.
            NotYourAnswer: It answers someone else, and the actor is not a moderator.
        """
        stream = self._open.get(line_id)
        if stream is None or stream.ended.is_set():
            raise AnswerFinished
        stream.stop(actor)
        return bool(stream.text.strip())

    async def _discard(self, stream: AnswerStream) -> None:
        if stream.draft is not None and not stream.is_finished:
            with suppress(DomainError):
                await stream.draft.discard()

    async def _show(self, stream: AnswerStream, position: QueuePosition) -> None:
        try:
            await _any(position.wait(), stream.ended.wait())
            await _any(stream.opened.wait(), stream.ended.wait())
            if stream.opening is None or not stream.opening.is_streamed:
                return
            if await self._take_turn(stream):
                await _Display(stream, stream.opening, self).run()
        except ChannelNotFound:
            stream.stopped.set()  # somebody has deleted what was shown
        except DomainError as error:
            log.info("An answer is not shown while it is written: %r", error)

    async def _take_turn(self, stream: AnswerStream) -> bool:
        """Wait until no other answer of the channel is shown; return False if it has ended then."""
        key = _webhook_channel(stream)
        while (other := self._shown.get(key)) is not None:
            await _any(other.closed.wait(), stream.ended.wait())
            if stream.ended.is_set():
                return False
        self._shown[key] = stream
        return not stream.ended.is_set()

    async def begin_draft(self, stream: AnswerStream) -> Draft | None:
        """Return what the answer is shown in; None if it cannot be shown in pieces there.

        It is stored before anything is shown, so that a crash leaves no half answer.
        """
        draft = await self._adapter.draft(stream.batch.channel, line_id=stream.line_id)
        if draft is not None:
            await self._store_draft(stream.batch, stream.line_id, [])
        return draft

    async def pause(self, stream: AnswerStream, seconds: float) -> None:
        """Wait a moment, or until the answer ends."""
        moment = self._background.call(lambda: asyncio.sleep(seconds))
        await _any(moment, stream.ended.wait())

    async def is_blocked(self, stream: AnswerStream, text: str) -> bool:
        """Whether the server's own rules block a beginning."""
        return await self._adapter.is_blocked(stream.batch.channel, text)

    async def put(self, stream: AnswerStream, opening: Opening, draft: Draft, text: str) -> None:
        """Show a beginning."""
        if not draft.message_ids:
            await self._greet(stream.batch, opening)
            draft.speaker = await self._faces.speaker(
                opening.personality, text, has_faces=opening.has_faces
            )
        if stream.ended.is_set():
            return
        known = list(draft.message_ids)
        await draft.show(text)
        if draft.message_ids != known:
            await self._store_draft(stream.batch, stream.line_id, list(draft.message_ids))


class _Display:
    """Decides when which beginning of an answer is shown."""

    def __init__(self, stream: AnswerStream, opening: Opening, streams: AnswerStreams) -> None:
        self._stream = stream
        self._opening = opening
        self._streams = streams
        self._opened_at = time.perf_counter()
        self._shown = ""  # of the words
        self._shown_at = 0.0
        self._attempt = 0
        self._blocked_attempt = 0
        self._edits = 0
        self._looked_at: tuple[int, int, bool] | None = None
        self._placeholder = ""

    async def run(self) -> None:
        """Show the answer until it ends."""
        await self._streams.pause(self._stream, _FIRST_CLAUSE)
        if self._stream.ended.is_set():
            return
        draft = await self._streams.begin_draft(self._stream)
        if draft is None:
            return
        self._stream.draft = draft
        while not self._stream.ended.is_set():
            text = await self._words()
            if text and not await self._is_blocked(text):
                await self._streams.put(self._stream, self._opening, draft, text)
                self._edits += bool(self._shown)
                self._shown, self._shown_at = text, time.perf_counter()
                self._attempt = self._stream.attempt
            elif not self._shown and (text := self._next_placeholder()):
                self._placeholder = text
                await self._streams.put(self._stream, self._opening, draft, text)
            else:
                await self._streams.pause(self._stream, _LOOK if self._shown else _FIRST_LOOK)

    async def _words(self) -> str:
        """Return the words that are to be shown now, if any."""
        stream, began = self._stream, self._stream.first_piece_at
        if began is None or stream.cleaner is None or stream.attempt == self._blocked_attempt:
            return ""
        since = time.perf_counter() - began
        looking_at = (stream.attempt, stream.length, since < _FIRST_WORDS)
        if looking_at == self._looked_at or len(self._shown) >= MAX_LENGTH:
            return ""
        if not self._shown:
            if since < _FIRST_CLAUSE:
                return ""
            self._looked_at = looking_at
            stable = await self._stable_text(stream.cleaner)
            words = up_to_clause(stable)
            return words or (up_to_sentence(stable, 0) if since >= _FIRST_WORDS else "")
        interval = _EDIT_INTERVALS[min(self._edits, len(_EDIT_INTERVALS) - 1)]
        if self._edits >= _MAX_EDITS or time.perf_counter() - self._shown_at < interval:
            return ""
        self._looked_at = looking_at
        known = len(self._shown) if self._attempt == stream.attempt else 0
        words = up_to_sentence(await self._stable_text(stream.cleaner), known)
        return words if len(words) - known >= _MIN_NEW else ""

    async def _stable_text(self, cleaner: Cleaner) -> str:
        return await asyncio.to_thread(stable_text, self._stream.text, cleaner)

    async def _is_blocked(self, text: str) -> bool:
        if await self._streams.is_blocked(self._stream, text):
            self._blocked_attempt = self._stream.attempt
        return self._stream.attempt == self._blocked_attempt

    def _next_placeholder(self) -> str:
        """Return what is shown instead of words, if it is time for it and it is not shown yet."""
        waited = time.perf_counter() - self._opened_at
        if self._stream.first_piece_at is None and waited >= _NOTICE:
            due = _SLOW
        else:
            due = _THINKING if waited >= _PLACEHOLDER and not self._placeholder else ""
        return due if due != self._placeholder else ""


def _webhook_channel(stream: AnswerStream) -> int:
    """Return the channel whose webhook the answer is shown by."""
    channel = stream.batch.channel
    return channel.parent_id or channel.channel_id


async def _any(*waits: Awaitable[Any]) -> None:
    """Wait for the first of several, which may be cancelled."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
