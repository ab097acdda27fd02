"""The command line interface."""

import asyncio
import logging
import re
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import discord
import typer

from bot.app.heartbeat import heartbeat, is_alive
from bot.app.own_keys import own_keys
from bot.app.runtime import Runtime
from bot.app.settings import Settings
from bot.app.speech import speech_models
from bot.app.vendors import (
    budgets_of,
    image_pipeline,
    language_models,
    meaning_model,
    photo_embedder,
    web_search,
)
from bot.app.wiring import EngineOptions
from bot.cli import terminal
from bot.cli.doctor.checks import run_checks
from bot.cli.doctor.diagnostics import show
from bot.cli.doctor.live import post_face
from bot.cli.jobs import jobs_app
from bot.cli.keys import keys_app
from bot.cli.legacy import import_app
from bot.cli.media import media_app
from bot.cli.personalities import personalities_app
from bot.cli.personas import personas_app
from bot.cli.photos import photos_app
from bot.cli.posts import posts_app
from bot.cli.simulate import simulate
from bot.cli.targets import targets_app
from bot.cli.terminal import PLAYGROUND, fail, friendly_errors
from bot.discord.client import INTENTS, granted_intents, missing_intents
from db.embedded import server
from db.session import connect, exclusive
from db.upgrade import upgrade
from services.clock import Clock, FastClock, SystemClock
from services.embeddings import text_embedder
from services.engine import Presence
from services.llm import RequestLog, background_calls
from services.seeds import seed as seed_database

if TYPE_CHECKING:
    from bot.playground.better_models import Restart

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
database_app = typer.Typer(no_args_is_help=True, help="The database.")
app.add_typer(database_app, name="db")
app.add_typer(import_app, name="import")
app.add_typer(jobs_app, name="jobs")
app.add_typer(keys_app, name="keys")
app.add_typer(media_app, name="media")
app.add_typer(personalities_app, name="personalities")
app.add_typer(personas_app, name="personas")
app.add_typer(photos_app, name="photos")
app.add_typer(posts_app, name="posts")
app.add_typer(targets_app, name="targets")
app.command()(simulate)

log = logging.getLogger(__name__)

HEARTBEAT = "heartbeat"
# In real time, five personalities would rarely act.
_PLAYGROUND_PACE = 8
# As its clock may run sixty times as fast at any moment.
_PLAYGROUND_TICK = timedelta(seconds=2)
_SHARDS = re.compile(r"(?P<first>\d{1,5})(?:-(?P<last>\d{1,5}))?(?:/(?P<count>\d{1,5}))?")


@app.callback()
def prepare() -> None:
    """Troupe hosts a company of AI characters on Discord."""
    # SIGTERM shuts down cleanly like Ctrl-C, also if a shell has started the process in the
    # background with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))  # noqa: ARG005


@app.command()
def run(
    shards: Annotated[
        str | None, typer.Option(help="Run only these shards of the bot, like 0-3/8.")
    ] = None,
) -> None:
    """Run the bot; without DISCORD_TOKEN, the playground."""
    settings = terminal.settings()
    if settings.discord_token is None:
        if settings.database_url is not None:
            fail(
                "DISCORD_TOKEN: set it, as DATABASE_URL is for a bot on Discord; "
                "`troupe playground` needs neither and has a database of its own"
            )
        typer.echo("DISCORD_TOKEN is not set, so this is the playground.")
        play(port=0, browser=True, fresh=False, speed=1)
        return
    with friendly_errors(), terminal.database(settings) as url:
        upgrade(url)
        asyncio.run(_run_bot(settings, url, _parse_shards(shards)))


@app.command(name="worker")
def work() -> None:
    """Run background jobs, without a connection to Discord's gateway."""
    settings = terminal.settings()
    with friendly_errors(), terminal.database(settings) as url:
        upgrade(url)
        asyncio.run(_run_worker(settings, url))


@app.command(name="playground")
def play(
    port: Annotated[int, typer.Option(help="The first port of its pages; 0 is any.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,  # noqa: FBT002
    fresh: Annotated[bool, typer.Option(help="Start with an empty world.")] = False,  # noqa: FBT002
    speed: Annotated[float, typer.Option(min=0.1, help="How fast its clock runs.")] = 1,
) -> None:
    """Run the bot on a simulated Discord in the browser."""
    settings = terminal.settings()
    folder = settings.data_dir / "postgres"
    with friendly_errors(), server(folder, database=PLAYGROUND, fresh=fresh) as url:
        if fresh:
            _world_file(settings).unlink(missing_ok=True)
        upgrade(url)
        restart: Restart | None = None
        while True:
            restart = asyncio.run(
                _run_playground(
                    settings,
                    url,
                    port=restart.port if restart else port,
                    speed=speed,
                    browser=browser and restart is None,
                    vendor=restart.vendor if restart else None,
                )
            )
            settings = terminal.settings()


@app.command()
def seed() -> None:
    """Add the initial data to a database; existing data is not changed."""
    settings = terminal.settings()

    async def add_seeds(url: str) -> None:
        async with _open_runtime(settings, url):
            pass

    with friendly_errors(), terminal.database(settings) as url:
        upgrade(url)
        asyncio.run(add_seeds(url))


@app.command()
def doctor(
    live: Annotated[
        int | None,
        typer.Option(
            metavar="CHANNEL", help="Instead, post a face in this channel, to be looked at."
        ),
    ] = None,
) -> None:
    """Check the configuration, and say how to fix what is wrong."""
    settings = terminal.settings()
    if live is not None:
        with friendly_errors():
            findings = [asyncio.run(post_face(settings, live))]
    else:
        with friendly_errors(), terminal.database(settings) as url:
            findings = asyncio.run(run_checks(settings, url))
    if not show(findings):
        sys.exit(1)


@app.command()
def healthy() -> None:
    """Say by the exit code whether the bot of this data folder is connected to Discord."""
    if not is_alive(terminal.settings().data_dir / HEARTBEAT):
        fail("no sign of life of a bot on Discord within the last minute")


@database_app.command(name="upgrade")
def upgrade_database() -> None:
    """Migrate the database to this version. `troupe run` does it automatically."""
    settings = terminal.settings()
    with friendly_errors(), terminal.database(settings) as url:
        upgrade(url)


async def _run_bot(settings: Settings, url: str, shards: dict[str, Any]) -> None:
    """Open all resources, run until stopped, and close them in reverse order.

    Without an intent that was not turned on, the bot runs with what there is.
    """
    assert settings.discord_token is not None  # noqa: S101 - checked by `run`
    token, intents = settings.discord_token.get_secret_value(), INTENTS
    async with _open_runtime(settings, url) as runtime:
        while True:
            async with (
                runtime.bot(intents=intents, **shards) as bot,
                heartbeat(bot, settings.data_dir / HEARTBEAT),
            ):
                await bot.login(token)
                try:
                    async with runtime.background(bot):
                        await bot.connect()
                except discord.PrivilegedIntentsRequired:
                    if bot.application is None or intents != INTENTS:
                        raise
                    intents = granted_intents(bot.application.flags)
                    log.error("DISCORD_TOKEN: %s", missing_intents(intents))  # noqa: TRY400 - the operator's mistake, whose trace says nothing
                else:
                    return


async def _run_worker(settings: Settings, url: str) -> None:
    token = settings.discord_token
    async with _open_runtime(settings, url) as runtime, runtime.bot(has_gateway=False) as bot:
        if token is not None:
            await bot.login(token.get_secret_value())
        async with runtime.background(bot, has_discord=token is not None):
            log.info("Working")
            await asyncio.Event().wait()


async def _run_playground(
    settings: Settings, url: str, *, port: int, speed: float, browser: bool, vendor: str | None
) -> "Restart":
    """Run the playground until stopped, or until it is to start again with other models."""
    # Simcord creates a client without intents when it is imported, and discord.py warns of it.
    logging.getLogger("discord.state").setLevel(logging.ERROR)
    from bot.playground import better_models, seeding  # noqa: PLC0415 - absent in production
    from bot.playground.play import PlayOptions  # noqa: PLC0415 - as above
    from bot.playground.play import play as play_on  # noqa: PLC0415 - as above
    from bot.playground.world import WorldFile  # noqa: PLC0415 - as above

    # A start is quiet, and the small model answers people first.
    logging.getLogger("services.jobs.worker").setLevel(logging.WARNING)
    settings = better_models.with_ollama(settings)
    settings = settings.model_copy(update={"max_concurrent_tasks": 1})
    file = _world_file(settings)
    start = WorldFile(file).saved_time()
    clock = FastClock(speed, start=start if file.is_file() else start - seeding.PAST)
    engine = EngineOptions.of(
        settings, rhythm=Presence(pace=_PLAYGROUND_PACE), tick_every=_PLAYGROUND_TICK
    )
    requests = RequestLog()
    async with (
        exclusive(url, PLAYGROUND),
        _open_runtime(settings, url, clock=clock, engine=engine, requests=requests) as runtime,
    ):
        return await play_on(
            runtime.bot(cdn_hosts={"cdn.simcord.invalid"}, always_sync=True),
            runtime.background,
            PlayOptions(
                file=file,
                port=port,
                clock=clock,
                requests=requests,
                settings=settings,
                vendor=vendor,
                open_browser=browser,
            ),
        )


@asynccontextmanager
async def _open_runtime(
    settings: Settings,
    url: str,
    *,
    clock: Clock | None = None,
    engine: EngineOptions | None = None,
    requests: RequestLog | None = None,
) -> AsyncGenerator[Runtime]:
    """Open the database and clients, seed the database, and yield the runtime."""
    async with (
        connect(url) as sessions,
        background_calls() as background,
        own_keys(settings, sessions, background) as keys,
        language_models(
            *(settings, sessions, background, budgets := budgets_of(settings, sessions)),
            own_keys=keys.ring,
            request_log=requests,
        ) as models,
        image_pipeline(settings, models.ledger, background) as pipeline,
        speech_models(settings, models.ledger, background) as speech,
        web_search(settings, models.ledger) as search,
        photo_embedder(settings) as image_embedder,
    ):
        await seed_database(sessions, vendors=models.vendors)
        yield Runtime(
            settings=settings,
            sessions=sessions,
            models=models,
            budgets=budgets,
            keys=keys,
            pipeline=pipeline,
            speech=speech,
            web_search=search,
            embedder=text_embedder(),
            image_embedder=image_embedder,
            meaning=meaning_model(settings, models),
            clock=clock or SystemClock(),
            engine=engine or EngineOptions.of(settings),
        )


def _world_file(settings: Settings) -> Path:
    """Return the file that stores the simulated Discord of the playground."""
    return settings.data_dir / "playground.json"


def _parse_shards(text: str | None) -> dict[str, Any]:
    """Parse `0-3/8` (these of eight), `0-3` or `2` into the shard options of the bot."""
    if text is None:
        return {}
    match = _SHARDS.fullmatch(text.strip())
    first = int(match["first"]) if match else 0
    last = int(match["last"] or first) if match else -1
    count = int(match["count"] or last + 1) if match else 0
    if not first <= last < count:
        fail("--shards: write which of how many, like 0-3/8")
    return {"shard_ids": list(range(first, last + 1)), "shard_count": count}
