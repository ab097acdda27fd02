"""Ordering of answers: those to a person in a channel keep their order, persons take turns."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager

from services.access import TooManyMessages


class QueuePosition:
    """A position in a queue: what needs no turn goes on before it has come."""

    def __init__(self, previous: asyncio.Future[None] | None) -> None:
        self._previous = previous

    async def wait(self) -> None:
        """Wait until all earlier turns have ended."""
        if self._previous is not None:
            await asyncio.shield(self._previous)


class TurnQueues:
    """One queue per key, such as a person in a channel."""

    def __init__(self) -> None:
        self._last: dict[Hashable, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def join(self, key: Hashable) -> AsyncGenerator[QueuePosition]:
        """Join the queue; the next turn starts when this block and all earlier ones have ended."""
        previous = self._last.get(key)
        finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._last[key] = finished
        try:
            yield QueuePosition(previous)
        finally:
            # An abandoned turn must not let a later answer overtake an earlier one.
            if previous is None or previous.done():
                self._finish(key, finished)
            else:
                previous.add_done_callback(lambda _: self._finish(key, finished))

    def _finish(self, key: Hashable, finished: asyncio.Future[None]) -> None:
        if not finished.done():
            finished.set_result(None)
        if self._last.get(key) is finished:
            del self._last[key]


class AnswerSlots:
    """How many messages are answered at once, for each person and in each channel.

    Whoever waits in a channel is served in turns, one message of each person after another.
    """

    def __init__(self, *, per_person: int = 2, per_channel: int = 8, max_waiting: int = 5) -> None:
        self._per_person = per_person
        self._per_channel = per_channel
        self._max_waiting = max_waiting
        self._people: Counter[int] = Counter()
        self._channels: Counter[int] = Counter()
        self._waiting: dict[int, dict[int, deque[asyncio.Future[None]]]] = {}

    @asynccontextmanager
    async def acquire(self, person_id: int, channel_id: int) -> AsyncGenerator[None]:
        """Hold a slot of a person in a channel.

        Raises:
            TooManyMessages: Too many of the person's messages wait already.
        """
        await self._take(person_id, channel_id)
        try:
            yield
        finally:
            self._people[person_id] -= 1
            self._channels[channel_id] -= 1
            for waiting_channel in list(self._waiting):
                self._serve(waiting_channel)

    async def _take(self, person_id: int, channel_id: int) -> None:
        waiting = sum(len(people.get(person_id, ())) for people in self._waiting.values())
        if waiting >= self._max_waiting:
            raise TooManyMessages(waiting)
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        people = self._waiting.setdefault(channel_id, {})
        people.setdefault(person_id, deque()).append(granted)
        self._serve(channel_id)
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self._people[person_id] -= 1
                self._channels[channel_id] -= 1
                self._serve(channel_id)
            raise

    def _serve(self, channel_id: int) -> None:
        """Grant free slots of a channel in turns."""
        people = self._waiting.get(channel_id, {})
        is_served = True
        while is_served and self._channels[channel_id] < self._per_channel:
            is_served = False
            for person_id in list(people):
                if self._people[person_id] >= self._per_person:
                    continue
                is_served = self._grant(people, person_id, channel_id) or is_served
                if self._channels[channel_id] >= self._per_channel:
                    break
        if not people:
            self._waiting.pop(channel_id, None)
        self._people, self._channels = +self._people, +self._channels

    def _grant(
        self, people: dict[int, deque[asyncio.Future[None]]], person_id: int, channel_id: int
    ) -> bool:
        """Grant a slot to a person's next message, and let the others go first then."""
        queue = people.pop(person_id)
        granted = queue.popleft()
        if queue:
            people[person_id] = queue  # at the end
        if granted.done():
            return True  # cancelled meanwhile
        self._people[person_id] += 1
        self._channels[channel_id] += 1
        granted.set_result(None)
        return True
