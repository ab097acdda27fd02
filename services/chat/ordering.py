"""Ordering of answers: those to a person in a channel keep their order, persons take turns."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager

from services.access import TooManyMessages


class _Link:
    """One event of a chain, which happens after the one before it has happened."""

    def __init__(self, previous: "_Link | None") -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._previous = previous.done if previous else None

    async def wait_for_previous(self) -> None:
        if self._previous is not None:
            await asyncio.shield(self._previous)

    def happen(self) -> None:
        """Let it happen, as soon as the one before it has."""
        if self._previous is not None and not self._previous.done():
            self._previous.add_done_callback(lambda _: self.happen())
        elif not self.done.done():
            self.done.set_result(None)


class QueuePosition:
    """A position in a queue: what needs no turn goes on before it has come."""

    def __init__(self, previous: "QueuePosition | None") -> None:
        self.entry = _Link(previous.entry if previous else None)
        self.turn = _Link(previous.turn if previous else None)

    async def wait(self) -> None:
        """Wait until all earlier turns have ended."""
        await self.turn.wait_for_previous()

    async def wait_for_entry(self) -> None:
        """Wait until all earlier ones have entered, or have ended without."""
        await self.entry.wait_for_previous()


class TurnQueues:
    """One queue per key, such as a person in a channel."""

    def __init__(self) -> None:
        self._last: dict[Hashable, QueuePosition] = {}

    @asynccontextmanager
    async def join(self, key: Hashable) -> AsyncGenerator[QueuePosition]:
        """Join the queue; the next turn starts when this block and all earlier ones have ended.

        An abandoned turn lets no later one overtake an earlier one.
        """
        position = self._last[key] = QueuePosition(self._last.get(key))
        position.turn.done.add_done_callback(lambda _: self._forget(key, position))
        try:
            yield position
        finally:
            position.entry.happen()
            position.turn.happen()

    def _forget(self, key: Hashable, position: QueuePosition) -> None:
        if self._last.get(key) is position:
            del self._last[key]


class AnswerSlots:
    """How many messages are answered at once, for each person and in each channel.

    Whoever waits in a channel is served in turns, one message of each person after another; those
    of a person get their slots in the order of their positions. Otherwise later ones could hold all
    slots and wait for the turn of an earlier one, which waits for a slot.
    """

    def __init__(self, *, per_person: int = 2, per_channel: int = 8, max_waiting: int = 5) -> None:
        self._per_person = per_person
        self._per_channel = per_channel
        self._max_waiting = max_waiting
        self._people: Counter[int] = Counter()
        self._channels: Counter[int] = Counter()
        self._waiting: dict[int, dict[int, deque[asyncio.Future[None]]]] = {}

    @asynccontextmanager
    async def acquire(
        self, person_id: int, channel_id: int, position: QueuePosition
    ) -> AsyncGenerator[None]:
        """Hold a slot of a person in a channel.

        Raises:
            TooManyMessages: Too many of the person's messages wait already.
        """
        await position.wait_for_entry()
        granted = self._enqueue(person_id, channel_id)
        position.entry.happen()
        await self._take(granted, person_id, channel_id)
        try:
            yield
        finally:
            self._people[person_id] -= 1
            self._channels[channel_id] -= 1
            for waiting_channel in list(self._waiting):
                self._serve(waiting_channel)

    def _enqueue(self, person_id: int, channel_id: int) -> asyncio.Future[None]:
        waiting = sum(len(people.get(person_id, ())) for people in self._waiting.values())
        if waiting >= self._max_waiting:
            raise TooManyMessages(waiting)
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        people = self._waiting.setdefault(channel_id, {})
        people.setdefault(person_id, deque()).append(granted)
        self._serve(channel_id)
        return granted

    async def _take(self, granted: asyncio.Future[None], person_id: int, channel_id: int) -> None:
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
