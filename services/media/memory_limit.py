"""Room for work that takes memory, shared by all who do it at once."""

import asyncio
import ctypes
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

_LARGE = 64_000_000


class MemoryLimiter:
    """So many bytes; who needs more than all of them gets all. First come, first served."""

    def __init__(self, most: int) -> None:
        self._most = self._free = most
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def reserve(self, size: int) -> AsyncGenerator[None]:
        """Hold some of it while the context is open."""
        size = min(size, self._most)
        if self._waiting or self._free < size:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((size, turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._free += size  # it was given, and is not needed any more
                self._serve()
                raise
        else:
            self._free -= size
        try:
            yield
        finally:
            if size >= _LARGE:
                _give_back()
            self._free += size
            self._serve()

    def _serve(self) -> None:
        while self._waiting and (self._waiting[0][1].done() or self._waiting[0][0] <= self._free):
            size, turn = self._waiting.popleft()
            if not turn.done():
                self._free -= size
                turn.set_result(None)


def _give_back() -> None:
    """Give what is free back to the system: glibc keeps a heap for each thread that had much."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
