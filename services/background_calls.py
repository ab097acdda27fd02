"""Calls to external services in tasks that do not belong to the caller."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class BackgroundCalls:
    """Runs calls in its own tasks, as children of the task that opened it.

    Timeouts inside such a call then use the real clock even if the caller runs in a simulated
    Discord, where time is frozen.
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
        """Run calls until cancelled, then cancel the running ones and wait for them."""
        try:
            while True:
                self._start(*await self._calls.get())
        finally:
            for task in self._running:
                # A task that is already ending may be storing results; do not cancel it twice.
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
    except Exception as error:  # noqa: BLE001 - passed on to the caller
        if not future.done():
            future.set_exception(error)
    else:
        if not future.done():
            future.set_result(result)


@asynccontextmanager
async def background_calls() -> AsyncGenerator[BackgroundCalls]:
    """Open a `BackgroundCalls`; on exit, running calls are cancelled."""
    background = BackgroundCalls()
    task = asyncio.create_task(background.run())
    try:
        yield background
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
