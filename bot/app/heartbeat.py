"""A sign of life that another process can see."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import discord

_SECONDS = 15
_STALE = 4 * _SECONDS


@asynccontextmanager
async def heartbeat(bot: discord.Client, file: Path) -> AsyncGenerator[None]:
    """Touch a file for as long as the bot hears from Discord."""
    task = asyncio.create_task(_beat(bot, file))
    try:
        yield
    finally:
        task.cancel()
        file.unlink(missing_ok=True)  # noqa: ASYNC240 - as below


def is_alive(file: Path) -> bool:
    """Whether the bot has given a sign of life within the last minute."""
    return file.is_file() and time.time() - file.stat().st_mtime < _STALE


async def _beat(bot: discord.Client, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    while True:
        if bot.is_ready() and not bot.is_closed() and math.isfinite(bot.latency):
            file.touch()  # noqa: ASYNC240 - one syscall on a local disk
        await asyncio.sleep(_SECONDS)
