"""Bots as processes of their own on the stand-in of Discord."""

import asyncio
import os
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from tests.vendors.discord import DiscordStandIn
from tests.vendors.openai import OpenAIStandIn

ROOT: Final = Path(__file__).parents[3]
_SITE: Final = Path(__file__).parent / "site"


@asynccontextmanager
async def bot_process(
    arguments: Sequence[str], discord: DiscordStandIn, environment: Mapping[str, str]
) -> AsyncGenerator[Process]:
    """Run a bot as a process of its own, on the stand-in of Discord, which it has connected to.

    Its data folder is `DATA_DIR`, if that is given, else one that is deleted at its end.
    """
    path = f"{_SITE}:{ROOT}"
    discord.gateway.is_identified.clear()
    with tempfile.TemporaryDirectory(prefix="troupe-bench-") as folder:
        running = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=environment.get("DATA_DIR", folder),
            env={
                **os.environ,
                "DATA_DIR": folder,
                "DISCORD_STAND_IN": discord.url,
                "PYTHONPATH": path,
                **environment,
            },
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        try:
            await asyncio.wait_for(discord.gateway.is_identified.wait(), 60)
            yield running
        finally:
            if running.returncode is None:
                running.send_signal(signal.SIGINT)
            await running.wait()


def troupe(url: str, openai: OpenAIStandIn) -> Mapping[str, str]:
    """Return the environment of a Troupe on a database and a model."""
    address = make_url(url).render_as_string(hide_password=False)
    return {
        "DISCORD_TOKEN": "MTIz.x.y",
        "DATABASE_URL": address,
        "OPENAI_API_KEY": "x",
        "OPENAI_BASE_URL": openai.url,
        "LOCAL_MODEL": "false",
    }
