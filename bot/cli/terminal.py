"""Terminal output: errors that an operator can fix are one line, without a traceback."""

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
from bot.app.settings import Settings, SettingsError, misspelled_variables
from bot.discord.errors import operator_text
from db.embedded import server
from db.errors import AlreadyRunning, DatabaseUnreachable, FolderUnusable, NoDatabase
from services.errors import DomainError

LIVE, PLAYGROUND = "troupe", "playground"

# Discord commands and their equivalents on the command line.
_COMMANDS = {
    "/photos list": "troupe photos list",
    "/schedule list": "troupe posts list",
    "/schedule cancel": "troupe posts cancel",
}


@contextmanager
def friendly_errors() -> Generator[None]:
    """Exit with one line for errors that the operator can fix."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(0)
    except Exception as error:
        line = _message_for(error)
        if line is None:
            raise
        fail(line)


def _message_for(error: Exception) -> str | None:
    match error:
        case SettingsError():
            return str(error)
        case DomainError():
            return strip_markdown(operator_text(error))
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
            return "DISCORD_TOKEN: Discord does not accept it; copy it again from its portal"
        case discord.PrivilegedIntentsRequired():
            return (
                "DISCORD_TOKEN: turn on Server Members Intent and Message Content Intent for this "
                "application, in the developer portal under Bot"
            )
        case _:
            return None


def settings() -> Settings:
    """Read the settings; exit with one line if they are invalid."""
    with friendly_errors():
        loaded = Settings.load()
        logs.configure(loaded.log_level, loaded.log_format)
        for line in misspelled_variables():
            typer.echo(f"troupe: {line}", err=True)
        return loaded
    raise AssertionError("unreachable")


def print_json(value: Any) -> None:
    """Print a value as JSON, with other types as strings."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def strip_markdown(words: str) -> str:
    """Return a text for Discord without Markdown and with commands of the command line."""
    words = re.sub(r"<t:(\d+):\w>", lambda match: _format_utc(int(match[1])), words)
    for discord_command, cli_command in _COMMANDS.items():
        words = words.replace(f"`{discord_command}`", f"`{cli_command}`")
    return re.sub(r"\*\*|\\(?=[^\w\s])", "", words)


def _format_utc(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def format_cell(value: object) -> str:
    """Return a value as the text of a table cell."""
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else str(value)


def fail(line: str) -> None:
    """Print an error and exit with status 2."""
    typer.echo(f"troupe: {line}", err=True)
    sys.exit(2)


@contextmanager
def database(settings: Settings) -> Generator[str]:
    """Yield the URL of the database: that of the settings, or of the embedded server."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with server(settings.data_dir / "postgres", database=LIVE) as url:
        yield url


@contextmanager
def default_database(settings: Settings) -> Generator[str]:
    """Yield the URL of the database of `troupe run`: without a token, of the playground."""
    if settings.database_url is not None or settings.discord_token is not None:
        with database(settings) as url:
            yield url
        return
    with server(settings.data_dir / "postgres", database=PLAYGROUND) as url:
        yield url
