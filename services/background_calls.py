"""Calls to the outside, each in a task that belongs to nobody who may go away."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class BackgroundCalls:
    """Carries calls out in tasks of its own, children of the task that opened it.

    A time-out inside such a call then runs on the real clock even where the caller lives in a
    simulated Discord whose time stands still.
    """

    def __init__(self) -> None:
        self._calls: asyncio.Queue[tuple[Callable[[], Awaitable[Any]], asyncio.Future[Any]]] = (
            asyncio.Queue()
        )
        self._running: set[asyncio.Task[None]] = set()

    async def call(self, call: Callable[[], Awaitable[T]]) -> T:
        """Run `call` and return its result; cancelling the caller cancels the call."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._calls.put_nowait((call, future))
        return await future

    async def run(self) -> None:
        """Carry calls out until cancelled, then cancel what is under way and see it end."""
        try:
            while True:
                self._start(*await self._calls.get())
        finally:
            for task in self._running:
                # One that is ending already has things to write down; not to be interrupted twice.
                if not task.cancelling():
                    task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    def _start(self, call: Callable[[], Awaitable[Any]], future: asyncio.Future[Any]) -> None:
        if future.cancelled():
            return
        task = asyncio.create_task(_run(call, future))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        future.add_done_callback(lambda f: task.cancel() if f.cancelled() else None)


async def _run(call: Callable[[], Awaitable[Any]], future: asyncio.Future[Any]) -> None:
    try:
        result = await call()
    except asyncio.CancelledError:
        future.cancel()
        raise
    except Exception as error:  # noqa: BLE001 - handed to whoever asked
        if not future.done():
            future.set_exception(error)
    else:
        if not future.done():
            future.set_result(result)


@asynccontextmanager
async def background_calls() -> AsyncGenerator[BackgroundCalls]:
    """Open a courier; on leaving, what it still carries is cancelled."""
    carrier = BackgroundCalls()
    task = asyncio.create_task(carrier.run())
    try:
        yield carrier
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
