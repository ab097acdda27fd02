"""A limit on the memory that concurrent work may use."""

import asyncio
import ctypes
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

_TRIM_THRESHOLD_BYTES = 64_000_000


class MemoryLimiter:
    """A semaphore in bytes, first come, first served; a larger request waits for all of them."""

    def __init__(self, capacity: int) -> None:
        self._capacity = self._free = capacity
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def reserve(self, size: int) -> AsyncGenerator[None]:
        """Reserve `size` bytes while the context is open."""
        size = min(size, self._capacity)
        if self._waiters or self._free < size:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append((size, waiter))
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._free += size  # it was granted, but the waiter was cancelled
                self._wake_waiters()
                raise
        else:
            self._free -= size
        try:
            yield
        finally:
            if size >= _TRIM_THRESHOLD_BYTES:
                _trim_heap()
            self._free += size
            self._wake_waiters()

    def _wake_waiters(self) -> None:
        while self._waiters and (self._waiters[0][1].done() or self._waiters[0][0] <= self._free):
            size, waiter = self._waiters.popleft()
            if not waiter.done():
                self._free -= size
                waiter.set_result(None)


def _trim_heap() -> None:
    """Return free memory to the system: glibc keeps a heap for each thread that used much."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
