"""A heartbeat file, by which another process can check the bot."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import discord

_INTERVAL_SECONDS, _STARTING_SECONDS = 15, 0.5
_MAX_AGE_SECONDS = 4 * _INTERVAL_SECONDS


@asynccontextmanager
async def heartbeat(bot: discord.Client, file: Path) -> AsyncGenerator[None]:
    """Touch a file periodically while the bot is connected to Discord."""
    task = asyncio.create_task(_touch_while_connected(bot, file))
    try:
        yield
    finally:
        task.cancel()
        file.unlink(missing_ok=True)  # noqa: ASYNC240 - as below


def is_alive(file: Path) -> bool:
    """Whether the file was touched within the last minute."""
    return file.is_file() and time.time() - file.stat().st_mtime < _MAX_AGE_SECONDS


async def _touch_while_connected(bot: discord.Client, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    while True:
        # Whoever is connected serves, also before all servers have been shown.
        is_connected = not bot.is_closed() and math.isfinite(bot.latency)
        if is_connected:
            file.touch()  # noqa: ASYNC240 - one syscall on a local disk
        await asyncio.sleep(_INTERVAL_SECONDS if is_connected else _STARTING_SECONDS)
