"""Real processes that really die, at a point that they come past.

They are forked from a server that has imported everything already, so that one starts at once.
"""

import asyncio
import itertools
import multiprocessing
import os
import signal
from collections.abc import Callable, Coroutine
from multiprocessing.connection import Connection
from typing import Any, Concatenate, ParamSpec, TypeAlias

Watch: TypeAlias = Callable[[str], None]
P = ParamSpec("P")

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.services.preload"])


async def process(
    work: Callable[Concatenate[Watch, P], Coroutine[Any, Any, None]],
    dies_at: int = -1,
    *args: P.args,
    **kwargs: P.kwargs,
) -> tuple[int, list[str]]:
    """Let a process of its own do some work; return how it ended and the points it came past.

    It dies by `SIGKILL` at the point with the number `dies_at`, from 0.
    """
    heard, told = _CONTEXT.Pipe(duplex=False)
    child = _CONTEXT.Process(target=_run, args=(told, work, dies_at, args, kwargs))
    child.start()
    told.close()
    try:
        async with asyncio.timeout(60):
            points = await asyncio.to_thread(_drain, heard)
            await asyncio.to_thread(child.join)
    finally:
        child.kill()
        heard.close()
    return child.exitcode or 0, points


def _drain(heard: Connection) -> list[str]:
    points: list[str] = []
    while True:
        try:
            points.append(heard.recv())
        except EOFError:
            return points


def _run(told: Connection, work: Callable[..., Any], dies_at: int, args: Any, kwargs: Any) -> None:
    passed = itertools.count()

    def watch(name: str) -> None:
        told.send(name)
        if next(passed) == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(work(watch, *args, **kwargs))
