"""Work that would hold the event loop, in threads."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

P = ParamSpec("P")
T = TypeVar("T")


class HeavyWork:
    """Runs work on what people send in threads: one piece at a time for each person."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def run(
        self, discord_id: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a function for a person, after what it already runs for them."""
        lock = self._locks.setdefault(discord_id, asyncio.Lock())
        async with lock:
            return await asyncio.to_thread(function, *args, **kwargs)
