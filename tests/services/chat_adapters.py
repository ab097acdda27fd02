"""A process that acts on a simulated Discord which outlives it, until it is killed."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import simcord
from simcord.env import Env
from simcord.http import router

from bot.app.wiring import worker
from bot.playground import simulation, world
from bot.playground.world import WorldFile
from db.session import connect
from services.embeddings import WordLlamaEmbedder
from services.llm import background_calls
from tests.cogs.conftest import make_bot
from tests.conftest import studio_of
from tests.services.crashes import Checkpoint
from tests.services.engine_support import image_models, models_of, vendor
from tests.services.job_support import nothing_due

BOARD = "square"


@cache
def embedder() -> WordLlamaEmbedder:
    """Return the model of embeddings, loaded once and shared with forked processes."""
    return WordLlamaEmbedder()


async def act_on_discord(
    checkpoint: Checkpoint,
    url: str,
    vendor_url: str,
    image_vendor_url: str,
    folder: Path,
    file: Path,
) -> None:
    """Run a worker until no job is due, with a checkpoint before and after each POST to Discord."""
    simulation.install()
    async with connect(url) as sessions, background_calls() as carrier:
        configured = vendor(vendor_url)
        models = models_of(sessions, carrier, configured)
        images = image_models(models, carrier, image_vendor_url)
        studio = studio_of(images, carrier, folder)
        bot = make_bot(sessions, models, studio, embedder())
        runner = simcord.run(bot, settle_timeout=30, check_errors=False, shard_count=1)
        env: Env = runner._env  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - before it starts
        world_file = WorldFile(file)
        world_file.restore(env)
        async with runner as env:
            world.build(env, world_file.token)
            world_file.save_now(env)
            _checkpoint_requests(env, world_file, checkpoint)
            async with worker(sessions, bot.services, has_discord=True).running():
                await nothing_due(sessions)
        await configured.texts.close()
        await images.close()


def _checkpoint_requests(env: Env, world_file: WorldFile, checkpoint: Checkpoint) -> None:
    """Add checkpoints around each POST; Discord's state is saved before the second."""
    posts: list[Any] = getattr(router, "_ROUTES")["POST"]  # noqa: B009

    def watched(real: Any) -> Any:
        def handle(context: Any) -> Any:
            checkpoint("before")
            answer = real(context)
            world_file.save_now(env)
            checkpoint("after")
            return answer

        return handle

    posts[:] = [(template, watched(handler)) for template, handler in posts]


def received(file: Path) -> list[tuple[int, str]]:
    """Return the channel and content of each message by a webhook."""
    return [(each["channel_id"], each["content"]) for each in received_messages(file)]


def received_messages(file: Path) -> list[dict[str, Any]]:
    """Return the messages by webhooks."""
    state: dict[str, Any] = json.loads(file.read_text())
    return [
        message
        for channel in state["messages"].values()
        for message in channel.values()
        if message["webhook_id"] is not None
    ]


def board_location(file: Path) -> tuple[int, int]:
    """Return the ids of the board's channel and its server."""
    state: dict[str, Any] = json.loads(file.read_text())
    (channel,) = [each for each in state["channels"].values() if each["name"] == BOARD]
    return channel["id"], channel["guild_id"]
