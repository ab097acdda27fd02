"""What an operator reads: one line where there is something to do, and no stack trace."""

import json
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import discord
import typer

from bot.app import logs
from bot.app.settings import Settings, SettingsError, misspelt
from bot.discord.errors import explain
from db.embedded import server
from db.errors import AlreadyRunning, DatabaseUnreachable, FolderUnusable, NoDatabase
from services.errors import DomainError

LIVE, PLAYGROUND = "troupe", "playground"

# What a command of Discord's is called here.
_COMMANDS = {
    "/photos list": "troupe photos list",
    "/schedule list": "troupe posts list",
    "/schedule cancel": "troupe posts cancel",
}


@contextmanager
def friendly_errors() -> Generator[None]:
    """End with one line where the operator must do something."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(0)
    except Exception as error:
        line = _line_about(error)
        if line is None:
            raise
        fail(line)


def _line_about(error: Exception) -> str | None:
    match error:
        case SettingsError():
            return str(error)
        case DomainError():
            return strip_markdown(explain(error) or "")
        case NoDatabase():
            return "DATABASE_URL: set it; the embedded PostgreSQL is not installed here"
        case DatabaseUnreachable():
            return f"DATABASE_URL: the database cannot be used: {error}"
        case FolderUnusable():
            return f"DATA_DIR: it cannot be used: {error}"
        case AlreadyRunning():
            return "DATA_DIR: a playground runs in this folder already; its pages are open there"
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


def settings() -> Settings:
    """Read the settings; end with one line where they are wrong."""
    with friendly_errors():
        loaded = Settings.load()
        logs.configure(loaded.log_level, loaded.log_format)
        for line in misspelt():
            typer.echo(f"troupe: {line}", err=True)
        return loaded
    raise AssertionError("unreachable")


def print_json(value: Any) -> None:
    """Print something as JSON, times as ISO 8601 writes them."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def strip_markdown(words: str) -> str:
    """Return words for Discord as a terminal shows them: without Markdown."""
    words = re.sub(r"<t:(\d+):\w>", lambda found: _utc(int(found[1])), words)
    for typed, here in _COMMANDS.items():
        words = words.replace(f"`{typed}`", f"`{here}`")
    return re.sub(r"\*\*|\\(?=[^\w\s])", "", words)


def _utc(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def plain(value: object) -> str:
    """Return a cell of a table."""
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else str(value)


def fail(line: str) -> None:
    """End, saying why."""
    typer.echo(f"troupe: {line}", err=True)
    sys.exit(2)


@contextmanager
def database(settings: Settings) -> Generator[str]:
    """Yield the address of the database: the one in the settings, or the embedded server's."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with server(settings.data_dir / "postgres", database=LIVE) as url:
        yield url


@contextmanager
def default_database(settings: Settings) -> Generator[str]:
    """Yield the database of the bot that `troupe run` runs: without a token, the playground's."""
    if settings.database_url is not None or settings.discord_token is not None:
        with database(settings) as url:
            yield url
        return
    with server(settings.data_dir / "postgres", database=PLAYGROUND) as url:
        yield url
