"""Terminal output: errors that an operator can fix are one line, without a traceback."""

import json
import re
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import aiohttp
import discord
import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from bot.app import logs
from bot.app.settings import Settings, SettingsError, misspelled_variables
from bot.discord.errors import operator_text
from db.embedded import server
from db.errors import AlreadyRunning, DatabaseUnreachable, FolderUnusable, NoDatabase
from services.errors import DomainError
from services.keys import SecretWrong
from services.types import Actor

LIVE, PLAYGROUND = "troupe", "playground"
# Characters of an id in tables.
SHORT_ID = 8
_UNLIMITED = 10_000

# Whoever can use this terminal owns the bot.
OPERATOR = Actor(discord_id=0, name="console", is_bot_owner=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PersonalityName = Annotated[str, typer.Option("--personality", help="Its name, alias or slug.")]
AnyPersonalityName = Annotated[str | None, typer.Option("--personality", help="Only this one's.")]

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
        case SettingsError() | SecretWrong():
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
                "DISCORD_TOKEN: Discord refuses the intents of this application: look at them in "
                "the developer portal under Bot"
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


def print_rows(
    rows: Sequence[dict[str, Any]],
    *,
    as_json: bool,
    empty: str,
    noun: str = "",
    optional: Sequence[str] = (),
) -> None:
    """Print rows with the same columns as a table, or as JSON.

    A table that is wider than the terminal loses `optional` columns, the first one first; what is
    left is folded, and never cut. Any unique beginning of an id suffices as an argument.
    """
    if as_json:
        print_json(rows)
        return
    console = Console(markup=False)
    if not rows:
        console.print(empty)
        return
    shown = [{**row, "id": str(row["id"])[:SHORT_ID]} if "id" in row else row for row in rows]
    columns = [name for name in rows[0] if any(format_cell(row[name]) for row in shown)]
    table = _table(shown, columns)
    dropped: list[str] = []
    unlimited = console.options.update(width=_UNLIMITED)
    for name in (each for each in optional if each in columns):
        if Measurement.get(console, unlimited, table).maximum <= console.width:
            break
        columns.remove(name)
        dropped.append(name.replace("_", " "))
        table = _table(shown, columns)
    console.print(table)
    if noun or dropped:
        count = f"{len(rows)} {noun.removesuffix('s') if len(rows) == 1 else noun}." if noun else ""
        more = f"On a wider terminal or with `--json`: {', '.join(dropped)}." if dropped else ""
        console.print(" ".join(filter(None, (count, more))), soft_wrap=True)


def print_details(row: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one row as a table of names and values, or as JSON."""
    if as_json:
        print_json(row)
        return
    table = Table(show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in row.items():
        table.add_row(name, format_cell(value))
    Console(markup=False).print(table)


def _table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> Table:
    table = Table()
    for name in columns:
        table.add_column(name.replace("_", " ").capitalize(), overflow="fold")
    for row in rows:
        table.add_row(*[format_cell(row[name]) for name in columns])
    return table


def fail(line: str) -> None:
    """Print an error and exit with status 2."""
    typer.echo(f"troupe: {line}", err=True)
    sys.exit(2)


@contextmanager
def database(settings: Settings) -> Generator[str]:
    """Yield the URL of the database that all commands with the same settings use.

    It is that of `DATABASE_URL`, else one of the embedded server: the bot's with a token, the
    playground's without.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    name = PLAYGROUND if settings.discord_token is None else LIVE
    with server(settings.data_dir / "postgres", database=name) as url:
        yield url
