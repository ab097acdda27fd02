"""The command line."""

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import discord
import typer

from bot import logs
from bot.answer_buttons import answer_view
from bot.client import Bot
from bot.doctor import examine, show
from bot.errors import explain
from bot.heartbeat import heartbeat, is_alive
from bot.moving import show_report
from bot.settings import Settings, SettingsError
from bot.stage import CDN_HOSTS, DiscordStage
from bot.wiring import assemble, language_models
from db.embedded import server
from db.errors import DatabaseUnreachable, NoDatabase
from db.session import connect
from db.upgrade import upgrade
from services.embedders import WordLlamaEmbedder
from services.errors import DomainError
from services.legacy import Report, import_legacy
from services.llm import courier
from services.seeds import sow

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
database_app = typer.Typer(no_args_is_help=True, help="The database.")
app.add_typer(database_app, name="db")
import_app = typer.Typer(no_args_is_help=True, help="Moving in from elsewhere.")
app.add_typer(import_app, name="import")

LIVE, PLAYGROUND = "troupe", "playground"
HEARTBEAT = "heartbeat"


@app.callback()
def prepare() -> None:
    """Troupe hosts a company of AI characters on Discord."""
    # Whoever stops us with SIGTERM gets the same orderly end as with Ctrl-C, also where a shell
    # has started us in the background, with Ctrl-C's signal ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))  # noqa: ARG005


@app.command()
def run(
    shards: Annotated[
        str | None, typer.Option(help="Run only these shards of the bot, like 0-3.")
    ] = None,
) -> None:
    """Run the bot; without DISCORD_TOKEN, the playground."""
    settings = _settings()
    if settings.discord_token is None:
        play(port=0, browser=True, fresh=False, speed=1)
        return
    with _explained(), _database(settings, LIVE) as url:
        upgrade(url)
        asyncio.run(_live(settings, url, _shards(shards)))


@app.command(name="playground")
def play(
    port: Annotated[int, typer.Option(help="The first port of its pages; 0 is any.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,  # noqa: FBT002
    fresh: Annotated[bool, typer.Option(help="Begin anew.")] = False,  # noqa: FBT002
    speed: Annotated[float, typer.Option(min=0.1, help="How fast its clock runs.")] = 1,
) -> None:
    """Run the bot on a simulated Discord in the browser."""
    settings = _settings()
    folder = settings.data_dir / "postgres"
    with _explained(), server(folder, database=PLAYGROUND, fresh=fresh) as url:
        if fresh:
            _world(settings).unlink(missing_ok=True)
        upgrade(url)
        asyncio.run(_play(settings, url, port=port, speed=speed, browser=browser))


@app.command()
def seed() -> None:
    """Add what a new database begins with; what is there stays as it is."""
    settings = _settings()

    async def sow_seeds(url: str) -> None:
        async with _opened(settings, url):
            pass

    with _explained(), _database(settings, LIVE) as url:
        upgrade(url)
        asyncio.run(sow_seeds(url))


@app.command()
def doctor() -> None:
    """Look at the set-up, and say what to do where something is wrong."""
    settings = _settings()
    with _explained(), _database(settings, LIVE) as url:
        if not show(asyncio.run(examine(settings, url))):
            sys.exit(1)


@import_app.command(name="legacy")
def import_(
    database: Annotated[str, typer.Argument(help="The address of the old database.")],
    admin: Annotated[int, typer.Option(help="Discord's id of whoever gets what is nobody's.")],
    admin_name: Annotated[str, typer.Option(help="Their name.")] = "admin",
) -> None:
    """Move in from a database of the old shape; doing it twice changes nothing."""
    settings = _settings()

    async def move(url: str) -> Report:
        async with connect(url) as sessions:
            return await import_legacy(
                database, sessions, admin_discord_id=admin, admin_name=admin_name
            )

    with _explained(), _database(settings, LIVE) as url:
        upgrade(url)
        show_report(asyncio.run(move(url)))


@app.command()
def healthy() -> None:
    """Tell by the exit code whether the bot of this data folder hears from Discord."""
    if not is_alive(_settings().data_dir / HEARTBEAT):
        _end("no sign of life within the last minute")


@database_app.command(name="upgrade")
def upgrade_database() -> None:
    """Bring the database up to this version. `troupe run` does it by itself."""
    settings = _settings()
    with _explained(), _database(settings, LIVE) as url:
        upgrade(url)


async def _live(settings: Settings, url: str, shards: dict[str, Any]) -> None:
    """Open what must be open, run until told to stop, close in reverse order."""
    assert settings.discord_token is not None  # noqa: S101 - `run` has looked
    async with (
        _opened(settings, url) as make_bot,
        make_bot(**shards) as bot,
        heartbeat(bot, settings.data_dir / HEARTBEAT),
    ):
        await bot.start(settings.discord_token.get_secret_value())


async def _play(settings: Settings, url: str, *, port: int, speed: float, browser: bool) -> None:
    # Simcord probes a client without intents when it is imported, of which discord.py warns.
    logging.getLogger("discord.state").setLevel(logging.ERROR)
    from bot.playground.play import play as play_on  # noqa: PLC0415 - absent in production

    async with _opened(settings, url, cdn_hosts={"cdn.simcord.invalid"}) as make_bot:
        await play_on(
            lambda: make_bot(always_sync=True),
            _world(settings),
            port=port,
            speed=speed,
            open_browser=browser,
        )


@asynccontextmanager
async def _opened(
    settings: Settings, url: str, *, cdn_hosts: set[str] | None = None
) -> AsyncGenerator[Callable[..., Bot]]:
    """Open database and models, sow the seeds, and yield what makes a bot on top of them."""
    embedder = WordLlamaEmbedder()
    async with (
        connect(url) as sessions,
        courier() as carrier,
        language_models(settings, sessions, carrier) as models,
    ):
        await sow(sessions, vendors=models.vendors)

        def make_bot(**options: Any) -> Bot:
            return Bot(
                sessions,
                lambda bot: assemble(
                    sessions,
                    stage=DiscordStage(
                        bot,
                        answer_view=answer_view,
                        proxies=settings.proxy_application_ids,
                        cdn_hosts=cdn_hosts or CDN_HOSTS,
                    ),
                    models=models,
                    embedder=embedder,
                ),
                owner_ids=settings.owner_ids,
                proxies=settings.proxy_application_ids,
                **options,
            )

        yield make_bot


@contextmanager
def _database(settings: Settings, name: str) -> Generator[str]:
    """Yield the address of the database: the one in the settings, or the embedded server's."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with server(settings.data_dir / "postgres", database=name) as url:
        yield url


@contextmanager
def _explained() -> Generator[None]:
    """End with one line where the operator must do something."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(0)
    except Exception as error:
        line = _line_about(error)
        if line is None:
            raise
        _end(line)


def _line_about(error: Exception) -> str | None:
    match error:
        case SettingsError():
            return str(error)
        case DomainError():
            return explain(error)
        case NoDatabase():
            return "DATABASE_URL: set it; the embedded PostgreSQL is not installed here"
        case DatabaseUnreachable():
            return f"DATABASE_URL: the database cannot be used: {error}"
        case aiohttp.ClientConnectionError():
            return f"Discord cannot be reached: {error}"
        case discord.LoginFailure():
            return "DISCORD_TOKEN: Discord does not accept it; copy it anew from its portal"
        case discord.PrivilegedIntentsRequired():
            return (
                "DISCORD_TOKEN: turn on Server Members Intent and Message Content Intent for this "
                "application, in the developer portal under Bot"
            )
        case _:
            return None


def _world(settings: Settings) -> Path:
    """Return the file that the playground's simulated Discord is kept in."""
    return settings.data_dir / "playground.world"


def _settings() -> Settings:
    with _explained():
        settings = Settings.load()
        logs.configure(settings.log_level)
        return settings
    raise AssertionError("unreachable")


def _end(line: str) -> None:
    typer.echo(f"troupe: {line}", err=True)
    sys.exit(2)


def _shards(text: str | None) -> dict[str, Any]:
    """Read `0-3` or `2`; the bot asks Discord how many there are in all."""
    if text is None:
        return {}
    first, _, last = text.partition("-")
    try:
        ids = list(range(int(first), int(last or first) + 1))
    except ValueError:
        _end("--shards: write a number, or two with a dash between, like 0-3")
        return {}
    return {"shard_ids": ids, "shard_count": max(ids) + 1}


if __name__ == "__main__":
    app()
