"""What happened on Discord while the bot was down: deletions, edits, and open questions."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from db.models import OpenAnswer, Venue
from db.retry import retry_on_disconnect
from db.session import Sessions, reading
from services.chat import catch_up_queries
from services.chat.debounce import MessageBatch
from services.chat.ports import ChatAdapter
from services.types import Channel, IncomingMessage

log = logging.getLogger(__name__)

_MAX_AGE, _MAX_LINES, _MAX_MESSAGES = timedelta(days=7), 200, 200
_MAX_ANSWER_AGE = timedelta(minutes=15)
# A snapshot of 200 messages takes two requests; at most five a second are made.
_PAUSE_SECONDS = 0.4


@dataclass
class CatchUp:
    """Compares channels with their history once after the start of the process.

    That is done in the background, newest first, and before the history of a channel is first used.
    """

    sessions: Sessions
    adapter: ChatAdapter
    forget: Callable[[Sequence[int]], Awaitable[None]]
    apply_edit: Callable[[IncomingMessage], Awaitable[object]]
    _done: dict[int, asyncio.Future[None]] = field(default_factory=dict[int, asyncio.Future[None]])
    # Messages that this process answers: it may do so before it asks for those of its predecessor.
    _open: set[int] = field(default_factory=set[int])

    async def compare_all(self, owns: Callable[[int | None], bool]) -> None:
        """Compare the channels with lines of the last week, on the servers of this process."""

        async def load() -> Sequence[tuple[int, int | None]]:
            async with self.sessions() as session:
                return await catch_up_queries.channels_since(session, datetime.now(UTC) - _MAX_AGE)

        for channel_id, guild_id in await retry_on_disconnect(load):
            if owns(guild_id) and channel_id not in self._done:
                venue = Venue.PRIVATE if guild_id else Venue.DM
                await self.compare(Channel(channel_id=channel_id, guild_id=guild_id, venue=venue))
                await asyncio.sleep(_PAUSE_SECONDS)

    async def compare(self, channel: Channel) -> None:
        """Apply what was deleted or edited in a channel, unless that was done before."""
        known = self._done.get(channel.channel_id)
        if known is None:
            known = asyncio.ensure_future(self._compare(channel))
            self._done[channel.channel_id] = known
        await asyncio.shield(known)

    async def _compare(self, channel: Channel) -> None:
        async def load() -> dict[int, str | None]:
            async with self.sessions() as session:
                since = datetime.now(UTC) - _MAX_AGE
                return await catch_up_queries.recent_message_ids(
                    session, channel.channel_id, since=since, limit=_MAX_LINES
                )

        texts = await retry_on_disconnect(load)
        if not texts:
            return
        snapshot = await self.adapter.snapshot(channel, after=min(texts), limit=_MAX_MESSAGES)
        if snapshot is None:
            return
        deleted = [
            message_id
            for message_id in texts
            if message_id >= snapshot.first_id and message_id not in snapshot.message_ids
        ]
        if deleted:
            log.info("%s messages of channel %s are gone", len(deleted), channel.channel_id)
            await self.forget(deleted)
        for message in snapshot.edited:
            if texts.get(message.message_id) is not None:
                await self.apply_edit(message)

    async def open_questions(
        self, owns: Callable[[int | None], bool]
    ) -> list[tuple[IncomingMessage, bool]]:
        """Return the messages that were being answered when the process ended, once.

        What was shown of their answers is deleted. With each is returned whether it is too late to
        answer, although people saw an answer begin; other late ones are left out.
        """

        async def take() -> list[OpenAnswer]:
            async with self.sessions.begin() as session:
                return list(
                    await catch_up_queries.take_open_answers(session, owns, known=self._open)
                )

        oldest = datetime.now(UTC) - _MAX_ANSWER_AGE
        questions: list[tuple[IncomingMessage, bool]] = []
        for each in await retry_on_disconnect(take):
            is_late = each.started_at <= oldest or each.is_answered
            if each.draft_id is not None:
                await self.adapter.remove_draft(
                    each.channel_id,
                    each.draft_message_ids,
                    line_id=each.draft_id,
                    after=each.message_id,
                )
            elif is_late:
                continue
            message = await self.adapter.message(each.channel_id, each.message_id)
            if message is not None:
                questions.append((message, is_late))
        return questions

    @asynccontextmanager
    async def open_answer(self, message: IncomingMessage) -> AsyncGenerator[None]:
        """Have a message answered after a restart, if the process ends before it is answered."""

        async def store() -> None:
            async with reading(self.sessions) as session:
                await catch_up_queries.open_answer(session, message)

        self._open.add(message.message_id)
        storing = asyncio.ensure_future(retry_on_disconnect(store))
        is_ending = False
        try:
            yield
        except asyncio.CancelledError:
            is_ending = True
            raise
        finally:
            if not is_ending:
                await asyncio.gather(storing, return_exceptions=True)
                if message.message_id in self._open:
                    await self.close_answer(message)

    async def store_draft(self, batch: MessageBatch, line_id: UUID, message_ids: list[int]) -> None:
        """Have what is shown of an answer found and deleted after a restart."""
        if not batch.messages:
            return
        message = batch.messages[0]

        async def store() -> None:
            async with self.sessions.begin() as session:
                await catch_up_queries.open_answer(
                    session, message, draft_id=line_id, draft_message_ids=message_ids
                )

        await retry_on_disconnect(store)

    async def close_answer(self, message: IncomingMessage) -> None:
        """Do not answer a message after a restart any more."""

        async def remove() -> None:
            async with reading(self.sessions) as session:
                await catch_up_queries.close_answer(session, message.message_id)

        await retry_on_disconnect(remove)
        self._open.discard(message.message_id)
