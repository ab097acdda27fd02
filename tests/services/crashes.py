"""Real processes that are killed for real, at a checkpoint that they pass.

They are forked from a server that has imported everything already, so that one starts at once.
"""

import asyncio
import itertools
import multiprocessing
import os
import signal
from collections.abc import Callable, Coroutine
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess as Process
from typing import Any, Concatenate, ParamSpec, TypeAlias

Checkpoint: TypeAlias = Callable[[str], None]
P = ParamSpec("P")

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.services.preload"])
_SECONDS = 60

__all__ = ["Checkpoint", "Process", "process", "start_process"]


async def process(
    work: Callable[Concatenate[Checkpoint, P], Coroutine[Any, Any, None]],
    dies_at: int = -1,
    *args: P.args,
    **kwargs: P.kwargs,
) -> tuple[int, list[str]]:
    """Run `work` in a process of its own; return its exit code and the checkpoints it passed.

    It dies by `SIGKILL` at the checkpoint with the number `dies_at`, counted from 0.
    """
    receiver, sender = _CONTEXT.Pipe(duplex=False)
    child = _CONTEXT.Process(target=_run, args=(sender, work, dies_at, args, kwargs))
    child.start()
    sender.close()
    try:
        async with asyncio.timeout(_SECONDS):
            points = await asyncio.to_thread(_drain, receiver)
            await asyncio.to_thread(child.join)
    finally:
        child.kill()
        receiver.close()
    return child.exitcode or 0, points


def start_process(
    work: Callable[Concatenate[Callable[[], None], P], Coroutine[Any, Any, None]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Process:
    """Start `work` in a process of its own; return when it says that it is ready."""
    receiver, sender = _CONTEXT.Pipe(duplex=False)
    child = _CONTEXT.Process(target=_run_ready, args=(sender, work, args, kwargs))
    child.start()
    sender.close()
    with receiver:
        assert receiver.poll(_SECONDS)
        receiver.recv()
    return child


def _drain(receiver: Connection) -> list[str]:
    points: list[str] = []
    while True:
        try:
            points.append(receiver.recv())
        except EOFError:
            return points


def _run(
    sender: Connection, work: Callable[..., Any], dies_at: int, args: Any, kwargs: Any
) -> None:
    numbers = itertools.count()

    def checkpoint(name: str) -> None:
        sender.send(name)
        if next(numbers) == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(work(checkpoint, *args, **kwargs))


def _run_ready(sender: Connection, work: Callable[..., Any], args: Any, kwargs: Any) -> None:
    def ready() -> None:
        sender.send(None)

    asyncio.run(work(ready, *args, **kwargs))
