"""Ordering of answers: a channel's answers are sent in the order of their triggers."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class QueuePosition:
    """A position in a channel's queue. Only sending waits for its turn, generation does not."""

    def __init__(self, previous: asyncio.Future[None] | None) -> None:
        self._previous = previous

    async def wait(self) -> None:
        """Wait until all earlier answers have been sent or abandoned."""
        if self._previous is not None:
            await asyncio.shield(self._previous)


class ChannelQueues:
    """One queue per channel."""

    def __init__(self) -> None:
        self._last: dict[int, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def join(self, channel_id: int) -> AsyncGenerator[QueuePosition]:
        """Join the queue; the next turn starts when this block and all earlier ones have ended."""
        previous = self._last.get(channel_id)
        finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._last[channel_id] = finished
        try:
            yield QueuePosition(previous)
        finally:
            # An abandoned turn must not let a later answer overtake an earlier one.
            if previous is None or previous.done():
                self._finish(channel_id, finished)
            else:
                previous.add_done_callback(lambda _: self._finish(channel_id, finished))

    def _finish(self, channel_id: int, finished: asyncio.Future[None]) -> None:
        if not finished.done():
            finished.set_result(None)
        if self._last.get(channel_id) is finished:
            del self._last[channel_id]
