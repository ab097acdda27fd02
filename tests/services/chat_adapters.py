"""A process that acts on a simulated Discord which outlives it, until it dies at a request."""

import pickle
from functools import cache
from pathlib import Path
from typing import Any

import simcord
from simcord.env import Env
from simcord.http import router

from bot.app.wiring import worker
from bot.playground import simulation, world
from db.session import connect
from services.embeddings import WordLlamaEmbedder
from services.llm import background_calls
from tests.cogs.conftest import make_bot
from tests.conftest import studio_of
from tests.services.crashes import Checkpoint
from tests.services.engine_support import models_of, painting, vendor
from tests.services.job_support import nothing_due

BOARD = "square"


@cache
def embedder() -> WordLlamaEmbedder:
    """Return the model of embeddings, loaded once and shared with forked processes."""
    return WordLlamaEmbedder()


async def act_on_discord(
    watch: Checkpoint, url: str, address: str, painter: str, folder: Path, file: Path
) -> None:
    """Act until nothing is due. Before and after each thing that Discord is sent it may die."""
    simulation.install()
    async with connect(url) as sessions, background_calls() as carrier:
        made = vendor(address)
        models = models_of(sessions, carrier, made)
        images = painting(models, carrier, painter)
        studio = studio_of(images, carrier, folder)
        bot = make_bot(sessions, models, studio, embedder())
        runner = simcord.run(bot, settle_timeout=30, check_errors=False, shard_count=1)
        env: Env = runner._env  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - before it starts
        world.restore(env, file)
        async with runner as env:
            world.build(env)
            world.save(env, file)
            _watch_requests(env, file, watch)
            async with worker(sessions, bot.services, has_discord=True).running():
                await nothing_due(sessions)
        await made.texts.close()
        await images.close()


def _watch_requests(env: Env, file: Path, watch: Checkpoint) -> None:
    """Come past a point before and after each POST; what Discord has taken in, it keeps."""
    posts: list[Any] = getattr(router, "_ROUTES")["POST"]  # noqa: B009

    def watched(real: Any) -> Any:
        def handle(context: Any) -> Any:
            watch("before")
            answer = real(context)
            world.save(env, file)
            watch("after")
            return answer

        return handle

    posts[:] = [(template, watched(handler)) for template, handler in posts]


def received(file: Path) -> list[tuple[int, str]]:
    """Return what webhooks have said on that Discord: where, and what."""
    with file.open("rb") as kept:
        state: dict[str, Any] = pickle.load(kept)  # noqa: S301 - written by `world.keep`
    return [
        (message.channel_id, message.content)
        for channel in state["messages"].values()
        for message in channel.values()
        if message.webhook_id is not None
    ]


def place(file: Path) -> tuple[int, int]:
    """Return the ids of the board's channel and its server."""
    with file.open("rb") as kept:
        state: dict[str, Any] = pickle.load(kept)  # noqa: S301 - as above
    (channel,) = [each for each in state["channels"].values() if each.name == BOARD]
    return channel.id, channel.guild_id
