"""Who speaks when: answers of a channel appear in the order in which they were asked for."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Turnstile:
    """A place in a channel's queue. Thinking needs no turn, speaking does."""

    def __init__(self, before: asyncio.Future[None] | None) -> None:
        self._before = before

    async def wait(self) -> None:
        """Wait until everyone who was asked earlier has spoken or given up."""
        if self._before is not None:
            await asyncio.shield(self._before)


class ReplyOrder:
    """One queue a channel."""

    def __init__(self) -> None:
        self._last: dict[int, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def turn(self, channel_id: int) -> AsyncGenerator[Turnstile]:
        """Queue up now; the next one's turn comes when this block is left and all before it are."""
        before = self._last.get(channel_id)
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._last[channel_id] = over
        try:
            yield Turnstile(before)
        finally:
            # Whoever gives up early must not let a later answer overtake an earlier one.
            if before is None or before.done():
                self._end(channel_id, over)
            else:
                before.add_done_callback(lambda _: self._end(channel_id, over))

    def _end(self, channel_id: int, over: asyncio.Future[None]) -> None:
        if not over.done():
            over.set_result(None)
        if self._last.get(channel_id) is over:
            del self._last[channel_id]
